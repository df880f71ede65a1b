"""The process: what it may do, what systemd passes in, how it ends."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
from pathlib import Path

import pam
import wire
import world
from manager import Sockets


def facts(pid):
    """/proc/PID/status as a dictionary."""
    return dict(re.findall(r"^(\w+):\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M))


def test_started_as_root_it_is_twostep_without_capabilities_in_every_thread(daemon):
    twostep = world.pwd.getpwnam("twostep")
    pid = daemon.process.pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        told = facts(f"{pid}/task/{thread.name}")
        assert told["Uid"].split() == [str(twostep.pw_uid)] * 4
        assert told["Gid"].split() == [str(twostep.pw_gid)] * 4
        assert told["Groups"].split() in ([str(twostep.pw_gid)], [])
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(told[name], 16) == 0, (thread.name, name)
        assert told["NoNewPrivs"] == "1", told["Name"]


def test_it_cannot_be_dumped_or_looked_into(daemon):
    pid = daemon.process.pid
    # What is not dumpable belongs to root in /proc, whoever it runs as.
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0
    assert re.search(r"Max core file size\s+0\s+0", Path(f"/proc/{pid}/limits").read_text())

    def look():
        try:
            Path(f"/proc/{pid}/mem").open("rb").close()
            return True
        except OSError:
            return False

    assert not world.in_process_of("twostep", look)


def test_a_crash_leaves_no_core(daemon, elsewhere):
    place = elsewhere()
    before = set(os.listdir("/")) | set(os.listdir("/tmp"))
    place.process.send_signal(11)
    place.process.wait(20)
    place.process = None
    assert not [name for name in (set(os.listdir("/")) | set(os.listdir("/tmp"))) - before if "core" in name]


def test_it_opens_nothing_below_home_or_tmp(daemon):
    for link in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        target = os.readlink(link)
        assert not target.startswith(("/home", "/tmp", "/root", "/run/user")), target


def test_sigterm_ends_it_with_0_and_says_so(daemon, elsewhere):
    place = elsewhere()
    place.log.mark()
    assert place.stop() == 0
    assert place.log.since_mark("has stopped", count=1)


def test_sigterm_ends_it_with_0_however_busy_the_machine_is(daemon, elsewhere):
    """What is put away at the end is put away by several threads, and when each of them runs is another matter each time."""
    place = elsewhere(start=False)
    user = world.new_user()
    crowd = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(6)]
    try:
        ends = []
        for _ in range(15):
            place.start()
            assert wire.ask(user, "000000", path=place.socket, evidence=["publickey ssh-ed25519"]) in (wire.DENIED, wire.TRIES)
            ends.append(place.stop())
        assert set(ends) == {0}, ends
    finally:
        for one in crowd:
            one.kill()
            one.wait()


def test_without_a_user_twostep_it_does_not_start_as_root(daemon, elsewhere):
    place = elsewhere(start=False)
    passwd = Path("/etc/passwd").read_bytes()
    try:
        Path("/etc/passwd").write_bytes(re.sub(rb"^twostep:.*\n", b"", passwd, flags=re.M))
        done = world.run("twostepd", *place.places)
    finally:
        Path("/etc/passwd").write_bytes(passwd)
    assert done.returncode == 1
    assert "twostep init" in done.stderr


def test_it_serves_sockets_that_systemd_passes_in_and_says_when_it_is_ready(daemon, elsewhere):
    place = elsewhere(start=False)
    sockets = Sockets(place)
    owner = world.pwd.getpwnam("twostep")
    try:
        sockets.start()
        assert place.status()["serving"]
        user = world.new_user()
        phone = world.enroll(user, runtime=place.runtime)
        assert pam.log_in(place.service, user, phone.next()).granted
        connection = wire.Connection(place.socket)
        _, uid, _ = struct.unpack("iII", connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        assert uid in (0, owner.pw_uid)
        connection.close()
        # What was passed in is the service manager's, and stays.
        sockets.stop()
        assert "NOTIFY_SOCKET" not in os.environ
    finally:
        sockets.close()


def test_a_unit_that_passes_no_socket_for_users_in_keeps_nobody_out(daemon, elsewhere):
    place = elsewhere(start=False)
    # Where systemd starts it, the folder is root's and it is not.
    sockets = Sockets(place, user="twostep", names=("login.sock", "admin.sock"))
    try:
        sockets.start()
        assert place.log.since_mark("users cannot see to their own devices", count=1)
        assert [os.path.basename(path) for path in place.status()["sockets"]] == ["login.sock", "admin.sock"]
        sockets.stop()
    finally:
        sockets.close()


def test_the_key_may_come_as_a_credential(daemon, elsewhere):
    place = elsewhere(start=False)
    credentials = Path("/run/credentials")
    credentials.mkdir(mode=0o755, exist_ok=True)
    shutil.move(place.key, credentials / "twostep.key")
    os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
    try:
        place.start()
    finally:
        del os.environ["CREDENTIALS_DIRECTORY"]
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    assert pam.log_in(place.service, user, phone.next()).granted


def test_it_may_be_started_by_its_own_user(daemon, elsewhere):
    place = elsewhere(start=False)
    shutil.chown(place.key, "root", "twostep")
    place.key.chmod(0o640)
    os.makedirs(place.runtime, exist_ok=True)
    shutil.chown(place.runtime, "twostep", "twostep")
    with open(place.log.path, "ab") as log:
        place.process = subprocess.Popen(
            ["runuser", "-u", "twostep", "--", "twostepd", *map(str, place.places)], stderr=log, stdout=log)
    place.log.since_mark("listens on", count=1)
    assert place.status()["serving"], place.status()["problems"]
    # The directory of the socket is not root's here, so the module trusts nothing in it.
    assert pam.log_in(place.service, "alice", "123456").code == pam.AUTHINFO_UNAVAIL


def test_a_stale_socket_is_replaced_and_a_file_in_its_place_is_not(daemon, elsewhere):
    place = elsewhere()
    place.kill()
    place.start()
    assert place.stop() == 0
    Path(place.socket).unlink(missing_ok=True)
    Path(place.socket).write_text("mine\n")
    done = world.run("twostepd", *place.places)
    assert done.returncode == 1
    assert Path(place.socket).read_text() == "mine\n"
    Path(place.socket).unlink()


def test_its_own_help_and_version():
    assert world.run("twostepd", "--help").returncode == 0
    assert re.match(r"\d+\.\d+", world.run("twostepd", "--version").stdout)
    assert world.run("twostepd", "--nonsense").returncode != 0


def test_a_login_record_is_one_line_that_fail2ban_can_read(daemon, enrolled):
    user, phone = enrolled
    pam.log_in("e2e", user, phone.wrong(), rhost="203.0.113.9")
    line, = daemon.log.since_mark("login denied", count=1)
    start = '<5>twostepd: login denied reason=invalid_code service=e2e rhost=203.0.113.9 '
    assert line.startswith(f'{start}user="{user}" tty=pts/7 ')


def test_status_is_one_json_document(daemon):
    told = json.loads(world.run("twostep", "status", "--json").stdout)
    assert told["serving"] is True and told["problems"] == []
