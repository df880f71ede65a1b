"""Where something runs out: files, disk, patience. The daemon refuses, survives, and recovers."""

import os
import struct
from pathlib import Path

import pam
import pytest
import wire
import world


def test_a_daemon_that_runs_out_of_files_survives_and_recovers(daemon, elsewhere):
    place = elsewhere(start=False)
    place.start(files=100)
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    pid = place.process.pid
    before = len(os.listdir(f"/proc/{pid}/fd"))
    crowd = []
    # More than it may have open: the rest waits in the backlog.
    while len(crowd) < 180:
        crowd.append(wire.Connection(place.socket))
    for connection in crowd:
        try:
            connection.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
        except OSError:
            pass
    assert place.is_running
    for connection in crowd:
        connection.close()
    world.wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before + 1, "files of twostepd", 20)
    # Some of the crowd may still be waiting to be accepted: whoever comes behind it may be turned away, but not for ever.
    code = phone.next()
    world.wait_until(lambda: pam.log_in(place.service, user, code).granted, "a login to be granted")
    assert place.process.pid == pid


def test_a_full_disk_admits_nobody_and_is_forgotten_once_there_is_room(daemon, elsewhere):
    place = elsewhere(start=False)
    kept = {path.name: path.read_bytes() for path in Path(place.state).iterdir()}
    assert world.run("mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "full", place.state).returncode == 0
    try:
        for name, data in kept.items():
            Path(place.state, name).write_bytes(data)
        for path in [Path(place.state), *Path(place.state).iterdir()]:
            world.shutil.chown(path, "twostep", "twostep")
            path.chmod(0o700 if path.is_dir() else 0o600)
        place.start()
        user = world.new_user()
        phone = world.enroll(user, runtime=place.runtime)
        filler = Path(place.state, "filler")
        with pytest.raises(OSError):
            with open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        # Whatever is still free in the store's own files is used up first.
        outcomes = []
        for _ in range(400):
            outcomes.append(pam.log_in(place.service, user, phone.wrong()).code)
            if outcomes[-1] == pam.AUTHINFO_UNAVAIL:
                break
            world.twostep("unlock", user, runtime=place.runtime) if len(outcomes) % 4 == 0 else None
        assert outcomes[-1] == pam.AUTHINFO_UNAVAIL, outcomes[-5:]
        code = phone.at(phone.step)
        assert pam.log_in(place.service, user, code).code == pam.AUTHINFO_UNAVAIL
        filler.unlink()
        world.wait_until(lambda: place.status()["serving"] or pam.log_in(place.service, user).prompts, "room")
        world.twostep("unlock", user, runtime=place.runtime)
        assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted
    finally:
        place.stop()
        world.run("umount", place.state)


NONSENSE = {
    "nothing": b"",
    "huge lengths": struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF),
    "a huge secret": struct.pack(">II", 2, 0x7FFFFFFF) + b"{}",
    "no JSON": struct.pack(">II", 4, 0) + b"\xff\xfe\x00x",
    "an empty document": struct.pack(">II", 0, 0),
    "deep nesting": struct.pack(">II", 40000, 0) + b"[" * 40000,
    "half a frame": struct.pack(">II", 100, 0) + b"{",
    "HTTP": b"GET /metrics HTTP/1.1\r\n\r\n",
    "an unknown verb": struct.pack(">II", 28, 0) + b'{"version":1,"request":{"x":',
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_at_the_admin_socket_ends_the_connection_and_nothing_else(daemon, kind):
    pid = daemon.process.pid
    connection = wire.Connection("/run/twostep/admin.sock")
    try:
        connection.send(NONSENSE[kind])
        connection.socket.shutdown(1)
        while connection.socket.recv(65536):
            pass
    except OSError:
        pass
    assert world.status()["serving"] and daemon.process.pid == pid and daemon.is_running


def test_reloading_while_fifty_logins_are_open_disturbs_none(daemon, enrolled):
    users = [world.enrolled_user("busy") for _ in range(50)]
    connections = []
    for user, _ in users:
        connection = wire.Connection()
        connection.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
        assert connection.receive()[0] == wire.PROMPT
        connections.append(connection)
    for _ in range(20):
        daemon.reload()
    for connection, (_, phone) in zip(connections, users):
        connection.send(wire.frame(wire.ANSWER, phone.next().encode()))
    assert [connection.verdict() for connection in connections] == [wire.GRANTED] * 50
    assert daemon.status()["serving"]


def test_a_thousand_clients_that_leave_at_the_prompt_leave_nothing(daemon, enrolled):
    user, phone = enrolled
    files = f"/proc/{daemon.process.pid}/fd"
    before = len(os.listdir(files))
    for _ in range(1000):
        connection = wire.Connection()
        connection.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
        assert connection.receive()[0] == wire.PROMPT
        connection.close()
    world.no_session_is_left()
    world.wait_until(lambda: len(os.listdir(files)) <= before, "files of twostepd")
    assert world.failures_of(user) == 0
    assert pam.log_in("e2e", user, phone.next()).granted


def test_four_thousand_may_wait_for_the_daemon(daemon):
    """A connect to a full backlog costs its login two seconds and then fails."""
    for line in world.run("ss", "-xlH").stdout.splitlines():
        if world.LOGIN_SOCKET in line:
            assert int(line.split()[3]) >= 4096, line
            return
    raise AssertionError("ss does not show the socket")
