"""A roll-out: who has no device yet sets one up within the login, through real sshd."""

import json
import re

import pytest
import world
from terminal import Paramiko, Sshd
from test_command_line import read_qr

ROLLOUT = """
auth_providers:
  - type: pam
    modules:
      - any_of:
          - type: totp
          - type: recovery_code
policy:
  - match: {service: sshd}
    unenrolled: enroll
    enroll_until: 2199-12-31
"""


@pytest.fixture(scope="module")
def place(daemon_of_session):
    daemon = world.Daemon("rollout").initialize(ROLLOUT).start()
    with world.stack_replaced("sshd", f"auth required pam_twostep.so socket={daemon.socket}"):
        server = Sshd()
        yield daemon, server
        server.stop()
    daemon.stop()


def client_of(server, user, *answers):
    """A login whose answers may be made of what was asked: (whether it was let in, the client)."""
    client = Paramiko(server, user)
    left = list(answers)

    def handler(title, instructions, prompts):
        client.prompts += [text for text, _ in prompts]
        return [left.pop(0)(text) if left else "" for text, _ in prompts]

    try:
        client.transport.auth_interactive(str(user), handler)
    except Exception:
        pass
    return client.transport.is_authenticated(), client


def key_in(text):
    """The key that a prompt shows."""
    return re.search(r"(?:into it|authenticator app): ([A-Z2-7 ]{30,})\n", text)[1].replace(" ", "")


def test_the_first_login_sets_up_a_device_and_the_second_asks_for_its_code(place):
    daemon, server = place
    user = world.new_user()
    daemon.log.mark()
    phones = []

    def first_code(text):
        phones.append(world.Authenticator(key_in(text)))
        return phones[0].next()

    is_in, client = client_of(server, user, first_code, lambda text: "")
    assert is_in, client.prompts
    assert client.run("id -un").strip() == user
    client.close()
    setup, codes = client.prompts
    assert setup.endswith("First code: ") and "█" in setup and len(setup.encode()) <= 3900
    assert len(re.findall(r"^  [A-Z2-7 -]{24,}$", codes, re.MULTILINE)) == 10
    assert daemon.log.since_mark(f'device enrolled user="{user}" module=totp device="phone"', count=1)
    assert daemon.log.since_mark(f'login granted reason=enrolled .*user="{user}"', count=1)

    phone = phones[0]
    again = Paramiko(server, user)
    assert again.interactive(phone.next())
    assert "First code" not in again.words
    again.close()


def test_the_picture_is_read_back_as_the_key(place):
    _, server = place
    user = world.new_user()
    is_in, client = client_of(server, user, lambda text: "000000", lambda text: "000001", lambda text: "000002")
    assert not is_in
    client.close()
    picture = client.prompts[0]
    assert f"secret={key_in(picture)}" in read_qr(picture)


def test_plain_shows_the_key_alone(place):
    _, server = place
    user = world.new_user()
    is_in, client = client_of(
        server, user, lambda text: "plain", lambda text: world.Authenticator(key_in(text)).next(), lambda text: "")
    assert is_in, client.prompts
    client.close()
    assert "█" in client.prompts[0] and "█" not in client.prompts[1]
    assert key_in(client.prompts[0]) == key_in(client.prompts[1])


def test_a_set_up_that_is_left_leaves_nothing(place):
    daemon, server = place
    user = world.new_user()
    is_in, client = client_of(server, user, lambda text: "")
    assert not is_in
    client.close()
    world.no_session_is_left(daemon.runtime)
    assert json.loads(world.twostep("list", user, "--json", runtime=daemon.runtime).stdout)["devices"] == []


def test_a_bypass_code_replaces_the_step_once(place):
    daemon, server = place
    user = world.new_user()
    issued = world.twostep("bypass", user, "--for", "15m", "--reason", "phone at home", "--json", runtime=daemon.runtime)
    assert issued.returncode == 0, issued
    code = json.loads(issued.stdout)["code"]
    world.enroll(user, runtime=daemon.runtime)
    daemon.log.mark()
    client = Paramiko(server, user)
    assert client.interactive(code)
    client.close()
    assert daemon.log.since_mark(f'login granted reason=bypass .*user="{user}".*phone at home', count=1)
    again = Paramiko(server, user)
    assert not again.interactive(code)
    again.close()
