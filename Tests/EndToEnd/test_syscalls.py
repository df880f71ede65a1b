"""System calls that fail, one after the other, in the module and in the daemon: nobody gets in whom the daemon has not let in."""

import json

import pam
import pytest
import tracing
import world

EVIDENCE = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"
PIN = "271828"


@pytest.fixture(scope="module")
def reusable(daemon_of_session):
    """A daemon whose answers can be given again and again, and a user who may."""
    user = world.new_user("again")
    place = world.Daemon("syscalls").initialize(
        "allow_insecure_example: true\nauth_providers:\n  - type: pam\n    modules:\n      - type: insecure_example\n"
        f"        users: [{{username: {user}, pin: '{PIN}'}}]\n").start()
    # What is passed over is a success of this stack, so that it would be seen.
    world.write_stack(place.service, f"auth required pam_twostep.so socket={place.socket}", "auth required pam_permit.so")
    yield place, user
    place.stop()


ERRORS = ["EINTR", "EAGAIN", "ENOMEM", "EIO", "EMFILE", "ECONNRESET", "ETIMEDOUT", "EACCES"]
# What the module asks of the kernel; its host asks for some of it as well, for the journal.
MODULE_CALLS = ["statx", "socket", "setsockopt", "connect", "getsockopt", "sendto", "recvfrom", "poll", "close"]


def pamtester(place, user, answer, *options):
    """One login in a process of its own, under strace: (exit status, how many calls failed, what the daemon said of it)."""
    # Each wrong answer is looked at, as if it were the first.
    assert world.twostep("unlock", user, runtime=place.runtime).returncode == 0
    place.log.mark()
    with tracing.Trace(*options, command=["pamtester", "-E", EVIDENCE, place.service, user, "authenticate"]) as trace:
        status = trace.communicate(f"{answer}\n")
        hits = trace.hits
    world.no_session_is_left(place.runtime)
    return status, hits, place.log.since_mark("login granted")


@pytest.mark.parametrize("call", MODULE_CALLS)
def test_a_call_of_the_module_that_fails_lets_nobody_in(reusable, call):
    place, user = reusable
    reached = False
    for error in ERRORS:
        for number in range(1, 40):
            status, hits, _ = pamtester(place, user, "999999", *tracing.fails_at(call, error, number))
            assert status != 0, f"a wrong answer gets in where {call} number {number} says {error}"
            if not hits:
                break
            reached = True
        else:
            raise AssertionError(f"{call} never ends")
    assert reached, f"{call} is not called"


@pytest.mark.parametrize("call", MODULE_CALLS)
def test_who_gets_in_though_a_call_of_the_module_failed_was_let_in_by_the_daemon(reusable, call):
    place, user = reusable
    for error in ("EINTR", "EIO", "EACCES"):
        for number in range(1, 40):
            status, hits, granted = pamtester(place, user, PIN, *tracing.fails_at(call, error, number))
            assert status != 0 or granted, f"{call} number {number} says {error}"
            if not hits:
                break
    assert status == 0, "and when nothing fails, the answer is right"


def test_an_interrupted_call_of_the_module_is_made_again(reusable):
    place, user = reusable
    for call in ("recvfrom", "sendto", "poll", "connect"):
        status, hits, granted = pamtester(place, user, PIN, *tracing.fails_at(call, "EINTR", 1))
        assert (status, bool(granted)) == (0, True), call
        assert hits or call == "poll", call


def test_a_peer_that_the_module_cannot_name_is_sent_nothing(reusable, syslog):
    place, user = reusable
    status, hits, granted = pamtester(place, user, PIN, *tracing.fails_at("getsockopt", "EACCES", 1))
    assert (status != 0, hits, granted) == (True, 1, [])
    assert syslog.since_mark(f"pam_twostep.*{place.socket}", count=1)


def test_a_peer_that_the_daemon_cannot_name_is_not_served(reusable):
    place, user = reusable
    with tracing.Trace("-e", "trace=getsockopt", "-e", "inject=getsockopt:error=EACCES", pid=place.process.pid) as trace:
        login = pam.log_in(place.service, user, PIN)
        assert trace.hits
    assert (login.code, login.prompts) == (pam.AUTHINFO_UNAVAIL, [])
    assert pam.log_in(place.service, user, PIN).granted


# --- the daemon ----------------------------------------------------------------------------------------------------

DAEMON_CALLS = {
    "openat": ["EMFILE", "EACCES", "EIO"],
    "newfstatat": ["EIO", "ENOENT"],
    "pread64": ["EIO"],
    "pwrite64": ["EIO", "ENOSPC"],
    "fdatasync": ["EIO", "ENOSPC"],
    "fcntl": ["ENOLCK"],
    "read": ["EIO"],
    "write": ["EIO", "EPIPE"],
    "accept4": ["EMFILE", "ECONNABORTED"],
    "mmap": ["ENOMEM"],
    "epoll_ctl": ["ENOMEM"],
}


@pytest.mark.parametrize("call", DAEMON_CALLS)
def test_a_call_of_the_daemon_that_fails_grants_no_code_twice(daemon, elsewhere, call):
    place = elsewhere()
    place.log.mark()
    for error in DAEMON_CALLS[call]:
        for number in range(1, 30):
            user = world.new_user()
            phone = world.enroll(user, runtime=place.runtime)
            code = phone.next()
            with tracing.Trace(*tracing.fails_at(call, error, number), pid=place.process.pid) as trace:
                login = pam.log_in(place.service, user, code)
                hits = trace.hits
            # An /etc/passwd that cannot be opened or read is, to NSS, one that has nobody in it.
            assert login.code in (pam.SUCCESS, pam.AUTHINFO_UNAVAIL, pam.AUTH_ERR), (login, error, number)
            assert login.code != pam.AUTH_ERR or call in ("openat", "read"), (login, error, number)
            if place.has_died():
                # What cannot be survived may end it: then everything is found as it was.
                place.start()
            elif call == "fcntl":
                # A lock that the kernel does not give back is one for as long as the process lives.
                place.kill()
                place.start()
            world.wait_until(lambda: pam.log_in(place.service, user).prompts, f"logins after {error} of {call} number {number}")
            again = pam.log_in(place.service, user, code)
            assert login.granted + again.granted <= 1, (error, number)
            world.twostep("unlock", user, runtime=place.runtime)
            assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted, (error, number)
            if not hits:
                break
    assert place.restart().status()["serving"]


@pytest.mark.parametrize("error", ["ENOSYS", "EIO", "EAGAIN"])
def test_without_randomness_nobody_is_enrolled_and_nobody_gets_in(daemon, elsewhere, error):
    place = elsewhere(start=False)
    user = world.new_user()
    # -D: strace is the grandchild, so that the daemon is the process that was started.
    place.start(under=["strace", "-D", "-f", "-o", "/dev/null", "-e", f"inject=getrandom:error={error}"])
    made = world.twostep("enroll", user, "totp", "--no-confirm", "--json", runtime=place.runtime)
    assert made.returncode == 1 and "secret" not in json.loads(made.stdout)
    login = pam.log_in(place.service, user, "123456")
    assert (login.code, login.prompts) == (pam.AUTHINFO_UNAVAIL, [])
    assert login.messages == [
        "Login is not possible right now: the login service has a problem. The administrator finds it in the journal."]
    assert place.log.since_mark("login unavailable reason=no_randomness", count=1)
    listing = json.loads(world.twostep("list", user, "--json", runtime=place.runtime).stdout)
    assert listing["devices"] == []
