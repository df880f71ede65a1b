"""libpam's contract, by a host that keeps none of it: names, items, calls out of order, signals, filters, unloading."""

import re
import signal
import struct
import threading
from pathlib import Path

import pam
import pytest
import world
from test_module import MODULE

REFUSED = (pam.AUTH_ERR, pam.MAXTRIES, pam.AUTHINFO_UNAVAIL, pam.CONV_ERR, pam.SERVICE_ERR)


def says(answer):
    """A conversation that gives one answer to every question."""
    return lambda handle, style, text: answer.encode() if style in (pam.SECRET, pam.VISIBLE) else None


# --- the name ---------------------------------------------------------------------------------------------------


def test_a_name_that_is_changed_in_mid_conversation_is_a_refusal_though_the_code_was_right(daemon, enrolled):
    user, phone = enrolled
    for other in ("root", "alice"):
        code = phone.next()

        def converse(handle, style, text, code=code, other=other):
            handle.set(handle.USER, other.encode())
            return code.encode()

        handle = pam.Handle("e2e", user, converse)
        assert handle.authenticate() == pam.AUTH_ERR
        handle.end()


@pytest.mark.parametrize("name", [None, "", "root", "Root", "ROOT"])
def test_a_name_that_is_not_there_or_written_otherwise_is_refused(daemon, enrolled, name):
    handle = pam.Handle("e2e", name, says("123456"))
    assert handle.authenticate() in REFUSED
    handle.end()
    # There is a root, and this was a guess.
    world.twostep("unlock", "root")


def test_a_name_in_other_letters_is_somebody_else(daemon):
    user = world.new_user("letters")
    phone = world.enroll(user)
    code = phone.next()
    for name in (user.upper(), user.title(), f"{user} ", f" {user}", f"{user}\u0301"):
        assert not pam.log_in("e2e", name, code).granted, name
    assert pam.log_in("e2e", user, code).granted
    assert world.failures_of(user) == 0


# --- what else is known of a login ------------------------------------------------------------------------------

HOSTILE = {
    "absent": None,
    "four thousand bytes": b"h" * 4096,
    "a line end": b"x\nlogin granted service=sshd user=\"root\"",
    "escapes": b"\x1b]0;title\x07\x1b[2J",
    "a carriage return": b"a\rlogin granted user=root",
    "an override": "a\u202eb".encode(),
    "no UTF-8": b"\xff\xfe\xc0\xaf",
    "quotes": b'" user="root" reason=ok',
    "backslashes": b"\\\" \\n",
    "format directives": b"%s%n%x%999999d",
    "a shell's": b"$(reboot) `id` ; rm -rf /",
    "JSON": b'{"verdict":"granted"}',
}


@pytest.mark.parametrize("item", ["RHOST", "TTY", "RUSER"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_item_is_one_clean_line_and_changes_nothing(daemon, enrolled, syslog, item, value):
    user, phone = enrolled
    handle = pam.Handle("e2e", user, says(phone.next()))
    assert handle.set(getattr(handle, item), HOSTILE[value]) == pam.SUCCESS
    assert handle.authenticate() == pam.SUCCESS
    handle.end()
    granted = daemon.log.since_mark(r"^<\d>twostepd: login granted ", count=1)
    lines = daemon.log.since_mark()
    assert len(granted) == 1 and f'user="{user}"' in granted[0]
    for line in lines + syslog.since_mark():
        assert re.fullmatch(r"[ -~]*", line), repr(line)
    assert not [line for line in lines if not line.startswith("<")]


@pytest.mark.parametrize("name", [
    "a\nlogin granted", "\x1b]0;x\x07", "a\rb", "a\u202eb", 'x" user="root', "$(id)", "%s%n", "a b", "'; DROP TABLE device; --",
    "x" * 256, "x" * 4000, "../../etc/cron.d/x", "..",
])
def test_a_hostile_name_is_one_clean_line(daemon, syslog, name):
    assert not pam.log_in("e2e", name, "123456").granted
    for line in world.wait_until(lambda: daemon.log.since_mark() + syslog.since_mark(), "a line"):
        assert re.fullmatch(r"[ -~]*", line), repr(line)
        # Without what stands in quotes there is one user, and nothing that the name has said.
        fields = re.sub(r'"(?:\\.|[^"\\])*"', "", line)
        assert fields.count("user=") <= 1 and "granted" not in fields and "root" not in fields, line


# --- calls out of order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["after a login", "after a refusal", "alone"])
def test_setcred_asks_nobody_and_opens_nothing(daemon, enrolled, how):
    """What libpam makes of a stack that was refused, or not run, is its own."""
    user, phone = enrolled
    handle = pam.Handle("e2e", user, says(phone.next() if how == "after a login" else phone.wrong()))
    if how != "alone":
        assert (handle.authenticate() == pam.SUCCESS) == (how == "after a login")
        daemon.log.since_mark("login", count=1)
    daemon.log.mark()
    for flags in (pam.Handle.ESTABLISH, pam.Handle.REINITIALIZE, pam.Handle.REFRESH, pam.Handle.DELETE):
        assert (handle.setcred(flags) == pam.SUCCESS) == (how != "after a refusal")
    handle.end()
    assert not daemon.log.since_mark("login")


def test_two_authentications_on_one_handle_are_two_logins(daemon, enrolled):
    user, phone = enrolled
    answers = [phone.wrong(), phone.next(), phone.wrong(2)[1]]
    given = iter(answers)
    handle = pam.Handle("e2e", user, lambda handle, style, text: next(given).encode() if style == pam.SECRET else None)
    assert handle.authenticate() in REFUSED
    assert handle.authenticate() == pam.SUCCESS
    assert handle.authenticate() in REFUSED, "a login that was granted grants no other"
    handle.end()


def test_the_account_alone_has_no_opinion_and_lets_nobody_in(daemon, enrolled):
    user, _ = enrolled
    world.write_stack("e2e-alone", "auth required pam_deny.so")
    Path("/etc/pam.d/e2e-alone").write_text("auth required pam_deny.so\naccount required pam_twostep.so\n")
    handle = pam.Handle("e2e-alone", user)
    assert handle.account() != pam.SUCCESS, "what is passed over is no success"
    handle.end()
    assert world.twostep("block", user).returncode == 0
    handle = pam.Handle("e2e-alone", user)
    assert handle.account() == pam.PERM_DENIED
    handle.end()


# --- the host's process -------------------------------------------------------------------------------------------


def unloadable():
    """The shipped module without the mark that keeps it loaded (DF_1_NODELETE)."""
    data = bytearray(MODULE.read_bytes())
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for number in range(count):
        kind, _, place, _, _, length = struct.unpack_from("<IIQQQQ", data, offset + number * size)
        if kind != 2:
            continue
        for entry in range(place, place + length, 16):
            tag, value = struct.unpack_from("<QQ", data, entry)
            if tag == 0x6FFFFFFB:
                assert value & 8, "the shipped module stays loaded"
                struct.pack_into("<QQ", data, entry, tag, value & ~8)
    path = Path("/run/pam_twostep_unloadable.so")
    path.write_bytes(data)
    return path


LOADING = r"""
import os, re, sys
sys.path.insert(0, "/mnt/twostep/Tests/EndToEnd")
import pam
def facts():
    text = open("/proc/self/status").read()
    return {name: re.search(rf"^{name}:\s*(\S+)", text, re.M)[1] for name in ("Threads", "SigCgt", "SigBlk", "SigIgn")}
def is_loaded():
    return sys.argv[3] in open("/proc/self/maps").read()
for _ in range(100):
    pam.log_in(sys.argv[1], sys.argv[2], environment={})
before, files, loaded = facts(), len(os.listdir("/proc/self/fd")), is_loaded()
size = int(open("/proc/self/statm").read().split()[1])
for _ in range(10_000):
    assert pam.log_in(sys.argv[1], sys.argv[2], environment={}).code == pam.AUTH_ERR
assert facts() == before, (facts(), before)
assert len(os.listdir("/proc/self/fd")) == files
grown = int(open("/proc/self/statm").read().split()[1]) - size
assert grown < 512, grown
assert is_loaded() == loaded
print("loaded" if loaded else "unloaded")
"""


@pytest.mark.parametrize("stays", [True, False])
def test_ten_thousand_loads_leave_nothing_whether_it_stays_loaded_or_not(daemon, enrolled, stays):
    user, _ = enrolled
    path = MODULE if stays else unloadable()
    name = path.name if stays else str(path)
    world.write_stack("e2e-loads", f"auth required {name}")
    done = world.run("/usr/bin/python3", "-c", LOADING, "e2e-loads", user, path.name, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ("loaded" if stays else "unloaded")


def test_a_thousand_signals_a_second_change_no_outcome(daemon, enrolled):
    user, phone = enrolled
    numbers = [signal.SIGALRM, signal.SIGCHLD, signal.SIGWINCH, signal.SIGUSR1]
    kept = {number: signal.signal(number, lambda *_: None) for number in numbers}
    kept[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    stop, sent = threading.Event(), []
    main = threading.main_thread().ident

    def storm():
        while not stop.wait(0.001):
            signal.pthread_kill(main, numbers[len(sent) % 4])
            sent.append(1)

    thread = threading.Thread(target=storm)
    try:
        thread.start()
        for _ in range(20):
            assert pam.log_in("e2e", user, phone.wrong()).code in (pam.AUTH_ERR, pam.MAXTRIES)
        world.twostep("unlock", user)
        assert pam.log_in("e2e", user, phone.next()).granted
        # And a write to a daemon that is gone is no SIGPIPE for the host.
        assert pam.log_in(
            "e2e", user, "123456", on_prompt=lambda _: daemon.kill()).code == pam.AUTHINFO_UNAVAIL
    finally:
        stop.set()
        thread.join()
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert len(sent) > 100


FILTER = r"""
import ctypes, struct, sys
sys.path.insert(0, "/mnt/twostep/Tests/EndToEnd")
import pam
libc = ctypes.CDLL(None, use_errno=True)
def deny(*numbers):
    code = [(0x20, 0, 0, 0)] + [step for number in numbers for step in ((0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | 1))]
    if numbers == (41,):
        # Sockets of this machine alone: libpam's own for the audit is another kind.
        code = [(0x20, 0, 0, 0), (0x15, 0, 3, 41), (0x20, 0, 0, 16), (0x15, 0, 1, 1), (0x06, 0, 0, 0x00050000 | 1)]
    code.append((0x06, 0, 0, 0x7FFF0000))
    steps = b"".join(struct.pack("<HBBI", *step) for step in code)
    buffer = ctypes.create_string_buffer(steps)
    program = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(buffer))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, program, 0, 0) == 0
service, user, code = sys.argv[1:4]
# libpam and its modules are loaded before: what is filtered is the login.
pam.log_in(service, user, environment={})
deny(*map(int, sys.argv[4].split(",")))
print(pam.log_in(service, user, code).code)
"""
CALLS = {"execve": ("59,322", pam.SUCCESS), "clone": ("56,57,58,435", pam.SUCCESS), "socket": ("41", pam.AUTHINFO_UNAVAIL)}


@pytest.mark.parametrize("call", CALLS)
def test_a_host_that_may_not_make_a_call_gets_an_error_and_no_crash(daemon, enrolled, call):
    user, phone = enrolled
    numbers, code = CALLS[call]
    done = world.run("/usr/bin/python3", "-c", FILTER, "e2e", user, phone.next(), numbers)
    assert (done.returncode, done.stdout.strip()) == (0, str(code)), done


# --- the directory ------------------------------------------------------------------------------------------------


def test_who_is_in_ten_thousand_groups_is_judged_by_them(daemon, elsewhere):
    """Also by the last of them; and by none that only looks like one of them."""
    user = world.new_user("sociable")
    kept = Path("/etc/group").read_bytes()
    with open("/etc/group", "a", encoding="ascii") as file:
        file.writelines(f"many{number}:x:{40_000 + number}:{user}\n" for number in range(10_000))
    try:
        place = elsewhere(
            "auth_providers: [{type: pam, modules: [totp]}]\npolicy:\n"
            "  - match: {service: last, group: many9999}\n    exempt: true\n  - match: {service: none, group: root}\n    exempt: true\n")
        for service, exempt in (("last", True), ("none", False)):
            world.write_stack(service, f"auth required pam_twostep.so socket={place.socket} exempt=success")
            login = pam.log_in(service, user)
            assert login.granted == exempt, login
            assert (login.prompts == []) == exempt
    finally:
        Path("/etc/group").write_bytes(kept)
