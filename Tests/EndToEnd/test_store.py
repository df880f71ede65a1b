"""A store that cannot be read admits nobody, says why, and is picked up once it is repaired."""

import base64
import os
import re
import shutil
from pathlib import Path

import pam
import pytest
import world


@pytest.fixture
def place(daemon, elsewhere):
    """A daemon that was started once, has a user with a device, and stands still."""
    place = elsewhere()
    place.user = world.new_user()
    place.phone = world.enroll(place.user, runtime=place.runtime)
    assert place.stop() == 0
    return place


def store(place):
    return Path(place.state, "twostep.sqlite")


def truncate(path, count):
    with open(path, "r+b") as file:
        file.truncate(count)


def scribble(path):
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(os.urandom(8192))


def replace_by_link(path):
    shutil.copy2(path, "/root/elsewhere")
    path.unlink()
    path.symlink_to("/root/elsewhere")


BREAKAGES = {
    "missing": lambda place: store(place).unlink(),
    "empty": lambda place: truncate(store(place), 0),
    "truncated": lambda place: truncate(store(place), 5000),
    "overwritten": lambda place: scribble(store(place)),
    "no database": lambda place: store(place).write_text("this is no database\n" * 1000),
    "somebody else's": lambda place: shutil.chown(store(place), "alice"),
    "root's": lambda place: shutil.chown(store(place), "root", "root"),
    "a link": lambda place: replace_by_link(store(place)),
    "its directory missing": lambda place: shutil.rmtree(place.state),
    "its directory writable by others": lambda place: os.chmod(place.state, 0o777),
    "its directory root's": lambda place: shutil.chown(place.state, "root", "root"),
    "key missing": lambda place: place.key.unlink(),
    "key empty": lambda place: truncate(place.key, 0),
    "key too short": lambda place: place.key.write_text("x" * 16),
    "another key": lambda place: make_key(place),
}


def make_key(place):
    """A key that another init has made."""
    other = world.Daemon(f"key{next(world.numbers)}").initialize()
    place.key.write_bytes(other.key.read_bytes())


@pytest.mark.parametrize("kind", BREAKAGES)
def test_a_broken_store_admits_nobody_until_it_is_repaired(place, kind):
    whole = Path(f"/root/whole{next(world.numbers)}")
    shutil.copytree(place.state, whole / "state", symlinks=True)
    shutil.copy2(place.key, whole / "key")
    BREAKAGES[kind](place)

    place.start(serving=False)
    login = pam.log_in(place.service, place.user, place.phone.next())
    assert login.code == pam.AUTHINFO_UNAVAIL, login
    asked = world.twostep("status", "--json", runtime=place.runtime)
    told = world.json.loads(asked.stdout)
    assert asked.returncode == 1 and told["serving"] is False, place.log.since_mark()
    assert told["store"]["problem"] and told["store"]["problem"] in told["problems"]
    assert place.log.since_mark("refused: " + re.escape(told["store"]["problem"]), count=1)

    # Repaired under its feet, as whoever restores a backup does it.
    for path in (place.state,):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole / "state", place.state, symlinks=True)
    for path in [Path(place.state), *Path(place.state).iterdir()]:
        shutil.chown(path, "twostep", "twostep")
    os.chmod(place.state, 0o700)
    shutil.copy2(whole / "key", place.key)
    Path("/root/elsewhere").unlink(missing_ok=True)
    restart_if_key_is_roots(place, kind)
    world.wait_until(lambda: place.status()["serving"], f"the repaired store: {place.status()['problems']}")
    assert pam.log_in(place.service, place.user, place.phone.at(place.phone.step + 1)).granted


def restart_if_key_is_roots(place, kind):
    """A key that root alone may read is read at the start: then a restart is part of the repair."""
    if "key" in kind:
        assert place.stop() == 0
        place.start()


def test_a_store_that_vanishes_under_a_running_daemon_is_noticed(daemon, elsewhere):
    place = elsewhere()
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    assert pam.log_in(place.service, user, phone.next()).granted
    for path in Path(place.state).glob("twostep.sqlite*"):
        truncate(path, 0)
    login = pam.log_in(place.service, user, phone.next())
    assert login.code == pam.AUTHINFO_UNAVAIL, login


def test_a_store_that_is_replaced_under_a_running_daemon_makes_no_code_good_again(place):
    place.start()
    copy = Path(f"/root/copy{next(world.numbers)}")
    shutil.copytree(place.state, copy, symlinks=True)
    for path in Path(place.state).glob("twostep.sqlite*"):
        path.unlink()
    code = place.phone.next()
    assert pam.log_in(place.service, place.user, code).code == pam.AUTHINFO_UNAVAIL
    world.wait_until(lambda: not place.status()["serving"], "a store that is gone to be noticed")
    for path in copy.glob("twostep.sqlite*"):
        shutil.copy2(path, place.state)
        shutil.chown(Path(place.state) / path.name, "twostep", "twostep")
    world.wait_until(lambda: place.status()["serving"], "the store that is back to be noticed")
    assert pam.log_in(place.service, place.user, code).granted
    assert not pam.log_in(place.service, place.user, code).granted


def test_what_is_kept_belongs_to_twostep_and_is_closed_to_others(place):
    twostep = world.pwd.getpwnam("twostep")
    place.start()
    assert os.stat(place.state).st_mode & 0o777 == 0o700
    for path in Path(place.state).iterdir():
        facts = path.stat()
        assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (twostep.pw_uid, twostep.pw_gid, 0o600), path
    assert place.key.stat().st_mode & 0o007 == 0


def test_secrets_are_not_in_the_store_as_they_are(place):
    seed = base64.b32decode(place.phone.secret + "=" * (-len(place.phone.secret) % 8))
    for path in Path(place.state).iterdir():
        data = path.read_bytes()
        assert seed not in data and place.phone.secret.encode() not in data
        assert seed.hex().encode() not in data.lower()


def test_a_second_daemon_on_the_same_state_refuses(place):
    place.start()
    done = world.run("twostepd", *place.places)
    assert done.returncode == 1
    assert f"another daemon listens on {place.socket}" in done.stderr
    other = world.Daemon(f"second{next(world.numbers)}").initialize()
    done = world.run(
        "twostepd", "--config", other.configuration, "--key-file", place.key, "--state-directory", place.state,
        "--runtime-directory", other.runtime)
    assert done.returncode == 1
    assert f"in use by process {place.process.pid}" in done.stderr
    # The first has not noticed.
    assert pam.log_in(place.service, place.user, place.phone.next()).granted
