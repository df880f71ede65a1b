"""Once: of any number of parallel logins with one code one is granted, whatever kind of code it is, and whenever the daemon dies."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pam
import pyotp
import pytest
import world

CONFIGURATION = """
auth_providers:
  - type: pam
    modules:
      - any_of: [totp, recovery_code]
  - type: pam
    id: tokens
    modules:
      - type: hotp
policy:
  - match: {service: e2e-once-token}
    provider: "pam:tokens"
  - match: {}
    provider: pam
"""


@pytest.fixture(scope="module")
def place(daemon_of_session):
    daemon = world.Daemon("once").initialize(CONFIGURATION).start()
    world.write_stack("e2e-once-token", f"auth required pam_twostep.so socket={daemon.socket}")
    yield daemon
    daemon.stop()


@pytest.fixture
def user(place):
    return world.new_user()


def totp(place, user):
    phone = world.enroll(user, runtime=place.runtime)
    return place.service, [phone.next(), phone.at(phone.step + 1)]


def hotp(place, user):
    made = world.twostep("enroll", user, "hotp", "--no-confirm", "--json", runtime=place.runtime)
    assert made.returncode == 0, made.stderr
    token = pyotp.HOTP(json.loads(made.stdout)["secret"])
    return "e2e-once-token", [token.at(0), token.at(1)]


def recovery_code(place, user):
    made = world.twostep("enroll", user, "recovery_code", "--json", runtime=place.runtime)
    assert made.returncode == 0, made.stderr
    return place.service, json.loads(made.stdout)["recovery_codes"][:2]


KINDS = pytest.mark.parametrize("kind", [totp, hotp, recovery_code])


def at_once(service, user, code, count):
    """So many logins with one code, at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: pam.log_in(service, user, code), range(count)))


@KINDS
def test_of_200_logins_with_one_code_exactly_one_is_granted(place, user, kind):
    service, (code, following) = kind(place, user)
    logins = at_once(service, user, code, 200)
    assert sum(login.granted for login in logins) == 1
    assert {login.code for login in logins} <= {pam.SUCCESS, pam.AUTH_ERR}
    assert pam.log_in(service, user, following).granted, "nobody is locked out by that"


@KINDS
def test_a_code_is_spent_in_every_service_and_after_a_restart(place, user, kind):
    service, (code, following) = kind(place, user)
    assert pam.log_in(service, user, code).granted
    assert pam.log_in(service, user, code).code == pam.AUTH_ERR
    place.restart()
    assert pam.log_in(service, user, code).code == pam.AUTH_ERR
    assert pam.log_in(service, user, following).granted


@KINDS
@pytest.mark.parametrize("seed", range(4))
def test_with_a_daemon_that_is_killed_at_any_moment_one_code_is_granted_once_at_most(place, user, kind, seed):
    """After a login that was granted the code is spent, whatever happened to the daemon since."""
    service, (code, following) = kind(place, user)
    moment = random.Random(seed).randrange(1, 24)
    asked = iter(range(1, 1000))

    def on_prompt(_):
        # The answer of one of them is on its way when it is killed, those of others are before or behind.
        if next(asked) == moment:
            place.kill()

    with ThreadPoolExecutor(24) as pool:
        logins = list(pool.map(lambda _: pam.log_in(service, user, code, on_prompt=on_prompt), range(24)))
    granted = sum(login.granted for login in logins)
    assert granted <= 1
    if not place.is_running:
        place.start()
    later = at_once(service, user, code, 24)
    assert granted + sum(login.granted for login in later) <= 1
    assert world.twostep("unlock", user, runtime=place.runtime).returncode == 0
    if granted:
        assert not any(login.granted for login in later)
    assert pam.log_in(service, user, following).granted


def test_a_recovery_code_is_good_while_the_codes_are_locked_and_unlocks_them(place, user):
    phone = world.enroll(user, runtime=place.runtime)
    _, (code, _) = recovery_code(place, user)
    for wrong in phone.wrong(6):
        pam.log_in(place.service, user, wrong)
    assert pam.log_in(place.service, user, phone.next()).code == pam.MAXTRIES
    login = pam.log_in(place.service, user, code.lower().replace("-", " "))
    assert login.granted and "9 recovery codes are left." in " ".join(login.messages)
    assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted


def test_renewing_voids_the_old_set(place, user):
    _, (old, _) = recovery_code(place, user)
    service, (new, _) = recovery_code(place, user)
    assert pam.log_in(service, user, old).code == pam.AUTH_ERR
    assert pam.log_in(service, user, new).granted


def test_recovery_codes_come_with_the_first_device_and_not_with_the_second(place, user):
    first = world.twostep("enroll", user, "totp", "--no-confirm", "--json", runtime=place.runtime)
    codes = json.loads(first.stdout)["recovery_codes"]
    assert len(codes) == 10
    second = world.twostep("enroll", user, "totp", "--name", "two", "--no-confirm", "--json", runtime=place.runtime)
    assert not json.loads(second.stdout).get("recovery_codes")
    assert pam.log_in(place.service, user, codes[0]).granted


def test_a_token_that_ran_ahead_is_found_again_by_two_codes_in_a_row(place, user):
    made = world.twostep("enroll", user, "hotp", "--no-confirm", "--json", runtime=place.runtime)
    token = pyotp.HOTP(json.loads(made.stdout)["secret"])
    assert pam.log_in("e2e-once-token", user, token.at(10)).granted, "ten ahead are looked at"
    assert not pam.log_in("e2e-once-token", user, token.at(40)).granted
    assert pam.log_in("e2e-once-token", user, f"{token.at(41)} {token.at(42)}").granted
    assert not pam.log_in("e2e-once-token", user, token.at(42)).granted
    assert pam.log_in("e2e-once-token", user, token.at(43)).granted
