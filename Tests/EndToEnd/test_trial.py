"""twostep trial: a whole PAM conversation against a stack, without a login."""

import json
from pathlib import Path

import pytest
import world
from terminal import CODE, PASSWORD, expect, finish, spawn


BOTH = "AuthenticationMethods publickey,keyboard-interactive:pam"


def trial(*arguments, answers=()):
    """A trial whose questions are answered by lines of a pipe."""
    return world.run("twostep", "trial", *arguments, input="".join(f"{line}\n" for line in answers))


def test_a_trial_of_sshd_takes_a_key_and_a_code_and_spends_it(daemon, enrolled, settings):
    user, phone = enrolled
    settings()
    code = phone.next()
    done = trial("sshd", user, "--ssh-key", "--json", answers=[code])
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["let_in"] is True
    assert [message["text"] for message in document["messages"]] == ["Verification code: "]
    assert (document["provider"], document["modules"]) == ("pam", "totp")
    assert document["account"]["name"] == "PAM_SUCCESS"
    # To the daemon it was a login like any other.
    assert daemon.log.since_mark(f'login granted service=sshd rhost=127.0.0.1 user="{user}"', count=1)
    again = trial("sshd", user, "--ssh-key", answers=[code, code, code])
    assert again.returncode == 1
    assert f"sshd would not let {user} in." in again.stdout


@pytest.fixture
def settings():
    """Writes sshd_config, for a while: what `sshd -T` then says."""
    path = Path("/etc/ssh/sshd_config")
    before = path.read_bytes()
    yield lambda *lines: path.write_text("\n".join(["UsePAM yes", "KbdInteractiveAuthentication yes", BOTH, *lines, ""]))
    path.write_bytes(before)


def test_a_trial_of_sshd_says_that_nothing_in_its_settings_stands_against_the_login(enrolled, settings):
    user, phone = enrolled
    settings("AllowUsers somebody", f"AllowUsers {user}@127.0.0.*")
    done = trial("sshd", user, "--ssh-key", answers=[phone.next()])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"PAM would accept {user} for sshd, and nothing in sshd's settings stands against it." in done.stdout


@pytest.mark.parametrize("lines, reason", [
    (["DenyUsers somebody {user}"], "DenyUsers {user}"),
    (["AllowUsers somebody", "AllowUsers {user}@192.0.2.*"], "AllowUsers somebody {user}@192.0.2.*: {user} is not among them"),
    (["DenyGroups {user}"], "DenyGroups {user}"),
    (["AllowGroups wheel"], "AllowGroups wheel: {user} is in none of them"),
    (["Match User {user}", "  AuthenticationMethods keyboard-interactive:pam"],
     "AuthenticationMethods keyboard-interactive:pam: no key comes before the questions"),
    (["Match User {user}", "  PubkeyAuthentication no"], "PubkeyAuthentication no: no key is taken"),
])
def test_a_trial_of_sshd_says_what_its_settings_refuse(enrolled, settings, lines, reason):
    user, phone = enrolled
    settings(*[line.format(user=user) for line in lines])
    done = trial("sshd", user, "--ssh-key", "--json", answers=[phone.next()])
    document = json.loads(done.stdout)
    assert document["authentication"]["name"] == "PAM_SUCCESS"
    assert document["sshd"]["refusals"] == [reason.format(user=user)]
    assert (done.returncode, document["let_in"]) == (1, False)


def test_what_sshd_refuses_is_said_before_anybody_is_asked(enrolled, settings):
    user, _ = enrolled
    settings(f"DenyUsers {user}")
    client = spawn("twostep", "trial", "sshd", user, "--ssh-key")
    expect(client, f"sshd itself would not let {user} in")
    expect(client, CODE)
    client.sendintr()
    assert finish(client)[0] == 1


def test_a_trial_of_sshd_without_a_key_says_that_sshd_wants_one(enrolled, settings):
    user, _ = enrolled
    settings()
    done = trial("sshd", user)
    assert done.returncode == 1
    assert "without a key nobody is asked; suppose one with --ssh-key" in done.stdout
    assert f"sshd would not let {user} in, whatever PAM says." in done.stdout


def test_a_trial_of_sshd_says_why_its_settings_could_not_be_looked_at(enrolled, settings):
    user, phone = enrolled
    settings("NoSuchKeyword yes")
    done = trial("sshd", user, "--ssh-key", answers=[phone.next()])
    assert done.returncode == 0, done.stdout
    assert "Not looked at: " in done.stdout and "since sshd -T has failed" in done.stdout


def test_no_service_but_sshd_is_tried_with_a_key(enrolled):
    user, _ = enrolled
    done = trial("sudo", user, "--ssh-key")
    assert done.returncode == 2 and "--ssh-key is for sshd" in done.stderr


def test_a_trial_of_sshd_without_a_key_is_asked_nothing(daemon, enrolled):
    user, _ = enrolled
    done = trial("sshd", user, "--rhost", "192.0.2.7")
    assert done.returncode == 1
    assert "Asked: 0 questions" in done.stdout and CODE not in done.stderr
    assert daemon.log.since_mark(f'login denied reason=no_evidence .*rhost=192.0.2.7 user="{user}"', count=1)


def test_a_trial_on_a_terminal_hides_what_is_typed(enrolled):
    user, phone = enrolled
    client = spawn("twostep", "trial", "sudo", user)
    expect(client, PASSWORD)
    client.waitnoecho()
    client.sendline(user.password)
    expect(client, CODE)
    client.sendline(phone.next())
    status, shown = finish(client)
    assert status == 0, shown
    assert user.password not in shown
    assert f"sudo would let {user} in. Nobody was logged in." in shown
    assert "Twostep: totp behind pam" in shown


def test_leaving_a_trial_leaves_nothing_behind(daemon, enrolled, tmp_path):
    user, _ = enrolled
    draft = tmp_path / "draft"
    draft.write_text("auth required pam_twostep.so\naccount required pam_permit.so\n")
    client = spawn("twostep", "trial", "sshd", user, "--ssh-key", "--stack", draft)
    expect(client, CODE)
    client.sendintr()
    assert finish(client)[0] == 1
    assert list(Path("/run").glob("twostep-trial.*")) == []
    world.no_session_is_left()


def test_a_draft_is_tried_in_the_place_of_the_stack_and_installs_nothing(enrolled, tmp_path):
    user, phone = enrolled
    installed = Path("/etc/pam.d/sudo").read_bytes()
    draft = tmp_path / "draft"
    # What it includes is what the machine has.
    draft.write_text("@include common-auth\nauth required pam_twostep.so\n@include common-account\n")
    done = trial("brand-new", user, "--stack", draft, answers=[user.password, phone.next()])
    assert done.returncode == 0, done.stdout + done.stderr
    draft.write_text("auth required pam_deny.so\n")
    assert trial("sudo", user, "--stack", draft).returncode == 1
    assert Path("/etc/pam.d/sudo").read_bytes() == installed
    assert not Path("/etc/pam.d/brand-new").exists()
    assert list(Path("/run").glob("twostep-trial.*")) == []


def test_a_stack_that_lets_in_without_a_code_is_told_so(enrolled):
    user, _ = enrolled
    loose = Path("/etc/pam.d/loose")
    world.write_stack(loose.name, "auth required pam_permit.so")
    try:
        done = trial("loose", user)
    finally:
        loose.unlink()
    assert done.returncode == 0
    assert "Twostep: had no part in it." in done.stdout


def test_a_trial_of_su_is_not_let_through_as_root(enrolled):
    user, phone = enrolled
    done = trial("su", user, answers=[user.password, phone.next()])
    assert done.returncode == 0, done.stderr
    assert "Asked: 2 questions" in done.stdout
    assert "Twostep: totp behind pam" in done.stdout


def test_input_that_ends_is_an_abandoned_login(daemon, enrolled):
    user, _ = enrolled
    done = trial("sshd", user, "--ssh-key")
    assert done.returncode == 1
    assert "There was no answer." in done.stderr
    assert daemon.log.since_mark("login abandoned", count=1)


@pytest.mark.parametrize("service", ["../passwd", "a/b", ".hidden", ""])
def test_what_is_no_service_is_wrong_usage(service):
    assert trial(service, "alice").returncode == 2


def test_only_root_may_try_others(enrolled):
    user, _ = enrolled
    done = world.as_user(user, "twostep", "trial", "sshd", "alice")
    assert done.returncode == 1 and "Only root" in done.stderr


def test_nobody_is_let_in_where_the_daemon_is_gone(daemon, enrolled):
    user, _ = enrolled
    daemon.stop()
    done = trial("sshd", user, "--ssh-key")
    assert done.returncode == 1
    assert "PAM_AUTHINFO_UNAVAIL" in done.stdout
