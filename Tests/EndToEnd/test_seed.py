"""The seed's own document, byte for byte, driven by real sshd and by libpam: both of its stories, and what can go wrong in each."""

import os
from pathlib import Path

import pam
import pytest
import terminal
import world

SEED = Path(__file__).with_name("seed.yaml").read_text()
PASSWORD = "correct horse 🐎 battery"
API_PASSWORD = "api secret"
PIN = "123456"
NO_KEY = {}


@pytest.fixture(scope="module")
def seed(daemon_of_session):
    """A twostepd that runs the seed's document, the switch for its demonstration module given beside it."""
    place = world.Daemon("seed").initialize(SEED)
    place.clock = world.Clock()
    place.start("--allow-insecure-example")
    account = world.User("homeassistant")
    assert world.run("useradd", "--create-home", "--shell", "/bin/bash", account).returncode == 0

    def tell(*arguments, secret=None):
        done = world.twostep(*arguments, runtime=place.runtime, input=secret)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    tell("user", "add", "homeassistant", "--password-stdin", secret=PASSWORD + "\n")
    tell("legacy", "passwd", "--password-stdin", secret=API_PASSWORD + "\n")
    tell("credentials", "link", "homeassistant", "homeassistant", "homeassistant")
    tell("credentials", "link", "legacy_api_password", "homeassistant", "homeassistant")
    place.account = account
    place.tell = tell
    yield place
    place.stop()


@pytest.fixture
def phone(seed):
    """A phone of this test's own, and no failure left from another."""
    seed.log.mark()
    seed.tell("unlock", seed.account)
    name = f"phone{next(world.numbers)}"
    phone = world.enroll(seed.account, "--name", name, runtime=seed.runtime)
    phone.shift = seed.clock.shift
    yield MovedPhone(phone, seed.clock)
    world.twostep("remove", seed.account, name, "--force", "--yes", runtime=seed.runtime)


class MovedPhone:
    """A phone whose clock is the daemon's."""

    def __init__(self, phone, clock):
        self.phone, self.clock, self.last = phone, clock, 0

    def next(self):
        step = max(self.last + 1, int(world.time.time() + self.clock.shift) // 30)
        self.last = step
        return self.phone.at(step)


def log_in(seed, *answers, **options):
    return pam.log_in(seed.service, options.pop("user", seed.account), *answers, environment=NO_KEY, **options)


# --- the two stories ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sshd(seed):
    """An sshd that leaves everything to PAM, and so to the flow."""
    stack = Path("/etc/pam.d/sshd")
    before = stack.read_bytes()
    stack.write_text(
        f"auth required pam_twostep.so socket={seed.socket}\naccount required pam_permit.so\n"
        "session required pam_permit.so\n")
    server = terminal.Sshd("AuthenticationMethods keyboard-interactive:pam", "PasswordAuthentication no", shipped=False)
    yield server
    server.stop()
    stack.write_bytes(before)


def test_homeassistant_by_ssh_password_then_code(seed, sshd, phone):
    client = terminal.Paramiko(sshd, seed.account, key=False)
    assert client.interactive("1", PASSWORD, phone.next())
    assert client.run("id -un").strip() == "homeassistant"
    assert "1  homeassistant" in client.words and "2  legacy_api_password" in client.words
    client.close()
    seed.log.since_mark('login granted service=sshd .*user="homeassistant" .*provider=homeassistant modules=totp', count=1)


def test_legacy_api_password_by_ssh_password_then_pin_then_code(seed, sshd, phone):
    client = terminal.Paramiko(sshd, seed.account, key=False)
    assert client.interactive("2", API_PASSWORD, PIN, phone.next())
    assert client.prompts[-3:] == ["API password: ", "PIN: ", "Verification code: "]
    client.close()
    line, = seed.log.since_mark("login granted .*provider=legacy_api_password", count=1)
    assert "modules=insecure_example,totp" in line and "insecure_module" in line


def test_openssh_s_own_client_is_asked_the_same(seed, sshd, phone):
    seed.account.key = "/dev/null"
    child = terminal.spawn(
        "ssh", "-F", "none", "-T", "-p", sshd.port, "-o", f"UserKnownHostsFile={sshd.known_hosts}",
        "-o", "PreferredAuthentications=keyboard-interactive", f"{seed.account}@127.0.0.1", "echo in as $USER")
    for prompt, answer in (("Number: ", "2"), ("API password: ", API_PASSWORD), ("PIN: ", PIN), ("code: ", phone.next())):
        assert terminal.expect(child, prompt) == 0
        child.sendline(answer)
    status, shown = terminal.finish(child)
    assert status == 0 and "in as homeassistant" in shown


# --- wrong answers, at each step --------------------------------------------------------------------------------------

HOME = ["1", PASSWORD]
LEGACY = ["2", API_PASSWORD, PIN]


@pytest.mark.parametrize("before, wrong", [
    (["1"], "wrong"), (["1"], ""), (["1"], PASSWORD.upper()), (["2"], "wrong"), (["2"], PASSWORD),
    (["2", API_PASSWORD], "654321"), (["2", API_PASSWORD], "0123456"), (["2", API_PASSWORD], ""),
    (HOME, "000000"), (LEGACY, "000000"), (HOME, "１２３４５６"), (LEGACY, PIN + "7"),
])
def test_a_wrong_answer_at_any_step_ends_in_a_denial(seed, phone, before, wrong):
    """This service calls again by itself, so that one try is all there is."""
    phone.next()
    login = log_in(seed, *before, wrong, phone.next(), PIN)
    assert login.code == pam.AUTH_ERR, login
    assert len(login.prompts) == len(before) + 1
    assert not login.environment


@pytest.mark.parametrize("before, wrong, after", [
    (["1"], "wrong", [PASSWORD]), (["2"], "wrong", [API_PASSWORD, PIN]), (["2", API_PASSWORD], "111111", [PIN]),
    (HOME, "000000", []), (LEGACY, "000000", []),
])
def test_the_same_form_comes_again_and_the_right_answer_is_granted(seed, sshd, phone, before, wrong, after):
    """By sshd, which asks once and leaves three tries to each step."""
    client = terminal.Paramiko(sshd, seed.account, key=False)
    assert client.interactive(*before, wrong, *after, phone.next())
    form = len(before)
    assert client.prompts[form].splitlines()[-1] == client.prompts[form + 1].splitlines()[-1]
    assert len(client.prompts[form + 1].splitlines()) > 1, "the reason rides in the next prompt"
    client.close()


def test_three_wrong_answers_use_the_tries_up(seed, sshd, phone):
    client = terminal.Paramiko(sshd, seed.account, key=False)
    assert not client.interactive("2", API_PASSWORD, "1", "2", "3")
    client.close()
    seed.log.since_mark("reason=too_many_retry", count=1)


@pytest.mark.parametrize("answers", [
    ["2", API_PASSWORD, "code", PIN], ["2", PIN, API_PASSWORD, "code"], ["2", "code", PIN, API_PASSWORD],
    ["1", "code", PASSWORD], ["2", API_PASSWORD, PIN, PIN], ["1", PASSWORD, PIN],
])
def test_a_chain_in_the_wrong_order_is_refused(seed, phone, answers):
    code = phone.next()
    login = log_in(seed, *[code if answer == "code" else answer for answer in answers], code)
    assert login.code == pam.AUTH_ERR, login


# --- the menu ---------------------------------------------------------------------------------------------------------


def test_a_choice_out_of_range_asks_again(seed, phone):
    login = log_in(seed, "3", "0", "", "-1", "one", "1 ", "1", PASSWORD, phone.next())
    assert login.granted
    assert [prompt.endswith("Number: ") for prompt in login.prompts] == [True] * 7 + [False] * 2


def test_a_menu_that_nobody_answers_is_a_failed_conversation(seed):
    assert log_in(seed, None).code == pam.CONV_ERR


@pytest.mark.parametrize("answers", [["1", None], ["1", PASSWORD, None], ["2", None], ["2", API_PASSWORD, None],
                                     ["2", API_PASSWORD, PIN, None]])
def test_giving_up_at_any_step_is_a_failed_conversation_and_leaves_no_session(seed, answers):
    assert log_in(seed, *answers).code == pam.CONV_ERR
    world.no_session_is_left(seed.runtime)


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", [["1", PASSWORD, "code"], ["2", API_PASSWORD, PIN, "code"]])
@pytest.mark.parametrize("late", [1, 2, 3])
def test_a_right_answer_that_comes_too_late_is_refused_in_any_step(seed, phone, right, late):
    if late >= len(right):
        late = len(right) - 1
    answers = list(right)

    def on_prompt(number):
        if number == late + 1:
            seed.clock.advance(302)

    answers = [phone.next() if answer == "code" else answer for answer in answers]
    login = log_in(seed, *answers, on_prompt=on_prompt)
    assert login.code == pam.AUTH_ERR, login
    seed.log.since_mark("reason=login_expired", count=1)


def test_each_step_has_its_own_time(seed, phone):
    """Two hundred seconds at each of three forms are too long for none of them, though they are for all together."""

    def on_prompt(number):
        if number > 1:
            seed.clock.advance(200)

    login = log_in(seed, "2", API_PASSWORD, PIN, phone.next, on_prompt=on_prompt)
    assert login.granted, login


# --- who it is --------------------------------------------------------------------------------------------------------


def test_the_api_password_opens_no_other_account(seed, phone):
    other = world.new_user()
    world.enroll(other, runtime=seed.runtime)
    for user in (other, "root"):
        login = log_in(seed, "2", API_PASSWORD, PIN, phone.next(), user=user)
        assert login.code == pam.AUTH_ERR, (user, login)
        assert login.prompts[1] == "API password: "


def test_one_code_serves_both_providers_and_once(seed, phone):
    code = phone.next()
    assert log_in(seed, *HOME, code).granted
    assert log_in(seed, *LEGACY, code).code == pam.AUTH_ERR
    assert log_in(seed, *LEGACY, phone.next()).granted


def test_names_that_differ_in_case_are_one_user_and_not_one_account(seed, phone):
    assert world.twostep(
        "user", "add", " HomeAssistant ", "--password-stdin", runtime=seed.runtime, input="x\n").returncode == 1
    assert log_in(seed, *HOME, phone.next(), user="HomeAssistant").code == pam.AUTH_ERR


def test_a_changed_password_is_the_only_one_good(seed, phone):
    seed.tell("user", "passwd", "homeassistant", "--password-stdin", secret="another\n")
    assert log_in(seed, *HOME, phone.next()).code == pam.AUTH_ERR
    assert log_in(seed, "1", "another", phone.next()).granted
    seed.tell("user", "passwd", "homeassistant", "--password-stdin", secret=PASSWORD + "\n")


def test_users_credentials_and_passwords_survive_a_restart(seed, phone):
    assert seed.stop() == 0
    seed.start("--allow-insecure-example")
    assert log_in(seed, *HOME, phone.next()).granted
    assert log_in(seed, *LEGACY, phone.next()).granted


def test_without_credentials_nobody_is_let_in(seed, phone):
    seed.tell("credentials", "unlink", "homeassistant", "homeassistant", "--yes")
    login = log_in(seed, *HOME, phone.next())
    assert login.code == pam.AUTH_ERR
    seed.log.since_mark("reason=credentials_refused.*twostep credentials link", count=1)
    seed.tell("credentials", "link", "homeassistant", "homeassistant", "homeassistant")
    assert log_in(seed, *HOME, phone.next()).granted


def test_without_the_switch_the_document_admits_nobody(elsewhere):
    place = elsewhere(SEED, start=False).start(serving=False)
    assert any("insecure_example" in problem for problem in place.status()["problems"])
    assert pam.log_in(place.service, "homeassistant", "1", PASSWORD, environment=NO_KEY).code == pam.AUTHINFO_UNAVAIL


def test_the_document_is_the_seed_s_own():
    assert SEED.endswith("auth:        \n") and SEED.startswith("# configuration.xml\n")
    assert os.path.getsize(Path(__file__).with_name("seed.yaml")) == len(SEED)
