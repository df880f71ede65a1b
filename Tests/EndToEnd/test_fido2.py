"""Security keys at the machine itself: the shipped twostep-fido2 and libfido2, keys in software, sudo on a terminal."""

import base64
import contextlib
import json
import os
import pwd
import secrets
import signal
from pathlib import Path

import pexpect
import pytest
import world
from softkey import UP, SoftKey
from terminal import PASSWORD, Paramiko, expect, finish, spawn

PROGRAM = Path("/mnt/twostep/usr/lib/twostep/twostep-fido2")
PIN = r"PIN of your security key[^:]*: "
CODE = r"Verification code: "
EVIDENCE = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"


def factor(modules="{type: fido2}"):
    return f"auth_providers:\n  - type: pam\n    modules: [{modules}]\n"


@pytest.fixture(scope="module", autouse=True)
def keys_in_software():
    """twostep-fido2 finds the keys of these tests, and is otherwise what ships; everybody may use sudo."""
    library = Path("/run/twostep-keys.so")
    made = world.run(
        "cc", "-shared", "-fPIC", "-O", "-D_GNU_SOURCE", "-o", library, Path(__file__).with_name("keys.c"), "-lfido2")
    assert made.returncode == 0, made.stderr
    shipped = PROGRAM.with_suffix(".shipped")
    PROGRAM.rename(shipped)
    PROGRAM.write_text(f"#!/bin/sh\nLD_PRELOAD={library} exec {shipped}\n")
    PROGRAM.chmod(0o755)
    rules = Path("/etc/sudoers.d/everybody")
    rules.write_text("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    rules.chmod(0o440)
    yield
    rules.unlink()
    shipped.rename(PROGRAM)
    for group in Seat.groups:
        for path in (group, *group.parents[:2]):
            # Others may still be in theirs.
            with contextlib.suppress(OSError):
                path.rmdir()


class Seat:
    """A session as systemd-logind would have it, at the machine's own seat unless it is said otherwise."""

    # Control groups are the whole machine's: each has a name of its own, and goes.
    groups = []

    def __init__(self, user, **facts):
        uid = pwd.getpwnam(str(user)).pw_uid
        name = secrets.token_hex(8)
        root = next(path for path in map(Path, ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup")) if path.exists())
        self.group = root / "user.slice" / f"user-{uid}.slice" / f"session-{name}.scope"
        self.group.mkdir(parents=True)
        Seat.groups.append(self.group)
        lines = {"UID": uid, "ACTIVE": 1, "STATE": "active", "REMOTE": 0, "TYPE": "tty", "SEAT": "seat0"} | facts
        self.file = Path("/run/systemd/sessions", name)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("# This is private data. Do not parse.\n" + "".join(
            f"{key}={value}\n" for key, value in lines.items() if value is not None))

    def enter(self):
        """Of a process that is about to become something else."""
        (self.group / "cgroup.procs").write_text("0")


def sudo(user, seat, *arguments):
    return spawn("sudo", "-k", *(arguments or ("id", "-un")), user=user, preexec_fn=seat.enter if seat else None)


def answer(client, user, *answers):
    """Password and answers to whatever is asked; then silence: returns as `finish` does."""
    expect(client, PASSWORD)
    client.sendline(user.password)
    for line in answers:
        if expect(client, PIN, CODE, "Number: ", PASSWORD, pexpect.EOF) > 2:
            break
        client.sendline(line)
    if expect(client, pexpect.EOF, PASSWORD, PIN, CODE, "Number: ") > 0:
        # Whoever is asked once more has nothing more to say, and waits for nobody's delay.
        client.kill(signal.SIGKILL)
    return finish(client)


def log_in(place, user, seat, *answers):
    """A login by pamtester, through a stack of ours alone: none of the delay that pam_unix wants for each refusal."""
    client = spawn(
        "pamtester", "-v", "-E", EVIDENCE, place.service, user, "authenticate",
        preexec_fn=seat.enter if seat else None)
    for line in answers:
        if expect(client, PIN, pexpect.EOF) == 1:
            break
        client.sendline(line)
    return finish(client)


def verdict(place, user):
    return place.log.since_mark(rf'login \w+ .*user="{user}"', count=1)[0]


def enroll(place, user, pin="", *options):
    return world.twostep("enroll", user, "fido2", *options, runtime=place.runtime, input=f"{pin}\n")


@pytest.fixture
def user():
    return world.new_user()


def test_sudo_takes_a_touch_and_a_pin_at_the_machine(elsewhere, user):
    place = elsewhere(factor())
    pin = "pin-that-nobody-writes-down"
    with SoftKey("own", pin=pin) as key, world.stacks_for(place, "sudo"):
        done = enroll(place, user, pin)
        assert done.returncode == 0, done.stdout + done.stderr
        listed = json.loads(world.twostep("list", user, "--json", runtime=place.runtime).stdout)
        assert [(each["device"], each["description"]) for each in listed["devices"]] == [("key", "ES256, counter 1")]
        seat = Seat(user)
        for _ in range(2):
            place.log.mark()
            before = key.counter
            status, shown = answer(sudo(user, seat), user, pin)
            assert (status, shown.split()[-1]) == (0, "root"), shown
            assert "login granted" in verdict(place, user) and "fido2" in verdict(place, user)
            assert key.counter > before
        assert not any(pin in line for line in place.log.all())
        # What it has of the person: nothing that tells whose it is.
        handles = [request[3]["id"] for command, request in key.asked if command == 1]
        assert handles and all(str(user).encode() not in handle for handle in handles)


def test_enter_is_enough_where_the_key_has_no_pin_or_none_is_wanted(elsewhere, user):
    place = elsewhere(factor("{type: fido2, user_verification: never, prompt: PIN of your security key}"))
    with SoftKey("plain", counts=False), world.stacks_for(place, "sudo"):
        assert enroll(place, user).returncode == 0
        for _ in range(2):
            status, shown = answer(sudo(user, Seat(user)), user, "")
            assert status == 0, shown


def test_whatever_is_wrong_with_a_key_refuses(elsewhere, user):
    place = elsewhere(factor("{type: fido2, user_verification: required}"))
    with SoftKey("own", pin="1234") as key, world.stacks_for(place, "sudo"):
        assert enroll(place, user, "1234").returncode == 0
        seat = Seat(user)

        def refusal(pin="1234"):
            place.log.mark()
            status, shown = log_in(place, user, seat, pin)
            assert status != 0 and "No security key of yours has confirmed this." in shown, shown
            return verdict(place, user)

        assert "reason=invalid_code" in refusal("4321") and key.retries == 7
        # Not touched, whatever the key says otherwise.
        key.falsify = lambda data: data[:32] + bytes([data[32] & ~UP]) + data[33:]
        assert "reason=invalid_code" in refusal()
        # For another relying party.
        key.falsify = lambda data: bytes(32) + data[32:]
        assert "reason=invalid_code" in refusal()
        key.falsify = lambda data: data
        # A copy that has signed less often than the one before it.
        key.counter = 100
        assert answer(sudo(user, seat), user, "1234")[0] == 0
        key.counter = 50
        place.log.mark()
        status, shown = answer(sudo(user, seat), user, "1234")
        assert status != 0 and "root" not in shown.split(), shown
        assert "reason=replayed" in verdict(place, user)
        key.counter = 200
        assert answer(sudo(user, seat), user, "1234")[0] == 0
    # Not plugged in any more.
    assert "reason=invalid_code" in refusal()
    with SoftKey("another", pin="1234"):
        assert "reason=invalid_code" in refusal()


@pytest.mark.parametrize("facts", [
    {"REMOTE": 1}, {"ACTIVE": 0}, {"SEAT": "seat1"}, {"SEAT": None}, {"REMOTE": None}, None,
], ids=["remote", "in the background", "at another seat", "at none", "untold", "no session"])
def test_no_session_but_an_active_local_one_is_asked_for_a_key(elsewhere, user, facts):
    place = elsewhere(factor())
    with SoftKey("own") as key, world.stacks_for(place, "sudo"):
        assert enroll(place, user).returncode == 0
        asked = len(key.asked)
        seat = Seat(user, **facts) if facts else None
        # With sudo for those that there are most of; the others differ in nothing but what is said of the session.
        is_sudos = facts in ({"REMOTE": 1}, None)
        status, shown = answer(sudo(user, seat), user) if is_sudos else log_in(place, user, seat)
        assert status != 0 and "takes a security key at the machine itself" in shown
        assert "login unavailable reason=not_local" in verdict(place, user)
        assert len(key.asked) == asked


@pytest.fixture
def front():
    """The virtual console that is in front, as the kernel would say it."""
    folder = Path("/sys/class/tty")
    assert world.run("mount", "-t", "tmpfs", "tty", folder).returncode == 0
    (folder / "tty0").mkdir()
    (folder / "tty0/active").write_text("tty7\n")
    yield "tty7"
    assert world.run("umount", folder).returncode == 0


def test_the_console_in_front_is_the_machine_itself(elsewhere, front, user):
    place = elsewhere(factor())

    def log_in(terminal):
        # Without a terminal of its own, as a display manager is.
        place.log.mark()
        done = world.run(
            "setsid", "--wait", "pamtester", "-v", "-E", EVIDENCE, "-I", f"tty={terminal}", place.service,
            user, "authenticate", input="\n")
        return done.returncode, verdict(place, user)

    with SoftKey("own"):
        assert enroll(place, user).returncode == 0
        for terminal in (front, f"/dev/{front}"):
            status, said = log_in(terminal)
            assert status == 0 and "login granted" in said
        for terminal in ("/dev/tty63", "/dev/ttyS0", "/dev/pts/0", ":0"):
            status, said = log_in(terminal)
            assert status != 0 and "reason=not_local" in said, terminal


def run_check(place):
    done = world.run("twostep", "check", "--config", place.configuration)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ssh_never_asks_for_a_key_and_has_the_other_ways(elsewhere, sshd, user):
    place = elsewhere(factor("{any_of: [fido2, totp]}"))
    with SoftKey("own") as key, world.stacks_for(place, "sshd", "sudo"):
        assert enroll(place, user).returncode == 0
        phone = world.enroll(user, runtime=place.runtime)
        asked = len(key.asked)
        client = Paramiko(sshd, user)
        assert client.interactive(phone.next())
        assert client.prompts == ["Verification code: "]
        client.close()
        assert len(key.asked) == asked
        # At the machine there is a choice of both.
        status, shown = answer(sudo(user, Seat(user)), user, "2", "")
        assert status == 0, shown
        # Elsewhere the code is all there is.
        status, shown = answer(sudo(user, None), user, phone.next())
        assert status == 0 and "Number: " not in shown, shown
        warning = "fido2 is for people who sit at the machine, and nothing else will do"
        assert warning not in run_check(place)
        place.configure(factor())
        assert warning in run_check(place)
        place.reload()
        world.wait_until(lambda: place.status()["configuration"]["generation"] > 1, "the new configuration")
        client = Paramiko(sshd, user)
        assert not client.interactive("123456") and not client.prompts
        client.close()
        assert place.log.since_mark(rf'login unavailable reason=not_local .*user="{user}"', count=1)
        foreseen = world.twostep(
            "explain", "sshd", user, "--ssh", "publickey", "--rhost", "192.0.2.1", runtime=place.runtime)
        assert "not_local" in foreseen.stdout, foreseen.stdout + foreseen.stderr


def test_whoever_leaves_cancels_what_the_key_waits_for(elsewhere, user):
    place = elsewhere(factor())
    with SoftKey("own") as key, world.stacks_for(place, "sudo"):
        assert enroll(place, user).returncode == 0
        key.touch.clear()
        key.waits.clear()
        client = sudo(user, Seat(user))
        expect(client, PASSWORD)
        client.sendline(user.password)
        expect(client, PIN)
        client.sendline("")
        assert key.waits.wait(10)
        # sudo puts Ctrl-C off until its stack has answered: the terminal is gone, and sudo with it.
        client.kill(signal.SIGKILL)
        finish(client)
        assert key.cancelled.wait(10)
        assert "login granted" not in verdict(place, user)
        key.touch.set()
        assert answer(sudo(user, Seat(user)), user, "")[0] == 0


def test_several_keys_are_told_apart_and_removed(elsewhere, user):
    place = elsewhere(factor())
    with world.stacks_for(place, "sudo"):
        with SoftKey("first") as first:
            assert enroll(place, user).returncode == 0
        with SoftKey("second") as second:
            assert enroll(place, user, "", "--name", "spare").returncode == 0
            with first:
                # With both plugged in it is not known which is meant.
                done = enroll(place, user, "", "--name", "third")
                assert done.returncode != 0 and "Several security keys" in done.stdout + done.stderr
        for key in (first, second):
            with key:
                assert answer(sudo(user, Seat(user)), user, "")[0] == 0
        assert world.twostep("remove", user, "spare", "--yes", runtime=place.runtime).returncode == 0
        with second:
            assert log_in(place, user, Seat(user), "")[0] != 0


def test_enrolling_says_what_is_missing(elsewhere, user):
    place = elsewhere(factor())
    done = enroll(place, user)
    assert done.returncode != 0 and "No security key is plugged in." in done.stdout + done.stderr
    with SoftKey("own", pin="1234") as key:
        done = enroll(place, user)
        assert done.returncode != 0 and "wants its PIN" in done.stdout + done.stderr
        done = enroll(place, user, "9999")
        assert done.returncode != 0 and "That PIN is wrong." in done.stdout + done.stderr
        assert key.credentials == {}
    assert json.loads(world.twostep("list", user, "--json", runtime=place.runtime).stdout)["devices"] == []


def test_the_mappings_of_pam_u2f_work_on(elsewhere, user):
    place = elsewhere(factor("{type: fido2, relying_party: pam://old}"))
    with SoftKey("own") as key, world.stacks_for(place, "sudo"):
        assert enroll(place, user).returncode == 0
        name, (_, private) = next(iter(key.credentials.items()))
        point = private.public_key().public_numbers()
        public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        assert world.twostep("remove", user, "key", "--force", "--yes", runtime=place.runtime).returncode == 0
        encoded = [base64.b64encode(each).decode() for each in (name, public)]
        mappings = Path("/run/u2f_mappings")
        mappings.write_text(f"{user}:{encoded[0]},{encoded[1]},es256,+presence\n")
        os.chmod(mappings, 0o600)
        other = world.twostep("import", "pam_u2f", mappings, runtime=place.runtime)
        assert other.returncode != 0 and "relying_party is 'pam://old'" in other.stdout + other.stderr
        done = world.twostep("import", "pam_u2f", "--origin", "pam://old", mappings, runtime=place.runtime)
        assert done.returncode == 0, done.stdout + done.stderr
        status, shown = answer(sudo(user, Seat(user)), user, "")
        assert status == 0, shown


def test_without_who_asks_nobody_gets_in(elsewhere, user):
    place = elsewhere(factor())
    with SoftKey("own"), world.stacks_for(place, "sudo"):
        assert enroll(place, user).returncode == 0
        wrapper = PROGRAM.read_text()
        PROGRAM.unlink()
        try:
            assert log_in(place, user, Seat(user), "")[0] != 0
            assert "login unavailable reason=module_failed" in verdict(place, user)
            assert place.log.since_mark("module fido2: .*twostep-fido2 is not there", count=1)
        finally:
            PROGRAM.write_text(wrapper)
            PROGRAM.chmod(0o755)
