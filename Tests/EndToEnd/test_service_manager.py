"""What the unit promises to systemd and systemd to it: signs of life, and the key as a credential."""

import os
import re
from pathlib import Path

import pytest
import world
from manager import Manager


@pytest.fixture
def manager(monkeypatch):
    manager = Manager()
    monkeypatch.setenv("NOTIFY_SOCKET", manager.path)
    yield manager
    manager.close()


def test_a_service_manager_that_waits_for_signs_of_life_gets_them(elsewhere, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    elsewhere()
    assert [manager.hear() for _ in range(3)] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]


def test_it_says_nothing_at_its_start_but_what_it_has_to_say(elsewhere):
    place = elsewhere()
    foreign = [line for line in place.log.all() if not line.startswith("<") or "twostepd: " not in line]
    assert not foreign


def test_signs_of_life_for_another_process_are_not_ours_to_give(elsewhere, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    place = elsewhere()
    assert manager.hear() == "READY=1"
    assert place.stop() == 0
    assert manager.hear() == "STOPPING=1"


@pytest.fixture
def credentials(monkeypatch):
    """The folder in which systemd passes credentials."""
    folder = Path("/run/credentials-test")
    folder.mkdir(mode=0o755, exist_ok=True)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def pass_in(folder, text):
    path = folder / "twostep.key"
    path.write_text(text)
    path.chmod(0o400)
    os.chown(path, world.pwd.getpwnam("twostep").pw_uid, 0)


def test_the_key_is_what_systemd_has_passed_in(elsewhere, credentials):
    place = elsewhere(start=False)
    pass_in(credentials, place.key.read_text())
    place.key.unlink()
    assert place.start().status()["serving"]


def test_a_daemon_that_was_started_before_init_finds_the_key_when_it_is_made(credentials):
    unit = Path("/mnt/twostep/usr/lib/systemd/system/twostepd.service").read_text()
    pass_in(credentials, re.search(r"^SetCredential=twostep\.key:(.*)$", unit, re.MULTILINE).group(1))
    place = world.Daemon(f"t{next(world.numbers)}")
    place.folder.mkdir(mode=0o750)
    os.chown(place.folder, 0, world.pwd.getpwnam("twostep").pw_gid)
    place.start(serving=False)
    try:
        status = place.status()
        assert not status["serving"]
        assert any("twostep.key cannot be opened" in problem for problem in status["problems"]), status
        done = world.run("twostep", "init", *place.places)
        assert done.returncode == 0, done.stdout + done.stderr
        world.wait_until(lambda: place.status()["serving"], "the daemon to find its key")
    finally:
        place.stop()
