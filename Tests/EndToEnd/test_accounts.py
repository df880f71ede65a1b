"""An enrolment belongs to the account it was made for; a remote host that guesses passwords is held up."""

import shutil

import pam
import pytest
import world
from terminal import CODE, Paramiko, Sshd, expect, finish, spawn


def test_an_account_made_anew_under_an_old_name_does_not_inherit_the_device(daemon, enrolled):
    user, phone = enrolled
    assert world.run("userdel", "--remove", user).returncode == 0
    assert pam.log_in("e2e", user, phone.next()).code in (pam.AUTH_ERR, pam.MAXTRIES)
    assert world.run("useradd", "--uid", "54321", user).returncode == 0
    login = pam.log_in("e2e", user, phone.next())
    assert login.code == pam.AUTHINFO_UNAVAIL, "another uid: it cannot be told whose the device is"
    assert daemon.log.since_mark(f'reason=account_changed .*user="{user}"', count=1)


@pytest.mark.parametrize("change", ["remove", "passwd"])
def test_a_login_ends_with_the_user_or_the_password_that_has_proved_it(elsewhere, change):
    place = elsewhere(
        "auth_providers:\n  - type: homeassistant\n    create_credentials: true\n    modules: [totp]\n")
    user = world.new_user()

    def manage(verb, *options):
        done = world.twostep("user", verb, user, *options, input="a pass word\n", runtime=place.runtime)
        assert done.returncode == 0, done

    manage("add", "--password-stdin")
    phone = world.enroll(user, runtime=place.runtime)
    client = spawn("pamtester", "-v", place.service, user, "authenticate")
    expect(client, "assword: $")
    client.sendline("a pass word")
    expect(client, CODE)
    manage(change, "--yes" if change == "remove" else "--password-stdin")
    client.sendline(phone.next())
    status, shown = finish(client)
    assert status != 0, shown
    assert "[]" in world.twostep("credentials", "list", "--json", runtime=place.runtime).stdout


def test_thirty_wrong_passwords_hold_up_their_host_and_nobody_with_a_key(daemon, may_read_shadow, elsewhere):
    place = elsewhere("""
auth_providers:
  - type: pam
    modules: [totp]
  - type: linux
    modules: [totp]
policy:
  - match: {service: e2e-password}
    provider: linux
  - match: {}
    provider: pam
""")
    world.write_stack("e2e-password", f"auth required pam_twostep.so socket={place.socket}")
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    for _ in range(30):
        assert not pam.log_in("e2e-password", user, "wrong", environment={}, rhost="198.51.100.7").granted
    place.log.mark()
    assert not pam.log_in(
        "e2e-password", user, user.password, phone.at(phone.step), environment={}, rhost="198.51.100.7").granted
    assert place.log.since_mark("reason=host_refused .*rhost=198.51.100.7", count=1)
    # Somebody else's address, and somebody with a key at the same address, get in.
    assert pam.log_in(
        "e2e-password", user, user.password, phone.next(), environment={}, rhost="198.51.100.8").granted
    assert pam.log_in(place.service, user, phone.next(), rhost="198.51.100.7").granted
    assert world.failures_of(user, place.runtime) == 0


def test_sshds_password_method_cannot_answer_for_a_code(daemon, enrolled):
    """It answers every question with the password; that never leaves sshd, and is no guess."""
    user, _ = enrolled
    server = Sshd("PasswordAuthentication yes", "AuthenticationMethods password")
    try:
        with world.stack_replaced("sshd", "auth requisite pam_unix.so nodelay", "auth required pam_twostep.so"):
            client = Paramiko(server, user, key=False)
            with pytest.raises(Exception):
                client.transport.auth_password(str(user), user.password)
            client.close()
        line, = daemon.log.since_mark(f'login denied .*user="{user}"', count=1)
        assert "=unusable" in line, line
        assert world.failures_of(user) == 0
    finally:
        server.stop()


def test_sshds_own_time_limit_ends_the_session(daemon, enrolled):
    user, _ = enrolled
    server = Sshd("LoginGraceTime 2")
    try:
        client = server.client(user, "true")
        expect(client, CODE)
        assert daemon.status()["open_sessions"] == 1
        # The client reads its terminal and does not notice; the daemon does.
        world.no_session_is_left()
        client.sendline("123456")
        assert finish(client)[0] == 255
    finally:
        server.stop()


def test_a_machine_that_sshd_exempts_logs_in_with_its_key_alone(daemon, enrolled):
    robot = world.new_user("robot")
    server = Sshd(f"Match User {robot}", "AuthenticationMethods publickey", "Match all")
    try:
        assert server.log_in(robot, options=["-o", "BatchMode=yes"])[0] == 0
        # And nobody else.
        assert server.log_in(enrolled[0], options=["-o", "BatchMode=yes"])[0] == 255
    finally:
        server.stop()


def test_files_are_copied_with_a_code(sshd, enrolled):
    """scp and sftp go through the same door."""
    user, phone = enrolled
    client = Paramiko(sshd, user)
    assert client.interactive(phone.next())
    channel = client.transport.open_sftp_client()
    channel.put("/etc/hostname", "copied")
    assert channel.stat("copied").st_size > 0
    client.close()


def test_what_ships_for_tmpfiles_is_what_the_module_trusts(daemon, enrolled):
    user, phone = enrolled
    shutil.rmtree("/run/twostep")
    daemon.kill()
    made = world.run("systemd-tmpfiles", "--create", "/mnt/twostep/usr/lib/tmpfiles.d/twostep.conf")
    assert made.returncode == 0, made.stderr
    daemon.start()
    assert pam.log_in("e2e", user, phone.next()).granted
