"""The stacks and fragments as they ship, for what the other files do not log in with: sshd with passwords, lockers, sudoers."""

import contextlib
import os
import shutil
from pathlib import Path

import pam
import paramiko
import pytest
import world
from terminal import CODE, PASSWORD, Paramiko, Sshd, answer, expect, plain, spawn

PROMPTS = ["Password: ", CODE]
REFUSALS = (paramiko.AuthenticationException, paramiko.SSHException, EOFError)
# What no stack may do with what the module says: throw it away, pass before it, or go round it unseen.
FORBIDDEN = ("sufficient", "optional", "binding")


@contextlib.contextmanager
def shipped(stack, service):
    """One of the shipped stacks as the stack of a service, for a while."""
    path = Path("/etc/pam.d", service)
    before = path.read_bytes() if path.exists() else None
    shutil.copy(world.EXAMPLES / "pam.d" / stack, path)
    try:
        yield
    finally:
        path.write_bytes(before) if before is not None else path.unlink()


def auth_lines(path):
    """The auth lines of a stack as (control value, module and arguments)."""
    for line in path.read_text().splitlines():
        if not line.startswith("auth"):
            continue
        control, rest = line.split(None, 1)[1], None
        if control.startswith("["):
            control, rest = control[: control.index("]") + 1], control[control.index("]") + 1:]
        else:
            control, rest = control.split(None, 1)
        yield control, rest.split()


@pytest.mark.parametrize("stack", sorted(path.name for path in (world.EXAMPLES / "pam.d").iterdir()))
def test_no_shipped_stack_throws_a_refusal_away(stack):
    lines = list(auth_lines(world.EXAMPLES / "pam.d" / stack))
    ours = [number for number, (_, module) in enumerate(lines) if module[0] == "pam_twostep.so"]
    included = [module for control, module in lines if control == "include"]
    assert ours or included == [["su"]], lines
    for number in ours:
        assert lines[number] == ("required", ["pam_twostep.so"])
    for control, module in lines[: ours[0] if ours else 0]:
        # Above it: what ends the stack at a failure, and what lets root through on purpose.
        if module[0] == "pam_unix.so":
            assert control == "requisite" and "nullok" not in module
        else:
            assert control not in FORBIDDEN or module[0] in ("pam_rootok.so", "pam_faildelay.so")
    for control, module in lines[ours[0] + 1 if ours else 0:]:
        assert control in ("required", "optional", "include"), (control, module)


# --- sshd with the password and a code ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def password_sshd(daemon_of_session):
    """sshd with the shipped stack and settings for machines without keys."""
    with shipped("sshd-password", "sshd"):
        server = Sshd("PermitRootLogin yes", shipped="twostep-password.conf")
        yield server
        server.stop()


def by_password(server, user):
    return Paramiko(server, user, key=False)


def test_the_password_and_the_right_code_open_a_session(daemon, password_sshd, enrolled):
    user, phone = enrolled
    status, shown = answer(
        password_sshd.client(user, "echo in as $USER", options=["-o", "PubkeyAuthentication=no"]), user.password, phone.next())
    assert status == 0, shown
    assert f"in as {user}" in shown
    assert daemon.log.since_mark(f'login granted service=sshd rhost=127.0.0.1 user="{user}" .*modules=totp', count=1)


def test_paramiko_is_asked_for_both_in_one_run_of_the_stack(daemon, password_sshd, enrolled):
    user, phone = enrolled
    client = by_password(password_sshd, user)
    assert client.interactive(user.password, phone.next())
    assert client.prompts == PROMPTS
    client.close()
    assert len(daemon.log.since_mark("login ", count=1)) == 1


def test_a_wrong_password_is_the_end_before_any_code(daemon, password_sshd, enrolled):
    user, phone = enrolled
    client = by_password(password_sshd, user)
    assert not client.interactive("wrong-password", phone.next())
    assert CODE not in client.prompts
    client.close()
    assert not daemon.log.since_mark("login ")
    assert world.failures_of(user) == 0


def test_the_right_password_with_a_wrong_code_opens_nothing(password_sshd, enrolled):
    user, phone = enrolled
    client = by_password(password_sshd, user)
    assert not client.interactive(user.password, *phone.wrong(3))
    assert client.prompts[:2] == PROMPTS
    client.close()
    assert world.failures_of(user) == 3


def test_the_password_in_place_of_the_code_never_leaves_sshd(daemon, password_sshd, enrolled):
    user, _ = enrolled
    client = by_password(password_sshd, user)
    assert not client.interactive(user.password)
    client.close()
    assert daemon.log.since_mark(f'login denied .*=unusable .*user="{user}"', count=1)
    assert world.failures_of(user) == 0


def test_a_key_is_no_way_round_the_password(password_sshd, enrolled):
    user, phone = enrolled
    status, shown = answer(password_sshd.client(user, "true"), phone.next())
    assert status != 0
    assert "Password: " in plain(shown)


def test_sshds_own_password_method_is_not_offered(password_sshd, enrolled):
    user, _ = enrolled
    client = by_password(password_sshd, user)
    with pytest.raises(REFUSALS):
        client.transport.auth_password(str(user), user.password, fallback=False)
    client.close()


@pytest.mark.parametrize("methods", ["password", "password,keyboard-interactive:pam"])
def test_where_it_is_offered_all_the_same_nobody_gets_in_by_it(daemon, password_sshd, enrolled, methods):
    user, _ = enrolled
    server = Sshd("PasswordAuthentication yes", f"AuthenticationMethods {methods}", shipped="twostep-password.conf")
    try:
        client = by_password(server, user)
        with pytest.raises(REFUSALS):
            client.transport.auth_password(str(user), user.password, fallback=False)
        assert not client.transport.is_authenticated()
        client.close()
    finally:
        server.stop()
    # sshd gave the password to the question for the code.
    assert daemon.log.since_mark(f'login denied .*=unusable .*user="{user}"', count=1)
    assert world.failures_of(user) == 0


# --- screen lockers, played by pamtester as the user ----------------------------------------------------------------


def locker(service, user):
    """A locker: the user's own process, one PAM handle, one authentication."""
    return spawn("pamtester", service, user, "authenticate", "acct_mgmt", user=user)


def test_a_locker_with_one_question_opens_with_the_code_alone(daemon, enrolled):
    user, phone = enrolled
    status, shown = answer(locker("swaylock", user), phone.next())
    assert status == 0, shown
    assert "assword" not in shown
    assert daemon.log.since_mark(f'claimed login granted service=swaylock uid=.* user="{user}"', count=1)


@pytest.mark.parametrize("wrong", ["a wrong code", "the password", "nothing"])
def test_it_stays_locked_for_anything_else(enrolled, wrong):
    user, phone = enrolled
    given = {"a wrong code": phone.wrong(), "the password": user.password, "nothing": ""}[wrong]
    status, shown = answer(locker("swaylock", user), given)
    assert status != 0
    assert "successfully" not in shown
    # One question each time: the locker itself asks again.
    assert shown.count(CODE) == 1


def test_a_locker_keeps_one_handle_and_opens_after_a_wrong_code(enrolled):
    user, phone = enrolled
    codes = [phone.wrong(), phone.next()]

    def on_one_handle():
        return pam.attempts("swaylock", user, [[code] for code in codes])

    assert world.in_process_of(user, on_one_handle) == [pam.AUTH_ERR, pam.SUCCESS]


def test_a_locker_opens_nobody_elses_screen(enrolled):
    user, phone = enrolled
    status, shown = answer(spawn("pamtester", "swaylock", user, "authenticate", user="alice"), phone.next())
    assert status != 0, shown
    assert world.failures_of(user) == 0


def test_a_locker_with_two_questions_wants_the_password_and_the_code(daemon, enrolled):
    user, phone = enrolled
    status, shown = answer(locker("xscreensaver", user), user.password, phone.next())
    assert status == 0, shown
    assert shown.index("Password: ") < shown.index(CODE)
    assert daemon.log.since_mark(f'claimed login granted service=xscreensaver uid=.* user="{user}"', count=1)


def test_a_locker_with_two_questions_asks_for_no_code_after_a_wrong_password(enrolled):
    user, _ = enrolled
    status, shown = answer(locker("xscreensaver", user), "wrong")
    assert status != 0 and CODE not in shown
    assert world.failures_of(user) == 0


def test_a_locker_with_two_questions_on_one_handle_asks_for_both_anew(enrolled):
    user, phone = enrolled
    rounds = [[user.password, phone.wrong()], ["wrong"], [user.password, phone.next()]]

    def on_one_handle():
        return pam.attempts("xscreensaver", user, rounds)

    assert world.in_process_of(user, on_one_handle) == [pam.AUTH_ERR, pam.AUTH_ERR, pam.SUCCESS]


# --- sudoers --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sudoers():
    """The shipped fragment, for people who may do anything."""
    fragment, rules = Path("/etc/sudoers.d/twostep"), Path("/etc/sudoers.d/everybody")
    shutil.copy(world.EXAMPLES / "sudoers.d" / "twostep", fragment)
    rules.write_text("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    for path in (fragment, rules):
        os.chmod(path, 0o440)
    yield
    fragment.unlink()
    rules.unlink()


def test_the_sudoers_fragment_is_one():
    assert world.run("visudo", "-cf", world.EXAMPLES / "sudoers.d" / "twostep").returncode == 0


def test_sudo_remembers_on_the_same_terminal_until_it_is_told_to_forget(sudoers, enrolled):
    user, phone = enrolled
    shell = spawn("bash", "--norc", "--noprofile", "--noediting", user=user)
    expect(shell, r"\$ $")
    shell.sendline("sudo id -un")
    expect(shell, PASSWORD)
    shell.sendline(user.password)
    expect(shell, CODE)
    shell.sendline(phone.next())
    expect(shell, r"root\r\n.*\$ $")
    shell.sendline("sudo id -un; echo again")
    assert expect(shell, r"root\r\nagain\r\n.*\$ $", PASSWORD) == 0
    shell.sendline("sudo -k; sudo id -un")
    assert expect(shell, r"root\r\n", PASSWORD) == 1
    shell.close(force=True)


def test_sudo_on_another_terminal_asks_all_the_same(sudoers, enrolled):
    user, phone = enrolled
    assert answer(spawn("sudo", "id", "-un", user=user), user.password, phone.next())[0] == 0
    other = spawn("sudo", "id", "-un", user=user)
    assert expect(other, PASSWORD, "root") == 0
    other.close(force=True)
