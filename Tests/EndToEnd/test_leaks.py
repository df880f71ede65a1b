"""What could leave: by ptrace and /proc, in cores, in logs and arguments, by how much work is done."""

import base64
import contextlib
import ctypes
import json
import os
import re
import statistics
import signal
import subprocess
import threading
import time
from pathlib import Path

import pam
import pytest
import tracing
import wire
import world
from terminal import spawn, expect

KEY = ["publickey ssh-ed25519"]


# --- looking into the daemon --------------------------------------------------------------------------------------

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206


@pytest.mark.parametrize("by", ["alice", "nobody", "twostep"])
def test_nobody_but_root_can_look_into_the_daemon(daemon, by):
    pid = daemon.process.pid

    def look():
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        seen = []
        for request in (PTRACE_ATTACH, PTRACE_SEIZE):
            if libc.ptrace(request, pid, None, None) == 0:
                seen.append(request)
        buffer = ctypes.create_string_buffer(64)
        local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
        remote = (ctypes.c_void_p * 2)(0x400000, 64)
        libc.process_vm_readv(pid, local, 1, remote, 1, 0)
        if ctypes.get_errno() != 1:
            seen.append("process_vm_readv")
        for name in ("mem", "maps", "environ", "auxv", "syscall"):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/{name}").read_bytes():
                    seen.append(name)
        with contextlib.suppress(OSError):
            os.listdir(f"/proc/{pid}/fd")
            seen.append("fd")
        return seen

    assert world.in_process_of(by, look) == []


@pytest.mark.parametrize("what", ["twostepd", "twostep"])
def test_a_crash_leaves_no_core_and_starts_nothing(daemon, elsewhere, tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    place = elsewhere(start=False)
    user = world.new_user()
    limits = ["prlimit", "--core=unlimited:unlimited"]
    if what == "twostepd":
        place.start(under=limits)
        phone = world.enroll(user, runtime=place.runtime)
        assert pam.log_in(place.service, user, phone.next()).granted
        with tracing.Trace("-e", "trace=execve,fork,vfork", pid=place.process.pid) as trace:
            place.process.send_signal(signal.SIGSEGV)
            place.process.wait(20)
            started = [line for line in trace.lines() if "execve" in line]
        status = place.process.returncode
        place.process = None
    else:
        place.start()
        client = spawn(
            *limits, "twostep", "enroll", user, "totp", "--runtime-directory", place.runtime, cwd=str(tmp_path))
        expect(client, "[Cc]ode")
        client.kill(signal.SIGSEGV)
        client.wait()
        status, started = -(client.signalstatus or 0), []
    assert status == -signal.SIGSEGV
    assert not started
    assert list(tmp_path.iterdir()) == []


# --- words ----------------------------------------------------------------------------------------------------------


def forms(secret):
    """A secret as it is, and in every form in which programs write such things."""
    data = secret if isinstance(secret, bytes) else secret.encode()
    texts = {data.decode(errors="replace"), data.hex(), data.hex().upper(), base64.b64encode(data).decode().rstrip("="),
             base64.b32encode(data).decode().rstrip("="), base64.urlsafe_b64encode(data).decode().rstrip("=")}
    return {text for text in texts if len(text) >= 6}


def test_no_secret_is_in_any_log_argument_or_environment(daemon, elsewhere, syslog):
    place = elsewhere(
        "auth_providers:\n  - type: pam\n    modules: [any_of: [totp, recovery_code]]\n"
        "  - {type: pam, id: pin, modules: [pin]}\npolicy: [{match: {}, provider: pam}]\n")
    world.write_stack("e2e-leak", f"auth required pam_twostep.so socket={place.socket} provider=pam:pin")
    user = world.new_user()
    seen, stop = set(), threading.Event()

    def watch():
        while not stop.is_set():
            for folder in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        seen.add((folder / name).read_bytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        made = json.loads(world.twostep(
            "enroll", user, "totp", "--no-confirm", "--json", runtime=place.runtime).stdout)
        phone = world.Authenticator(made["secret"].replace(" ", ""))
        recovery = made["recovery_codes"]
        assert world.twostep("enroll", user, "pin", runtime=place.runtime, input="739158\n739158\n").returncode == 0
        right, wrong = phone.next(), phone.wrong()
        assert not pam.log_in(place.service, user, wrong).granted
        assert pam.log_in(place.service, user, right).granted
        assert pam.log_in(place.service, user, recovery[0]).granted
        assert pam.log_in("e2e-leak", user, "739158").granted
        assert world.twostep("verify", user, runtime=place.runtime, input=f"{phone.next()}\n").returncode == 0
        for verb in (["list", "--json"], ["report"], ["log"], ["metrics"], ["status", "--json"]):
            seen.add(world.twostep(*verb, runtime=place.runtime).stdout.encode())
    finally:
        stop.set()
        thread.join()
    seed = base64.b32decode(phone.secret + "=" * (-len(phone.secret) % 8))
    secrets = {*forms(seed), *forms(phone.secret), *forms(recovery[0]), *forms(recovery[1]), *forms("739158")}
    for text in place.log.all() + syslog.since_mark():
        assert not [secret for secret in secrets | {wrong} if secret in text], text
    own = os.getpid()
    for text in seen:
        # oathtool's own standing test of the generator reads the key from its input as well.
        assert not [secret for secret in secrets if secret.encode() in text], (own, text[:200])


# --- how much work it is ---------------------------------------------------------------------------------------------


def work_of(place, user, *answers, **asked):
    """What one login costs that is given these answers: prompts, verdict, and the daemon's calls by name."""
    with tracing.Trace(
            "-e", "trace=fdatasync,pwrite64,write,read,accept4,close", pid=place.process.pid) as trace:
        connection = wire.Connection(place.socket)
        connection.send(wire.begin(user, **asked))
        heard = [connection.receive()]
        for answer in answers:
            if heard[-1][0] == wire.VERDICT:
                break
            connection.send(wire.frame(wire.ANSWER, answer.encode()))
            heard.append(connection.receive())
        connection.close()
        world.wait_until(lambda: any("close(" in line for line in trace.lines()), "the end of a login")
        names = [name for name, _, _ in tracing.calls(trace.stop())]
    return [*heard, names.count("fdatasync"), names.count("pwrite64")]


# Who is asked about what: with a key at the machine itself and from a host, and where a rule lets a code alone be enough.
ASKED = {
    "local": {"evidence": KEY}, "remote": {"evidence": KEY, "rhost": "192.0.2.1"},
    "waived": {"service": "waived", "rhost": "192.0.2.2"},
}
WAIVED = world.CODE_ALONE + "policy: [{match: {service: waived}, first_factor: none}, {match: {}}]\n"


@pytest.mark.parametrize("asked", list(ASKED))
@pytest.mark.parametrize("answer", ["123456", "", "x" * 511])
def test_all_kinds_of_accounts_cost_the_same_flushes_and_hear_the_same(daemon, elsewhere, answer, asked):
    place = elsewhere(WAIVED)
    asked = ASKED[asked]
    enrolled, other = world.new_user("has"), world.new_user("hasnot")
    locked = world.new_user("locked")
    world.enroll(enrolled, runtime=place.runtime)
    world.enroll(locked, runtime=place.runtime)
    for number in range(7):
        wire.ask(locked, f"00000{number}", path=place.socket, evidence=KEY)
    # What is written first is more than what is written again.
    for name in (enrolled, other, locked, "nobody-there"):
        work_of(place, name, answer or "000009", **asked)
    told = {name: work_of(place, name, answer, **asked) for name in (enrolled, other, locked, "nobody-there")}
    # Who is blocked costs as much and hears the same.
    assert world.twostep("block", enrolled, runtime=place.runtime).returncode == 0
    told["blocked"] = work_of(place, enrolled, answer, **asked)
    # Who has proved something hears when to try again.
    del told[locked][1]
    assert told.pop(locked) == [told[enrolled][0], *told[enrolled][2:]], told
    assert all(work == told[enrolled] for work in told.values()), told


def test_a_block_neither_lifts_a_delay_nor_brings_one(daemon, elsewhere):
    place = elsewhere()
    user = world.new_user()
    world.enroll(user, runtime=place.runtime)
    assert [wire.ask(user, f"00000{number}", path=place.socket, evidence=KEY) for number in range(7)][-1] == wire.TRIES
    for verb in ("block", "unblock"):
        assert world.twostep(verb, user, runtime=place.runtime).returncode == 0
        assert wire.ask(user, "000009", path=place.socket, evidence=KEY) == wire.TRIES
    failures = world.failures_of(user, runtime=place.runtime)
    assert world.twostep("unlock", user, runtime=place.runtime).returncode == 0
    assert world.twostep("block", user, runtime=place.runtime).returncode == 0
    assert wire.ask(user, "000010", path=place.socket, evidence=KEY) == wire.DENIED
    assert failures >= 6 and world.failures_of(user, runtime=place.runtime) == 0
    guesses = [wire.ask(user, f"00002{number}", path=place.socket, evidence=KEY) for number in range(7)]
    assert guesses[0] == wire.DENIED and guesses[-1] == wire.TRIES
    # What was tried behind a block is nobody's.
    for verb, verdict in (("unblock", wire.DENIED), ("block", wire.DENIED)):
        assert world.twostep(verb, user, runtime=place.runtime).returncode == 0
        assert wire.ask(user, "000030", path=place.socket, evidence=KEY) == verdict
    assert world.failures_of(user, runtime=place.runtime) == 1


PINS = (
    "auth_providers:\n  - {type: pam, modules: [totp]}\n  - {type: pam, id: pin, modules: [{type: pin, alphabet: any}]}\n"
    "policy:\n  - {match: {service: door}, provider: 'pam:pin', first_factor: none, tries: 3}\n"
    "  - {match: {service: sshd}, provider: pam, first_factor: none}\n  - {match: {}, provider: pam}\n")


@pytest.mark.parametrize("service", ["door", "sshd"])
def test_who_is_blocked_is_told_from_nobody_however_often_it_is_tried(daemon, elsewhere, service):
    """Tries, delays, hashes and what looks like an administrator's code: all as for a name that nobody has."""
    place = elsewhere(PINS)
    blocked, other = world.new_user("blocked"), world.new_user("hasnot")
    world.enroll(blocked, runtime=place.runtime)
    assert world.twostep("enroll", blocked, "pin", runtime=place.runtime, input="739158\n739158\n").returncode == 0
    assert world.twostep("block", blocked, runtime=place.runtime).returncode == 0
    logins = [
        ("739158",), ("000001", "000002", "000003"), ("000004", "000004"), ("", "x" * 40, "000005"), ("ABCD-EFGH-JKLM", "000006", "000007"),
        ("000008",)]
    told = {}

    def without_seconds(work):
        """Delays are told by the second, and what is asked later is told one less: not before twenty of them are over."""
        return [(one[0], re.sub(rb"in [23]\d seconds", b"in half a minute", one[1])) if isinstance(one, tuple) else one for one in work]

    for number, name in enumerate(("nobody-there", other, blocked)):
        # What is written for a host for the first time is more than what is written again.
        asked = {"service": service, "rhost": f"192.0.2.{20 + number}"}
        work_of(place, f"nobody-{number}", "000000", **asked)
        told[name] = [without_seconds(work_of(place, name, *answers, **asked)) for answers in logins]
    assert told[blocked] == told["nobody-there"] == told[other], told
    assert world.failures_of(blocked, runtime=place.runtime) == 0


def test_a_host_that_is_refused_does_not_tell_who_exists(daemon, elsewhere):
    """Guesses at names that somebody has are counted as those at names that nobody has: the last of thirty tells nothing."""
    place = elsewhere(WAIVED)
    delayed = world.new_user("delayed")
    for number in range(7):
        wire.ask(delayed, f"00000{number}", path=place.socket, evidence=KEY)
    for number, last in enumerate((world.new_user("has"), delayed, "nobody-there")):
        asked = {"path": place.socket, "service": "waived", "rhost": f"192.0.2.{10 + number}"}
        place.log.mark()
        for stranger in range(29):
            assert wire.ask(f"nobody-{stranger}", "000000", **asked) == wire.DENIED
        # Who is delayed hears that, as a name that nobody has does after as many guesses.
        assert wire.ask(last, "000000", **asked) == (wire.TRIES if last == delayed else wire.DENIED)
        assert place.log.since_mark(f"rhost={asked['rhost']} user=.{last}", count=1)
        assert not place.log.since_mark(f"reason=host_refused .*rhost={asked['rhost']}")
        assert wire.ask("nobody-else", "000000", **asked) == wire.DENIED
        assert place.log.since_mark(f"reason=host_refused .*rhost={asked['rhost']}", count=1)


class Callgrind:
    """A daemon whose instructions are counted, thread by thread."""

    def __init__(self, place):
        self._place = place
        self._folder = Path(f"/run/callgrind-{next(world.numbers)}")
        self._folder.mkdir(mode=0o777)
        self._folder.chmod(0o777)
        # What is counted is written down by the clock's library, whenever the status is asked for: callgrind's own option
        # would write down the thread that asks, and leave out the others.
        place.clock = world.Clock()
        place.start(under=[
            "valgrind", "--tool=callgrind", "--separate-threads=yes",
            f"--callgrind-out-file={self._folder}/out"], serving=False, seconds=240)

    def count(self):
        """Instructions since the last time: the event loop's, and those of all threads but the ones that ask the name service,
        whose work is its own; and how many threads have done anything."""
        for path in self._folder.iterdir():
            path.unlink()
        world.status(self._place.runtime)
        total, loop, threads = 0, 0, 0
        for path in self._folder.iterdir():
            text = path.read_text()
            counted = re.search(r"^totals: (\d+)", text, re.MULTILINE)
            threads += counted is not None and int(counted[1]) > 0
            if counted and not re.search(r"fn=\(\d+\) (getpwnam|getpwuid)", text):
                total += int(counted[1])
                if re.search(r"fn=\(\d+\) epoll_wait", text):
                    loop += int(counted[1])
        return loop, total, threads


@pytest.mark.soak
@pytest.mark.parametrize("answer", ["wrong", "12", "x" * 511])
def test_accounts_cost_the_same_instructions(daemon, elsewhere, answer):
    """Who has a device, who has none, and nobody; a right code beside a wrong one. What follows the verdict counts as well."""
    place = elsewhere(start=False)
    # So many wrong answers cost nothing that they are all looked at.
    place.configure("auth_providers: [{type: pam, modules: [totp]}]\nthrottle: {free: 99, lock_at: 100}\n")
    place.start()
    names = {"enrolled": world.new_user("has"), "unenrolled": world.new_user("not"), "unknown": "nob9999"}
    phone = world.enroll(names["enrolled"], runtime=place.runtime)
    place.stop()
    counting = Callgrind(place)
    logins = 80
    if answer == "wrong":
        names["right"] = names["enrolled"]

    def typing(code):
        """As a person does: whoever answers at once waits for what a look-up takes, in another way for each kind of name."""
        def type_it(_prompt):
            time.sleep(0.01)
            return code
        return type_it

    typed = typing(phone.wrong() if answer == "wrong" else answer)

    def log_in(kind):
        if kind != "right":
            assert wire.ask(names[kind], typed, path=place.socket, evidence=KEY) == wire.DENIED
            return
        # Each step is good once.
        place.clock.advance(30)
        code = phone.at((int(time.time()) + place.clock.shift) // 30)
        assert wire.ask(names[kind], typing(code), path=place.socket, evidence=KEY) == wire.GRANTED

    for kind in names:
        for _ in range(10):
            log_in(kind)
    counting.count()
    idle = counting.count()[:2]
    counted = {kind: [] for kind in names}
    # What the daemon does by itself comes in between at any time, and what comes together is done together.
    for _ in range(6):
        for kind, name in names.items():
            world.twostep("unlock", name, runtime=place.runtime)
            # Of refused codes so many are looked at once more, and then one a second: as many of each kind.
            place.clock.advance(60)
            counting.count()
            for _ in range(logins):
                log_in(kind)
            *all_of_it, threads = counting.count()
            # At least the event loop, the writer and the journal.
            assert 0 < all_of_it[0] < all_of_it[1] and threads >= 3, all_of_it
            counted[kind].append([(count - least) / logins for count, least in zip(all_of_it, idle, strict=True)])
    loop, each = ({kind: statistics.median(count[which] for count in counts) for kind, counts in counted.items()} for which in (0, 1))
    print({kind: f"{loop[kind]:.0f} of {count:.0f}" for kind, count in each.items()}, "instructions a login, on the loop of all")
    loop.pop("right", None)
    # Whose code was right learns it anyway: so much more is written for him.
    right = each.pop("right", min(each.values()))
    assert all(0.9 * right <= count <= 1.1 * right for count in each.values()), counted
    assert max(each.values()) <= 1.02 * min(each.values()) and max(loop.values()) <= 1.02 * min(loop.values()), counted


# --- the command line ------------------------------------------------------------------------------------------------

VERBS = [["list"], ["status"], ["list", "--json"], ["status", "--json"], ["report"], ["metrics"], ["log"], ["sessions"]]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_output_that_cannot_be_written_is_a_failure_and_no_crash(daemon, enrolled, verb):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(["twostep", *verb], stdout=full, stderr=subprocess.PIPE, check=False, timeout=30)
    assert done.returncode not in (0, -6, -4, -11), done
    closed = world.run("sh", "-c", f"twostep {' '.join(verb)} >&-")
    assert closed.returncode not in (-6, -4, -11) and closed.returncode < 128, closed


def test_where_a_secret_could_not_be_shown_it_is_said_whether_it_was_stored(daemon):
    user = world.new_user()
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            ["twostep", "enroll", user, "totp", "--no-confirm", "--json"], stdout=full, stderr=subprocess.PIPE, check=False,
            timeout=30, text=True)
    assert done.returncode != 0
    is_stored = json.loads(world.twostep("list", user, "--json").stdout)["devices"] != []
    assert ("Stored the device 'phone'" in done.stderr) == is_stored, done.stderr
    assert not is_stored or "Nobody has seen its secret" in done.stderr


def test_the_command_line_behind_sudo_listens_to_no_variable(daemon, enrolled):
    user, _ = enrolled
    Path("/etc/sudoers.d/leaks").write_text("Defaults !authenticate, !env_reset, setenv\nalice ALL=(ALL) SETENV: ALL\n")
    os.chmod("/etc/sudoers.d/leaks", 0o440)
    try:
        done = world.as_user(
            "alice", "env", "SWIFT_BACKTRACE=enable=yes", "TWOSTEP_RUNTIME_DIRECTORY=/tmp", "TZ=/tmp/x", "TERM=evil\x1b[2J",
            "PAGER=/tmp/no", "LC_ALL=tr_TR.UTF-8", "sudo", "-E", "-n", "/mnt/twostep/usr/bin/twostep", "list", user)
    finally:
        os.unlink("/etc/sudoers.d/leaks")
    assert done.returncode == 0, done
    assert "phone" in done.stdout and "\x1b" not in done.stdout and "Swift" not in done.stderr


MOMENTS = {
    "it draws": ["totp", "otpauth|[Ss]can|secret|key"], "it asks": ["totp", "[Cc]ode"],
    "it is typed at": ["totp", "[Cc]ode", "123"], "it judges": ["totp", "[Cc]ode", "123456\r"],
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_enrolment_that_is_interrupted_as(daemon, moment):
    """It stores nothing, and leaves the terminal as it was."""
    user = world.new_user()
    shell = spawn("bash", "--norc", "--noprofile", "--noediting")
    expect(shell, r"# $")
    shell.sendline(f"twostep enroll {user} totp")
    seen, shows, *typed = [*MOMENTS[moment], "", ""][:3]
    expect(shell, seen)
    if shows:
        expect(shell, shows)
    shell.send("".join(typed))
    shell.sendintr()
    # What is typed before is thrown away with the question.
    expect(shell, r"# $")
    shell.sendline("stty -a; echo E''ND")
    expect(shell, r"END\r\n")
    assert re.search(r"\sicanon", shell.shown) and re.search(r"\secho\s", shell.shown)
    shell.close(force=True)
    assert json.loads(world.twostep("list", user, "--json").stdout)["devices"] == []


def test_an_enrolment_that_is_interrupted_between_a_line_and_reading_it_ends(daemon):
    """Ctrl-C throws away what the terminal holds; whoever has seen it there would read in vain."""
    user = world.new_user()
    shell = spawn("bash", "--norc", "--noprofile", "--noediting")
    expect(shell, r"# $")
    shell.sendline(
        f"strace -qq -o /dev/null -P $(tty) -e trace=read -e inject=read:delay_enter=500000 twostep enroll {user} totp")
    expect(shell, "[Cc]ode.*: $")
    shell.send("123456\r")
    expect(shell, r"123456\r\n")
    shell.sendintr()
    expect(shell, r"Interrupted[^#]*# $")
    shell.close(force=True)
    assert json.loads(world.twostep("list", user, "--json").stdout)["devices"] == []
