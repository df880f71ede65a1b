"""What was typed and what was made is nowhere once it is done with."""

import base64
import re
from pathlib import Path

import pam
import pytest
import wire
import world
from test_rollout import ROLLOUT, key_in

CANARIES = ["CANARY-of-24-bytes-alpha", "CANARY-" + "of-very-many-bytes-" * 24]


def memory_of(pid):
    """All that a process has written in its memory."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            start, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if "rw" not in rights:
                continue
            start, end = int(start, 16), int(end, 16)
            for offset in range(start, end, 1 << 22):
                try:
                    memory.seek(offset)
                    # What lies across two parts is found in the next one, which begins a little earlier.
                    yield memory.read(min((1 << 22) + 1024, end - offset))
                except OSError:
                    continue


def is_in_memory(pid, *needles):
    return [needle for part in memory_of(pid) for needle in needles if needle in part]


@pytest.mark.parametrize("canary", CANARIES, ids=["short", "long"])
def test_an_answer_is_nowhere_in_the_daemons_memory_afterwards(daemon, enrolled, canary):
    user, _ = enrolled
    for _ in range(20):
        assert not pam.log_in("e2e", user, canary, canary + "x").granted
    world.no_session_is_left()
    # Its end as well: what comes next into the same buffer is shorter, and covers the beginning alone.
    assert not is_in_memory(daemon.process.pid, canary[:24].encode(), canary[-24:].encode())


def test_a_seed_is_nowhere_in_the_daemons_memory_after_enrolling_and_logging_in(daemon):
    user, phone = world.enrolled_user()
    assert pam.log_in("e2e", user, phone.next()).granted
    twostep = world.twostep("verify", user, input=phone.next())
    assert twostep.returncode == 0
    world.no_session_is_left()
    seed = base64.b32decode(phone.secret + "=" * (-len(phone.secret) % 8))
    assert not is_in_memory(daemon.process.pid, seed, phone.secret.encode())


def test_a_password_is_nowhere_in_the_daemons_memory_afterwards(daemon, may_read_shadow, elsewhere):
    place = elsewhere("auth_providers: [{type: linux, modules: [totp]}]\n")
    user = world.new_user("secretive")
    phone = world.enroll(user, runtime=place.runtime)
    assert pam.log_in(place.service, user, user.password, phone.next(), environment={}).granted
    assert not pam.log_in(place.service, user, "wrong-CANARY-password", "1", environment={}).granted
    world.no_session_is_left(place.runtime)
    assert not is_in_memory(place.process.pid, user.password.encode(), b"wrong-CANARY-password")


def test_password_and_code_in_one_answer_are_nowhere_in_the_daemons_memory_afterwards(
        daemon, may_read_shadow, elsewhere):
    place = elsewhere(
        "auth_providers: [{type: linux, modules: [totp]}]\npolicy: [{match: {}, conversation: single, tries: 3}]\n")
    user = world.new_user("secretive")
    phone = world.enroll(user, runtime=place.runtime)
    code = phone.next()
    answers = ["wrong-CANARY-password" + code, user.password + phone.wrong(), "CANARY-without-a-code"]
    assert not pam.log_in(place.service, user, *answers, environment={}).granted
    assert pam.log_in(place.service, user, user.password + code, environment={}).granted
    world.no_session_is_left(place.runtime)
    assert not is_in_memory(
        place.process.pid, user.password.encode(), b"wrong-CANARY-password", b"CANARY-without-a-code",
        f"word{code}".encode())


def test_what_a_set_up_within_a_login_shows_is_nowhere_in_the_daemons_memory_afterwards(elsewhere):
    place = elsewhere(ROLLOUT)
    for _ in range(5):
        phones, shown = [], []

        def first_code(text):
            shown.append(re.search(r"(?:into it|authenticator app): ([A-Z2-7 ]{30,})\n", text)[1])
            phones.append(world.Authenticator(key_in(text)))
            return phones[0].next()

        def seen(text):
            shown.extend(re.findall(r"^  ([A-Z2-7-]{24,})$", text, re.MULTILINE))
            return ""

        assert wire.ask(
            world.new_user(), first_code, seen, path=place.socket, service="sshd", evidence=["publickey ssh-ed25519"]
        ) == wire.GRANTED
        world.no_session_is_left(place.runtime)
        assert len(shown) == 11
        seed = base64.b32decode(phones[0].secret + "=" * (-len(phones[0].secret) % 8))
        assert not is_in_memory(place.process.pid, seed, phones[0].secret.encode(), *(text.encode() for text in shown))
