"""What the configuration asks for: exempt logins, waived first factors, the provider linux."""

import pam
import pytest
import world

POLICY = """
auth_providers:
  - type: pam
    modules:
      - type: totp
  - type: linux
    modules:
      - type: totp
policy:
  - match: {service: e2e-exempt}
    provider: pam
    exempt: true
  - match: {service: e2e-exempt-success}
    provider: pam
    exempt: true
  - match: {service: e2e-open}
    provider: pam
    first_factor: none
  - match: {service: e2e-linux}
    provider: linux
  - match: {service: e2e-three}
    provider: pam
    tries: 3
  - match: {}
    provider: pam
"""


@pytest.fixture(scope="module")
def place(daemon_of_session):
    daemon = world.Daemon("policy").initialize(POLICY)
    run = world.run("usermod", "--append", "--groups", "shadow", "twostep")
    assert run.returncode == 0, run.stderr
    daemon.start()
    for service in ("e2e-exempt", "e2e-open", "e2e-linux", "e2e-three"):
        world.write_stack(service, f"auth required pam_twostep.so socket={daemon.socket}")
    world.write_stack("e2e-exempt-success", f"auth required pam_twostep.so exempt=success socket={daemon.socket}")
    world.write_stack(
        "e2e-stacked", "auth requisite pam_unix.so nodelay", f"auth required pam_twostep.so socket={daemon.socket}")
    world.write_stack("e2e-ask", f"auth required pam_twostep.so provider=linux socket={daemon.socket}")
    yield daemon
    daemon.stop()
    world.run("gpasswd", "--delete", "twostep", "shadow")


@pytest.fixture
def user(place):
    return world.new_user()


@pytest.fixture
def enrolled(user, place):
    place.log.mark()
    return user, world.enroll(user, runtime=place.runtime)


def test_an_exempt_login_is_passed_over(place, user):
    place.log.mark()
    login = pam.log_in("e2e-exempt", user)
    # The only line of a stack, passed over, is no success: libpam refuses.
    assert not login.granted and login.prompts == []
    assert place.log.since_mark("login exempt .*service=e2e-exempt ", count=1)
    world.write_stack(
        "e2e-exempt", f"auth required pam_twostep.so socket={place.socket}", "auth required pam_permit.so")
    assert pam.log_in("e2e-exempt", user).granted


def test_an_exempt_login_succeeds_where_the_pam_line_says_so(place, user):
    login = pam.log_in("e2e-exempt-success", user)
    assert (login.code, login.prompts) == (pam.SUCCESS, [])


@pytest.mark.parametrize("service", ["e2e-exempt", "e2e-exempt-success"])
def test_an_exempt_login_still_needs_its_first_factor(place, user, service):
    assert pam.log_in(service, user, environment={}).code == pam.AUTH_ERR


def test_a_waived_first_factor_is_logged_at_each_use(place, enrolled):
    user, phone = enrolled
    for _ in range(2):
        assert pam.log_in("e2e-open", user, phone.next(), environment={}).granted
    assert len(place.log.since_mark(f'first_factor_waived .*user="{user}"', count=2)) == 2


def test_a_waived_first_factor_waives_no_code(place, enrolled):
    user, phone = enrolled
    assert not pam.log_in("e2e-open", user, phone.wrong(), environment={}).granted


def test_a_password_below_us_is_evidence(place, enrolled):
    user, phone = enrolled
    login = pam.log_in("e2e-stacked", user, user.password, phone.next(), environment={})
    assert login.granted
    assert len(login.prompts) == 2
    assert not pam.log_in("e2e-stacked", user, "wrong", phone.next(), environment={}).granted


@pytest.mark.parametrize("service", ["e2e-linux", "e2e-ask"])
def test_linux_asks_for_the_password_then_for_the_code(place, enrolled, service):
    user, phone = enrolled
    login = pam.log_in(service, user, user.password, phone.next(), environment={})
    assert login.granted, login
    assert [prompt.strip() for prompt in login.prompts] == ["Password:", "Verification code:"]
    assert login.environment == {"TWOSTEP_PROVIDER": "linux", "TWOSTEP_MODULES": "totp"}


def test_linux_refuses_a_wrong_password_before_any_code(place, enrolled):
    user, phone = enrolled
    login = pam.log_in("e2e-linux", user, "wrong", phone.next(), environment={})
    assert not login.granted
    assert login.prompts == ["Password: "]
    assert place.log.since_mark(f'login denied .*=invalid_auth .*user="{user}"', count=1)


def test_linux_refuses_a_wrong_code_after_the_right_password(place, enrolled):
    user, phone = enrolled
    assert not pam.log_in("e2e-linux", user, user.password, phone.wrong(), environment={}).granted


@pytest.mark.parametrize("how", ["--lock", "--delete"])
def test_linux_refuses_a_locked_and_an_empty_password(place, enrolled, how):
    user, phone = enrolled
    assert world.run("passwd", how, user).returncode == 0
    for password in (user.password, ""):
        assert not pam.log_in("e2e-linux", user, password, phone.next(), environment={}).granted


def test_linux_is_unavailable_where_shadow_cannot_be_read(daemon, elsewhere):
    place = elsewhere(POLICY, start=False)
    world.run("gpasswd", "--delete", "twostep", "shadow")
    try:
        place.start()
        user = world.new_user()
        world.write_stack("e2e-blind", f"auth required pam_twostep.so provider=linux socket={place.socket}")
        login = pam.log_in("e2e-blind", user, user.password, "123456", environment={})
        assert login.code == pam.AUTHINFO_UNAVAIL, login
    finally:
        world.run("usermod", "--append", "--groups", "shadow", "twostep")


def test_a_rule_gives_as_many_tries_as_it_says(place, enrolled):
    user, phone = enrolled
    login = pam.log_in("e2e-three", user, *phone.wrong(2), phone.next())
    assert login.granted and len(login.prompts) == 3
