"""System calls that fail, one after the other, in the module and in the daemon: nobody gets in whom the daemon has not let in."""

import collections
import json
import re
from pathlib import Path

import pam
import pytest
import tracing
import world

EVIDENCE = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"
PIN = "271828"


# The table of packaging/doc/security/syscalls.md, whose numbers are printed with "-s".
PUBLISHED = Path(__file__).resolve().parents[2] / "packaging/doc/security/syscalls.md"
# What libpam is told, by what pamtester says of it.
WORDS = {
    "successfully authenticated": "let in", "Authentication failure": "denied",
    "Authentication service cannot retrieve authentication info": "unavailable",
    "Authentication information cannot be recovered": "unavailable", "Conversation error": "conversation failed",
    "Have exhausted maximum number of retries for service": "denied", "System error": "system error",
    "Module is unknown": "module not loaded",
}
CODES = {pam.SUCCESS: "let in", pam.AUTHINFO_UNAVAIL: "unavailable", pam.AUTH_ERR: "denied"}


class Table:
    """What has come of each call that was made to fail."""

    def __init__(self):
        self._rows = collections.defaultdict(collections.Counter)

    def note(self, side, call, error, outcome):
        self._rows[side, call, error][outcome] += 1

    def print(self):
        for (side, call, error), outcomes in sorted(self._rows.items()):
            words = ", ".join(f"{outcome} {count}" for outcome, count in sorted(outcomes.items()))
            print(f"\n{side} | {call} | {error} | {sum(outcomes.values())} | {words} |", end="")


@pytest.fixture(scope="module")
def table():
    table = Table()
    yield table
    table.print()


def said(trace):
    """What pamtester says; it stands behind the prompt where nothing was shown in between."""
    words = trace.said.rpartition("pamtester: ")[2].strip()
    if "error while loading shared libraries" in words:
        return "the host does not start"
    return next((word for text, word in WORDS.items() if text in words), words)


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
ERRORS_OF_RIGHT_ANSWERS = ["EINTR", "EIO", "EACCES"]
# What the module asks of the kernel; its host asks for some of it as well, for the journal.
MODULE_CALLS = ["statx", "socket", "setsockopt", "connect", "getsockopt", "sendto", "recvfrom", "poll", "close"]


def pamtester(place, user, answer, *options):
    """One login in a process of its own, under strace: (exit status, how many calls failed, what the daemon said of it,
    what came of it)."""
    # Each wrong answer is looked at, as if it were the first.
    assert world.twostep("unlock", user, runtime=place.runtime).returncode == 0
    place.log.mark()
    with tracing.Trace(*options, command=["pamtester", "-E", EVIDENCE, place.service, user, "authenticate"]) as trace:
        status = trace.communicate(f"{answer}\n")
        hits = trace.hits
    world.no_session_is_left(place.runtime)
    return status, hits, place.log.since_mark("login granted"), said(trace)


@pytest.mark.parametrize("call", MODULE_CALLS)
def test_a_call_of_the_module_that_fails_lets_nobody_in(reusable, call, table):
    place, user = reusable
    reached = False
    for error in ERRORS:
        for number in range(1, 40):
            status, hits, _, outcome = pamtester(place, user, "999999", *tracing.fails_at(call, error, number))
            assert status != 0, f"a wrong answer gets in where {call} number {number} says {error}"
            if not hits:
                break
            table.note("module, a wrong answer", call, error, outcome)
            reached = True
        else:
            raise AssertionError(f"{call} never ends")
    assert reached, f"{call} is not called"


@pytest.mark.parametrize("call", MODULE_CALLS)
def test_who_gets_in_though_a_call_of_the_module_failed_was_let_in_by_the_daemon(reusable, call, table):
    place, user = reusable
    for error in ERRORS_OF_RIGHT_ANSWERS:
        for number in range(1, 40):
            status, hits, granted, outcome = pamtester(place, user, PIN, *tracing.fails_at(call, error, number))
            assert status != 0 or granted, f"{call} number {number} says {error}"
            if not hits:
                break
            table.note("module, the right answer", call, error, outcome)
    assert status == 0, "and when nothing fails, the answer is right"


def test_an_interrupted_call_of_the_module_is_made_again(reusable):
    place, user = reusable
    for call in ("recvfrom", "sendto", "poll", "connect"):
        status, hits, granted, _ = pamtester(place, user, PIN, *tracing.fails_at(call, "EINTR", 1))
        assert (status, bool(granted)) == (0, True), call
        assert hits or call == "poll", call


def test_a_peer_that_the_module_cannot_name_is_sent_nothing(reusable, syslog):
    place, user = reusable
    status, hits, granted, _ = pamtester(place, user, PIN, *tracing.fails_at("getsockopt", "EACCES", 1))
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
    "epoll_wait": ["EINTR", "EBADF"],
    "getsockname": ["ENOBUFS"],
    "getpeername": ["ENOTCONN"],
    "getsockopt": ["ENOBUFS"],
    "timerfd_settime": ["EINVAL"],
    "lseek": ["EIO"],
    "close": ["EIO"],
    "mprotect": ["ENOMEM"],
    "futex": ["EAGAIN"],
    "poll": ["EINTR"],
    "setpriority": ["EACCES"],
}


@pytest.mark.parametrize("call", DAEMON_CALLS)
def test_a_call_of_the_daemon_that_fails_grants_no_code_twice(daemon, elsewhere, call, table):
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
            assert login.code != pam.AUTH_ERR or call in ("openat", "read", "lseek"), (login, error, number)
            has_died = place.has_died()
            if hits:
                table.note("daemon", call, error, CODES[login.code] + (", and the daemon has ended" if has_died else ""))
            if has_died:
                # What cannot be survived may end it: then everything is found as it was.
                place.start()
            world.wait_until(
                lambda: pam.log_in(place.service, user).prompts, f"logins after {error} of {call} number {number}", 30)
            again = pam.log_in(place.service, user, code)
            assert login.granted + again.granted <= 1, (error, number)
            world.twostep("unlock", user, runtime=place.runtime)
            assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted, (error, number)
            if not hits:
                break
    assert place.restart().status()["serving"]


@pytest.mark.parametrize("unlocks", ["each", "the first"])
def test_a_lock_that_the_kernel_does_not_give_back_costs_some_seconds_and_no_restart(daemon, elsewhere, unlocks):
    place = elsewhere()
    when = "" if unlocks == "each" else ":when=1"
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    code = phone.next()
    with tracing.Trace("-e", "trace=fcntl", "-e", f"inject=fcntl:error=ENOLCK{when}", pid=place.process.pid) as trace:
        login = pam.log_in(place.service, user, code)
        assert trace.hits
    world.wait_until(lambda: pam.log_in(place.service, user).prompts, "the store that is opened anew", 30)
    again = pam.log_in(place.service, user, code)
    assert login.granted + again.granted <= 1, (login, again)
    world.twostep("unlock", user, runtime=place.runtime)
    assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted
    assert place.is_running
    # Which waits for no lock for ever.
    assert place.stop() == 0


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


# --- the table -----------------------------------------------------------------------------------------------------

# The terminal and what pamtester puts on it: not the module's.
HOST_CALLS = {"ioctl", "read", "write"}


def published(side):
    """The rows of a part of the table: (call, error), or (call,) where nothing is made to fail."""
    part = PUBLISHED.read_text().split(f"\n## {side}\n")[1].split("\n## ")[0]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| `")]
    return [tuple(row[:2]) if row[1].startswith("E") else (row[0],) for row in rows]


def test_the_published_table_has_each_call_and_error_that_is_tried_and_no_other():
    wrong = [(call, error) for call in MODULE_CALLS for error in ERRORS]
    right = [(call, error) for call in MODULE_CALLS for error in ERRORS_OF_RIGHT_ANSWERS]
    daemon = [(call, error) for call, errors in DAEMON_CALLS.items() for error in errors]
    assert set(published("The module, and a wrong answer")) <= set(wrong)
    assert {call for call, _ in published("The module, and a wrong answer")} == set(MODULE_CALLS)
    assert set(published("The module, and the right answer")) <= set(right)
    assert {call for call, _ in published("The module, and the right answer")} == set(MODULE_CALLS)
    assert sorted(published("The daemon")) == sorted(daemon)


def test_every_call_on_the_way_of_a_login_is_in_the_published_table(reusable, elsewhere):
    place, user = reusable
    with tracing.Trace(command=["pamtester", "-E", EVIDENCE, place.service, user, "authenticate"]) as trace:
        assert trace.communicate(f"{PIN}\n") == 0
        # From the first look at a folder to the end of the connection.
        calls = list(tracing.calls(trace.lines()))
    first = next(index for index, (name, arguments, _) in enumerate(calls) if name == "statx" and '"/"' in arguments)
    last = next(index for index, (name, *_) in enumerate(calls) if name == "close" and index > first)
    module = {name for name, *_ in calls[first:last + 1]}
    assert module - HOST_CALLS <= {call for call, _ in published("The module, and a wrong answer")}

    place = elsewhere()
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    with tracing.Trace(pid=place.process.pid) as trace:
        assert not pam.log_in(place.service, user, "000000").granted
        assert pam.log_in(place.service, user, phone.next()).granted
        lines = trace.stop()
    daemon = {match[1] for line in lines if (match := re.match(r"\d+\s+(\w+)\(", line))}
    known = {row[0] for row in published("The daemon") + published("What is not made to fail")}
    assert daemon and daemon <= known, daemon - known
