"""With the daemon gone somebody else may stand where it stood: the module sends them nothing."""

import os
import shutil
import socket
import threading
from pathlib import Path

import pam
import pytest
import world


class Squatter:
    """Listens at a path as another user, and records what it is sent."""

    def __init__(self, path, owner="alice", socket_owner=None):
        self.received = b""
        self.connections = 0
        entry = world.pwd.getpwnam(owner)

        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o666)
        if socket_owner is not None:
            os.chown(path, socket_owner, 0)
        # SO_PEERCRED shows who called listen() last.
        os.seteuid(entry.pw_uid)
        try:
            self._socket.listen(16)
        finally:
            os.seteuid(0)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            while data := connection.recv(4096):
                self.received += data

    def stop(self):
        self._socket.close()


@pytest.fixture
def folder():
    path = Path(f"/run/squat{next(world.numbers)}")
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def refuses(path, squatter, syslog, words):
    """The module refuses, says why, and has sent nothing."""
    world.write_stack("e2e-squat", f"auth required pam_twostep.so socket={path}")
    login = pam.log_in("e2e-squat", "alice", "123456")
    assert (login.code, login.prompts) == (pam.AUTHINFO_UNAVAIL, [])
    assert squatter.received == b""
    assert syslog.since_mark(rf"login service at {path}: .*not trusted.*{words}", count=1)


def test_a_listener_of_another_uid_is_sent_nothing(folder, syslog, daemon):
    path = folder / "login.sock"
    squatter = Squatter(path, socket_owner=0)
    refuses(path, squatter, syslog, "neither root's nor the socket owner's")
    squatter.stop()


def test_a_listener_with_the_overflow_uid_is_sent_nothing(folder, syslog, daemon):
    path = folder / "login.sock"
    squatter = Squatter(path, owner="nobody", socket_owner=65534)
    refuses(path, squatter, syslog, "neither root's nor the socket owner's")
    squatter.stop()


@pytest.mark.parametrize("mode, owner", [(0o777, 0), (0o1777, 0), (0o775, 0), (0o755, "alice")])
def test_a_directory_that_others_can_write_is_not_trusted(folder, syslog, daemon, mode, owner):
    path = folder / "login.sock"
    squatter = Squatter(path)
    os.chmod(folder, mode)
    if owner:
        shutil.chown(folder, owner)
    refuses(path, squatter, syslog, "a directory on the way")
    squatter.stop()


def test_a_link_on_the_way_is_not_trusted(folder, syslog, daemon):
    real = folder / "real"
    real.mkdir(mode=0o755)
    squatter = Squatter(real / "login.sock")
    (folder / "link").symlink_to(real)
    refuses(folder / "link" / "login.sock", squatter, syslog, "a directory on the way")
    squatter.stop()


@pytest.mark.parametrize("kind", ["link", "file", "fifo", "directory"])
def test_what_is_no_socket_is_not_trusted(folder, syslog, daemon, kind):
    path = folder / "login.sock"
    squatter = Squatter(folder / "other.sock")
    {
        "link": lambda: path.symlink_to(folder / "other.sock"), "file": path.touch, "fifo": lambda: os.mkfifo(path),
        "directory": path.mkdir,
    }[kind]()
    start = world.now()
    refuses(path, squatter, syslog, "no socket")
    assert world.seconds_since(start) < 2
    squatter.stop()


def test_at_the_shipped_path_too(daemon, syslog):
    daemon.stop()
    path = Path(world.LOGIN_SOCKET)
    path.unlink(missing_ok=True)
    squatter = Squatter(path)
    os.chown(path, 0, 0)
    world.write_stack("e2e-squat", "auth required pam_twostep.so")
    assert pam.log_in("e2e-squat", "alice", "123456").code == pam.AUTHINFO_UNAVAIL
    assert squatter.received == b""
    squatter.stop()
    path.unlink()


def test_a_listener_that_never_accepts_holds_nobody_longer_than_the_limit(folder, syslog, daemon):
    path = folder / "login.sock"
    full = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    full.bind(str(path))
    full.listen(0)
    kept = []
    while True:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.setblocking(False)
        kept.append(client)
        if client.connect_ex(str(path)) != 0:
            break
    world.write_stack("e2e-squat", f"auth required pam_twostep.so socket={path}")
    start = world.now()
    assert pam.log_in("e2e-squat", "alice", "123456").code == pam.AUTHINFO_UNAVAIL
    assert 1 < world.seconds_since(start) < 8
    for client in kept:
        client.close()
    full.close()
