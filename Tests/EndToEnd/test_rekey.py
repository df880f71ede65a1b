"""The key is changed under a running daemon: at every moment the keys that are on the disk open every secret."""

import json
import secrets
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pam
import pytest
import tracing
import world

CONFIGURATION = """
auth_providers:
  - type: pam
    modules:
      - any_of: [totp, recovery_code]
"""


@pytest.fixture
def place(daemon, elsewhere):
    return elsewhere(CONFIGURATION)


def enrolled(place):
    """A user, the authenticator, and the recovery codes."""
    user = world.new_user()
    made = world.twostep("enroll", user, "totp", "--no-confirm", "--json", runtime=place.runtime)
    assert made.returncode == 0, made
    given = json.loads(made.stdout)
    return user, world.Authenticator(given["secret"].replace(" ", "")), given["recovery_codes"]


def rekey(place, *options):
    return world.twostep("rekey", "--config", place.configuration, *options, runtime=place.runtime)


def check_store(place):
    """What is wrong with the store, as root is told."""
    done = world.twostep(
        "check", "--store", "--config", place.configuration, "--state-directory", place.state, "--json",
        runtime=place.runtime)
    found = json.loads(done.stdout)
    assert (done.returncode == 0) == found["good"], done
    return [finding["found"] for finding in found["findings"]]


def keys(place):
    """The key files that there are, by name."""
    return {path.name: path for path in place.folder.glob("twostep.key*")}


def test_a_second_rotation_waits_for_the_end_of_the_first(place):
    user, phone, _ = enrolled(place)
    before = place.key.read_text()
    # The first: its daemon is slow to answer.
    place.freeze()
    command = ["twostep", "rekey", "--config", place.configuration, "--runtime-directory", place.runtime]
    first, second = subprocess.Popen(command), None
    try:
        folder = f":{place.folder.stat().st_ino} "
        world.wait_until(lambda: folder in Path("/proc/locks").read_text(), "the first to begin")
        second = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        world.wait_until(lambda: second.poll() is not None, "the second to be refused while the first is at work")
        said = second.stderr.read()
        assert second.returncode == 1 and "Another twostep rekey is at work" in said, said
    finally:
        place.thaw()
        if second is not None and second.poll() is None:
            second.kill()
        assert first.wait(30) == 0
    assert rekey(place).returncode == 0
    assert place.key.read_text() != before and len(keys(place)) == 3
    place.restart()
    assert check_store(place) == []
    assert pam.log_in(place.service, user, phone.next()).granted


def test_after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing(place):
    user, phone, codes = enrolled(place)
    before = place.key.read_text()
    assert pam.log_in(place.service, user, codes[0]).granted
    used = phone.next()
    assert pam.log_in(place.service, user, used).granted

    done = rekey(place, "--json")
    assert done.returncode == 0, done
    told = json.loads(done.stdout)
    assert told["secrets"] == 2 and told["failures"] == []
    assert set(keys(place)) == {"twostep.key", Path(told["former_file"]).name}
    assert place.key.read_text() != before and Path(told["former_file"]).read_text() == before
    assert place.log.since_mark(f"sealed with the key {told['key']}", count=1)
    for secret in (before.strip(), place.key.read_text().strip()):
        assert secret not in done.stdout + done.stderr + "\n".join(place.log.all())

    # The old one may go: by what is on the disk, and by what the daemon has in memory.
    Path(told["former_file"]).unlink()
    for restart in (False, True):
        if restart:
            place.restart()
        assert check_store(place) == []
        # What was used stays used, and what was not is good.
        assert not pam.log_in(place.service, user, codes[0]).granted
        assert not pam.log_in(place.service, user, used).granted
        world.twostep("unlock", user, runtime=place.runtime)
        assert pam.log_in(place.service, user, codes[2 if restart else 1]).granted
    assert pam.log_in(place.service, user, phone.next()).granted

    # Nothing is left that the old one opens.
    assert place.stop() == 0
    new = place.key.read_text()
    place.key.write_text(before)
    place.start(serving=False)
    assert "another key" in place.status()["store"]["problem"]
    assert pam.log_in(place.service, user, phone.at(phone.step + 1)).code == pam.AUTHINFO_UNAVAIL
    place.key.write_text(new)


def test_the_files_have_the_modes_that_they_had_at_every_moment_whatever_the_umask(place):
    enrolled(place)
    made, given, lines = tracing.modes_under_no_umask(
        ["twostep", "rekey", "--config", place.configuration, "--runtime-directory", place.runtime],
        "link", "linkat", "rename", "renameat", "renameat2")
    assert made and not [mode for mode in made if mode & 0o077], lines
    assert set(given) <= {0o600, 0o640}, lines
    for name, path in keys(place).items():
        status = path.stat()
        assert stat.S_IMODE(status.st_mode) == (0o640 if name == "twostep.key" else 0o600)
        assert (status.st_uid, path.group()) == (0, "twostep")


def test_logins_go_on_while_secrets_are_sealed_anew(place):
    user, phone, codes = enrolled(place)
    crowd = world.crowd(300)
    batch = Path(f"/run/crowd-{next(world.numbers)}.csv")
    rows = (f"{crowd[number // 10]},totp,device{number},GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n" for number in range(3000))
    batch.write_text("user,module,name,secret\n" + "".join(rows))
    batch.chmod(0o600)
    assert world.twostep("import", "batch", batch, runtime=place.runtime).returncode == 0
    done = []
    rotation = threading.Thread(target=lambda: done.append(rekey(place, "--json")))
    rotation.start()
    logins = []
    left = iter(codes)
    while rotation.is_alive():
        if (code := next(left, None)) is None:
            break
        logins.append(pam.log_in(place.service, user, code).granted)
    rotation.join(60)
    assert done and done[0].returncode == 0, done
    assert json.loads(done[0].stdout)["secrets"] >= 3001
    assert logins and all(logins)
    assert check_store(place) == []
    assert pam.log_in(place.service, user, phone.next()).granted


def test_what_is_enrolled_after_a_restart_in_the_middle_of_it_is_sealed_with_the_new_key(place):
    user, phone, _ = enrolled(place)
    # As a rotation leaves it that was cut short behind its last row, and before the exchange.
    new = place.folder / "twostep.key.new"
    new.write_text(secrets.token_hex(32) + "\n")
    shutil.chown(new, "root", "twostep")
    new.chmod(0o640)
    place.restart()
    other, phone2, _ = enrolled(place)
    place.key.rename(place.folder / "kept")
    new.rename(place.key)
    place.stop()
    place.start(serving=False)
    found = check_store(place)
    assert not [line for line in found if str(other) in line], found
    assert [line for line in found if str(user) in line], "and the others still need the old one"
    place.key.rename(new)
    (place.folder / "kept").rename(place.key)
    place.stop()
    place.start()
    assert rekey(place).returncode == 0
    place.restart()
    assert check_store(place) == []
    for name, device in ((user, phone), (other, phone2)):
        assert pam.log_in(place.service, name, device.next()).granted


# --- cut short ----------------------------------------------------------------------------------------------------

PARTS = ["fsync", "link", "rename", "fchmod", "fchown", "sendto"]


@pytest.mark.parametrize("call", PARTS)
def test_a_rotation_whose_command_is_killed_at_any_call_loses_nothing_and_is_gone_on_with(place, call):
    user, phone, codes = enrolled(place)
    deaths = 0
    for number in range(1, 40):
        with tracing.Trace(
                *tracing.ends_at(call, number),
                command=["twostep", "rekey", "--config", place.configuration, "--runtime-directory", place.runtime],
        ) as trace:
            status = trace.communicate("")
        # By what is on the disk alone.
        place.restart()
        assert check_store(place) == [], (call, number)
        if status == 0:
            break
        deaths += 1
        # Between the exchange and its last word nothing is left to be done; else the next one goes on.
        if "twostep.key.new" in keys(place) and number % 2:
            assert rekey(place).returncode == 0
            assert "twostep.key.new" not in keys(place)
    else:
        raise AssertionError(f"{call} has no end")
    assert deaths, f"{call} is not called"
    assert pam.log_in(place.service, user, codes[0]).granted
    assert pam.log_in(place.service, user, phone.next()).granted


@pytest.mark.parametrize("call", ["openat", "pread64", "write", "pwrite64", "fdatasync"])
def test_a_rotation_whose_daemon_is_killed_at_any_call_loses_nothing_and_is_gone_on_with(place, call):
    for number in range(1, 60):
        user, phone, codes = enrolled(place)
        with tracing.Trace(*tracing.ends_at(call, number), pid=place.process.pid, threads=tracing.is_at_work):
            done = rekey(place)
        killed = place.has_died()
        if killed:
            place.start()
        assert killed or done.returncode == 0, done
        assert check_store(place) == [], (call, number)
        assert pam.log_in(place.service, user, codes[0]).granted
        assert pam.log_in(place.service, user, phone.next()).granted
        if not killed:
            break
        assert rekey(place).returncode == 0
        assert "twostep.key.new" not in keys(place)
    else:
        raise AssertionError(f"{call} has no end")
    place.restart()
    assert check_store(place) == []


def test_a_rotation_that_is_interrupted_is_gone_on_with(place):
    """A disk that is full half-way: what was sealed anew stays, and so do both keys."""
    user, phone, codes = enrolled(place)
    with tracing.Trace(*tracing.fails_at("pwrite64", "ENOSPC", 1), pid=place.process.pid) as trace:
        failed = rekey(place)
        assert trace.hits
    assert failed.returncode != 0 and "full" in failed.stderr, failed
    assert {"twostep.key", "twostep.key.new"} == set(keys(place))
    assert pam.log_in(place.service, user, codes[0]).granted
    assert ["twostep rekey goes on with it" in warning for warning in place.status()["warnings"]] == [True]
    assert rekey(place).returncode == 0
    assert place.status()["warnings"] == []
    place.restart()
    assert check_store(place) == []
    assert pam.log_in(place.service, user, phone.next()).granted


# --- a key that systemd passes in ------------------------------------------------------------------------------------


def test_a_key_that_is_passed_in_is_changed_in_the_steps_that_it_says(daemon, elsewhere):
    place = elsewhere(CONFIGURATION, start=False)
    credentials = Path(f"/run/credentials-{next(world.numbers)}")
    credentials.mkdir()

    def put(name, text):
        path = credentials / name
        path.write_text(text)
        path.chmod(0o400)
        shutil.chown(path, "twostep", "twostep")

    put("twostep.key", place.key.read_text())
    shutil.chown(credentials, "twostep", "twostep")
    place.key.unlink()
    under = ["env", f"CREDENTIALS_DIRECTORY={credentials}", "runuser", "-u", "twostep", "--"]

    def restart():
        place.stop()
        Path(place.runtime).mkdir(exist_ok=True)
        for name in ("login.sock", "admin.sock", "self.sock"):
            Path(place.runtime, name).unlink(missing_ok=True)
        shutil.chown(place.runtime, "twostep", "twostep")
        place.start(under=under)

    restart()
    user, _, _ = enrolled(place)
    asked = rekey(place)
    assert asked.returncode == 1
    for word in ("systemd-creds encrypt --name=twostep.key.new", "LoadCredentialEncrypted=twostep.key.new:", "Nothing was"):
        assert word in asked.stderr, asked
    assert keys(place) == {}

    put("twostep.key.new", secrets.token_hex(32) + "\n")
    restart()
    done = rekey(place)
    assert done.returncode == 0 and "systemd-creds encrypt --name=twostep.key -" in done.stdout, done

    put("twostep.key", (credentials / "twostep.key.new").read_text())
    (credentials / "twostep.key.new").unlink()
    restart()
    assert check_store(place) == []
    listing = json.loads(world.twostep("list", user, "--json", runtime=place.runtime).stdout)
    assert not [device for device in listing["devices"] if device["problem"]], listing


# --- refusals ------------------------------------------------------------------------------------------------------


def test_it_is_refused_where_it_would_change_another_key_than_the_daemon_s(place):
    enrolled(place)
    other = world.Daemon(f"other{next(world.numbers)}").initialize()
    before = {name: path.read_text() for name, path in keys(place).items()}
    asked = world.twostep("rekey", "--config", other.configuration, runtime=place.runtime)
    assert asked.returncode == 1 and str(place.key) in asked.stderr, asked
    assert set(keys(other)) == {"twostep.key"}
    assert {name: path.read_text() for name, path in keys(place).items()} == before
    user = world.new_user()
    assert world.as_user(user, "twostep", "rekey", "--runtime-directory", place.runtime).returncode != 0
