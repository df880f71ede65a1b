"""sudo, su and login on a terminal, with the stacks that ship: the password, then the code."""

import os

import pytest
import world
from terminal import CODE, PASSWORD, answer, expect, finish, interrupt, plain, spawn


@pytest.fixture(scope="module", autouse=True)
def everybody_may_use_sudo():
    with open("/etc/sudoers.d/everybody", "w", encoding="ascii") as rules:
        rules.write("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    os.chmod("/etc/sudoers.d/everybody", 0o440)
    yield
    os.unlink("/etc/sudoers.d/everybody")


SUDO = {"sudo": ["sudo", "-k", "id", "-un"], "sudo -i": ["sudo", "-k", "-i", "id", "-un"]}


@pytest.mark.parametrize("form", SUDO)
def test_sudo_asks_for_password_and_code(daemon, enrolled, form):
    user, phone = enrolled
    status, shown = answer(spawn(*SUDO[form], user=user), user.password, phone.next())
    assert status == 0, shown
    assert plain(shown).rstrip().endswith("root")
    service = form.replace(" ", "")
    assert daemon.log.since_mark(f'login granted service={service} user="{user}"', count=1)


@pytest.mark.parametrize("form", SUDO)
def test_sudo_refuses_a_wrong_code_three_times(daemon, enrolled, form):
    user, phone = enrolled
    wrong = phone.wrong(3)
    # sudo asks for everything anew, three times.
    answers = [line for code in wrong for line in (user.password, code)]
    status, shown = answer(spawn(*SUDO[form], user=user), *answers)
    assert status == 1
    assert shown.count(CODE) == 3
    assert "root" not in plain(shown).splitlines()
    assert shown.count("That code is wrong or was used before.") == 3
    assert world.failures_of(user) == 3


def test_sudo_asks_for_no_code_after_a_wrong_password(daemon, enrolled):
    user, phone = enrolled
    client = spawn("sudo", "-k", "id", user=user)
    expect(client, PASSWORD)
    client.sendline("wrong")
    assert expect(client, PASSWORD, CODE) == 0
    interrupt(client)
    assert finish(client)[0] != 0
    assert world.failures_of(user) == 0


def test_sudo_takes_the_right_code_after_a_wrong_one(enrolled):
    user, phone = enrolled
    status, shown = answer(
        spawn("sudo", "-k", "id", "-un", user=user), user.password, phone.wrong(), user.password, phone.next())
    assert status == 0, shown


def test_sudo_takes_password_and_code_from_a_pipe(enrolled):
    user, phone = enrolled
    done = world.as_user(user, "sudo", "-k", "-S", "id", "-un", input=f"{user.password}\n{phone.next()}\n")
    assert (done.returncode, done.stdout) == (0, "root\n"), done.stderr
    assert CODE in done.stderr


def test_sudo_from_a_pipe_that_ends_refuses(enrolled):
    user, _ = enrolled
    done = world.as_user(user, "sudo", "-k", "-S", "id", "-un", input=f"{user.password}\n")
    assert done.returncode == 1
    assert done.stdout == ""


def test_sudo_that_may_not_ask_refuses_without_asking(daemon, enrolled):
    user, _ = enrolled
    done = world.as_user(user, "sudo", "-k", "-n", "id", "-un")
    assert done.returncode == 1
    assert CODE not in done.stderr
    assert not daemon.log.since_mark("login ")


def test_a_code_used_with_ssh_is_void_with_sudo(sshd, enrolled):
    user, phone = enrolled
    code = phone.next()
    assert sshd.log_in(user, code)[0] == 0
    done = world.as_user(user, "sudo", "-k", "-S", "id", "-un", input=f"{user.password}\n{code}\n")
    assert done.returncode == 1
    done = world.as_user(user, "sudo", "-k", "-S", "id", "-un", input=f"{user.password}\n{phone.next()}\n")
    assert done.returncode == 0


def test_the_password_typed_as_the_code_never_leaves_sudo_and_is_no_guess(daemon, enrolled):
    user, _ = enrolled
    done = world.as_user(user, "sudo", "-k", "-S", "id", input=f"{user.password}\n{user.password}\n")
    assert done.returncode == 1
    assert daemon.log.since_mark(f'login denied .*=unusable service=sudo user="{user}"', count=1)
    assert world.failures_of(user) == 0


def test_hostile_variables_change_nothing_in_sudo(enrolled):
    user, phone = enrolled
    hostile = [
        "SWIFT_BACKTRACE=enable=yes", "SWIFT_DEBUG_HELP=yes", "LD_PRELOAD=/tmp/no.so", "TZ=/tmp/zone",
        "LC_ALL=ar_EG.UTF-8",
        "MALLOC_PERTURB_=7", "TWOSTEP_PROVIDER=none", "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA",
    ]
    answers = f"{user.password}\n{phone.next()}\n"
    done = world.as_user(user, "env", *hostile, "sudo", "-k", "-S", "id", "-un", input=answers)
    assert done.returncode == 0
    assert "Swift" not in done.stderr and "SWIFT" not in done.stderr


SU = {"su": ["su"], "su -l": ["su", "-l"]}


@pytest.mark.parametrize("form", SU)
def test_su_asks_for_the_password_and_the_code_of_the_one_to_become(daemon, enrolled, form):
    user, phone = enrolled
    status, shown = answer(spawn(*SU[form], user, "-c", "id -un", user="alice"), user.password, phone.next())
    assert status == 0, shown
    assert plain(shown).rstrip().endswith(user)
    service = form.replace(" ", "")
    assert daemon.log.since_mark(f'login granted service={service} .*user="{user}"', count=1)


@pytest.mark.parametrize("form", SU)
def test_su_refuses_a_wrong_code_and_asks_for_none_after_a_wrong_password(enrolled, form):
    user, phone = enrolled
    status, shown = answer(spawn(*SU[form], user, "-c", "id -un", user="alice"), user.password, phone.wrong())
    assert status == 1 and shown.count(CODE) >= 1
    status, shown = answer(spawn(*SU[form], user, "-c", "id -un", user="alice"), "wrong")
    assert status == 1 and CODE not in shown


def test_ones_own_code_opens_nobody_elses_account(enrolled):
    user, phone = enrolled
    other = world.enrolled_user()[0]
    status, _ = answer(spawn("su", other, "-c", "id -un", user=user), other.password, phone.next())
    assert status == 1


def test_root_becomes_anybody_with_su_without_either(enrolled):
    user, _ = enrolled
    assert finish(spawn("su", user, "-c", "id -un")) == (0, f"{user}\r\n")


def logged_in(client):
    """Whether login(1) came to a shell, which is left again."""
    opened = expect(client, r"[$#] $", "login: $", "incorrect", timeout=20) == 0
    client.close(force=True)
    return opened


def test_login_asks_for_password_and_code(daemon, enrolled):
    user, phone = enrolled
    client = spawn("login", user)
    expect(client, PASSWORD)
    client.sendline(user.password)
    expect(client, CODE)
    client.sendline(phone.next())
    assert logged_in(client), client.shown
    assert daemon.log.since_mark(f'login granted service=login .*user="{user}"', count=1)


def test_login_refuses_a_wrong_code(enrolled):
    user, phone = enrolled
    client = spawn("login", user)
    expect(client, PASSWORD)
    client.sendline(user.password)
    expect(client, CODE)
    client.sendline(phone.wrong())
    assert not logged_in(client)
    assert "That code is wrong or was used before." in client.shown


def test_login_asks_for_no_code_after_a_wrong_password(enrolled):
    user, _ = enrolled
    client = spawn("login", user)
    expect(client, PASSWORD)
    client.sendline("wrong")
    assert expect(client, CODE, "incorrect", timeout=20) == 1
    client.close(force=True)


@pytest.mark.parametrize("standing", ["running", "stopped", "killed"])
def test_root_gets_in_at_the_console_with_the_password_alone(daemon, standing):
    if standing == "stopped":
        daemon.stop()
    elif standing == "killed":
        daemon.kill()
    client = spawn("login", "root")
    expect(client, PASSWORD)
    client.sendline("root-password")
    assert logged_in(client), client.shown
    assert CODE not in client.shown


def test_root_does_not_get_in_at_the_console_with_a_wrong_password(daemon):
    client = spawn("login", "root")
    expect(client, PASSWORD)
    client.sendline("wrong")
    assert not logged_in(client)


LEAVING = {"Ctrl-C": "\x03", "Ctrl-D": "\x04"}


@pytest.mark.parametrize("key", LEAVING)
@pytest.mark.parametrize("program", ["sudo", "su"])
def test_leaving_at_the_prompt_restores_the_terminal_and_leaves_no_session(daemon, enrolled, program, key):
    user, _ = enrolled
    shell = spawn("bash", "--norc", "--noprofile", "--noediting", user=user)
    expect(shell, r"\$ $")
    shell.sendline({"sudo": "sudo -k id", "su": f"su {user} -c id"}[program])
    expect(shell, PASSWORD)
    shell.sendline(user.password)
    expect(shell, CODE)
    assert not shell.getecho()
    shell.send(LEAVING[key])
    expect(shell, r"\$ $")
    assert "uid=" not in shell.shown
    assert shell.getecho()
    shell.sendline("exit")
    finish(shell)
    world.no_session_is_left()
    assert world.failures_of(user) == 0


def test_hanging_up_at_the_prompt_leaves_no_session(daemon, enrolled):
    user, _ = enrolled
    client = spawn("sudo", "-k", "id", user=user)
    expect(client, PASSWORD)
    client.sendline(user.password)
    expect(client, CODE)
    assert daemon.status()["open_sessions"] == 1
    client.close(force=True)
    world.no_session_is_left()
