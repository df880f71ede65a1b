"""What a rule lets remember: a code that was passed with sudo at a terminal is not asked for there for a while."""

import json
import os
from pathlib import Path

import pytest
import world
from terminal import CODE, PASSWORD, expect, spawn

POLICY = """
auth_providers:
  - type: pam
    modules:
      - type: totp
policy:
  - match: {service: [sudo, su]}
    remember: 15m
"""
PROMPT = r"\$ $"


@pytest.fixture(scope="module")
def place(daemon_of_session):
    daemon = world.Daemon("grants").initialize(POLICY).start()
    Path("/etc/sudoers.d/grants").write_text("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    os.chmod("/etc/sudoers.d/grants", 0o440)
    lines = ["auth requisite pam_unix.so nodelay", f"auth required pam_twostep.so socket={daemon.socket}"]
    with world.stack_replaced("sudo", *lines), world.stack_replaced("su", *lines):
        yield daemon
    os.unlink("/etc/sudoers.d/grants")
    daemon.stop()


@pytest.fixture
def person(place):
    place.log.mark()
    user = world.new_user()
    return user, world.enroll(user, runtime=place.runtime)


def shell_of(user):
    """A shell that leads the session of a terminal of its own."""
    shell = spawn("bash", "--norc", "--noprofile", "--noediting", user=user)
    expect(shell, PROMPT)
    return shell


def sudo(shell, person):
    """Becomes root for a moment, by the password and, if it is asked for, a code; returns whether one was."""
    user, phone = person
    shell.sendline("sudo -k id -un")
    expect(shell, PASSWORD)
    shell.sendline(user.password)
    asked = expect(shell, CODE, "root\r\n") == 0
    if asked:
        shell.sendline(phone.next())
        expect(shell, "root\r\n")
    expect(shell, PROMPT)
    return asked


def grants(place):
    return json.loads(world.twostep("grants", "--json", runtime=place.runtime).stdout)["grants"]


def test_the_code_is_asked_for_once_at_a_terminal_and_the_password_always(place, person):
    shell = shell_of(person[0])
    assert [sudo(shell, person) for _ in range(3)] == [True, False, False]
    assert place.log.since_mark(f'login granted reason=remembered service=sudo user="{person[0]}"', count=2)
    (grant,) = grants(place)
    assert (grant["account"], grant["service"]) == (person[0], "sudo")
    assert Path("/dev", grant["terminal"]).exists()
    assert 800 < grant["seconds_left"] <= 900


def test_su_remembers_who_was_become_at_the_terminal_where_it_was(place, person):
    user, phone = person
    shell = shell_of("alice")
    for asked in (True, False):
        shell.sendline(f"su {user} -c 'id -un'")
        expect(shell, PASSWORD)
        shell.sendline(user.password)
        assert expect(shell, CODE, f"{user}\r\n") == (0 if asked else 1)
        if asked:
            shell.sendline(phone.next())
            expect(shell, f"{user}\r\n")
        expect(shell, PROMPT)
    assert place.log.since_mark(f'login granted reason=remembered service=su .*user="{user}"', count=1)
    # What was proved to su says nothing to sudo.
    assert sudo(shell_of(user), person)


def test_another_terminal_of_the_same_user_is_asked(person, place):
    first, second = shell_of(person[0]), shell_of(person[0])
    assert sudo(first, person)
    assert sudo(second, person)
    assert not sudo(first, person)


def test_a_grant_ends_with_the_session(place, person):
    shell = shell_of(person[0])
    assert sudo(shell, person)
    shell.close(force=True)
    world.wait_until(lambda: person[0] not in [grant["account"] for grant in grants(place)], "the grant to end")


def test_from_a_pipe_without_a_terminal_nothing_is_remembered(place, person):
    user, phone = person
    for _ in range(2):
        done = world.as_user(
            user, "setsid", "--wait", "sudo", "-k", "-S", "id", "-un", input=f"{user.password}\n{phone.next()}\n")
        assert (done.returncode, done.stdout) == (0, "root\n"), done.stderr
        assert CODE in done.stderr
    assert user not in [grant["account"] for grant in grants(place)]


REVOCATIONS = [
    ["grants", "revoke", "--all"], ["grants", "revoke", "--user", "USER"], ["unlock", "USER"],
]


@pytest.mark.parametrize("command", REVOCATIONS, ids=" ".join)
def test_a_revoked_grant_is_worth_nothing(place, person, command):
    shell = shell_of(person[0])
    assert sudo(shell, person)
    assert not sudo(shell, person)
    assert world.twostep(*[part.replace("USER", person[0]) for part in command], runtime=place.runtime).returncode == 0
    assert sudo(shell, person)


def test_a_wrong_password_is_refused_whatever_is_remembered(place, person):
    shell = shell_of(person[0])
    assert sudo(shell, person)
    shell.sendline("sudo -k id -un")
    expect(shell, PASSWORD)
    shell.sendline("wrong")
    assert expect(shell, PASSWORD, "root\r\n") == 0
    shell.close(force=True)


def test_a_reload_forgets_what_was_remembered(place, person):
    shell = shell_of(person[0])
    assert sudo(shell, person)
    before = place.status()["configuration"]["generation"]
    place.reload()
    world.wait_until(lambda: place.status()["configuration"]["generation"] > before, "a new generation")
    assert sudo(shell, person)


def test_a_blocked_user_is_refused_by_sudo_with_the_text_of_a_wrong_code(place, person):
    user, phone = person
    assert world.twostep("block", user, "--reason", "left", runtime=place.runtime).returncode == 0
    shell = shell_of(user)
    shell.sendline("sudo -k id -un")
    expect(shell, PASSWORD)
    shell.sendline(user.password)
    expect(shell, CODE)
    shell.sendline(phone.next())
    expect(shell, "That code is wrong or was used before.")
    shell.close(force=True)
    assert place.log.since_mark(f'login denied reason=blocked service=sudo user="{user}"', count=1)
    assert world.failures_of(user, runtime=place.runtime) == 0
    assert world.twostep("unblock", user, runtime=place.runtime).returncode == 0
    assert sudo(shell_of(user), person)
