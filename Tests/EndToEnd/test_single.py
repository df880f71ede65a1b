"""Password and code in one answer (conversation: single): for clients that have one field, and for people."""

import crypt
import json
from pathlib import Path

import pam
import paramiko
import pytest
import terminal
import world

POLICY = """
auth_providers:
  - type: pam
    modules: {any_of: [totp, recovery_code]}
  - type: linux
    modules: {any_of: [totp, recovery_code]}
policy:
  - match: {service: sudo}
    provider: linux
    conversation: single
    prompt: Password
  - match: {service: e2e-eight}
    provider: linux
    conversation: single
    code_digits: 8
  - match: {service: [sshd, e2e-one, e2e-below, e2e-locker]}
    provider: linux
    conversation: single
  - match: {}
    provider: pam
"""
QUESTION = "Password, and right behind it the verification code or recovery code: "
REFUSED = (
    "That password or code is wrong, or the code was used before. "
    "Wait for the next code, and longer after many wrong ones.")


@pytest.fixture(scope="module")
def place(daemon_of_session):
    daemon = world.Daemon("single").initialize(POLICY)
    assert world.run("usermod", "--append", "--groups", "shadow", "twostep").returncode == 0
    daemon.start()
    line = f"auth required pam_twostep.so socket={daemon.socket}"
    for service in ("e2e-one", "e2e-eight", "e2e-locker"):
        world.write_stack(service, line)
    # It is granted only if PAM_AUTHTOK is the password alone by then.
    world.write_stack("e2e-below", line, "auth required pam_unix.so use_first_pass nodelay")
    yield daemon
    daemon.stop()
    world.run("gpasswd", "--delete", "twostep", "shadow")


@pytest.fixture
def person(place):
    place.log.mark()
    user = world.new_user()
    return user, world.enroll(user, runtime=place.runtime)


def log_in(service, user, *answers):
    return pam.log_in(service, user, *answers, environment={})


def test_password_and_code_in_one_answer(place, person):
    user, phone = person
    login = log_in("e2e-one", user, user.password + phone.next())
    assert (login.code, login.prompts) == (pam.SUCCESS, [QUESTION])
    assert login.environment == {"TWOSTEP_PROVIDER": "linux", "TWOSTEP_MODULES": "totp"}
    assert place.log.since_mark(f'login granted .*user="{user}" .*modules=totp', count=1)


def test_pamtester_gets_in_with_one_line(place, person):
    user, phone = person
    done = world.run("pamtester", "e2e-one", user, "authenticate", input=user.password + phone.next() + "\n")
    assert done.returncode == 0, done.stdout + done.stderr


def test_lines_below_get_the_password_alone(place, person):
    user, phone = person
    login = log_in("e2e-below", user, user.password + phone.next())
    assert (login.code, login.prompts) == (pam.SUCCESS, [QUESTION])


@pytest.mark.parametrize("password", ["2026", "ends in 123456", "123456", "pässwort 🔑", "a b ", "x-ABCD-EFGH-"])
def test_whatever_the_password_is_the_code_is_what_stands_behind_it(place, person, password):
    user, phone = person
    hashed = crypt.crypt(password, "$6$rounds=1000$saltsalt$")
    assert world.run("usermod", "--password", hashed, user).returncode == 0
    code = phone.next()
    assert not log_in("e2e-one", user, password).granted
    assert not log_in("e2e-one", user, password + " " + code).granted
    assert log_in("e2e-one", user, password + code).granted


def test_a_code_may_have_a_space_in_its_middle(place, person):
    user, phone = person
    code = phone.next()
    assert log_in("e2e-one", user, f"{user.password}{code[:3]} {code[3:]}").granted


def test_a_recovery_code_stands_behind_the_password_as_it_is_printed(place, person):
    user, _ = person
    made = world.twostep("enroll", user, "recovery_code", "--json", runtime=place.runtime)
    code = json.loads(made.stdout)["recovery_codes"][0]
    assert log_in("e2e-one", user, user.password + code).granted
    assert not log_in("e2e-one", user, user.password + code).granted, "a code is good once"


def test_a_code_of_eight_digits_where_the_rule_says_so(place):
    user = world.new_user()
    phone = world.enroll(user, "--digits", "8", runtime=place.runtime)
    phone.digits = 8
    assert not log_in("e2e-one", user, user.password + phone.next()).granted
    assert log_in("e2e-eight", user, user.password + phone.next()).granted


WRONG = {
    "password": lambda user, phone: "wrong" + phone.next(),
    "code": lambda user, phone: user.password + phone.wrong(),
    "both": lambda user, phone: "wrong" + phone.wrong(),
    "no code": lambda user, phone: user.password,
    "no password": lambda user, phone: phone.next(),
    "nothing": lambda user, phone: "",
    "a code before the password": lambda user, phone: phone.next() + user.password,
    "full-width digits": lambda user, phone: user.password + phone.next().translate(
        {48 + digit: 0xFF10 + digit for digit in range(10)}),
    "600 bytes": lambda user, phone: "x" * 600 + phone.next(),
}


@pytest.mark.parametrize("what", WRONG)
def test_whatever_is_wrong_is_told_in_the_same_words(place, person, what):
    user, phone = person
    login = log_in("e2e-one", user, WRONG[what](user, phone))
    assert (login.code, login.prompts, login.messages) == (pam.AUTH_ERR, [QUESTION], [REFUSED])
    # A guess at the code is one only behind the right password.
    assert world.failures_of(user, place.runtime) == (1 if what == "code" else 0)


def test_a_stranger_is_told_the_same(place):
    login = log_in("e2e-one", "nobody-here", "password123456")
    assert (login.code, login.prompts, login.messages) == (pam.AUTH_ERR, [QUESTION], [REFUSED])


def test_whoever_must_wait_is_told_what_a_wrong_password_is_told(place, person):
    user, phone = person
    for code in phone.wrong(7):
        assert log_in("e2e-one", user, user.password + code).messages == [REFUSED]
    login = log_in("e2e-one", user, user.password + phone.next())
    assert (login.code, login.messages) == (pam.AUTH_ERR, [REFUSED])
    assert place.log.since_mark(f'login denied reason=delayed .*user="{user}"', count=1)


def test_a_locker_with_one_field_opens_with_both(place, person):
    user, phone = person
    code = phone.next()

    def unlock(answer):
        return pam.log_in("e2e-locker", user, answer, environment={}, rhost="").code

    assert world.in_process_of(user, unlock, user.password) == pam.AUTH_ERR
    assert world.in_process_of(user, unlock, "wrong" + code) == pam.AUTH_ERR
    assert world.in_process_of(user, unlock, user.password + code) == pam.SUCCESS


# --- hosts that have one password and no more ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_field(place):
    """An sshd that offers its password method alone, as clients for files know it."""
    with world.stack_replaced("sshd", f"auth required pam_twostep.so socket={place.socket}"):
        server = terminal.Sshd(
            "PasswordAuthentication yes", "KbdInteractiveAuthentication no", "PubkeyAuthentication no", shipped=None)
        yield server
        server.stop()


def test_a_client_for_files_that_knows_only_a_password_gets_in(place, one_field, person):
    user, phone = person
    transport = one_field.connect()
    transport.auth_password(str(user), user.password + phone.next())
    assert Path(f"/home/{user}").name in paramiko.SFTPClient.from_transport(transport).normalize(".")
    transport.close()
    assert place.log.since_mark(f'login granted service=sshd .*user="{user}"', count=1)


@pytest.mark.parametrize("what", ["password", "code", "no code"])
def test_by_the_password_method_nothing_less_gets_in(place, one_field, person, what):
    user, phone = person
    transport = one_field.connect()
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password(str(user), WRONG[what](user, phone))
    transport.close()
    assert world.failures_of(user, place.runtime) == (1 if what == "code" else 0)


def test_a_person_at_ssh_types_both_at_one_prompt(place, person):
    user, phone = person
    with world.stack_replaced("sshd", f"auth required pam_twostep.so socket={place.socket}"):
        server = terminal.Sshd("AuthenticationMethods keyboard-interactive", shipped=None)
        try:
            client = terminal.Paramiko(server, user, key=False)
            assert client.interactive("wrong" + phone.next(), user.password + phone.wrong(), user.password + phone.next())
            assert client.prompts == [QUESTION] + [f"{REFUSED}\n{QUESTION}"] * 2
            client.close()
        finally:
            server.stop()


def test_sudo_takes_both_from_a_program_that_waits_for_its_own_prompt(place, person):
    user, phone = person
    Path("/etc/sudoers.d/single").write_text("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    Path("/etc/sudoers.d/single").chmod(0o440)
    try:
        with world.stack_replaced("sudo", f"auth required pam_twostep.so socket={place.socket}"):
            become = ["sudo", "-k", "-S", "-p", "[become] key=1 password:", "id", "-un"]
            done = world.as_user(user, *become, input=user.password + phone.next() + "\n")
            assert (done.returncode, done.stdout.strip()) == (0, "root"), done.stderr
            assert "[become] key=1 password:" in done.stderr
            refused = world.as_user(user, *become, input=user.password + "\n")
            assert refused.returncode == 1 and "root" not in refused.stdout
    finally:
        Path("/etc/sudoers.d/single").unlink()


# --- the configuration --------------------------------------------------------------------------------------------


def test_with_a_password_that_is_checked_elsewhere_it_is_refused(place):
    draft = place.folder / "draft.yaml"
    draft.write_text(
        "auth_providers:\n  - {type: pam, modules: totp}\npolicy:\n  - match: {}\n    conversation: single\n")
    checked = world.run("twostep", "check", "--config", draft)
    assert checked.returncode == 1
    assert (
        f"{draft}:5:19: problem: conversation: single with the provider pam, for which something else has taken the "
        "password already, expected a provider that checks the password itself, named in the rule (provider: linux)"
    ) in checked.stdout


def test_check_warns_of_a_line_above_that_takes_the_password(place, tmp_path):
    stacks, folder = tmp_path / "etc/pam.d", tmp_path / "etc/twostep"
    stacks.mkdir(parents=True)
    folder.mkdir()
    (stacks / "e2e-one").write_text("auth requisite pam_unix.so\nauth required pam_twostep.so\n")
    (stacks / "e2e-locker").write_text("auth required pam_twostep.so\n")
    (folder / "config.yaml").write_text(POLICY)
    checked = world.run("twostep", "check", "--root", tmp_path, "--only", "stacks")
    what = "warning: a line above takes the password, and conversation: single asks for it together with the code"
    assert f"{stacks}/e2e-one:2: {what}" in checked.stdout, checked.stdout + checked.stderr
    assert checked.stdout.count(what) == 1


def test_explain_says_that_both_are_asked_for_at_once(place, person):
    user, _ = person
    shown = world.twostep("explain", "e2e-one", user, runtime=place.runtime)
    assert "conversation: single, with codes of 6 digits right behind the password" in shown.stdout, shown
    assert "in one answer" in shown.stdout
