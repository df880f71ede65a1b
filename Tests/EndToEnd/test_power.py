"""The disk and the clock do what they can: nothing that was granted is granted again, and nobody gets in on what is missing."""

import json
import os
import re
import shutil
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pam
import pytest
import tracing
import world

# The codes of a grant and of a denial, as strace writes bytes.
VERDICTS = {True: r"\x5a\xc3\x9e\x17", False: r"\x0f\x96\xc3\xd2"}


@pytest.fixture
def place(daemon, elsewhere):
    return elsewhere()


def enrolled(place):
    user = world.new_user()
    return user, world.enroll(user, runtime=place.runtime)


# --- what is on the disk ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def powercut():
    library = Path("/run/twostep-powercut.so")
    source = Path(__file__).with_name("powercut.c")
    made = world.run("cc", "-shared", "-fPIC", "-O", "-o", library, source, "-ldl")
    assert made.returncode == 0, made.stderr
    return library


@pytest.mark.parametrize("logins", [1, 3, 20])
def test_after_a_power_cut_every_code_that_was_granted_is_used(daemon, elsewhere, powercut, monkeypatch, logins):
    place = elsewhere(start=False)
    disk = Path(f"/run/disk-{next(world.numbers)}")
    disk.mkdir()
    shutil.chown(disk, "twostep", "twostep")
    for path in Path(place.state).iterdir():
        shutil.copy2(path, disk)
    for path in disk.iterdir():
        shutil.chown(path, "twostep", "twostep")
    monkeypatch.setenv("LD_PRELOAD", str(powercut))
    monkeypatch.setenv("TWOSTEP_TEST_DISK", str(disk))
    place.start()
    monkeypatch.delenv("LD_PRELOAD")
    people = [enrolled(place) for _ in range(logins)]
    codes = [phone.next() for _, phone in people]
    # A code that was used, and one wrong answer, in the last of them.
    with ThreadPoolExecutor(logins) as pool:
        granted = list(pool.map(lambda one: pam.log_in(place.service, one[0][0], one[1]).granted, zip(people, codes)))
    assert all(granted)
    assert not pam.log_in(place.service, people[0][0], people[0][1].wrong()).granted
    place.kill()
    for path in Path(place.state).iterdir():
        path.unlink()
    for path in disk.iterdir():
        shutil.copy2(path, place.state)
        shutil.chown(Path(place.state, path.name), "twostep", "twostep")
    place.start()
    for (user, _), code in zip(people, codes):
        assert not pam.log_in(place.service, user, code).granted
    assert world.failures_of(people[0][0], place.runtime) >= 1
    for user, phone in people:
        world.twostep("unlock", user, runtime=place.runtime)
        assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted


@pytest.mark.parametrize("right", [True, False])
def test_the_flush_comes_before_the_verdict(place, right):
    user, phone = enrolled(place)
    assert pam.log_in(place.service, user, phone.next()).granted
    place.log.mark()
    code = phone.next() if right else phone.wrong()
    with tracing.Trace("-xx", "-s", "4096", "-e", "trace=fdatasync,write,pwrite64", pid=place.process.pid) as trace:
        login = pam.log_in(place.service, user, code)
        verdict = VERDICTS[right]
        world.wait_until(
            lambda: any(verdict in arguments for _, arguments, _ in tracing.calls(trace.lines())), "the verdict in the trace")
        lines = trace.stop()
    assert login.granted == right
    names = [name for name, arguments, _ in tracing.calls(lines) if name != "write" or verdict in arguments]
    assert "write" in names and "fdatasync" in names, names
    before = names[: names.index("write")]
    assert "pwrite64" in before
    assert "pwrite64" not in before[len(before) - before[::-1].index("fdatasync"):], "all that was written was flushed"


# --- places that are not what they were -------------------------------------------------------------------------


def mounted(place, *options):
    """The state on a file system of its own, as it was."""
    kept = {path.name: path.read_bytes() for path in Path(place.state).iterdir()}
    assert world.run("mount", "-t", "tmpfs", "-o", ",".join(["mode=0700", *options]), "state", place.state).returncode == 0
    for name, data in kept.items():
        Path(place.state, name).write_bytes(data)
    for path in [Path(place.state), *Path(place.state).iterdir()]:
        shutil.chown(path, "twostep", "twostep")
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.fixture
def apart(daemon, elsewhere):
    """A daemon whose state has a file system of its own: to be made with `mounted`, and then started."""
    place = elsewhere(start=False)
    yield place
    place.stop()
    world.run("umount", "--lazy", place.state)


def test_without_an_inode_left_nothing_is_granted_that_is_not_kept(apart):
    mounted(apart, "nr_inodes=12")
    for number in range(20):
        try:
            Path(apart.state, f"filler{number}").touch()
        except OSError:
            break
    else:
        raise AssertionError("there are more inodes than that")
    try:
        apart.start(serving=False)
    except AssertionError:
        return
    if not apart.status()["serving"]:
        assert pam.log_in(apart.service, "alice", "123456").code == pam.AUTHINFO_UNAVAIL
        return
    user, phone = enrolled(apart)
    code = phone.next()
    first = pam.log_in(apart.service, user, code)
    apart.kill()
    for path in Path(apart.state).glob("filler*"):
        path.unlink()
    apart.start()
    assert first.granted + pam.log_in(apart.service, user, code).granted <= 1


@pytest.mark.parametrize("moment", ["at the start", "while it runs"])
def test_on_a_disk_that_can_only_be_read_nobody_gets_in_and_it_says_so(apart, moment):
    mounted(apart)
    apart.start()
    user, phone = enrolled(apart)
    if moment == "at the start":
        assert apart.stop() == 0
    assert world.run("mount", "-o", "remount,ro", apart.state).returncode == 0 or moment == "while it runs"
    if moment == "at the start":
        apart.start(serving=False)
    else:
        # What is open to write keeps it writable: a bind on top of it is what a failing disk looks like.
        world.run("mount", "--bind", apart.state, apart.state)
        world.run("mount", "-o", "remount,bind,ro", apart.state)
    code = phone.next()
    login = pam.log_in(apart.service, user, code)
    assert login.code == pam.AUTHINFO_UNAVAIL or moment == "while it runs"
    if login.code == pam.AUTHINFO_UNAVAIL:
        assert apart.log.since_mark("refused|unavailable", count=1)
    if moment == "while it runs":
        world.run("umount", apart.state)
    world.run("mount", "-o", "remount,rw", apart.state)
    world.wait_until(lambda: apart.status()["serving"], "the store that can be written again")
    assert login.granted + pam.log_in(apart.service, user, code).granted == 1


def test_an_empty_folder_over_the_state_is_no_store_in_which_nobody_has_anything(place):
    user, phone = enrolled(place)
    place.configure(
        "auth_providers: [{type: pam, modules: [totp]}]\npolicy: [{match: {}, provider: pam, unenrolled: skip}]\n")
    place.reload()
    world.wait_until(lambda: place.status()["configuration"]["generation"] == 2, "the second configuration")
    world.write_stack("e2e-empty", f"auth required pam_twostep.so socket={place.socket} exempt=success")
    assert world.run("mount", "-t", "tmpfs", "-o", "mode=0700", "empty", place.state).returncode == 0
    try:
        shutil.chown(place.state, "twostep", "twostep")
        for _ in range(3):
            login = pam.log_in("e2e-empty", user, phone.wrong())
            assert login.code in (pam.AUTHINFO_UNAVAIL, pam.AUTH_ERR, pam.MAXTRIES), login
        world.wait_until(lambda: not place.status()["serving"], "the store that is covered to be noticed")
        assert pam.log_in("e2e-empty", user, phone.next()).code == pam.AUTHINFO_UNAVAIL
        assert place.stop() == 0
        place.start(serving=False)
        assert pam.log_in("e2e-empty", user, phone.next()).code == pam.AUTHINFO_UNAVAIL
    finally:
        place.stop()
        world.run("umount", place.state)


def test_fifty_at_once_change_the_store_and_log_in_and_nothing_is_lost(place):
    people = [enrolled(place) for _ in range(25)]

    def change(number):
        user, phone = people[number % 25]
        if number < 25:
            return pam.log_in(place.service, user, phone.next()).granted
        made = world.twostep(
            "enroll", user, "totp", "--name", "more", "--no-confirm", "--json", runtime=place.runtime)
        return made.returncode == 0

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(change, range(50)))
    for user, _ in people:
        listing = json.loads(world.twostep("list", user, "--json", runtime=place.runtime).stdout)
        assert {"phone", "more"} <= {device["device"] for device in listing["devices"]}


def test_no_file_with_secrets_can_be_read_by_others_at_any_moment(place, monkeypatch):
    user, phone = enrolled(place)
    path = Path(f"/run/export-{next(world.numbers)}")
    os.umask(0)
    try:
        with tracing.Trace(
                "-e", "trace=openat,creat,open,chmod,fchmod,fchmodat",
                command=["twostep", "export", user, "--output", path, "--runtime-directory", place.runtime]) as trace:
            assert trace.communicate("") == 0
            lines = trace.lines()
    finally:
        os.umask(0o022)
    assert phone.secret in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    modes = [int(found[1], 8) for line in lines if (found := re.search(r"O_CREAT.*, 0?([0-7]+)\)", line))]
    assert modes and not [mode for mode in modes if mode & 0o077], lines
    # What the daemon keeps, too, whatever the umask it was started with.
    assert place.stop() == 0
    os.umask(0)
    try:
        place.start()
    finally:
        os.umask(0o022)
    assert not [path for path in Path(place.state).iterdir() if path.stat().st_mode & 0o077]


# --- the clock ----------------------------------------------------------------------------------------------------

HOUR, NOW = 3600, 1_700_000_000
JUMPS = {
    "30 s on": 30, "30 s back": -30, "an hour on": HOUR, "an hour back": -HOUR, "a day back": -24 * HOUR,
    "1970": None, "2038": 2**31 + 10, "2106": 2**32 + 10, "9999": 253_402_300_000,
}


@pytest.mark.parametrize("jump", JUMPS)
def test_a_code_that_was_used_is_no_good_whatever_the_clock_does(daemon, elsewhere, jump):
    place = elsewhere(start=False)
    place.clock = world.Clock()
    place.start()
    user, phone = enrolled(place)
    code = phone.at(phone.step)
    assert pam.log_in(place.service, user, code).granted
    target = JUMPS[jump]
    now = int(time.time())
    shift = 5 - now if target is None else target - now if target > 2 * NOW // 3 else target
    place.clock.advance(shift)
    assert not pam.log_in(place.service, user, code).granted
    # And back again.
    place.clock.advance(-shift)
    assert not pam.log_in(place.service, user, code).granted
    assert place.is_running
    world.twostep("unlock", user, runtime=place.runtime)
    assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted
