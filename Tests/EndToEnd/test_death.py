"""twostepd ends at every moment at which it can, and is starved: no code is good twice, and nobody gets in unearned."""

import contextlib
import json
import os
import re
import subprocess
from pathlib import Path

import pam
import pytest
import tracing
import wire
import world
from terminal import PASSWORD, expect, spawn

SOON = 1


@pytest.fixture
def place(daemon, elsewhere):
    """A daemon of its own."""
    return elsewhere()


def enrolled(place):
    user = world.new_user()
    return user, world.enroll(user, runtime=place.runtime)


# The calls of a login, in the order in which the first of each comes.
CALLS = ["accept4", "getsockopt", "read", "write", "newfstatat", "pread64", "pwrite64", "fdatasync", "fcntl", "epoll_ctl"]
# What a change of the store is made of.
WRITES = ["write", "pwrite64", "fdatasync"]
if world.IS_ON_DATABASE:
    CALLS = ["accept4", "getsockopt", "read", "write", "sendto", "recvfrom", "poll", "epoll_ctl"]
    WRITES = ["write", "sendto", "recvfrom"]


def killed_at_each(place, call, act):
    """Has `act` done with a daemon that is killed at the first such call, then at the second, until it lives through all.

    Yields what came of each, once the daemon runs again, and whether it had been killed.
    """
    for number in range(1, 60):
        subject = enrolled(place)
        with tracing.Trace(*tracing.ends_at(call, number), pid=place.process.pid, threads=tracing.is_at_work):
            result = act(subject)
        killed = place.has_died()
        if killed:
            place.start()
        yield subject, result, killed
        if not killed:
            return
    raise AssertionError(f"{call} has no end")


@pytest.mark.parametrize("call", CALLS)
def test_killed_at_any_call_of_a_login_it_grants_one_code_once_at_most(place, call):
    deaths = 0
    for (user, phone), login, killed in killed_at_each(
            place, call, lambda subject: (pam.log_in(place.service, subject[0], code := subject[1].next()), code)):
        login, code = login
        deaths += killed
        assert login.code in (pam.SUCCESS, pam.AUTHINFO_UNAVAIL), login
        again = pam.log_in(place.service, user, code)
        assert login.granted + again.granted <= 1
        if not killed:
            assert login.granted
        assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted, "and the next code is good"
        assert world.failures_of(user, place.runtime) == 0
    assert deaths or call == "getsockopt", call


def test_killed_between_the_commit_and_its_reply_it_has_spent_the_code(place):
    user, phone = enrolled(place)
    # The credentials of an account are kept at its first login; then there is one commit a login.
    assert pam.log_in(place.service, user, phone.next()).granted
    code = phone.next()
    # The event loop writes the prompt first, and the verdict next; others only wake it.
    with tracing.Trace(*tracing.ends_at("write", 2), pid=place.process.pid, threads=tracing.is_event_loop):
        login = pam.log_in(place.service, user, code)
    assert login.code == pam.AUTHINFO_UNAVAIL and len(login.prompts) == 1
    assert place.process.wait(10) == -9
    place.process = None
    place.start().log.mark()
    assert pam.log_in(place.service, user, code).code == pam.AUTH_ERR
    assert place.log.since_mark(f'login denied .*=replayed .*user="{user}"', count=1)


@pytest.mark.parametrize("call", WRITES)
def test_killed_at_any_call_of_an_enrolment_the_device_is_there_or_is_not(place, call):
    def enroll(subject):
        return world.twostep(
            "enroll", subject[0], "totp", "--name", "second", "--no-confirm", "--json", runtime=place.runtime)

    for (user, phone), made, killed in killed_at_each(place, call, enroll):
        assert place.status()["serving"]
        listing = json.loads(world.twostep("list", user, "--json", runtime=place.runtime).stdout)
        names = {device["device"] for device in listing["devices"]}
        assert "phone" in names, names
        if made.returncode == 0:
            assert "second" in names, "what was said to be stored is"
        elif not killed:
            raise AssertionError(made.stderr)
        assert pam.log_in(place.service, user, phone.next()).granted


@pytest.mark.parametrize("call", WRITES)
def test_killed_at_any_call_of_an_import_all_devices_are_there_or_none(place, call):
    def take_over(subject):
        path = Path("/run/batch-of-three.csv")
        rows = (f"{subject[0]},totp,new{number},GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n" for number in range(3))
        path.write_text("user,module,name,secret\n" + "".join(rows))
        return world.twostep("import", "batch", path, runtime=place.runtime)

    for (user, _), made, killed in killed_at_each(place, call, take_over):
        listing = json.loads(world.twostep("list", user, "--json", runtime=place.runtime).stdout)
        new = [device for device in listing["devices"] if device["device"].startswith("new")]
        assert len(new) in (0, 3), listing
        assert made.returncode != 0 or len(new) == 3, made
        if not killed:
            assert made.returncode == 0, made.stderr


def test_a_daemon_that_was_never_started_is_refused_at_once_and_root_still_gets_in_at_the_console(
        daemon, elsewhere, syslog):
    place = elsewhere(start=False)
    user = world.new_user()
    start = world.now()
    login = pam.log_in(place.service, user, "123456")
    assert world.seconds_since(start) < SOON
    assert (login.code, login.prompts) == (pam.AUTHINFO_UNAVAIL, [])
    assert len(syslog.since_mark(rf"pam_twostep\({place.service}:auth\).*{place.socket}", count=1)) == 1
    with world.stacks_for(place, "login"):
        client = spawn("login", "root")
        expect(client, PASSWORD)
        client.sendline("root-password")
        opened = expect(client, r"[$#] $", "incorrect", timeout=20) == 0
        client.close(force=True)
        assert opened, client.shown


@pytest.mark.parametrize("gone", ["stopped", "killed"])
def test_pamtester_is_refused_at_once(place, syslog, gone):
    user, _ = enrolled(place)
    place.stop() if gone == "stopped" else place.kill()
    start = world.now()
    done = world.run("pamtester", "-E", "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA", place.service, user, "authenticate")
    assert world.seconds_since(start) < SOON
    assert done.returncode != 0 and "Verification code" not in done.stdout + done.stderr
    assert len(syslog.since_mark(rf"pam_twostep\({place.service}:auth\).*{place.socket}", count=1)) == 1


# --- starved -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def control_group(kind, limits):
    """A control group of version 1 of our own; a machine without those cannot run what needs one."""
    path = Path(f"/sys/fs/cgroup/{kind}/twostep-test-{os.getpid()}-{next(world.numbers)}")
    path.mkdir()
    try:
        for name, value in limits.items():
            (path / name).write_text(str(value))
        yield path
    finally:
        for line in (path / "tasks").read_text().split():
            with contextlib.suppress(OSError):
                (path.parent / "tasks").write_text(line)
        path.rmdir()


def test_a_daemon_that_has_no_memory_left_dies_and_keeps_its_counters(daemon, place):
    user, phone = enrolled(place)
    for wrong in phone.wrong(3):
        assert not pam.log_in(place.service, user, wrong).granted
    code = phone.next()
    assert pam.log_in(place.service, user, code).granted
    for wrong in phone.wrong(2):
        assert not pam.log_in(place.service, user, wrong).granted
    crowd = []
    with control_group("memory", {}) as group:
        (group / "cgroup.procs").write_text(str(place.process.pid))
        resident = int((group / "memory.usage_in_bytes").read_text())
        (group / "memory.limit_in_bytes").write_text(str(max(resident, 0) + 4096 * 64))
        # What it has locked is not the group's; what a crowd costs is.
        while place.process.poll() is None and len(crowd) < 15_000:
            try:
                connection = wire.Connection(place.socket, seconds=1)
                connection.send(wire.begin("nobody-there", evidence=["publickey ssh-ed25519"]))
                crowd.append(connection)
            except OSError:
                break
        for connection in crowd:
            connection.close()
        world.wait_until(lambda: place.process.poll() is not None, "the kernel to kill twostepd", 20)
    assert place.process.returncode == -9
    place.process = None
    place.start()
    assert not pam.log_in(place.service, user, code).granted
    assert world.failures_of(user, place.runtime) == 2


def test_with_no_file_left_who_is_there_finishes_and_who_comes_waits_no_longer_than_the_limit(daemon, elsewhere):
    place = elsewhere(start=False)
    place.start(files=64)
    user, phone = enrolled(place)
    before = len(os.listdir(f"/proc/{place.process.pid}/fd"))
    inside = wire.Connection(place.socket)
    inside.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
    assert inside.receive()[0] == wire.PROMPT
    # The name has been looked up once a later one has: for a file that cannot be opened, NSS knows nobody.
    assert not pam.log_in(place.service, user, "1").granted
    crowd = [wire.Connection(place.socket) for _ in range(100)]
    for connection in crowd:
        with contextlib.suppress(OSError):
            connection.send(wire.begin("nobody-there"))
    inside.send(wire.frame(wire.ANSWER, phone.next().encode()))
    assert inside.verdict() == wire.GRANTED
    start = world.now()
    assert pam.log_in(place.service, user, phone.at(phone.step + 1)).code in (pam.AUTHINFO_UNAVAIL, pam.SUCCESS)
    assert world.seconds_since(start) < 15
    for connection in crowd:
        connection.close()
    inside.close()
    world.wait_until(lambda: len(os.listdir(f"/proc/{place.process.pid}/fd")) <= before + 1, "files of twostepd", 20)
    other, phone = enrolled(place)
    assert pam.log_in(place.service, other, phone.next()).granted


def test_with_no_file_left_who_comes_is_refused_within_a_second_and_it_recovers(daemon, elsewhere):
    place = elsewhere(start=False)
    place.start(files=64)
    user, phone = enrolled(place)
    pid = place.process.pid
    inside = wire.Connection(place.socket)
    inside.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
    assert inside.receive()[0] == wire.PROMPT
    place.log.mark()
    # The name has been looked up once a later one has: for a file that cannot be opened, NSS knows nobody.
    assert not pam.log_in(place.service, user, "1").granted
    # Root's own connections are bounded by nothing else.
    crowd = [wire.Connection(f"{place.runtime}/admin.sock") for _ in range(80)]
    try:
        took = []
        for _ in range(5):
            start = world.now()
            newcomer = wire.Connection(place.socket, seconds=5)
            with contextlib.suppress(OSError):
                newcomer.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
            try:
                assert newcomer.verdict() == wire.UNAVAILABLE
            except TimeoutError as error:
                raise AssertionError("who came was left in the queue") from error
            took.append(world.seconds_since(start))
            newcomer.close()
        # Whatever else the machine has to do, one of them was not kept waiting.
        assert min(took) < 1, took
        assert pam.log_in(place.service, user, "123456").code == pam.AUTHINFO_UNAVAIL
        # It is said once for each of the two sockets, and not for each who comes.
        assert len(place.log.since_mark("no file descriptor is left", count=1)) <= 2
        inside.send(wire.frame(wire.ANSWER, phone.next().encode()))
        assert inside.verdict() == wire.GRANTED
    finally:
        for connection in [*crowd, inside]:
            connection.close()
    world.wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) < 40, "files of twostepd", 20)
    other, phone = enrolled(place)
    assert pam.log_in(place.service, other, phone.next()).granted
    assert place.process.pid == pid


def test_without_a_thread_or_a_process_more_codes_are_judged_all_the_same(place):
    user, phone = enrolled(place)
    tasks = len(os.listdir(f"/proc/{place.process.pid}/task"))
    with control_group("pids", {"pids.max": tasks}) as group:
        (group / "cgroup.procs").write_text(str(place.process.pid))
        assert pam.log_in(place.service, user, phone.next()).granted
        assert not pam.log_in(place.service, user, phone.wrong()).granted
        assert place.is_running


def throttled(group):
    """How often a control group was kept from the processor."""
    return int(re.search(r"^nr_throttled (\d+)$", (group / "cpu.stat").read_text(), re.MULTILINE)[1])


def test_a_daemon_that_hardly_gets_the_processor_is_only_slower(place):
    (user, phone), (other, another) = enrolled(place), enrolled(place)
    # A two-hundredth of one processor, whatever else the machine does: in each half of a second two and a half milliseconds.
    with control_group("cpu", {"cpu.cfs_period_us": 500_000, "cpu.cfs_quota_us": 2_500}) as group:
        (group / "cgroup.procs").write_text(str(place.process.pid))
        before = throttled(group)
        assert pam.log_in(place.service, user, phone.next()).granted
        # A login or two may fit into what it has.
        for _ in range(100):
            assert not pam.log_in(place.service, user, phone.wrong()).granted
            if throttled(group) > before:
                break
        assert throttled(group) > before, "it had to wait"
        assert pam.log_in(place.service, other, another.next()).granted
