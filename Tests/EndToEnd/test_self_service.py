"""Users and their own devices: twostep over self.sock by real users, and pam_chauthtok through libpam and passwd."""

import json
import os
import shutil
import stat

import pam
import pytest
import world
from terminal import expect, finish, spawn
from test_command_line import read_qr
from test_rollout import key_in
from world import Authenticator, twostep

DONE, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3

CONFIGURATION = """
auth_providers:
  - type: pam
    modules:
      - any_of:
          - type: totp
          - type: recovery_code
self_service: {SETTINGS}
"""
EXPIRED_ONLY = 0x20


@pytest.fixture(scope="module")
def place(daemon_of_session):
    daemon = world.Daemon("self").initialize(CONFIGURATION.replace("SETTINGS", "enroll: true, remove: true")).start()
    world.write_stack("e2e-device", f"password required pam_twostep.so socket={daemon.socket}")
    yield daemon
    daemon.stop()


@pytest.fixture
def owner(place):
    """A fresh user with a phone."""
    place.log.mark()
    user = world.new_user()
    return user, world.enroll(user, runtime=place.runtime)


def own(place, user, *arguments, lines=()):
    """The command line, by a user, with these lines on its standard input."""
    return world.as_user(
        user, "twostep", *arguments, "--runtime-directory", place.runtime,
        input="".join(f"{line}\n" for line in lines))


def names(place, user):
    listing = json.loads(twostep("list", user, "--json", runtime=place.runtime).stdout)
    return sorted(device["device"] for device in listing["devices"])


# --- twostep by a user --------------------------------------------------------------------------------------------


def test_a_user_sets_up_a_further_device_on_a_terminal_and_logs_in_with_it(place, owner):
    user, phone = owner
    child = spawn(shutil.which("twostep"), "enroll", "--runtime-directory", place.runtime, user=user, dimensions=(60, 120))
    expect(child, r"Verification code or recovery code: ")
    child.sendline(phone.next())
    expect(child, r"New device 'phone-2' \(totp\) of " + user)
    expect(child, r"The first code of phone-2: ")
    tablet = Authenticator(world.pyotp.parse_uri(read_qr(child.shown)).secret)
    child.sendline(tablet.next())
    code, shown = finish(child)
    assert code == DONE and f"Stored the device 'phone-2' (totp) of {user}." in shown
    assert names(place, user) == ["codes", "phone", "phone-2"]
    assert place.log.since_mark(f'claimed change proved service=twostep .*user="{user}"', count=1)
    assert place.log.since_mark(f'device added user="{user}" module=totp device="phone-2" by=owner', count=1)
    assert not place.log.since_mark("login granted")
    assert pam.log_in(place.service, user, tablet.next()).granted


def test_a_user_lists_and_removes_what_is_their_own(place, owner):
    user, phone = owner
    world.enroll(user, "--name", "tablet", runtime=place.runtime)
    world.enroll(world.new_user(), runtime=place.runtime)
    listing = json.loads(own(place, user, "list", "--json").stdout)
    assert {device["account"] for device in listing["devices"]} == {user}
    assert own(place, user, "list", user).returncode == DONE
    removed = own(place, user, "remove", "tablet", "--yes", lines=[phone.next()])
    assert removed.returncode == DONE, removed.stderr
    assert names(place, user) == ["codes", "phone"]
    last = own(place, user, "remove", "phone", "--yes", lines=[phone.next()])
    assert last.returncode == REFUSED and "twostep enroll" in last.stderr
    assert names(place, user) == ["codes", "phone"]


def test_a_user_renews_recovery_codes_with_one_of_them(place, owner):
    user, phone = owner
    renewed = own(place, user, "enroll", "recovery_code", "--json", lines=[phone.next()])
    assert renewed.returncode == DONE, renewed.stderr
    codes = json.loads(renewed.stdout)["recovery_codes"]
    again = own(place, user, "enroll", "recovery_code", "--json", lines=[codes[0]])
    assert again.returncode == DONE, again.stderr
    assert not pam.log_in(place.service, user, codes[1]).granted


def test_verify_uses_the_code_up(place, owner):
    user, phone = owner
    code = phone.next()
    tried = own(place, user, "verify", lines=[code])
    assert tried.returncode == DONE and tried.stdout == "Right: it was accepted (totp), and is used up now.\n"
    assert not pam.log_in(place.service, user, code).granted


def test_a_wrong_answer_proves_nothing_and_is_charged(place, owner):
    user, phone = owner
    wrong = phone.wrong(3)
    refused = own(place, user, "enroll", lines=wrong)
    assert refused.returncode == REFUSED and "Nothing" not in refused.stdout
    assert names(place, user) == ["codes", "phone"]
    assert world.failures_of(user, place.runtime) == 3
    # Neither does one that a login has taken.
    code = phone.next()
    assert pam.log_in(place.service, user, code).granted
    assert own(place, user, "enroll", lines=[code, code, code]).returncode == REFUSED
    assert names(place, user) == ["codes", "phone"]


def test_nobody_sees_or_changes_what_is_another_users(place, owner):
    user, _ = owner
    other = world.new_user()
    world.enroll(other, runtime=place.runtime)
    for arguments in (["list", user], ["enroll", user, "totp"], ["remove", user, "phone", "--yes"], ["verify", user]):
        refused = own(place, other, *arguments)
        assert refused.returncode == UNREACHABLE and "sudo" in refused.stderr, refused
    assert names(place, user) == ["codes", "phone"]
    # And nobody proves with a code of somebody else.
    _, phone = owner
    assert own(place, other, "enroll", lines=[phone.next()] * 3).returncode == REFUSED


def test_root_is_sent_to_the_other_socket(place):
    for arguments in (["enroll"], ["enroll", "totp"], ["verify"]):
        refused = twostep(*arguments, runtime=place.runtime)
        assert refused.returncode == USAGE, refused


def test_a_first_device_needs_a_ticket_and_a_ticket_is_good_once(place):
    user = world.new_user()
    refused = own(place, user, "enroll")
    assert refused.returncode == REFUSED and f"twostep ticket {user}" in refused.stderr
    issued = twostep("ticket", user, "--json", runtime=place.runtime)
    ticket = json.loads(issued.stdout)["code"]
    child = spawn(shutil.which("twostep"), "enroll", "--runtime-directory", place.runtime, user=user, dimensions=(60, 120))
    expect(child, r"Enrolment ticket: ")
    child.sendline(ticket)
    expect(child, r"The first code of phone: ")
    phone = Authenticator(world.pyotp.parse_uri(read_qr(child.shown)).secret)
    child.sendline(phone.next())
    code, shown = finish(child)
    assert code == DONE and "Recovery codes of" in shown
    assert own(place, user, "enroll", lines=[ticket] * 3).returncode == REFUSED
    assert pam.log_in(place.service, user, phone.next()).granted


def test_a_pin_alone_sets_up_no_phone_where_a_login_owes_both(daemon_of_session):
    chain = "auth_providers:\n  - type: pam\n    modules:\n      - any_of: [totp, recovery_code]\n      - pin\n"
    place = world.Daemon("half").initialize(chain + "self_service: {enroll: true}\n").start()
    try:
        user = world.new_user()
        world.enroll(user, runtime=place.runtime)
        made = twostep("enroll", user, "pin", runtime=place.runtime, input="739158\n739158\n")
        assert made.returncode == DONE, made.stderr
        # The phone was stolen, with the paper.
        for device in ("codes", "phone"):
            assert twostep("remove", user, device, "--yes", "--force", runtime=place.runtime).returncode == DONE
        refused = own(place, user, "enroll", "totp", "--json", lines=["739158"])
        assert refused.returncode == REFUSED and f"twostep ticket {user}" in refused.stdout + refused.stderr
        assert names(place, user) == ["pin"]
        ticket = json.loads(twostep("ticket", user, "--json", runtime=place.runtime).stdout)["code"]
        alone = own(place, user, "enroll", "totp", "--json", lines=[ticket])
        assert alone.returncode != DONE and names(place, user) == ["pin", "ticket"]
        child = spawn(
            shutil.which("twostep"), "enroll", "totp", "--runtime-directory", place.runtime, user=user, dimensions=(60, 120))
        expect(child, r"PIN: ")
        child.sendline("739158")
        expect(child, r"Enrolment ticket: ")
        child.sendline(ticket)
        expect(child, r"The first code of phone: ")
        phone = Authenticator(world.pyotp.parse_uri(read_qr(child.shown)).secret)
        child.sendline(phone.next())
        code, shown = finish(child)
        assert code == DONE, shown
        assert pam.log_in(place.service, user, phone.next(), "739158").granted
    finally:
        place.stop()


def test_what_the_configuration_does_not_offer_is_not_there(daemon, enrolled, elsewhere):
    user, phone = enrolled
    for arguments in (["list"], ["enroll"], ["remove", "phone", "--yes"], ["verify"]):
        refused = own(daemon, user, *arguments, lines=[phone.wrong()])
        assert refused.returncode == REFUSED and f"twostep enroll {user}" in refused.stderr, refused
    assert world.failures_of(user) == 0
    place = elsewhere(CONFIGURATION.replace("SETTINGS", "enroll: true"))
    key = world.enroll(user, runtime=place.runtime)
    world.enroll(user, "--name", "tablet", runtime=place.runtime)
    assert own(place, user, "remove", "tablet", "--yes", lines=[key.next()]).returncode == REFUSED
    assert "tablet" in names(place, user)


def test_the_socket_is_anybodys_and_its_folder_roots_alone(daemon):
    socket = os.stat("/run/twostep/self.sock")
    assert stat.S_ISSOCK(socket.st_mode) and stat.S_IMODE(socket.st_mode) == 0o666


# --- pam_chauthtok -----------------------------------------------------------------------------------------------


def test_chauthtok_sets_up_a_further_device_after_an_answer_of_the_first(place, owner):
    user, phone = owner
    tablets = []

    def first_code(text):
        tablets.append(Authenticator(key_in(text)))
        return tablets[0].next()

    changed = pam.change("e2e-device", user, "yes", phone.next, (first_code,))
    assert changed.code == pam.SUCCESS, changed
    assert names(place, user) == ["codes", "phone", "phone-2"]
    assert not changed.environment
    assert pam.log_in(place.service, user, tablets[0].next()).granted


def test_chauthtok_changes_nothing_without_a_word(place, owner):
    user, phone = owner
    left = pam.change("e2e-device", user, "")
    assert left.code == pam.SUCCESS and len(left.prompts) == 1
    wrong = pam.change("e2e-device", user, "yes", *phone.wrong(3))
    assert wrong.code == pam.AUTHTOK_ERR
    gone = pam.change("e2e-device", user, "yes", None)
    assert gone.code == pam.CONV_ERR
    expired = pam.change("e2e-device", user, flags=EXPIRED_ONLY)
    assert expired.code == pam.SUCCESS and not expired.prompts
    assert names(place, user) == ["codes", "phone"]


def test_chauthtok_is_for_applications_of_roots_alone(place, owner):
    user, phone = owner
    code = phone.next()
    tried = world.in_process_of(user, lambda: pam.change("e2e-device", user, "yes", code).code)
    assert tried == pam.AUTHTOK_ERR
    assert names(place, user) == ["codes", "phone"]


def test_pamtester_runs_both_stages(place, owner):
    user, _ = owner
    done = world.run("pamtester", "e2e-device", user, "chauthtok", input="\n")
    assert done.returncode == 0, done
    assert place.log.since_mark("change declined service=e2e-device", count=1)


@pytest.mark.parametrize("control", ["optional", "[default=ignore]"])
def test_passwd_changes_the_password_of_who_wants_no_device_and_of_who_has_none(place, owner, control):
    user, _ = owner
    stranger = world.new_user()
    with world.stack_replaced(
            "passwd", "password requisite pam_unix.so sha512",
            f"password {control} pam_twostep.so socket={place.socket}"):
        for name, is_asked in ((user, True), (stranger, False)):
            child = spawn("passwd", user=name)
            expect(child, r"[Cc]urrent password: ")
            child.sendline(name.password)
            expect(child, r"New password: ")
            child.sendline("Another-0ne!")
            expect(child, r"Retype new password: ")
            child.sendline("Another-0ne!")
            if is_asked:
                expect(child, r"Set up a further device for logins\?.*: ")
                child.sendline("")
            code, shown = finish(child)
            assert code == 0 and "successfully" in shown, shown


def test_passwd_reports_the_password_alone_where_the_line_says_so(place, owner):
    user, phone = owner
    with world.stack_replaced(
            "passwd", "password requisite pam_unix.so sha512",
            f"password [default=ignore] pam_twostep.so socket={place.socket}"):
        child = spawn("passwd", user=user)
        for line in (user.password, "Another-0ne!", "Another-0ne!"):
            expect(child, r"password: ")
            child.sendline(line)
        expect(child, r"leave it: ")
        child.sendline("yes")
        for code in phone.wrong(3):
            expect(child, r"recovery code: ")
            child.sendline(code)
        code, shown = finish(child)
        assert code == 0 and "successfully" in shown, shown
    assert names(place, user) == ["codes", "phone"]
