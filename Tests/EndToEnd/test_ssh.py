"""A public key, then a code, through real sshd: with OpenSSH's client on a terminal, and with paramiko."""

from concurrent.futures import ThreadPoolExecutor

import paramiko
import pytest
import world
from terminal import CODE, Paramiko, Sshd, expect, finish, interrupt, plain

WRONG = "That code is wrong or was used before. Wait for the next one."


def test_a_key_and_the_right_code_open_a_session(daemon, sshd, enrolled):
    user, phone = enrolled
    assert sshd.log_in(user, phone.next())[0] == 0
    assert daemon.log.since_mark(f'login granted service=sshd rhost=127.0.0.1 user="{user}" .*modules=totp', count=1)
    assert world.failures_of(user) == 0


def test_paramiko_gets_in_with_a_key_and_the_right_code(daemon, sshd, enrolled):
    user, phone = enrolled
    client = Paramiko(sshd, user)
    assert client.left == ["keyboard-interactive"]
    assert client.interactive(phone.next())
    assert client.prompts == [CODE]
    assert client.run("id -un").strip() == user
    client.close()


def test_the_session_knows_provider_and_modules_and_nothing_else_of_the_login(sshd, enrolled):
    user, phone = enrolled
    client = Paramiko(sshd, user)
    assert client.interactive(phone.next())
    variables = [line for line in client.run("env").splitlines() if "TWOSTEP" in line]
    assert sorted(variables) == ["TWOSTEP_MODULES=totp", "TWOSTEP_PROVIDER=pam"]
    client.close()


def test_a_session_inherits_no_open_file_of_the_module(sshd, enrolled):
    user, phone = enrolled
    client = Paramiko(sshd, user)
    assert client.interactive(phone.next())
    assert "twostep" not in client.run("ls -l /proc/self/fd")
    client.close()


REFUSED = {
    "wrong": lambda phone: phone.wrong(),
    "empty": lambda phone: "",
    "old": lambda phone: phone.old(),
    "511 bytes": lambda phone: "1" * 511,
    "600 bytes": lambda phone: "1" * 600,
    "the right code and 600 bytes": lambda phone: phone.next() + " " * 600,
    "full-width digits": lambda phone: phone.next().translate({48 + digit: 0xFF10 + digit for digit in range(10)}),
    "Arabic digits": lambda phone: phone.next().translate({48 + digit: 0x0660 + digit for digit in range(10)}),
    "three digits more": lambda phone: phone.next() + "000",
    "a digit less": lambda phone: phone.next()[:5],
    "a plus sign": lambda phone: "+" + phone.next(),
    "a control byte": lambda phone: phone.next() + "\x01",
    "a quote": lambda phone: phone.next() + "'--",
}
# What could have been right is a guess and is charged; the others are not.
GUESSES = {"wrong", "old"}


@pytest.mark.parametrize("kind", REFUSED)
def test_any_other_answer_is_refused(daemon, sshd, enrolled, kind):
    user, phone = enrolled
    answer = REFUSED[kind](phone)
    client = Paramiko(sshd, user)
    assert not client.interactive(answer)
    client.close()
    assert daemon.log.since_mark(f'login denied .*user="{user}"', count=1)
    # The same text for all of them: it does not say what was wrong.
    assert WRONG in client.words
    assert world.failures_of(user) == (1 if kind in GUESSES else 0)
    # And the answer has spent nothing.
    assert world.twostep("verify", user, input=phone.at(phone.step)).returncode == 0


def test_openssh_shows_what_was_wrong_and_asks_again(sshd, enrolled):
    user, phone = enrolled
    code, shown = sshd.log_in(user, phone.wrong(), phone.next())
    assert code == 0, shown
    assert f"{WRONG}\nVerification code: " in plain(shown)
    assert world.failures_of(user) == 0


@pytest.mark.parametrize("separator", [" ", "-", "  "])
def test_a_code_may_be_typed_in_groups(sshd, enrolled, separator):
    user, phone = enrolled
    code = phone.next()
    assert sshd.log_in(user, f" {code[:3]}{separator}{code[3:]} ")[0] == 0


def test_a_code_is_good_once(daemon, sshd, enrolled):
    user, phone = enrolled
    code = phone.next()
    assert sshd.log_in(user, code)[0] == 0
    status, shown = sshd.log_in(user, code, code, code)
    assert status == 255 and WRONG in shown
    assert daemon.log.since_mark(f'login denied .*=replayed .*user="{user}"', count=1)
    assert world.failures_of(user) == 0, "a replay is no guess"


def test_an_earlier_code_of_the_window_is_void_after_a_later_one(sshd, enrolled):
    user, phone = enrolled
    earlier, later = phone.at(phone.step), phone.at(phone.step + 1)
    assert sshd.log_in(user, later)[0] == 0
    assert sshd.log_in(user, earlier)[0] == 255


def test_a_code_is_good_once_over_a_restart_of_the_daemon(daemon, sshd, enrolled):
    user, phone = enrolled
    code = phone.next()
    assert sshd.log_in(user, code)[0] == 0
    daemon.restart()
    assert sshd.log_in(user, code)[0] == 255
    assert sshd.log_in(user, phone.next())[0] == 0


def test_a_code_is_good_once_over_a_crash_of_the_daemon(daemon, sshd, enrolled):
    user, phone = enrolled
    code = phone.next()
    assert sshd.log_in(user, code)[0] == 0
    daemon.kill()
    daemon.start()
    assert sshd.log_in(user, code)[0] == 255


def test_no_key_means_no_prompt_with_the_shipped_settings(sshd, enrolled):
    user, phone = enrolled
    status, shown = sshd.log_in(user, phone.next(), options=["-o", "PubkeyAuthentication=no"])
    assert status == 255
    assert "Verification code" not in shown


def test_no_key_means_no_prompt_where_sshd_forgets_to_ask_for_one(daemon, enrolled):
    user, phone = enrolled
    forgetful = Sshd("AuthenticationMethods any")
    try:
        client = Paramiko(forgetful, user, key=False)
        assert not client.interactive(phone.next())
        client.close()
        assert CODE not in client.prompts
        line, = daemon.log.since_mark(f'login denied reason=no_evidence .*user="{user}"', count=1)
        assert "AuthenticationMethods" in line
        assert world.failures_of(user) == 0
        assert daemon.log.since_mark("login") == [line]
    finally:
        forgetful.stop()


def test_a_wrong_key_means_no_prompt(sshd, enrolled):
    user, phone = enrolled
    assert world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/tmp/wrong-key").returncode == 0
    status, shown = sshd.log_in(user, phone.next(), key="/tmp/wrong-key")
    assert status == 255
    assert "Verification code" not in shown


def test_six_wrong_codes_delay_the_account_and_say_so(daemon, sshd, enrolled):
    user, phone = enrolled
    wrong = phone.wrong(6)
    for codes in (wrong[:3], wrong[3:]):
        client = Paramiko(sshd, user)
        assert not client.interactive(*codes)
        client.close()
    assert world.failures_of(user) == 6
    assert "Too many wrong answers. Try again in" in client.words, client.words
    # The right code is refused while that lasts, and costs nothing.
    client = Paramiko(sshd, user)
    assert not client.interactive(phone.next())
    client.close()
    assert "Too many wrong answers. Try again in" in client.words
    assert daemon.log.since_mark(f'login denied .*=delayed .*user="{user}".* delay=', count=1)
    assert world.failures_of(user) == 6
    # Another service is no new budget, nor is a restart.
    daemon.restart()
    client = Paramiko(sshd, user)
    assert not client.interactive(phone.next())
    client.close()
    assert world.twostep("unlock", user).returncode == 0
    assert sshd.log_in(user, phone.at(phone.step + 1))[0] == 0


def test_a_user_without_a_device_sees_what_all_others_see(daemon, sshd, enrolled):
    user, phone = enrolled
    stranger = world.new_user("stranger")
    seen = []
    for name in (user, stranger):
        client = Paramiko(sshd, name)
        assert not client.interactive(*phone.wrong(3))
        client.close()
        seen.append((client.prompts, client.instructions))
    assert seen[0] == seen[1]
    assert daemon.log.since_mark(f'login denied .*=not_enrolled .*user="{stranger}"', count=1)


def test_a_user_without_a_device_is_delayed_like_all_others(sshd, daemon):
    stranger = world.new_user("stranger")
    for codes in (["000001", "000002", "000003"], ["000004", "000005", "000006"]):
        client = Paramiko(sshd, stranger)
        assert not client.interactive(*codes)
        client.close()
    assert "Too many wrong answers. Try again in" in client.words, client.words


def attempts(sshd, user, answers, connections=10, each=5, key=False):
    """Fifty attempts, over several connections at once."""

    def work(_):
        client = Paramiko(sshd, user, key=key)
        got_in = [client.interactive(*answers) for _ in range(each)]
        client.close()
        return got_in, client.prompts

    with ThreadPoolExecutor(connections) as pool:
        results = list(pool.map(work, range(connections)))
    assert not any(any(got_in) for got_in, _ in results)
    return [prompt for _, prompts in results for prompt in prompts]


@pytest.fixture(scope="module")
def refusing_root(daemon_of_session):
    """An sshd that refuses root, and lets PAM ask anybody without a key."""
    server = Sshd("PermitRootLogin no", "AuthenticationMethods any")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def root_with_a_device(daemon_of_session):
    root = world.User("root")
    root.password = "root-password"
    world.give_key(root)
    return root, world.enroll(root)


def test_fifty_logins_as_root_that_sshd_refuses_delay_nobody(daemon, sshd, refusing_root, root_with_a_device):
    root, phone = root_with_a_device
    with world.stack_replaced(
            "sshd", "auth requisite pam_unix.so nodelay", "auth required pam_twostep.so"):
        attempts(refusing_root, root, [root.password, phone.wrong()])
    assert world.failures_of("root") == 0
    assert sshd.log_in(root, phone.next())[0] == 0


@pytest.mark.parametrize("setting", ["prohibit-password", "forced-commands-only"])
def test_fifty_logins_as_root_with_a_key_that_sshd_refuses_delay_nobody(daemon, sshd, root_with_a_device, setting):
    """sshd takes the key, and then hands rubbish to PAM in place of root's answers: it is no guess, and spends nothing."""
    root, _ = root_with_a_device
    phone = world.enroll(root, "--name", setting)
    half_hearted = Sshd(f"PermitRootLogin {setting}")
    code = phone.next()
    try:
        prompts = attempts(half_hearted, root, [code], connections=17, each=2, key=True)
    finally:
        half_hearted.stop()
    assert len(prompts) >= 50
    assert daemon.log.since_mark('login denied .*last=malformed service=sshd .*user="root"', count=17)
    assert world.failures_of("root") == 0
    assert sshd.log_in(root, code)[0] == 0


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_fifty_passwords_by_the_password_method_delay_nobody(daemon, sshd, enrolled, password):
    """sshd's password method answers every question with the password, that for the code as well."""
    user, phone = enrolled
    server = Sshd("PasswordAuthentication yes", "AuthenticationMethods any")

    def work(_):
        transport = server.connect()
        for _ in range(5):
            with pytest.raises((paramiko.SSHException, EOFError)):
                transport.auth_password(str(user), user.password if password == "right" else "wrong", fallback=False)
        assert not transport.is_authenticated()
        transport.close()

    try:
        with world.stack_replaced(
                "sshd", "auth requisite pam_unix.so nodelay", "auth required pam_twostep.so"):
            with ThreadPoolExecutor(10) as pool:
                list(pool.map(work, range(10)))
    finally:
        server.stop()
    if password == "right":
        assert daemon.log.since_mark(f'login denied .*last=unusable service=sshd .*user="{user}"', count=10)
    assert world.failures_of(user) == 0
    assert sshd.log_in(user, phone.next())[0] == 0


def test_fifty_wrong_passwords_delay_nobody(daemon, sshd, enrolled, refusing_root):
    user, phone = enrolled
    with world.stack_replaced(
            "sshd", "auth requisite pam_unix.so nodelay", "auth required pam_twostep.so"):
        prompts = attempts(refusing_root, user, ["wrong-password", phone.wrong()])
        assert CODE not in prompts
        assert world.failures_of(user) == 0
        client = Paramiko(refusing_root, user, key=False)
        assert client.interactive(user.password, phone.next())
        client.close()


def test_fifty_empty_answers_delay_nobody(daemon, sshd, enrolled):
    user, phone = enrolled
    # Three in a connection: then sshd is told that there have been enough, and offers no more.
    prompts = attempts(sshd, user, [""], connections=17, each=2, key=True)
    assert len(prompts) >= 50
    assert world.failures_of(user) == 0
    assert sshd.log_in(user, phone.next())[0] == 0


def test_a_client_that_leaves_at_the_prompt_leaves_no_session(daemon, sshd, enrolled):
    user, _ = enrolled
    client = sshd.client(user, "true")
    expect(client, CODE)
    assert daemon.status()["open_sessions"] == 1
    client.kill(9)
    finish(client)
    world.no_session_is_left()


def test_ctrl_c_at_the_prompt_restores_the_terminal_and_leaves_no_session(daemon, sshd, enrolled):
    user, _ = enrolled
    client = world_shell()
    client.sendline(" ".join([
        "ssh", "-F", "none", "-p", str(sshd.port), "-i", str(user.key), "-o", f"UserKnownHostsFile={sshd.known_hosts}",
        f"{user}@127.0.0.1", "true"]))
    expect(client, CODE)
    assert not client.getecho()
    interrupt(client, "SHELL> ")
    assert client.getecho()
    client.sendline("exit")
    finish(client)
    world.no_session_is_left()


def world_shell():
    """A shell whose prompt shows that it is back."""
    from terminal import spawn

    shell = spawn("bash", "--norc", "--noprofile", "--noediting", env={"PS1": "SHELL> ", "PATH": "/usr/bin:/bin", "TERM": "dumb"})
    expect(shell, "SHELL> ")
    return shell
