"""twostep enable and disable: on Debian's own stacks, with real sudo, su, login and sshd."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import terminal
import world
from terminal import PASSWORD, answer, expect, finish, interrupt, plain, spawn

CODE = r"Verification code or recovery code: "
TWOSTEP = "/mnt/twostep/usr/bin/twostep"
LEDGER = Path("/var/lib/twostep-undo")
DROPIN = Path("/etc/ssh/sshd_config.d/twostep.conf")
SYSTEMCTL_LOG = Path("/run/systemctl.log")

# As Debian 12 has them.
STACKS = {
    "sudo": """\
#%PAM-1.0

# Set up user limits from /etc/security/limits.conf.
session    required   pam_limits.so

@include common-auth
@include common-account
@include common-session-noninteractive
""",
    "su": """\
auth       sufficient pam_rootok.so
session       required   pam_env.so readenv=1
session    required   pam_limits.so
@include common-auth
@include common-account
@include common-session
""",
    "su-l": """\
#%PAM-1.0
auth\t\tinclude\t\tsu
account\t\tinclude\t\tsu
password\tinclude\t\tsu
session\t\toptional\tpam_keyinit.so force revoke
session\t\tinclude\t\tsu
""",
    "login": """\
auth       optional   pam_faildelay.so  delay=3000000
auth       requisite  pam_nologin.so
session    required     pam_loginuid.so
@include common-auth
auth       optional   pam_group.so
session    required   pam_limits.so
@include common-account
@include common-session
@include common-password
""",
    "sshd": """\
# PAM configuration for the Secure Shell service

# Standard Un*x authentication.
@include common-auth

account    required     pam_nologin.so
@include common-account
@include common-session
@include common-password
""",
    "common-auth": """\
auth\t[success=1 default=ignore]\tpam_unix.so nullok
auth\trequisite\t\t\tpam_deny.so
auth\trequired\t\t\tpam_permit.so
""",
}
STACKS["sudo-i"] = STACKS["sudo"].replace("-noninteractive", "")
# What "twostep init" writes.
CONFIGURATION = Path("/mnt/twostep/etc/twostep/config.yaml").read_text(encoding="utf-8")


@pytest.fixture
def machine(daemon, monkeypatch):
    """Debian's stacks, the shipped configuration, somebody who may use sudo, and a systemd that takes note."""
    monkeypatch.setattr(terminal, "CODE", CODE)
    before = daemon.configuration.read_text()
    reconfigure(daemon, CONFIGURATION)
    shutil.copytree("/etc/pam.d", "/run/pam.d-before")
    shutil.copytree("/etc/ssh", "/run/ssh-before")
    for name, text in STACKS.items():
        Path("/etc/pam.d", name).write_text(text)
    Path("/etc/sudoers.d/everybody").write_text("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    os.chmod("/etc/sudoers.d/everybody", 0o440)
    SYSTEMCTL_LOG.write_text("")
    stand_in = Path("/run/systemctl")
    stand_in.write_text(f'#!/bin/sh\necho "$*" >>{SYSTEMCTL_LOG}\n')
    stand_in.chmod(0o755)
    world.run("mount", "--bind", stand_in, "/usr/bin/systemctl")
    Path("/run/systemd/system").mkdir(parents=True)
    yield daemon
    world.run("umount", "/usr/bin/systemctl")
    shutil.rmtree("/run/systemd/system")
    os.unlink("/etc/sudoers.d/everybody")
    shutil.rmtree(LEDGER, ignore_errors=True)
    for folder in ("pam.d", "ssh"):
        # The folder itself stays: sshd and others may have it open.
        for file in Path("/etc", folder).iterdir():
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink()
        shutil.copytree(f"/run/{folder}-before", f"/etc/{folder}", dirs_exist_ok=True)
        shutil.rmtree(f"/run/{folder}-before")
    reconfigure(daemon, before)


def reconfigure(daemon, text):
    generation = daemon.status()["configuration"]["generation"]
    daemon.configure(text)
    daemon.reload()
    world.wait_until(lambda: daemon.status()["configuration"]["generation"] > generation, "the new configuration")


@pytest.fixture
def administrator(machine):
    return world.enrolled_user("admin")


def stacks():
    return {path.name: path.read_bytes() for path in Path("/etc/pam.d").iterdir()}


def enable(*arguments, environment=None, administrator=None):
    surroundings = {**os.environ, **(environment or {})}
    if administrator:
        surroundings["SUDO_USER"] = str(administrator)
    return world.run(TWOSTEP, "enable", *arguments, env=surroundings)


def disable(*arguments):
    return world.run(TWOSTEP, "disable", *arguments)


def systemctl():
    return SYSTEMCTL_LOG.read_text().splitlines()


# --- in and out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["sudo", "su", "login"])
def test_enabling_adds_lines_and_disabling_gives_back_every_byte(administrator, service):
    user, _ = administrator
    before = stacks()
    arguments = [service, "--yes"] + (["--console"] if service == "login" else [])
    done = enable(*arguments, administrator=user)
    assert done.returncode == 0, done.stderr
    assert "+ auth       required     pam_twostep.so" in done.stdout
    after = stacks()
    changed = {name for name in before if before[name] != after[name]}
    # su-l reads su.
    assert changed == {"sudo": {"sudo", "sudo-i"}, "su": {"su"}, "login": {"login"}}[service]
    assert set(after) == set(before)
    for name in changed:
        left = iter(after[name].splitlines())
        assert all(line in left for line in before[name].splitlines()), "a line is gone, or elsewhere"
    again = enable(*arguments, administrator=user)
    assert again.returncode == 1 and "asks for a code already" in again.stderr
    done = disable(service, "--yes")
    assert done.returncode == 0, done.stderr
    assert stacks() == before
    assert [path.name for path in LEDGER.iterdir()] == ["lock"]


def test_what_is_enabled_asks_for_a_code(administrator):
    user, phone = administrator
    assert enable("sudo", "--yes", administrator=user).returncode == 0
    for form in (["sudo", "-k", "id", "-un"], ["sudo", "-k", "-i", "id", "-un"]):
        status, shown = answer(spawn(*form, user=user), user.password, phone.next())
        assert status == 0, shown
    client = spawn("sudo", "-k", "id", user=user)
    expect(client, PASSWORD)
    client.sendline("wrong")
    assert expect(client, PASSWORD, CODE) == 0
    interrupt(client)


def test_the_console_asks_everybody_but_root(administrator):
    user, phone = administrator
    refused = enable("login", "--yes", administrator=user)
    assert refused.returncode == 2 and "twostep enable login --console" in refused.stderr
    assert enable("login", "--console", "--yes", administrator=user).returncode == 0
    client = spawn("login", "root")
    expect(client, PASSWORD)
    client.sendline("root-password")
    assert expect(client, r"[$#] $", CODE, "incorrect", timeout=20) == 0
    client.close(force=True)
    client = spawn("login", user)
    expect(client, PASSWORD)
    client.sendline(user.password)
    expect(client, CODE)
    client.sendline(phone.next())
    assert expect(client, r"[$#] $", "incorrect", timeout=20) == 0
    client.close(force=True)


def test_a_person_sees_the_difference_and_may_say_no(administrator):
    user, _ = administrator
    before = stacks()
    client = spawn(TWOSTEP, "enable", "sudo", env={**os.environ, "SUDO_USER": str(user)})
    expect(client, r"Write this\? \[y/N\] ")
    assert "/etc/pam.d/sudo-i" in client.shown and "+ auth       required     pam_twostep.so" in client.shown
    client.sendline("n")
    status, shown = finish(client)
    assert status == 1 and "Nothing was changed." in shown
    assert stacks() == before


def test_owner_and_mode_stay_as_they_were(administrator):
    user, _ = administrator
    path = Path("/etc/pam.d/sudo")
    os.chown(path, 0, 4)
    path.chmod(0o640)
    assert enable("sudo", "--yes", administrator=user).returncode == 0
    assert (path.stat().st_gid, path.stat().st_mode & 0o7777) == (4, 0o640)
    assert disable("sudo", "--yes").returncode == 0
    assert (path.stat().st_gid, path.stat().st_mode & 0o7777) == (4, 0o640)


def test_what_somebody_has_edited_since_loses_our_line_alone(administrator):
    user, _ = administrator
    assert enable("sudo", "--yes", administrator=user).returncode == 0
    path = Path("/etc/pam.d/sudo")
    path.write_text(path.read_text() + "# mine\n")
    assert disable("sudo", "--yes").returncode == 0
    assert path.read_text() == STACKS["sudo"] + "# mine\n"
    assert Path("/etc/pam.d/sudo-i").read_text() == STACKS["sudo-i"]


def test_no_line_goes_from_a_stack_that_counts_lines(administrator):
    user, _ = administrator
    assert enable("login", "--console", "--yes", administrator=user).returncode == 0
    path = Path("/etc/pam.d/login")
    path.write_text(path.read_text() + "# mine\n")
    edited = path.read_text().splitlines()
    done = disable("login", "--yes")
    assert done.returncode == 0, done.stderr
    left = path.read_text().splitlines()
    assert "pam_twostep.so\n" not in path.read_text()
    assert sum(line[:1] != "#" for line in left) == sum(line[:1] != "#" for line in edited)
    assert [line for line in left if "pam_permit" not in line and not line.startswith("# ")] == [
        line for line in edited if "pam_permit" not in line and "pam_twostep" not in line and not line.startswith("# ")]
    for name, password in (("root", "root-password"), (user, user.password)):
        client = spawn("login", name)
        expect(client, PASSWORD)
        client.sendline(password)
        assert expect(client, r"[$#] $", CODE, "incorrect", timeout=20) == 0
        client.close(force=True)
    client = spawn("login", user)
    expect(client, PASSWORD)
    client.sendline("wrong")
    assert expect(client, r"[$#] $", CODE, "incorrect", timeout=20) == 2
    client.close(force=True)


def test_no_line_comes_into_a_stack_that_counts_lines(administrator):
    user, _ = administrator
    counted = "auth [success=2 default=ignore] pam_succeed_if.so quiet user = nobody\n" + STACKS["sudo"]
    Path("/etc/pam.d/sudo").write_text(counted)
    before = stacks()
    done = enable("sudo", "--yes", administrator=user)
    assert done.returncode == 1
    assert "/etc/pam.d/sudo:1 counts the lines" in done.stderr
    assert "    auth       required     pam_twostep.so" in done.stderr
    assert stacks() == before


def test_a_locker_is_enabled_with_what_init_writes_and_opens_for_its_user(administrator):
    user, phone = administrator
    Path("/etc/pam.d/swaylock").write_text("auth include login\n")
    done = enable("swaylock", "--yes", administrator=user)
    assert done.returncode == 0, done.stdout + done.stderr
    client = spawn("pamtester", "swaylock", user, "authenticate", user=user)
    expect(client, CODE)
    client.sendline(phone.next())
    status, shown = finish(client)
    assert status == 0, shown


def test_a_policy_that_lets_everybody_off_is_told_beforehand(administrator, machine):
    user, _ = administrator
    rule = "policy:\n  - match: {service: sudo}\n    exempt: true\n"
    reconfigure(machine, CONFIGURATION + rule)
    client = spawn(TWOSTEP, "enable", "sudo", env={**os.environ, "SUDO_USER": str(user)})
    expect(client, r"Write this\? \[y/N\] ")
    assert "warning: exempt: true lets everybody off in sudo and sudo-i: nobody would be asked for a code" in client.shown
    client.sendintr()
    status, shown = finish(client)
    assert status == 1 and "Interrupted. Nothing was changed." in shown


# --- what is refused ----------------------------------------------------------------------------------------------


def refused(done, *words, code=1):
    assert done.returncode == code, done.stdout + done.stderr
    for word in words:
        assert word in done.stderr
    assert all(b"pam_twostep" not in stacks()[name] for name in STACKS)


def test_nothing_is_enabled_while_nobody_could_come_back_in(machine):
    user = world.new_user()
    refused(enable("sudo", "--yes", administrator=user), f"neither {user} nor root has", "recovery codes")
    # A device without codes on paper is not enough either.
    world.enroll(user, "--no-recovery-codes")
    refused(enable("sudo", "--yes", administrator=user), f"neither {user} nor root has")


def test_nothing_is_enabled_without_a_daemon_that_answers(administrator):
    user, _ = administrator
    refused(enable("sudo", "--yes", "--runtime-directory", "/run/nowhere", administrator=user), code=3)


def test_nothing_is_enabled_while_the_module_is_missing(administrator):
    user, _ = administrator
    module = next(Path("/usr/lib").glob("*-linux-*/security/pam_twostep.so"))
    away = module.rename(module.with_suffix(".away"))
    try:
        refused(enable("sudo", "--yes", administrator=user), "pam_twostep.so is not in")
    finally:
        away.rename(module)


def test_a_stack_behind_a_link_is_refused(administrator):
    user, _ = administrator
    path = Path("/etc/pam.d/sudo")
    path.rename("/etc/pam.d/elsewhere")
    path.symlink_to("elsewhere")
    refused(enable("sudo", "--yes", administrator=user), "/etc/pam.d/sudo is a link")


def test_only_root_may(administrator):
    user, _ = administrator
    for verb in ("enable", "disable"):
        done = world.as_user(user, TWOSTEP, verb, "sudo", "--yes")
        assert done.returncode == 1 and "Only root" in done.stderr


def test_no_undo_is_promised_where_nobody_would_do_it(administrator):
    user, _ = administrator
    Path("/run/systemd/system").rmdir()
    try:
        refused(enable("sudo", "--yes", "--confirm-within", "5m", administrator=user), "Nothing would undo the change")
    finally:
        Path("/run/systemd/system").mkdir()


# --- the timed undo -----------------------------------------------------------------------------------------------


def later(seconds):
    clock = world.Clock()
    clock.advance(seconds)
    return clock.environment


def test_what_nobody_confirms_is_undone_and_not_a_moment_earlier(administrator):
    user, _ = administrator
    before = stacks()
    done = enable("sudo", "--yes", "--confirm-within", "5m", administrator=user)
    assert done.returncode == 0, done.stderr
    assert "twostep enable --confirm" in done.stdout
    assert systemctl()[-1] == "enable --now twostep-undo.timer"
    after = stacks()
    waiting = enable("su", "--undo-overdue")
    assert waiting.returncode == 2
    assert enable("--undo-overdue", environment=later(290)).returncode == 0
    assert stacks() == after and systemctl()[-1] == "enable --now twostep-undo.timer"
    # What the unit runs.
    command = next(
        line.removeprefix("ExecStart=/usr/bin/twostep ") for line in
        Path("/mnt/twostep/usr/lib/systemd/system/twostep-undo.service").read_text().splitlines()
        if line.startswith("ExecStart="))
    done = world.run(TWOSTEP, *command.split(), env={**os.environ, **later(301)})
    assert done.returncode == 0, done.stderr
    assert "Undone: enabling sudo, which was not confirmed in time." in done.stdout
    assert stacks() == before
    assert systemctl()[-1] == "disable --now twostep-undo.timer"
    assert [path.name for path in LEDGER.iterdir()] == ["lock"]


def test_a_service_that_waits_is_not_changed_again(administrator):
    user, _ = administrator
    assert enable("sudo", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    done = enable("sudo", "--yes", administrator=user)
    assert done.returncode == 1 and "waits for its confirmation" in done.stderr
    assert "twostep disable sudo" in done.stderr


def test_what_waits_is_taken_back_before_its_time_by_disabling_it(administrator):
    user, _ = administrator
    before = stacks()
    assert enable("sudo", "--yes", "--confirm-within", "7d", administrator=user).returncode == 0
    client = spawn(TWOSTEP, "enable", "--undo-overdue")
    _, shown = finish(client)
    assert re.search(r"Nothing is overdue; sudo waits for (7 d|6 d 23 h)\.", plain(shown)), shown
    done = disable("sudo", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Undone: enabling sudo, which waited for its confirmation." in done.stdout
    assert stacks() == before
    assert systemctl()[-1] == "disable --now twostep-undo.timer"
    assert [path.name for path in LEDGER.iterdir()] == ["lock"]


def test_a_damaged_record_keeps_no_code_in(administrator):
    user, _ = administrator
    before = stacks()
    assert enable("su", "--yes", administrator=user).returncode == 0
    assert enable("sudo", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    for record in LEDGER.glob("*.json"):
        record.write_text("{")
    late = enable("--undo-overdue", environment=later(301))
    assert late.returncode == 1 and "twostep disable --all" in late.stderr
    done = disable("sudo", "--yes")
    assert done.returncode == 0 and "cannot be read" in done.stderr, done.stderr
    assert b"pam_twostep" not in stacks()["sudo"]
    done = disable("--all", "--yes")
    # The tests have stacks of their own, which nobody has enabled.
    assert "Not disabled" not in done.stdout
    assert "/etc/pam.d/su:" not in done.stdout and "/etc/pam.d/sudo:" not in done.stdout
    assert stacks() == before
    assert sorted(path.name for path in LEDGER.glob("*.damaged")) == ["1.json.damaged", "2.json.damaged"]
    assert systemctl()[-1] == "disable --now twostep-undo.timer"
    assert enable("sudo", "--yes", administrator=user).returncode == 0


def test_one_service_that_cannot_be_disabled_keeps_no_other_from_it(administrator):
    user, _ = administrator
    for service in ("su", "sudo"):
        assert enable(service, "--yes", administrator=user).returncode == 0
    Path("/etc/pam.d/su").write_text("auth [success=1 default=ignore] pam_x.so\nauth required pam_twostep.so\n")
    done = disable("--all", "--yes")
    assert done.returncode == 1
    assert "Not disabled: su" in done.stdout and "/etc/pam.d/su:2 names pam_twostep.so still" in done.stdout
    assert Path("/etc/pam.d/sudo").read_text() == STACKS["sudo"]
    Path("/etc/pam.d/su").write_text(STACKS["su"])
    assert "Not disabled" not in disable("--all", "--yes").stdout
    assert [path.name for path in LEDGER.iterdir()] == ["lock"]


def test_the_undo_leaves_alone_what_somebody_has_changed_since(administrator):
    user, _ = administrator
    assert enable("sudo", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    Path("/etc/pam.d/sudo").write_text("# mine\n" + STACKS["sudo"])
    done = enable("--undo-overdue", environment=later(301))
    assert done.returncode == 1
    assert "Left alone: /etc/pam.d/sudo, which somebody has changed since." in done.stdout
    assert Path("/etc/pam.d/sudo").read_text() == "# mine\n" + STACKS["sudo"]
    assert Path("/etc/pam.d/sudo-i").read_text() == STACKS["sudo-i"]
    # It says so once.
    assert enable("--undo-overdue", environment=later(400)).returncode == 0


@pytest.mark.parametrize("number", [1, 2])
def test_whoever_is_killed_in_the_middle_leaves_what_is_undone(administrator, number):
    user, _ = administrator
    library = Path("/run/twostep-killed.so")
    built = world.run("cc", "-shared", "-fPIC", "-O", "-o", library, Path(__file__).with_name("killed.c"), "-ldl")
    assert built.returncode == 0, built.stderr
    before = stacks()
    killed = {"LD_PRELOAD": str(library), "TWOSTEP_TEST_KILL": str(number)}
    done = enable("sudo", "--yes", "--confirm-within", "5m", environment=killed, administrator=user)
    assert done.returncode == -9
    # The record is there before the first file is changed, and the timer runs by then.
    assert len(list(LEDGER.glob("*.json"))) == 1
    assert systemctl()[-1] == "enable --now twostep-undo.timer"
    assert (b"pam_twostep" in stacks()["sudo"]) == (number == 2)
    again = enable("sudo", "--yes", administrator=user)
    assert again.returncode == 1 and "--undo-overdue" in again.stderr
    done = enable("--undo-overdue")
    assert done.returncode == 0 and "which was cut off" in done.stdout
    assert stacks() == before
    assert list(Path("/etc/pam.d").glob(".*")) == []


@pytest.mark.parametrize("number", [1, 2])
def test_whoever_is_killed_without_a_limit_leaves_what_the_timer_undoes(administrator, number):
    user, _ = administrator
    library = Path("/run/twostep-killed.so")
    built = world.run("cc", "-shared", "-fPIC", "-O", "-o", library, Path(__file__).with_name("killed.c"), "-ldl")
    assert built.returncode == 0, built.stderr
    before = stacks()
    killed = {"LD_PRELOAD": str(library), "TWOSTEP_TEST_KILL": str(number)}
    assert enable("sudo", "--yes", environment=killed, administrator=user).returncode == -9
    assert systemctl()[-1] == "enable --now twostep-undo.timer"
    assert enable("--undo-overdue").returncode == 0
    assert stacks() == before
    assert systemctl()[-1] == "disable --now twostep-undo.timer"


def test_the_undo_needs_no_rights_but_for_names_and_keeps_attributes(administrator):
    user, _ = administrator
    before = stacks()
    os.setxattr("/etc/pam.d/sudo", "security.ima", b"\x01abc")
    assert enable("sudo", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    done = world.run(
        "setpriv", "--bounding-set", "-all,+chown,+dac_override,+fowner", "--no-new-privs", TWOSTEP, "enable",
        "--undo-overdue", env={**os.environ, **later(301)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert stacks() == before
    assert os.getxattr("/etc/pam.d/sudo", "security.ima") == b"\x01abc"


def test_the_undo_needs_no_room(administrator):
    user, _ = administrator
    small = Path("/run/small")
    small.mkdir()
    assert world.run("mount", "-t", "tmpfs", "-o", "size=4m", "tests", small).returncode == 0
    shutil.copytree("/etc/pam.d", small / "pam.d")
    world.run("mount", "--bind", small / "pam.d", "/etc/pam.d")
    try:
        before = stacks()
        done = enable("sudo", "--yes", "--confirm-within", "5m", administrator=user)
        assert done.returncode == 0, done.stderr
        with pytest.raises(OSError), open(small / "rest", "wb", buffering=0) as rest:
            while True:
                rest.write(bytes(4096))
        done = enable("--undo-overdue", environment=later(301))
        assert done.returncode == 0, done.stdout + done.stderr
        assert stacks() == before
    finally:
        world.run("umount", "/etc/pam.d")
        world.run("umount", small)


# --- the confirmation ---------------------------------------------------------------------------------------------


def shell_of(user):
    """A shell that somebody has open; what is typed there is run by `typed`."""
    shell = spawn("bash", "--norc", "--noprofile", "--noediting", user=user)
    expect(shell, r"[$#] $")
    return shell


def typed(shell, line, *answers):
    """Types a line and answers what is asked; returns what was shown."""
    start = len(shell.shown)
    shell.sendline(f"{line}; echo status=$?=")
    left = list(answers)
    while expect(shell, CODE, r"\[sudo\] password for \S+: ", r"status=\d+=\s") != 2:
        shell.sendline(left.pop(0))
    assert left == [], "not all was asked for"
    return plain(shell.shown[start:])


def test_what_is_typed_at_once_behind_a_change_has_begun_after_it(administrator):
    """The kernel counts starts in hundredths of a second."""
    user, _ = administrator
    for _ in range(6):
        assert enable("sudo", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
        with subprocess.Popen(["sleep", "60"]) as program:
            start = int(Path(f"/proc/{program.pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
            program.kill()
        changes = [json.loads(path.read_text()) for path in LEDGER.glob("*.json")]
        assert start * 1000 // os.sysconf("SC_CLK_TCK") > max(change["boottime"] for change in changes)
        assert disable("sudo", "--yes").returncode == 0


def test_sudo_is_confirmed_by_a_sudo_that_asked_for_a_code_and_by_no_open_shell(administrator):
    user, phone = administrator
    shell = shell_of(user)
    shown = typed(shell, f"sudo {TWOSTEP} enable sudo --yes --confirm-within 5m", user.password)
    assert "status=0=" in shown, shown
    # An open shell of root's proves nothing, whatever it is dressed up as.
    for command in ([TWOSTEP], ["setsid", TWOSTEP], ["sudo", TWOSTEP]):
        done = world.run(*command, "enable", "--confirm", env={**os.environ, "SUDO_USER": str(user)})
        assert done.returncode == 1, done.stdout
        assert "Not confirmed." in done.stderr and "sudo -k twostep enable --confirm" in done.stderr
    # Nor does sudo that has remembered the password.
    shown = typed(shell, f"sudo -n {TWOSTEP} enable --confirm")
    assert "has no login of" in shown and "status=1=" in shown
    shown = typed(shell, f"sudo -k {TWOSTEP} enable --confirm", user.password, phone.next())
    assert "Confirmed: sudo asks for a code from now on." in shown and "status=0=" in shown
    assert systemctl()[-1] == "disable --now twostep-undo.timer"
    after = stacks()
    assert enable("--undo-overdue", environment=later(100_000)).returncode == 0
    assert stacks() == after
    done = enable("--confirm")
    assert done.returncode == 1 and "Nothing waits" in done.stderr


def test_a_trial_confirms_nothing(administrator):
    user, phone = administrator
    shell = shell_of(user)
    typed(shell, f"sudo {TWOSTEP} enable sudo --yes --confirm-within 5m", user.password)
    both = Path("/run/both")
    both.write_text(
        f"#!/bin/sh\nprintf '%s\\n%s\\n' \"$1\" \"$2\" | {TWOSTEP} trial sudo {user} >/run/trial 2>&1\n"
        f"{TWOSTEP} enable --confirm\n")
    both.chmod(0o755)
    # The password is remembered by sudo; the code was never asked for by it.
    shown = typed(shell, f"sudo -n {both} {user.password} {phone.next()}")
    assert "Twostep: totp behind pam" in Path("/run/trial").read_text()
    assert "Not confirmed." in shown and "status=1=" in shown
    shown = typed(shell, f"sudo -k {TWOSTEP} enable --confirm", user.password, phone.next())
    assert "Confirmed: sudo asks for a code from now on." in shown
    assert list(LEDGER.glob("trial-*")) == []


def test_a_trial_is_not_remembered(administrator, machine):
    user, phone = administrator
    reconfigure(machine, CONFIGURATION + "policy:\n  - match: {service: sudo}\n    remember: 15m\n")
    assert enable("sudo", "--yes", administrator=user).returncode == 0
    status, shown = answer(spawn(TWOSTEP, "trial", "sudo", user), user.password, phone.next())
    assert status == 0, shown
    assert str(user) not in world.run(TWOSTEP, "grants", "--json").stdout


def test_disabling_is_confirmed_by_no_sudo_of_an_open_session(administrator):
    user, phone = administrator
    shell = shell_of(user)
    typed(shell, f"sudo {TWOSTEP} enable sudo --yes", user.password)
    shown = typed(shell, f"sudo -n {TWOSTEP} disable sudo --yes --confirm-within 5m")
    assert "status=0=" in shown, shown
    shown = typed(shell, f"sudo -n {TWOSTEP} enable --confirm")
    assert "Not confirmed." in shown and "Log in anew" in shown


def test_somebody_elses_login_confirms_nothing(administrator):
    user, _ = administrator
    other, phone = world.enrolled_user("other")
    assert enable("sudo", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    assert answer(spawn("sudo", "-k", "true", user=other), other.password, phone.next())[0] == 0
    shell = shell_of("root")
    shown = typed(shell, f"sudo -k env SUDO_USER={user} {TWOSTEP} enable --confirm")
    assert "Not confirmed." in shown
    assert b"pam_twostep" in stacks()["sudo"]


def test_it_is_too_late_once_time_is_up(administrator):
    user, phone = administrator
    assert enable("sudo", "--yes", "--confirm-within", "30s", administrator=user).returncode == 0
    done = enable("--confirm", environment=later(31))
    assert done.returncode == 1 and "It is too late" in done.stderr


def test_disabling_may_be_undone_as_well(administrator):
    user, _ = administrator
    assert enable("sudo", "--yes", administrator=user).returncode == 0
    enabled = stacks()
    assert disable("sudo", "--yes", "--confirm-within", "5m").returncode == 0
    assert Path("/etc/pam.d/sudo").read_text() == STACKS["sudo"]
    assert enable("--undo-overdue", environment=later(301)).returncode == 0
    assert stacks() == enabled
    assert disable("sudo", "--yes").returncode == 0
    assert Path("/etc/pam.d/sudo").read_text() == STACKS["sudo"]


# --- sshd ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def debians_sshd(machine):
    """sshd with the machine's own sshd_config, as Debian ships it."""
    Path("/etc/ssh/sshd_config").write_text(
        "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\nPrintMotd no\n"
        "PidFile none\nListenAddress 127.0.0.1\nSubsystem sftp internal-sftp\n")
    Path("/etc/ssh/sshd_config.d").mkdir(exist_ok=True)
    for path in Path("/etc/ssh/sshd_config.d").iterdir():
        path.unlink()
    if not Path("/etc/ssh/ssh_host_ed25519_key").exists():
        world.run("ssh-keygen", "-A")
    server = MachineSshd()
    yield server
    server.stop()


class MachineSshd(terminal.Sshd):
    """The machine's own sshd, on a port of the tests'."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.port = next(terminal.Sshd._ports)
        folder = Path("/run/ssh-test")
        folder.mkdir(mode=0o755, exist_ok=True)
        self.log = world.LogFile(folder / f"log-{self.port}")
        self.known_hosts = folder / f"known-{self.port}"
        key = Path("/etc/ssh/ssh_host_ed25519_key.pub").read_text()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key}")
        self.process = None
        self.start()

    def start(self):
        self.log.mark()
        with open(self.log.path, "ab") as log:
            self.process = subprocess.Popen([shutil.which("sshd"), "-D", "-e", "-p", str(self.port)], stderr=log)
        world.wait_until(lambda: self.log.since_mark("Server listening"), "sshd to listen")

    def restart(self):
        """What a reload comes to; who is logged in stays so."""
        self.process.terminate()
        self.process.wait(10)
        self.start()


def test_ssh_with_a_key_is_enabled_tried_from_a_new_session_and_kept(administrator, debians_sshd):
    user, phone = administrator
    old = debians_sshd.client(user)
    expect(old, r"\$ $")
    before = stacks()
    shown = typed(
        old, f"sudo -k {TWOSTEP} enable sshd --key --yes --reload --confirm-within 5m", user.password)
    assert "status=0=" in shown, shown
    assert "- @include common-auth" in shown and "+ #twostep# @include common-auth" in shown
    assert "reload ssh.service" in systemctl()
    assert DROPIN.read_bytes() == (world.EXAMPLES / "twostep.conf").read_bytes()
    debians_sshd.restart()
    # From the old session, however new its sudo is.
    shown = typed(old, f"sudo -k {TWOSTEP} enable --confirm", user.password)
    assert "Not confirmed. sshd: this shell was open before" in shown and "status=1=" in shown
    new = debians_sshd.client(user)
    expect(new, CODE)
    new.sendline(phone.next())
    expect(new, r"\$ $")
    shown = typed(new, f"sudo -k {TWOSTEP} enable --confirm", user.password)
    assert "Confirmed: sshd asks for a code from now on." in shown, shown
    old.close(force=True)
    new.close(force=True)
    assert disable("sshd", "--yes").returncode == 0
    assert stacks() == before and not DROPIN.exists()


def test_ssh_with_passwords_is_enabled(administrator, debians_sshd):
    user, phone = administrator
    assert enable("sshd", "--password", "--yes", administrator=user).returncode == 0
    debians_sshd.restart()
    status, shown = answer(
        debians_sshd.client(user, "id -un", options=["-o", "PubkeyAuthentication=no"]), user.password, phone.next())
    assert status == 0, shown


def test_nobody_is_asked_for_a_key_unsaid_where_the_administrator_has_none(administrator, debians_sshd):
    user, _ = administrator
    keys = Path("/home", str(user), ".ssh", "authorized_keys")
    keys.write_text("# none yet\n\n")
    refused(enable("sshd", "--yes", administrator=user), f"{user} has none", str(keys), "--password")
    done = enable("sshd", "--key", "--yes", administrator=user)
    assert done.returncode == 0 and f"{user} has none" in done.stderr, done.stderr


def test_a_line_of_ours_that_ends_as_on_windows_is_not_passed_over(administrator):
    user, _ = administrator
    assert enable("sudo", "--yes", administrator=user).returncode == 0
    path = Path("/etc/pam.d/sudo")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    enabled = stacks()
    done = disable("sudo", "--yes")
    assert done.returncode == 1 and "carriage return" in done.stderr and str(path) in done.stderr, done
    assert stacks() == enabled
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    assert disable("sudo", "--yes").returncode == 0


def test_su_is_not_closed_to_root_unsaid(administrator):
    user, _ = administrator
    done = enable("su", "--yes", administrator=user)
    assert done.returncode == 0 and "nobody becomes root by su" in done.stderr, done.stderr


def test_what_would_not_take_effect_in_sshd_is_not_written(administrator, debians_sshd):
    user, _ = administrator
    Path("/etc/ssh/sshd_config.d/50-cloud-init.conf").write_text("PasswordAuthentication yes\n")
    before = stacks()
    done = enable("sshd", "--yes", administrator=user)
    assert done.returncode == 1
    assert "passwordauthentication yes" in done.stderr
    assert stacks() == before and not DROPIN.exists()
    Path("/etc/ssh/sshd_config").write_text("UsePAM yes\n")
    done = enable("sshd", "--yes", administrator=user)
    assert done.returncode == 1 and "Include /etc/ssh/sshd_config.d/*.conf" in done.stderr
    assert list(Path("/run").glob("twostep-draft.*")) == []


def test_the_undo_takes_the_settings_back_and_tells_sshd(administrator, debians_sshd):
    user, _ = administrator
    before = stacks()
    assert enable("sshd", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    SYSTEMCTL_LOG.write_text("")
    assert enable("--undo-overdue", environment=later(301)).returncode == 0
    assert stacks() == before and not DROPIN.exists()
    assert systemctl() == ["reload ssh.service", "disable --now twostep-undo.timer"]


def test_the_other_form_is_refused_while_one_is_there(administrator, debians_sshd):
    user, phone = administrator
    before = stacks()
    assert enable("sshd", "--key", "--yes", administrator=user).returncode == 0
    enabled = stacks()
    done = enable("sshd", "--password", "--yes", administrator=user)
    assert done.returncode == 1 and "twostep disable sshd" in done.stderr
    assert stacks() == enabled
    debians_sshd.restart()
    client = debians_sshd.client(user, "id -un")
    expect(client, CODE)
    client.sendline(phone.next())
    assert finish(client)[0] == 0
    assert disable("sshd", "--yes").returncode == 0
    assert stacks() == before and not DROPIN.exists()


def test_edited_settings_of_sshd_are_undone_with_the_stack(administrator, debians_sshd):
    user, _ = administrator
    before = stacks()
    assert enable("sshd", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    DROPIN.write_text(DROPIN.read_text().replace("#PermitRootLogin", "PermitRootLogin"))
    done = enable("--undo-overdue", environment=later(301))
    assert done.returncode == 0, done.stdout + done.stderr
    assert stacks() == before and not DROPIN.exists()
    assert "reload ssh.service" in systemctl()


def test_a_match_block_that_would_let_past_is_refused(administrator, debians_sshd):
    user, _ = administrator
    with open("/etc/ssh/sshd_config", "a", encoding="utf-8") as file:
        file.write(f"Match User {user}\n  PasswordAuthentication yes\n  AuthenticationMethods password\n")
    before = stacks()
    done = enable("sshd", "--key", "--yes", administrator=user)
    assert done.returncode == 1 and f"for user {user}" in done.stderr, done.stderr
    assert stacks() == before and not DROPIN.exists()


def test_a_stack_that_others_may_write_is_refused(administrator):
    user, _ = administrator
    Path("/etc/pam.d/sudo").chmod(0o666)
    refused(enable("sudo", "--yes", administrator=user), "/etc/pam.d/sudo", "its mode is 0666")


# --- all of it ----------------------------------------------------------------------------------------------------


def test_all_that_was_changed_goes_back_at_once(administrator):
    user, _ = administrator
    before = stacks()
    assert enable("sudo", "--yes", administrator=user).returncode == 0
    assert enable("login", "--console", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    done = disable("--all", "--yes")
    assert done.returncode == 0, done.stderr
    assert stacks() == before
    assert disable("--all", "--yes").returncode == 0


def test_the_documents_say_what_was_written(administrator):
    user, _ = administrator
    done = enable("sudo", "--yes", "--json", "--confirm-within", "5m", administrator=user)
    document = json.loads(done.stdout)
    assert document["service"] == "sudo" and document["administrator"] == user
    assert [file["path"] for file in document["files"]] == ["/etc/pam.d/sudo", "/etc/pam.d/sudo-i"]
    assert document["confirm_within_seconds"] == 300
    refusal = json.loads(enable("--confirm", "--json").stdout)
    assert refusal["error"]["code"] == "pending"


EXEMPT = "auth [success=1 default=ignore] pam_succeed_if.so quiet user ingroup nogroup\n"
STACK = Path("/etc/pam.d/sshd")


def way_in(server, user, phone, *options, password=None):
    """What a login with ssh is asked for, and how it ends."""
    client = spawn(
        "ssh", "-F", "none", "-tt", "-p", server.port, "-i", user.key, "-o", f"UserKnownHostsFile={server.known_hosts}",
        *[word for option in options for word in ("-o", option)], f"{user}@127.0.0.1", "id -un")
    asked = []
    while True:
        found = expect(client, CODE, r"[Pp]assword: ", rf"{user}\s*\r?\n", r"denied|closed|refused", timeout=20)
        if found > 1:
            client.close(force=True)
            return asked + [["in", "refused"][found - 2]]
        if len(asked) > 4:
            client.close(force=True)
            return asked
        asked.append(["code", "password"][found])
        client.sendline(phone.next() if found == 0 else password or user.password)


NO_KEY = (
    "PubkeyAuthentication=no", "NumberOfPasswordPrompts=1", "PreferredAuthentications=keyboard-interactive,password")


@pytest.mark.parametrize("form", ["--password", "--key"])
def test_an_undo_over_an_exemption_keeps_nobody_out_and_lets_nobody_past(administrator, debians_sshd, form):
    user, phone = administrator
    assert way_in(debians_sshd, user, phone, *NO_KEY) == ["password", "in"]
    done = enable("sshd", form, "--yes", "--confirm-within", "5m", administrator=user)
    assert done.returncode == 0, done.stderr
    STACK.write_text("".join(
        (EXEMPT if "pam_twostep.so" in line else "") + line for line in STACK.read_text().splitlines(True)))
    debians_sshd.restart()
    assert way_in(debians_sshd, user, phone, *(NO_KEY if form == "--password" else ()))[-2:] == ["code", "in"]
    done = enable("--undo-overdue", environment=later(301))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Undone: enabling sshd" in done.stdout and not DROPIN.exists()
    debians_sshd.restart()
    assert way_in(debians_sshd, user, phone, *NO_KEY) == ["password", "in"]
    assert way_in(debians_sshd, user, phone, *NO_KEY, password="wrong")[-1] == "refused"
    assert way_in(debians_sshd, user, phone) == ["in"]
    # Whoever is exempt is asked for the password, as ever.
    groups = Path("/etc/group")
    before = groups.read_text()
    groups.write_text(re.sub(r"(?m)^(nogroup:.*[^:\n])$", r"\1,", before))
    groups.write_text(re.sub(r"(?m)^(nogroup:.*)$", rf"\1{user}", groups.read_text()))
    try:
        assert way_in(debians_sshd, user, phone, *NO_KEY) == ["password", "in"]
        assert way_in(debians_sshd, user, phone, *NO_KEY, password="wrong")[-1] == "refused"
    finally:
        groups.write_text(before)


def test_an_undo_that_cannot_take_the_stack_back_leaves_the_settings_and_is_due_still(administrator, debians_sshd):
    user, phone = administrator
    before = stacks()
    assert enable("sshd", "--key", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    managed = Path("/etc/pam.managed")
    managed.mkdir(exist_ok=True)
    try:
        shutil.move(STACK, managed / "sshd")
        STACK.symlink_to(managed / "sshd")
        SYSTEMCTL_LOG.write_text("")
        for seconds in (301, 900):
            done = enable("--undo-overdue", environment=later(seconds))
            assert done.returncode == 1
            assert done.stdout.startswith("NOT undone: enabling sshd") and "is a link by now" in done.stderr
        assert DROPIN.exists() and systemctl() == []
        debians_sshd.restart()
        assert way_in(debians_sshd, user, phone) == ["code", "in"]
        assert way_in(debians_sshd, user, phone, *NO_KEY) == ["refused"]
        STACK.unlink()
        shutil.move(managed / "sshd", STACK)
    finally:
        shutil.rmtree(managed)
    assert enable("--undo-overdue", environment=later(901)).returncode == 0
    assert stacks() == before and not DROPIN.exists()


def test_an_undo_that_fails_in_the_middle_leaves_both(administrator, debians_sshd):
    user, phone = administrator
    before = stacks()
    assert enable("sshd", "--key", "--yes", "--confirm-within", "5m", administrator=user).returncode == 0
    settings = DROPIN.read_bytes()
    world.run("mount", "--bind", "/etc/pam.d", "/etc/pam.d")
    world.run("mount", "-o", "remount,ro,bind", "/etc/pam.d")
    try:
        done = enable("--undo-overdue", environment=later(301))
        assert done.returncode == 1 and done.stdout.startswith("NOT undone: enabling sshd"), done.stdout
        assert DROPIN.read_bytes() == settings and b"pam_twostep" in stacks()["sshd"]
    finally:
        world.run("umount", "/etc/pam.d")
    assert enable("--undo-overdue", environment=later(302)).returncode == 0
    assert stacks() == before and not DROPIN.exists()


def test_a_code_that_nobody_confirmed_away_comes_back_into_an_edited_stack(administrator, debians_sshd):
    user, phone = administrator
    assert enable("sshd", "--key", "--yes", administrator=user).returncode == 0
    assert disable("sshd", "--yes", "--confirm-within", "5m").returncode == 0
    STACK.write_text(STACK.read_text() + "# by hand\n")
    done = enable("--undo-overdue", environment=later(301))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "With our line again: /etc/pam.d/sshd" in done.stdout
    debians_sshd.restart()
    assert way_in(debians_sshd, user, phone) == ["code", "in"]
    assert STACK.read_text().endswith("# by hand\n")


def test_a_match_line_behind_hundreds_is_looked_at_as_well(administrator, debians_sshd):
    user, _ = administrator
    config = Path("/etc/ssh/sshd_config")
    before = config.read_text()
    assert enable("sshd", "--key", "--yes", administrator=user).returncode == 0
    blocks = "".join(f"Match User cust{number}\n  ChrootDirectory /srv/{number}\n" for number in range(300))
    config.write_text(before + blocks + f"Match User {user}\n  AuthenticationMethods publickey\n")
    done = world.run(TWOSTEP, "check", "--only", "sshd")
    assert f"for user {user}" in done.stdout, done.stdout
