"""Whoever comes to the daemon's sockets, by whatever way: what counts is who called connect(2), as the kernel says."""

import array
import contextlib
import os
import random
import re
import socket
import struct
import threading
from pathlib import Path

import pam
import pytest
import wire
import world
from terminal import CODE, PASSWORD, expect, finish, spawn

KEY = ["publickey ssh-ed25519"]
PASSES = (wire.GRANTED, wire.EXEMPT)

# --- who may ask what ------------------------------------------------------------------------------------------------

# Each verb with arguments that would do something. A verb that is not in here fails the test below.
VERBS = {
    "init": [], "enroll": ["bob", "totp", "--no-confirm"], "list": [],
    "remove": ["bob", "phone", "--yes", "--force"], "verify": ["bob"], "unlock": ["bob"],
    "bypass": ["bob", "--for", "1h", "--reason", "x"], "ticket": ["bob", "--for", "1h"], "user": ["list"],
    "legacy": ["passwd"], "credentials": ["list"], "sessions": [], "show": ["bob", "phone"],
    "import": ["batch", "/etc/hostname"], "export": ["bob", "--to-pipe"], "grants": [], "block": ["bob"],
    "unblock": ["bob"], "adopt": ["bob", "--yes"], "explain": ["bob", "sshd"], "trial": ["sshd", "bob"],
    "enable": ["sudo", "--yes"], "disable": ["sudo", "--yes"], "status": [], "check": [], "flow": [],
    "log": [], "metrics": [], "report": [], "backup": ["/tmp/nobody-s-backup"], "restore": ["/etc/hostname", "--yes"],
    "rekey": [], "host": ["list"], "store": ["copy", "--to", "sqlite", "--yes"],
    "module": ["test", "/bin/true"],
}


def test_each_verb_of_the_command_line_has_its_row():
    # Whoever mistypes one is told of all.
    said = world.run("twostep", "frobnicate").stderr.splitlines()[0]
    listed = re.findall(r"[a-z]+", said.split("expected ")[1])
    assert len(listed) > 25
    assert set(listed) == set(VERBS)


@pytest.mark.parametrize("by", ["alice", "bob", "nobody", "twostep"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_roots_alone(daemon, by, verb):
    before = world.twostep("list", "bob", "--json").stdout
    done = world.run(
        "setpriv", "--reuid", by, "--regid", by, "--clear-groups", "--", "twostep", verb, *VERBS[verb], input="x\n")
    if (by, verb) in {("twostep", "check"), ("twostep", "flow")}:
        # The daemon's own user may read the configuration, which is what these two are about.
        assert done.returncode == 0
    else:
        assert done.returncode in (1, 3), done
        # What check has to say is its result, whoever asks.
        assert done.stdout == "" or verb == "check" and "cannot be opened" in done.stdout
    assert world.twostep("list", "bob", "--json").stdout == before


@pytest.fixture(scope="module")
def own():
    return world.enrolled_user()


# What comes of asking about whom at which stage, by whom: 1 authenticates, 2 asks for the account, 3 and 4 change.
D, N = wire.DENIED, 0x6CA5AC31
MATRIX = {
    ("root", "own", 1): wire.GRANTED, ("root", "own", 2): N, ("root", "own", 3): D, ("root", "own", 4): D,
    ("root", "root", 1): D, ("root", "root", 2): N,
    ("own", "own", 1): wire.GRANTED, ("own", "own", 2): D, ("own", "own", 3): D, ("own", "own", 4): D,
    ("own", "root", 1): D, ("own", "root", 2): D, ("own", "root", 3): D, ("own", "root", 4): D,
    ("own", "alice", 1): D, ("own", "alice", 2): D,
    ("alice", "own", 1): D, ("alice", "own", 2): D, ("alice", "own", 3): D, ("alice", "own", 4): D,
    ("twostep", "own", 1): D, ("twostep", "own", 2): D, ("twostep", "root", 1): D, ("twostep", "root", 2): D,
    ("nobody", "own", 1): D, ("nobody", "own", 2): D, ("nobody", "nobody", 1): D, ("nobody", "root", 1): D,
}


@pytest.mark.parametrize("by, about, stage", MATRIX)
def test_who_may_ask_about_whom_at_which_stage(daemon, own, by, about, stage):
    user, _ = own
    # One of this row's own, in the place of the last row's.
    world.twostep("remove", user, "of-the-row", "--yes", "--force")
    phone = world.enroll(user, "--name", "of-the-row")
    world.twostep("unlock", user)
    by, name = (str(user) if word == "own" else word for word in (by, about))

    def ask():
        return wire.ask(name, phone.next(), stage=stage, evidence=KEY, authtok=True)

    assert world.in_process_of(by, ask) == MATRIX[(by if by != user else "own", about, stage)]
    assert world.failures_of(user) == 0
    world.twostep("unlock", "root")


def test_the_overflow_uid_is_nobodys_though_an_account_has_it(daemon):
    """Whoever has no name in a namespace is shown as 65534: that is no evidence of being the account nobody."""
    assert world.pwd.getpwnam("nobody").pw_uid == 65534
    phone = world.enroll("nobody")
    assert world.in_process_of("nobody", lambda: wire.ask("nobody", phone.next())) == wire.DENIED
    assert world.failures_of("nobody") == 0


# --- a connection is its connector's ------------------------------------------------------------------------------


def in_child(function):
    """What a function in a child process returns, which it writes down as bytes."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            os.write(theirs, repr(function()).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as said:
        data = said.read()
    os.waitpid(child, 0)
    return data.decode()


def test_who_connected_as_a_user_asks_as_that_user_whatever_it_became(daemon, enrolled):
    """alice connects; the connection is handed to root, who asks on it."""
    user, phone = enrolled
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def connect():
        connection = wire.Connection()
        rights = array.array("i", [connection.socket.fileno()])
        theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        return True

    world.in_process_of("alice", connect)
    _, (control, *_), _, _ = ours.recvmsg(10, socket.CMSG_SPACE(4))
    number = struct.unpack("i", control[2][:4])[0]
    connection = wire.Connection.__new__(wire.Connection)
    connection.socket = socket.socket(fileno=number)
    connection.socket.settimeout(15)
    connection.send(wire.begin(user, evidence=KEY))
    assert connection.verdict() == wire.DENIED
    connection.close()
    assert world.failures_of(user) == 0


def test_who_connected_as_root_asks_as_root_though_it_became_a_user(daemon, enrolled):
    """As SO_PEERCRED has it: a connection is worth what its connector was. The module leaves none open for others."""
    user, phone = enrolled

    def ask():
        connection = wire.Connection()
        os.setgid(world.pwd.getpwnam("alice").pw_gid)
        os.setuid(world.pwd.getpwnam("alice").pw_uid)
        connection.send(wire.begin(user, evidence=KEY))
        assert connection.receive()[0] == wire.PROMPT
        connection.send(wire.frame(wire.ANSWER, phone.next().encode()))
        return connection.verdict() == wire.GRANTED

    assert in_child(ask) == "True"


def test_the_modules_socket_is_closed_on_exec_and_after_each_login(daemon, enrolled):
    user, _ = enrolled
    open_at_the_prompt = []

    def look(_):
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                if "socket:" in os.readlink(link):
                    flags = int(re.search(r"flags:\s*(\d+)", Path(f"/proc/self/fdinfo/{link.name}").read_text())[1], 8)
                    open_at_the_prompt.append((os.readlink(link), bool(flags & 0o2000000)))

    before = {os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.exists()}
    pam.log_in("e2e", user, "123456", on_prompt=look)
    new = [closed for name, closed in open_at_the_prompt if name not in before]
    assert new and all(new), open_at_the_prompt
    after = {os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.exists()}
    assert after == before


def test_two_processes_on_one_connection_are_one_login(daemon, enrolled):
    user, phone = enrolled
    connection = wire.Connection()
    connection.send(wire.begin(user, evidence=KEY))
    assert connection.receive()[0] == wire.PROMPT

    def write():
        connection.send(wire.frame(wire.ANSWER, phone.wrong().encode()))
        return True

    assert in_child(write) == "True"
    # The one answer there is has been given.
    with contextlib.suppress(BrokenPipeError):
        connection.send(wire.frame(wire.ANSWER, phone.next().encode()))
    assert connection.verdict() not in PASSES
    assert world.failures_of(user) == 1


# --- other ways in ------------------------------------------------------------------------------------------------


def test_the_daemon_listens_at_paths_alone(daemon):
    """No name of the abstract kind, which another namespace's process could take, and no port."""
    inodes = set()
    for link in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
    named = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    paths = [row[7] for row in named if row[6] in inodes and len(row) > 7]
    assert sorted(paths) == [f"/run/twostep/{name}.sock" for name in ("admin", "login", "self")]
    for table in ("tcp", "tcp6", "udp", "udp6"):
        rows = Path("/proc/net", table).read_text().splitlines()[1:]
        assert not [row for row in rows if row.split()[9] in inodes]


def test_another_network_namespace_is_served_by_the_path(daemon, enrolled):
    user, phone = enrolled
    done = world.run(
        "unshare", "--net", "pamtester", "-E", "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA", "e2e", user, "authenticate",
        input=f"{phone.next()}\n")
    assert done.returncode == 0, done


def test_root_of_a_user_namespace_is_the_user_who_made_it(daemon, enrolled):
    user, phone = enrolled
    program = (
        "import sys; sys.path.insert(0, '/mnt/twostep/Tests/EndToEnd'); import os, wire\n"
        "assert os.getuid() == 0\n"
        f"print(wire.ask({str(user)!r}, {phone.next()!r}, evidence=['publickey ssh-ed25519']))")
    done = world.run(
        "setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups", "unshare", "--user", "--map-root-user",
        "/usr/bin/python3", "-c", program)
    assert done.stdout.strip() == str(wire.DENIED), done


@pytest.mark.parametrize("by", ["nobody", "twostep", "alice"])
def test_nobody_can_stand_where_the_daemon_stood(daemon, by):
    """The folder of the socket is root's, so there is nothing to squat at."""
    daemon.stop()

    def squat():
        done = []
        for attempt in (
                lambda: socket.socket(socket.AF_UNIX).bind(world.LOGIN_SOCKET),
                lambda: os.rename("/run/twostep", "/run/elsewhere"), lambda: os.unlink(world.LOGIN_SOCKET),
                lambda: os.symlink("/tmp/x", "/run/twostep/other"), lambda: os.chmod("/run/twostep", 0o777)):
            try:
                attempt()
                done.append(attempt)
            except OSError:
                pass
        return len(done)

    assert world.in_process_of(by, squat) == 0


def test_a_process_with_the_number_of_one_that_is_gone_is_not_taken_for_it(daemon, elsewhere):
    """What is remembered of a terminal's session is not found by another session whose leader has the same number."""
    place = elsewhere(
        "auth_providers: [{type: pam, modules: [totp]}]\npolicy: [{match: {service: sudo}, remember: 15m}]\n")
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    Path("/etc/sudoers.d/reuse").write_text("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    os.chmod("/etc/sudoers.d/reuse", 0o440)
    try:
        with world.stacks_for(place, "sudo"):
            first = spawn("bash", "--norc", "--noprofile", "--noediting", user=user)
            expect(first, r"\$ $")
            first.sendline("tty; sudo -k id -un")
            expect(first, PASSWORD)
            first.sendline(user.password)
            expect(first, CODE)
            first.sendline(phone.next())
            expect(first, "root\r\n")
            terminal = re.search(r"/dev/pts/\d+", first.shown)[0]
            number = first.pid
            expect(first, r"\$ $")
            first.sendline("exit")
            finish(first)
            for _ in range(50):
                Path("/proc/sys/kernel/ns_last_pid").write_text(str(number - 1))
                second = spawn("bash", "--norc", "--noprofile", "--noediting", user=user)
                if second.pid == number:
                    break
                second.close(force=True)
            assert second.pid == number
            expect(second, r"\$ $")
            second.sendline("tty; sudo -k id -un")
            expect(second, PASSWORD)
            assert terminal in second.shown, "the same terminal as well"
            second.sendline(user.password)
            assert expect(second, CODE, "root\r\n") == 0
            second.close(force=True)
    finally:
        os.unlink("/etc/sudoers.d/reuse")


# --- slow, many, nonsense ---------------------------------------------------------------------------------------------


def test_who_sends_a_byte_a_second_is_closed_in_time_and_keeps_nobody_waiting(daemon, enrolled):
    user, phone = enrolled
    ready, done = os.pipe(), os.pipe()

    def trickle():
        connections = [wire.Connection() for _ in range(8)]
        os.write(ready[1], b"x")
        start = world.now()
        data = wire.begin("alice")
        for byte in data:
            connections[0].socket.settimeout(1)
            try:
                connections[0].send(bytes([byte]))
                if not connections[0].socket.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        os.write(done[1], b"x")
        return world.seconds_since(start)


    took = []
    thread = threading.Thread(target=lambda: took.append(world.in_process_of("alice", trickle)))
    thread.start()
    os.read(ready[0], 1)
    assert pam.log_in("e2e", user, phone.next()).granted
    os.read(done[0], 1)
    thread.join(30)
    assert took and took[0] < 20


def test_who_never_reads_what_is_said_disturbs_nobody(daemon, enrolled):
    user, phone = enrolled
    deaf = [wire.Connection() for _ in range(50)]
    for connection in deaf:
        connection.send(wire.begin(user, evidence=KEY))
    assert pam.log_in("e2e", user, phone.next()).granted
    for connection in deaf:
        connection.close()
    world.no_session_is_left()


LENGTHS = {"0": 0, "1": 1, "largest": 4092, "largest + 1": 4093, "2^31 - 1": 2**31 - 1, "2^31": 2**31, "2^32 - 1": 2**32 - 1}


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_of_any_other_length_closes_and_is_logged_once(daemon, length):
    connection = wire.Connection()
    with contextlib.suppress(OSError):
        connection.send(struct.pack(">IBB", LENGTHS[length], 1, wire.BEGIN) + b"\0" * 5000)
    assert connection.verdict() is None
    connection.close()
    assert len(daemon.log.since_mark("uid 0 sent what is no frame", count=1)) == 1


def test_what_breaks_off_in_the_middle_of_a_frame_leaves_no_session(daemon, enrolled):
    user, phone = enrolled
    for cut in range(1, 12):
        connection = wire.Connection()
        connection.send(wire.begin(user, evidence=KEY))
        # The prompt lies there unread: closing resets the connection.
        connection.send(wire.frame(wire.ANSWER, b"123456")[:cut])
        connection.close()
    world.no_session_is_left()
    # The last of them was whole but for nothing: a frame of twelve bytes is cut at eleven.
    assert world.failures_of(user) == 0
    assert pam.log_in("e2e", user, phone.next()).granted


def mutated(draw, user, phone):
    """A login's frames, of which one thing is wrong: what it is, and the bytes."""
    frames = [wire.begin(user, evidence=KEY)] + [
        wire.frame(wire.ANSWER, phone.wrong().encode()), wire.frame(wire.ANSWER, b""), wire.frame(wire.UNUSABLE),
        wire.frame(wire.CANCEL)][: draw.randrange(5)]
    kind = draw.choice(["flip", "cut", "double", "reorder", "noise", "insert"])
    if kind == "double":
        place = draw.randrange(len(frames))
        frames.insert(place, frames[place])
    elif kind == "reorder":
        draw.shuffle(frames)
    data = bytearray(b"".join(frames))
    if kind == "flip":
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif kind == "cut":
        del data[draw.randrange(len(data)):]
    elif kind == "noise":
        data = bytearray(draw.randbytes(draw.randrange(300)))
    elif kind == "insert":
        place = draw.randrange(len(data))
        data[place:place] = draw.randbytes(draw.randrange(1, 9))
    return kind, bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_of_a_thousand_damaged_logins_none_is_granted_and_the_daemon_lives(daemon, enrolled, seed):
    user, phone = enrolled
    draw = random.Random(seed)
    pid = daemon.process.pid
    for _ in range(250):
        kind, data = mutated(draw, user, phone)
        connection = wire.Connection()
        with contextlib.suppress(OSError):
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
        assert connection.verdict() not in PASSES, (kind, data)
        connection.close()
    assert daemon.is_running and daemon.process.pid == pid
    world.twostep("unlock", user)
    assert pam.log_in("e2e", user, phone.next()).granted


def test_a_flood_of_nonsense_by_a_user_is_logged_in_a_few_lines_and_hides_no_login(daemon, enrolled):
    user, phone = enrolled

    def flood():
        for _ in range(2000):
            connection = wire.Connection()
            with contextlib.suppress(OSError):
                connection.send(b"\xff" * 64)
            connection.verdict()
            connection.close()
        return True

    assert world.in_process_of("bob", flood)
    assert pam.log_in("e2e", user, phone.next()).granted
    assert daemon.log.since_mark(f'login granted .*user="{user}"', count=1)
    number = world.pwd.getpwnam("bob").pw_uid
    # Thirty a minute, and a minute may end while it lasts.
    assert 1 <= len(daemon.log.since_mark(f"uid {number} sent")) <= 90


def versions_of(lowest, highest):
    user = "nobody-there"
    connection = wire.Connection()
    connection.send(wire.begin(user, evidence=KEY, versions=(lowest, highest)))
    header = connection._exactly(6)
    return struct.unpack(">IBB", header) if header else None


def test_adjacent_versions_work_together_and_two_apart_are_named_both(daemon):
    """A module that is one version younger offers both, and is answered in the one that is common."""
    for lowest, highest in ((1, 1), (1, 2)):
        _, version, kind = versions_of(lowest, highest)
        assert (version, kind) == (1, wire.PROMPT)
    daemon.log.mark()
    connection = wire.Connection()
    connection.send(wire.begin("nobody-there", evidence=KEY, versions=(3, 4)))
    assert connection.verdict() == wire.UNAVAILABLE
    assert daemon.log.since_mark("versions 3 to 4 of the wire, twostepd 1 to 1", count=1)
    world.no_session_is_left()
