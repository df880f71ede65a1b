"""Backups of a running daemon, and their way back: nothing gets lost, and nothing that was used is good again unsaid."""

import json
import os
import secrets
import shutil
import sqlite3
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pam
import pytest
import tracing
import world
from test_rekey import CONFIGURATION, check_store, enrolled, rekey


@pytest.fixture
def place(daemon, elsewhere):
    return elsewhere(CONFIGURATION)


def path_of(name):
    return Path(f"/root/{name}-{next(world.numbers)}")


def backup(place, *options):
    return world.twostep("backup", *options, "--config", place.configuration, runtime=place.runtime)


def made(place, *options):
    """A backup, and what was said of it."""
    path = path_of("backup")
    done = backup(place, path, "--json", *options)
    assert done.returncode == 0, done
    return path, json.loads(done.stdout)


def restore_command(place, path, *options):
    return ["twostep", "restore", path, "--config", place.configuration, "--state-directory", place.state, *options]


def restore(place, path, *options, **surroundings):
    return world.run(*restore_command(place, path, *options), **surroundings)


def restored(place, path):
    """Stops the daemon, restores, and starts it; what was said."""
    assert place.stop() == 0
    done = restore(place, path, "--yes", "--json")
    assert done.returncode == 0, done
    place.start()
    return json.loads(done.stdout)


def state(place):
    """All files of the state by their contents."""
    return {path.name: path.read_bytes() for path in Path(place.state).iterdir() if path.name != "lock"}


# --- making one ----------------------------------------------------------------------------------------------------


def test_a_backup_that_is_made_while_people_log_in_is_one_consistent_state(place):
    people = [enrolled(place) for _ in range(10)]
    with ThreadPoolExecutor(12) as pool:
        logins = [pool.submit(lambda one: pam.log_in(place.service, one[0], one[1].next()).granted, one) for one in people]
        backups = [pool.submit(made, place) for _ in range(2)]
        assert all(login.result() for login in logins)
        paths = [result.result()[0] for result in backups]
    for path in paths:
        with sqlite3.connect(path) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("SELECT count(*) FROM device").fetchone() == (20,)
    assert not [path for path in Path(place.state).iterdir() if "copy" in path.name]


def test_it_says_what_it_is_worth_and_has_no_secret_in_it(place):
    user, phone, codes = enrolled(place)
    path = path_of("backup")
    done = backup(place, path)
    assert done.returncode == 0 and "worthless" in done.stdout and str(place.key) in done.stdout, done
    content = path.read_bytes()
    for secret in (phone.secret, codes[0], codes[0].replace("-", ""), place.key.read_text().strip()):
        assert secret.encode() not in content
    _, told = made(place)
    assert (told["accounts"], told["devices"], told["key_file"]) == (1, 2, None)
    both, told = made(place, "--with-key")
    assert Path(told["key_file"]).read_text() == place.key.read_text()
    assert stat.S_IMODE(Path(told["key_file"]).stat().st_mode) == stat.S_IMODE(both.stat().st_mode) == 0o600


def test_nobody_else_can_read_it_at_any_moment_whatever_the_umask(place):
    enrolled(place)
    path = path_of("backup")
    made, given, lines = tracing.modes_under_no_umask(
        ["twostep", "backup", path, "--with-key", "--config", place.configuration, "--runtime-directory", place.runtime])
    assert made and not [mode for mode in made if mode & 0o077], lines
    assert not [mode for mode in given if mode & 0o077], lines
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_overwrites_nothing_and_goes_into_no_pipe_unasked(place):
    enrolled(place)
    there = path_of("there")
    there.write_text("mine")
    link = path_of("link")
    link.symlink_to(there)
    pipe = path_of("pipe")
    os.mkfifo(pipe)
    for path in (there, link, pipe):
        assert backup(place, path).returncode == 1
    assert there.read_text() == "mine"
    assert backup(place).returncode == 2
    assert backup(place, "--to-pipe", path_of("both")).returncode == 2
    whole = path_of("piped")
    assert world.run(
        "sh", "-c", f"twostep backup --to-pipe --runtime-directory {place.runtime} >{whole}").returncode == 0
    with sqlite3.connect(whole) as database:
        assert database.execute("SELECT count(*) FROM device").fetchone() == (2,)


def test_where_the_disk_is_full_nothing_is_left_of_it(place):
    enrolled(place)
    folder = Path(f"/run/small-{next(world.numbers)}")
    folder.mkdir()
    assert world.run("mount", "-t", "tmpfs", "-o", "size=16k", "small", folder).returncode == 0
    try:
        done = backup(place, folder / "backup")
        assert done.returncode == 1 and "No space left" in done.stderr, done
        assert not list(folder.iterdir())
    finally:
        world.run("umount", folder)
    assert pam.log_in(place.service, "nobody-there", "123456").code != pam.SUCCESS
    assert place.status()["serving"]


@pytest.mark.parametrize("call", ["write", "openat", "link", "fsync"])
def test_a_backup_that_is_killed_at_any_call_is_whole_or_is_not_there(place, call):
    user, phone, _ = enrolled(place)
    deaths = 0
    for number in range(1, 80, 1 if call != "openat" else 7):
        path = path_of("backup")
        with tracing.Trace(
                *tracing.ends_at(call, number),
                command=["twostep", "backup", path, "--config", place.configuration, "--runtime-directory", place.runtime],
        ) as trace:
            status = trace.communicate("")
        assert status != 0 or path.exists()
        if path.exists():
            with sqlite3.connect(path) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if status == 0:
            break
        deaths += 1
    else:
        raise AssertionError(f"{call} has no end")
    assert deaths, f"{call} is not called"
    assert pam.log_in(place.service, user, phone.next()).granted


def test_what_a_backup_that_was_killed_has_left_goes_with_the_next_to_that_file_and_nothing_else_does(place):
    path = path_of("backup")
    dead = subprocess.Popen(["true"])
    dead.wait()
    names = {
        f".{path.name}.{dead.pid}": False, f".{path.name}.{os.getpid()}": True, f".{path.name}.0{dead.pid}": True,
        f".{path.name}.x": True, f".{path.name}": True, f".other.{dead.pid}": True}
    for name in names:
        path.with_name(name).write_text("half")
        path.with_name(name).chmod(0o600)
    open_to_others = path.with_name(f".{path.name}.{dead.pid}9999999")
    names[open_to_others.name] = True
    open_to_others.write_text("not ours")
    done = world.twostep("backup", path, "--config", place.configuration, runtime=place.runtime)
    assert done.returncode == 0, done
    assert {name: path.with_name(name).exists() for name in names} == names


@pytest.mark.parametrize("call", ["openat", "pwrite64", "unlink"])
def test_a_daemon_that_is_killed_while_it_copies_loses_nothing_and_leaves_nothing(place, call):
    deaths = 0
    for number in range(1, 60):
        user, phone, _ = enrolled(place)
        with tracing.Trace(*tracing.ends_at(call, number), pid=place.process.pid):
            done = backup(place, path_of("backup"))
        killed = place.has_died()
        if killed:
            deaths += 1
            place.start()
        assert done.returncode == 0 or killed, done
        assert check_store(place) == []
        assert pam.log_in(place.service, user, phone.next()).granted
        if not killed:
            break
    assert deaths, f"{call} is not called"
    made(place)
    assert not [path for path in Path(place.state).iterdir() if "copy" in path.name]


# --- the way back --------------------------------------------------------------------------------------------------


def test_what_was_used_since_stays_used_where_the_present_store_can_be_read(place):
    user, phone, codes = enrolled(place)
    path, _ = made(place)
    code = phone.next()
    assert pam.log_in(place.service, user, codes[0]).granted
    assert pam.log_in(place.service, user, code).granted
    for wrong in phone.wrong(2):
        assert not pam.log_in(place.service, user, wrong).granted
    blocked = world.new_user()
    assert world.twostep("block", blocked, runtime=place.runtime).returncode == 0
    told = restored(place, path)
    assert {key["device"] for key in told["kept"]} == {"phone", "codes"} and told["exposed"] == []
    assert world.failures_of(user, place.runtime) == 2
    assert place.status()["blocked"] == 1
    for old in (codes[0], code):
        assert not pam.log_in(place.service, user, old).granted
    world.twostep("unlock", user, runtime=place.runtime)
    assert pam.log_in(place.service, user, codes[1]).granted
    assert Path(told["former_store"]).exists()
    assert check_store(place) == []


def test_a_key_that_was_changed_since_does_not_hide_what_was_used(place):
    user, _, codes = enrolled(place)
    path, told = made(place)
    assert pam.log_in(place.service, user, codes[0]).granted
    assert rekey(place).returncode == 0
    assert place.stop() == 0
    refused = restore(place, path, "--yes")
    old = Path(f"{place.key}.old-{told['keys'][0]}")
    assert refused.returncode == 1 and f"--key-file '{old}'" in refused.stderr, refused
    done = restore(place, path, "--yes", "--json", "--key-file", str(old))
    assert done.returncode == 0, done
    outlook = json.loads(done.stdout)
    assert {key["device"] for key in outlook["kept"]} == {"codes"} and outlook["resealed"] == 2, outlook
    old.unlink()
    place.start()
    assert check_store(place) == []
    assert not pam.log_in(place.service, user, codes[0]).granted
    assert pam.log_in(place.service, user, codes[1]).granted


def test_a_store_whose_key_is_not_at_hand_is_not_thrown_away(place):
    user, phone, codes = enrolled(place)
    path, told = made(place)
    assert pam.log_in(place.service, user, codes[0]).granted
    assert rekey(place).returncode == 0
    assert world.twostep("block", user, runtime=place.runtime).returncode == 0
    assert place.stop() == 0
    # As it is where systemd passes the key in.
    elsewhere = path_of("key")
    shutil.move(place.key, elsewhere)
    old = Path(f"{place.key}.old-{told['keys'][0]}")
    before = state(place)
    refused = restore(place, path, "--yes", "--key-file", old)
    assert refused.returncode == 1 and "--store-key-file" in refused.stderr and state(place) == before, refused
    done = restore(place, path, "--yes", "--json", "--key-file", old, "--store-key-file", elsewhere)
    assert done.returncode == 0, done
    outlook = json.loads(done.stdout)
    assert {key["device"] for key in outlook["kept"]} == {"codes"} and outlook["resealed"] == 2, outlook
    shutil.move(elsewhere, place.key)
    place.start()
    assert not pam.log_in(place.service, user, phone.next()).granted
    assert world.twostep("unblock", user, runtime=place.runtime).returncode == 0
    assert not pam.log_in(place.service, user, codes[0]).granted
    assert pam.log_in(place.service, user, codes[1]).granted


def test_a_key_file_that_was_left_behind_seals_nothing(place, elsewhere):
    """systemd has come to pass in the key, and the file of before is another."""
    user, _, codes = enrolled(place)
    path, _ = made(place)
    assert pam.log_in(place.service, user, codes[0]).granted
    assert place.stop() == 0
    kept = path_of("key")
    shutil.copy2(place.key, kept)
    place.key.write_text(secrets.token_hex(32) + "\n")
    done = restore(place, path, "--yes", "--json", "--key-file", str(kept))
    assert done.returncode == 0, done
    outlook = json.loads(done.stdout)
    assert outlook["resealed"] == 0 and {key["device"] for key in outlook["kept"]} == {"codes"}, outlook
    # Which key the daemon has is not known where neither of the two is the store's.
    other = elsewhere(CONFIGURATION)
    enrolled(other)
    foreign, _ = made(other)
    before = state(place)
    refused = restore(place, foreign, "--yes", "--key-file", str(other.key))
    assert refused.returncode == 1 and "move that file away" in refused.stderr, refused
    assert state(place) == before
    shutil.copy2(kept, place.key)
    place.start()
    assert check_store(place) == []
    assert not pam.log_in(place.service, user, codes[0]).granted
    assert pam.log_in(place.service, user, codes[1]).granted


def test_a_user_who_was_removed_since_does_not_come_back(elsewhere):
    place = elsewhere("auth_providers:\n  - type: homeassistant\n    create_credentials: true\n    modules: [totp]\n")
    kept, gone = world.new_user(), world.new_user()
    for name in (kept, gone):
        added = world.twostep("user", "add", name, "--password-stdin", input="a pass word\n", runtime=place.runtime)
        assert added.returncode == 0, added
    path, _ = made(place)
    assert world.twostep("user", "remove", gone, "--yes", runtime=place.runtime).returncode == 0
    outlook = restored(place, path)
    assert [user["username"] for user in outlook["users_left_out"]] == [gone] and outlook["passwords"] == [], outlook
    listed = world.twostep("user", "list", runtime=place.runtime).stdout
    assert kept in listed and gone not in listed, listed


def test_a_device_that_was_replaced_since_is_named_and_so_is_the_one_before_it(place):
    user, lost, _ = enrolled(place)
    path, _ = made(place)
    assert world.twostep("remove", user, "phone", "--force", "--yes", runtime=place.runtime).returncode == 0
    world.enroll(user, runtime=place.runtime)
    outlook = restored(place, path)
    assert [key["device"] for key in outlook["replaced"]] == ["phone"], outlook
    assert [key["device"] for key in outlook["exposed"]] == ["phone"] and outlook["lost"] == [], outlook
    assert pam.log_in(place.service, user, lost.next()).granted


@pytest.mark.parametrize("present", ["damaged", "gone"])
def test_what_cannot_be_known_to_be_used_is_named_and_agreed_to(place, present):
    user, phone, codes = enrolled(place)
    path, _ = made(place)
    assert pam.log_in(place.service, user, codes[0]).granted
    assert place.stop() == 0
    database = Path(place.state, "twostep.sqlite")
    if present == "damaged":
        database.write_bytes(os.urandom(20_000))
    else:
        shutil.rmtree(place.state)
        Path(place.state).mkdir(mode=0o700)
        shutil.chown(place.state, "twostep", "twostep")
    before = state(place)
    asked = restore(place, path)
    assert asked.returncode == 2 and f"{user} phone (totp)" in asked.stderr and f"{user} codes" in asked.stderr, asked
    assert state(place) == before, "nothing is done that nobody has agreed to"
    done = restore(place, path, "--yes", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and {key["device"] for key in told["exposed"]} == {"phone", "codes"}
    assert (told["trouble"] is not None) == (present == "damaged")
    if present == "damaged":
        assert Path(told["former_store"]).read_bytes() == before["twostep.sqlite"]
    place.start()
    assert check_store(place) == []
    assert pam.log_in(place.service, user, phone.next()).granted


def test_devices_that_came_and_went_since_are_named(place):
    stays, _, _ = enrolled(place)
    goes, _, _ = enrolled(place)
    assert world.twostep("bypass", stays, "--for", "1h", "--reason", "x", runtime=place.runtime).returncode == 0
    path, _ = made(place)
    assert world.twostep("remove", stays, "bypass", "--yes", runtime=place.runtime).returncode == 0
    assert world.twostep("remove", goes, "phone", "--yes", "--force", runtime=place.runtime).returncode == 0
    comes, _, _ = enrolled(place)
    told = restored(place, path)
    assert {(key["account"], key["device"]) for key in told["exposed"]} >= {(str(goes), "phone")}
    assert {(key["account"], key["device"]) for key in told["lost"]} == {(str(comes), "phone"), (str(comes), "codes")}
    assert [key["account"] for key in told["left_out"]] == [str(stays)]


def spoil(path, sql):
    with sqlite3.connect(path) as database:
        database.execute(sql)


SPOILT = {
    "newer": lambda path: spoil(path, "PRAGMA user_version = 99"),
    "none of ours": lambda path: spoil(path, "PRAGMA application_id = 1"),
    "a trigger": lambda path: spoil(path, "CREATE TRIGGER t AFTER UPDATE ON device BEGIN DELETE FROM device; END"),
    "a secret that is damaged": lambda path: spoil(path, "UPDATE device SET sealed = zeroblob(60)"),
    "a row that makes no sense": lambda path: spoil(path, "UPDATE device SET state_check = 5"),
    "cut off": lambda path: os.truncate(path, 9000),
    "no database": lambda path: path.write_text("no database\n" * 1000),
    "empty": lambda path: os.truncate(path, 0),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "not there": lambda path: path.unlink(),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_changed(place, kind):
    user, phone, _ = enrolled(place)
    path, _ = made(place)
    SPOILT[kind](path)
    assert place.stop() == 0
    before = state(place)
    done = restore(place, path, "--yes")
    assert done.returncode == 1 and str(path) in done.stderr, done
    assert state(place)["twostep.sqlite"] == before["twostep.sqlite"]
    assert not [name for name in state(place) if "restored" in name or "replaced" in name]
    place.start()
    assert pam.log_in(place.service, user, phone.next()).granted


def test_the_backup_of_another_machine_is_refused_and_the_daemon_s_store_while_it_has_it(place, elsewhere):
    user, phone, _ = enrolled(place)
    other = elsewhere(CONFIGURATION)
    enrolled(other)
    path, told = made(other)
    own, _ = made(place)
    refused = restore(place, own, "--yes")
    assert refused.returncode == 1 and "systemctl stop" in refused.stderr, refused
    assert place.stop() == 0
    refused = restore(place, path, "--yes")
    assert refused.returncode == 1 and told["keys"][0] in refused.stderr, refused
    place.start()
    assert pam.log_in(place.service, user, phone.next()).granted


def test_on_another_machine_it_is_the_same_with_the_key(place, elsewhere):
    user, phone, codes = enrolled(place)
    path, told = made(place, "--with-key")
    new = elsewhere(CONFIGURATION, start=False)
    new.key.write_bytes(Path(told["key_file"]).read_bytes())
    assert restore(new, path, "--yes").returncode == 0
    new.start()
    assert check_store(new) == []
    assert pam.log_in(new.service, user, phone.next()).granted
    assert pam.log_in(new.service, user, codes[0]).granted


def small(place, size):
    """The state on a file system of its own, with so much room."""
    kept = {path.name: path.read_bytes() for path in Path(place.state).iterdir()}
    assert world.run("mount", "-t", "tmpfs", "-o", f"mode=0700,size={size}", "small", place.state).returncode == 0
    for name, data in kept.items():
        Path(place.state, name).write_bytes(data)
    for path in [Path(place.state), *Path(place.state).iterdir()]:
        shutil.chown(path, "twostep", "twostep")
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_where_the_state_cannot_be_written_the_present_store_stays(place, trouble):
    user, phone, _ = enrolled(place)
    path, _ = made(place)
    assert place.stop() == 0
    size = sum(len(data) for data in state(place).values())
    small(place, f"{size // 1024 + 48}k")
    try:
        if trouble == "read-only":
            assert world.run("mount", "-o", "remount,ro", place.state).returncode == 0
        done = restore(place, path, "--yes")
        assert done.returncode == 1, done
        if trouble == "read-only":
            assert world.run("mount", "-o", "remount,rw", place.state).returncode == 0
        assert not [name for name in state(place) if "restored" in name or "replaced" in name]
        assert world.run("mount", "-o", "remount,size=20m", place.state).returncode == 0
        place.start()
        assert pam.log_in(place.service, user, phone.next()).granted
    finally:
        place.stop()
        world.run("umount", "--lazy", place.state)


@pytest.mark.parametrize("call", ["rename", "link", "unlink", "pwrite64", "fdatasync", "fsync"])
def test_a_restoration_that_is_killed_at_any_call_leaves_the_one_store_or_the_other(place, call):
    user, phone, codes = enrolled(place)
    path, _ = made(place)
    assert pam.log_in(place.service, user, codes[0]).granted
    deaths = 0
    for number in range(1, 120, 1 if call in ("rename", "link", "fsync") else 5):
        assert place.stop() == 0
        with tracing.Trace(
                *tracing.ends_at(call, number), command=restore_command(place, path, "--yes")) as trace:
            status = trace.communicate("")
        place.start()
        assert check_store(place) == [], (call, number)
        assert not pam.log_in(place.service, user, codes[0]).granted, "what was used stays used"
        world.twostep("unlock", user, runtime=place.runtime)
        if status == 0:
            break
        deaths += 1
    else:
        raise AssertionError(f"{call} has no end")
    assert deaths, f"{call} is not called"
    assert pam.log_in(place.service, user, codes[1]).granted


# --- what is wrong with a store ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("standing", ["running", "stopped"])
def test_check_says_which_device_of_whom_is_damaged_and_shows_no_secret(place, standing):
    user, phone, codes = enrolled(place)
    other, _, _ = enrolled(place)
    assert check_store(place) == []
    assert place.stop() == 0
    assert check_store(place) == []
    with sqlite3.connect(Path(place.state, "twostep.sqlite")) as database:
        database.execute(
            "UPDATE device SET sealed = (SELECT sealed FROM device WHERE account = ? AND device = 'phone') "
            "WHERE account = ? AND device = 'phone'", (str(other), str(user)))
        database.execute("UPDATE device SET state_check = 1 WHERE account = ? AND device = 'codes'", (str(user),))
        database.execute("CREATE TABLE strange (a)")
    if standing == "running":
        place.start()
    found = check_store(place)
    assert len(found) == 3, found
    assert [line for line in found if str(user) in line and "totp" in line and "phone" in line]
    assert [line for line in found if str(user) in line and "recovery_code" in line and "codes" in line]
    assert [line for line in found if "strange" in line]
    assert not [line for line in found if str(other) in line]
    done = world.twostep(
        "check", "--store", "--config", place.configuration, "--state-directory", place.state, runtime=place.runtime)
    assert done.returncode == 1 and "store: 3 problems" in done.stdout
    for secret in (phone.secret, codes[0], place.key.read_text().strip()):
        assert secret not in done.stdout + done.stderr


def test_check_says_of_a_store_that_it_is_gone_or_has_another_key(place):
    enrolled(place)
    assert place.stop() == 0
    key = place.key.read_text()
    place.key.write_text("ab" * 32 + "\n")
    assert [line for line in check_store(place) if "another key" in line]
    place.key.write_text(key)
    database = Path(place.state, "twostep.sqlite")
    whole = database.read_bytes()
    database.write_bytes(whole[:5000])
    shutil.chown(database, "twostep", "twostep")
    assert check_store(place)
    database.unlink()
    assert [line for line in check_store(place) if "no store" in line]
    database.write_bytes(whole)
    shutil.chown(database, "twostep", "twostep")
    database.chmod(0o600)
    place.start()
