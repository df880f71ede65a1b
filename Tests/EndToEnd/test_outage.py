"""twostepd stopped, gone, killed or frozen: every door refuses in good time, says so once, and names the socket."""

import gc
import os
import re
import threading

import pam
import pytest
import world
from terminal import CODE, PASSWORD, Paramiko, expect, finish, plain, spawn

SENTENCE = "Login is not possible right now"
# 2 s to connect and 10 s for a reply; the rest is for two busy cores.
LIMIT = 20


@pytest.fixture(autouse=True)
def everybody_may_use_sudo():
    with open("/etc/sudoers.d/everybody", "w", encoding="ascii") as rules:
        rules.write("Defaults !lecture, passwd_tries=1\nALL ALL=(ALL) ALL\n")
    os.chmod("/etc/sudoers.d/everybody", 0o440)
    yield
    os.unlink("/etc/sudoers.d/everybody")


def doors(sshd, user):
    """Each way in, with its client started on a terminal."""
    return {
        "ssh": lambda: sshd.client(user, "echo", "in"),
        "sudo": lambda: spawn("sudo", "-k", "echo", "in", user=user),
        "su": lambda: spawn("su", user, "-c", "echo in", user="bob"),
        "login": lambda: spawn("login", user),
    }


def refused(client, user, name, syslog):
    """Goes through a door with the password, and expects to be refused with one sentence and one journal line."""
    start = world.now()
    if name != "ssh":
        expect(client, PASSWORD)
        client.sendline(user.password)
    # login(1) begins again after a failure; for the others this is the end.
    which = expect(client, "login: ", "pexpect never sees this", timeout=LIMIT) if name == "login" else None
    if which is None:
        status, _ = finish(client, LIMIT)
        assert status not in (0, None)
    else:
        client.close(force=True)
    took = world.seconds_since(start)
    assert took < LIMIT
    shown = plain(client.shown)
    assert shown.count(SENTENCE) == 1, shown
    assert CODE not in shown
    assert not re.search(r"^in$", shown, re.M)
    service = {"ssh": "sshd"}.get(name, name)
    lines = syslog.since_mark(rf"pam_twostep\({service}:auth\).*{world.LOGIN_SOCKET}", count=1)
    assert len(lines) == 1, lines
    return took


@pytest.fixture
def user(enrolled):
    return enrolled[0]


DOORS = ["ssh", "sudo", "su", "login"]


@pytest.mark.parametrize("name", DOORS)
def test_a_stopped_daemon_means_refusal_at_once(daemon, sshd, user, syslog, name):
    assert daemon.stop() == 0
    assert refused(doors(sshd, user)[name](), user, name, syslog) < 8


@pytest.mark.parametrize("name", DOORS)
def test_a_socket_that_nobody_listens_at_means_refusal_at_once(daemon, sshd, user, syslog, name):
    daemon.kill()
    assert os.path.exists(world.LOGIN_SOCKET)
    assert refused(doors(sshd, user)[name](), user, name, syslog) < 8


def test_a_frozen_daemon_means_refusal_within_the_limits(daemon, sshd, user, syslog):
    """All four at once, since each takes its ten seconds."""
    clients = {name: start() for name, start in doors(sshd, user).items()}
    daemon.freeze()
    took, problems = {}, []

    def work(name):
        try:
            took[name] = refused(clients[name], user, name, syslog)
        except BaseException as problem:  # pylint: disable=broad-except
            problems.append((name, problem))

    threads = [threading.Thread(target=work, args=[name]) for name in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
    print(took)
    assert all(seconds > 5 for name, seconds in took.items() if name != "ssh"), took


def test_login_works_again_as_soon_as_the_daemon_does(daemon, sshd, enrolled):
    user, phone = enrolled
    daemon.freeze()
    daemon.thaw()
    daemon.kill()
    assert pam.log_in("e2e", user, phone.next()).code == pam.AUTHINFO_UNAVAIL
    daemon.start()
    assert sshd.log_in(user, phone.next())[0] == 0


@pytest.mark.parametrize("name", DOORS)
def test_a_daemon_killed_in_mid_prompt_means_refusal(daemon, sshd, enrolled, syslog, name):
    user, phone = enrolled
    client = doors(sshd, user)[name]()
    if name != "ssh":
        expect(client, PASSWORD)
        client.sendline(user.password)
    expect(client, CODE)
    daemon.kill()
    start = world.now()
    client.sendline(phone.next())
    if name == "login":
        expect(client, "login: ", timeout=LIMIT)
        client.close(force=True)
    else:
        assert finish(client, LIMIT)[0] != 0
    assert world.seconds_since(start) < LIMIT
    assert plain(client.shown).count(SENTENCE) == 1, client.shown
    assert len(syslog.since_mark(rf"pam_twostep.*{world.LOGIN_SOCKET}", count=1)) == 1


def test_a_daemon_frozen_in_mid_prompt_means_refusal_within_the_limit(daemon, enrolled, syslog):
    user, phone = enrolled
    start = world.now()
    login = pam.log_in("e2e", user, phone.next(), environment=pam.KEY, on_prompt=lambda _: daemon.freeze())
    assert login.code == pam.AUTHINFO_UNAVAIL
    assert 9 < world.seconds_since(start) < LIMIT
    assert [message for message in login.messages if SENTENCE in message]
    assert len(syslog.since_mark(rf"pam_twostep\(e2e:auth\).*{world.LOGIN_SOCKET}.*in time", count=1)) == 1


def test_a_daemon_frozen_in_mid_prompt_means_refusal_at_every_door(daemon, sshd, enrolled, syslog):
    """All four at once, since each takes its ten seconds."""
    user, phone = enrolled
    clients = {name: start() for name, start in doors(sshd, user).items()}
    for name, client in clients.items():
        if name != "ssh":
            expect(client, PASSWORD)
            client.sendline(user.password)
        expect(client, CODE)
    daemon.freeze()
    code = phone.next()
    for client in clients.values():
        client.sendline(code)
    for name, client in clients.items():
        if name == "login":
            expect(client, "login: ", timeout=LIMIT)
            client.close(force=True)
        else:
            assert finish(client, LIMIT)[0] != 0
        assert plain(client.shown).count(SENTENCE) == 1, client.shown
    for service in ("sshd", "sudo", "su", "login"):
        lines = syslog.since_mark(rf"pam_twostep\({service}:auth\).*{world.LOGIN_SOCKET}.*in time", count=1)
        assert len(lines) == 1, lines


def test_a_restart_between_prompt_and_answer_means_refusal_and_the_code_stays_good(daemon, sshd, enrolled):
    user, phone = enrolled
    code = phone.next()
    client = sshd.client(user, "echo", "in")
    expect(client, CODE)
    daemon.restart()
    client.sendline(code)
    assert finish(client)[0] == 255
    assert plain(client.shown).count(SENTENCE) == 1 or "Login refused" in client.shown
    assert sshd.log_in(user, code)[0] == 0


def test_sigterm_in_mid_login_ends_the_daemon_with_0_and_the_login_with_a_word(daemon, sshd, enrolled):
    user, _ = enrolled
    client = Paramiko(sshd, user)
    codes = []

    def stop():
        codes.append(daemon.stop())
        return "123456"

    def handler(title, instructions, prompts):
        client.instructions.append(instructions)
        client.prompts += [text for text, _ in prompts]
        return [stop() if not codes else "" for _ in prompts]

    with pytest.raises(Exception):
        client.transport.auth_interactive(str(user), handler)
    assert codes == [0]
    client.close()
    assert SENTENCE in client.words
    assert daemon.log.since_mark("login unavailable reason=shutting_down", count=1)


def test_a_hundred_logins_at_a_dead_daemon_leave_nothing_behind(daemon, enrolled):
    user, _ = enrolled
    daemon.kill()
    # Not what earlier tests have left for the collector, nor syslog's connection, which is the process's own.
    assert pam.log_in("e2e", user, "123456").code == pam.AUTHINFO_UNAVAIL
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        assert pam.log_in("e2e", user, "123456").code == pam.AUTHINFO_UNAVAIL
    assert len(os.listdir("/proc/self/fd")) == before
