"""Who may ask: root about anybody, a user about themselves, and nobody with nonsense."""

import contextlib
import os
import resource
import socket
import struct
import threading

import pam
import pytest
import wire
import world


def test_a_user_may_ask_about_their_own_account(daemon, enrolled):
    user, phone = enrolled
    assert world.in_process_of(user, wire.ask, user, phone.next()) == wire.GRANTED
    assert daemon.log.since_mark(f"claimed login granted .*uid={world.pwd.getpwnam(user).pw_uid} ", count=1)


def test_a_screen_locker_gets_in_through_libpam(daemon, enrolled):
    user, phone = enrolled
    assert world.in_process_of(user, lambda: pam.log_in("e2e", user, phone.next(), environment={}).code) == pam.SUCCESS


def of_many_uids(uids, body):
    """What a person does who has these as subordinate uids (subuid(5))."""
    def child():
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        for uid in uids:
            os.seteuid(uid)
            try:
                body(uid)
            finally:
                os.seteuid(0)
        return True

    return child


def test_whoever_has_thousands_of_uids_keeps_nobody_out(daemon, enrolled):
    user, phone = enrolled
    held = []

    def hold(_):
        for _ in range(8):
            with contextlib.suppress(OSError):
                held.append(wire.Connection())

    def fill():
        of_many_uids(range(200_000, 202_000), hold)()
        # More than there is room for; while they are there, somebody else is answered.
        return len(held), world.in_process_of(user, wire.ask, user, phone.next())

    held_open, code = world.in_process_of("root", fill)
    assert held_open > 14_800 and code == wire.GRANTED


def test_whoever_has_thousands_of_uids_hides_no_login(daemon, enrolled):
    user, phone = enrolled
    assert pam.log_in("e2e", user, phone.next()).granted

    def ask(_):
        for _ in range(5):
            connection = wire.Connection()
            connection.send(wire.begin("root"))
            connection.verdict()
            connection.close()

    daemon.log.mark()
    assert world.in_process_of("root", of_many_uids(range(200_000, 201_200), ask))
    # The first line of each, and so many more in a minute, which may end while it lasts.
    assert 1200 <= len(daemon.log.since_mark("claimed login denied")) <= 1200 * 2 + 600
    records = world.twostep("log", "--user", user, "--json").stdout
    assert f'"{user}"' in records and "granted" in records, records


def test_a_user_may_ask_about_nobody_else(daemon, enrolled):
    user, _ = enrolled
    other, phone = world.enrolled_user()
    for name in (other, "root"):
        code = world.in_process_of(user, lambda name=name: wire.ask(
            name, phone.next() if name == other else "123456", evidence=["publickey ssh-ed25519"], authtok=True))
        assert code == wire.DENIED
    # And cannot charge somebody else.
    assert world.failures_of(other) == 0


def test_what_a_user_claims_opens_no_exemption(daemon, elsewhere, enrolled):
    place = elsewhere(
        "auth_providers: [{type: pam, modules: [totp]}]\npolicy: [{match: {service: open}, exempt: true}]\n")
    user, _ = enrolled

    def ask():
        return wire.ask(user, "123456", path=place.socket, service="open", evidence=["publickey ssh-ed25519"])

    assert world.in_process_of(user, ask) not in (wire.GRANTED, wire.EXEMPT, None)
    assert ask() == wire.EXEMPT


def test_the_ninth_connection_of_a_user_is_refused_and_roots_login_is_not(daemon, enrolled):
    user, phone = enrolled

    def crowd():
        connections = [wire.Connection() for _ in range(9)]
        answers = []
        for connection in connections:
            try:
                connection.send(wire.begin(user))
            except (BrokenPipeError, ConnectionResetError):
                answers.append(None)
                continue
            answers.append(connection.receive())
        # While eight are open, root's logins go on.
        with open("/run/crowd-gate", encoding="ascii") as gate:
            gate.read()
        return [answer is not None for answer in answers]

    os.mkfifo("/run/crowd-gate", 0o644)
    codes = []

    def by_root():
        # Opening waits for the crowd to have its connections.
        with open("/run/crowd-gate", "w", encoding="ascii") as gate:
            codes.append(pam.log_in("e2e", user, phone.next()).code)
            gate.write("done")

    thread = threading.Thread(target=by_root)
    thread.start()
    answered = world.in_process_of(user, crowd)
    thread.join(30)
    os.unlink("/run/crowd-gate")
    assert answered.count(True) == 8, answered
    assert codes == [pam.SUCCESS]


def garbage():
    """What no module ever sends."""
    good = wire.begin("nobody-there")
    yield "nothing", b""
    yield "zeros", b"\0" * 64
    yield "ones", b"\xff" * 64
    yield "text", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "a huge length", struct.pack(">IBB", 0xFFFFFFFF, 1, wire.BEGIN) + b"x" * 100
    yield "one byte too long", struct.pack(">IBB", 4093, 1, wire.BEGIN) + b"x" * 4091
    yield "too short a length", struct.pack(">IBB", 1, 1, wire.BEGIN)
    yield "an unknown kind", wire.frame(0x55)
    yield "the daemon's own kind", wire.frame(wire.VERDICT, struct.pack(">I", wire.GRANTED) + b"\0\0")
    yield "an answer before begin", wire.frame(wire.ANSWER, b"123456")
    yield "begin twice", good + good
    yield "half a frame", good[: len(good) // 2]
    yield "half a header", good[:3]
    yield "a stage that is none", wire.begin("root", stage=9)
    yield "an evidence count too high", good[:-2] + b"\xff\x00"
    yield "version 0", wire.begin("root", versions=(0, 0))
    yield "version 200", wire.begin("root", versions=(200, 201))
    yield "a name with a NUL", wire.begin("ro\0ot")
    yield "an empty name", wire.begin("")
    yield "an empty service", wire.begin("root", service="")
    yield "overlong UTF-8", good.replace(b"nobody-there", b"\xc0\xaf" * 6)


@pytest.mark.parametrize("by", ["root", "alice"])
@pytest.mark.parametrize("data", [data for _, data in garbage()], ids=[name for name, _ in garbage()])
def test_nonsense_is_never_answered_with_success_and_ends_nobody(daemon, data, by):
    pid = daemon.process.pid

    def send():
        connection = wire.Connection()
        try:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return connection.verdict()

    assert world.in_process_of(by, send) not in (wire.GRANTED, wire.EXEMPT)
    assert daemon.is_running and daemon.process.pid == pid


def test_a_frame_in_single_bytes_is_a_frame(daemon, enrolled):
    user, _ = enrolled
    connection = wire.Connection()
    for byte in wire.begin(user, evidence=["publickey ssh-ed25519"]):
        connection.send(bytes([byte]))
    kind, payload = connection.receive()
    assert kind == wire.PROMPT and payload[5:] == b"Verification code: "
    connection.close()


def test_a_half_close_is_the_end_of_a_login_and_no_session_stays(daemon, enrolled):
    user, _ = enrolled
    connection = wire.Connection()
    connection.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
    assert connection.receive()[0] == wire.PROMPT
    connection.socket.shutdown(socket.SHUT_WR)
    assert connection.verdict() != wire.GRANTED
    world.no_session_is_left()


def test_an_answer_that_was_sent_before_a_half_close_is_charged(daemon, enrolled):
    user, phone = enrolled
    connection = wire.Connection()
    connection.send(wire.begin(user, evidence=["publickey ssh-ed25519"]))
    assert connection.receive()[0] == wire.PROMPT
    connection.send(wire.frame(wire.ANSWER, phone.wrong().encode()))
    connection.socket.shutdown(socket.SHUT_WR)
    connection.verdict()
    world.wait_until(lambda: world.failures_of(user) == 1, "the charge")


def test_a_connection_that_says_nothing_is_closed_in_time(daemon):
    connection = wire.Connection(seconds=30)
    start = world.now()
    assert connection.receive() is None
    assert 8 < world.seconds_since(start) < 20


def test_a_thousand_connections_that_say_nothing_keep_nobody_out(daemon, enrolled):
    user, phone = enrolled

    def crowd():
        kept = []
        for _ in range(1000):
            try:
                kept.append(wire.Connection())
            except OSError:
                break
        return len(kept)

    world.in_process_of("alice", crowd)
    assert pam.log_in("e2e", user, phone.next()).granted


@pytest.mark.parametrize("by", ["alice", "twostep", "nobody"])
def test_the_command_line_is_for_root_alone(daemon, enrolled, by):
    user, _ = enrolled
    for arguments in (
        ["status"],
        ["list"],
        ["unlock", user],
        ["remove", user, "phone", "--force", "--yes"],
        ["user", "list"],
        ["credentials", "list"],
        ["credentials", "unlink", "pam", user, "--yes"],
        ["sessions"],
        ["sessions", "end", "0000"],
    ):
        done = world.run("runuser", "-u", by, "--", "twostep", *arguments)
        assert done.returncode in (1, 3), (by, arguments, done)
        assert done.stdout == ""
    assert world.twostep("list", user).stdout.count("phone") == 1


def test_the_admin_socket_says_nothing_to_twosteps_own_user(daemon):
    def knock():
        connection = wire.Connection("/run/twostep/admin.sock")
        body = b'{"version":1,"message":{"status":{}}}'
        try:
            connection.send(struct.pack(">II", len(body), 0) + body)
            return connection.socket.recv(65_536)
        except (BrokenPipeError, ConnectionResetError):
            return b""

    # Root is answered, so that it is not the words that are refused.
    assert b"login.sock" in knock()
    reply = world.in_process_of("twostep", knock)
    assert reply == b"" or b"not_permitted" in reply and b"login.sock" not in reply, reply


def test_the_sockets_belong_to_twostep_and_admin_is_closed_to_others(daemon):
    owner = world.pwd.getpwnam("twostep").pw_uid
    for name, mode in (("login.sock", 0o666), ("admin.sock", 0o600), ("self.sock", 0o666)):
        facts = os.stat(f"/run/twostep/{name}")
        assert (facts.st_uid, facts.st_mode & 0o777) == (owner, mode)
    assert os.stat("/run/twostep").st_uid == 0
