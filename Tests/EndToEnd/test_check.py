"""twostep check with a real sshd -T and real stacks: what it finds, what it says to write, and that this helps."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
import world

FRAGMENTS = {"sshd": "twostep.conf", "sshd-password": "twostep-password.conf"}
DROP = Path("/etc/ssh/sshd_config.d/twostep.conf")
SUBJECTS = "stacks,sshd,doors"
BOTH = "AuthenticationMethods publickey,keyboard-interactive:pam"


@pytest.fixture(autouse=True)
def machine(daemon_of_session, tmp_path):
    """The machine's own stacks and sshd settings, put back afterwards."""
    saved = tmp_path / "saved"
    for folder in ("pam.d", "ssh"):
        shutil.copytree(Path("/etc", folder), saved / folder, symlinks=True)
    world.install_shipped_stacks()
    # The services of other tests, which stand for programs of root's that prove nothing.
    for path in Path("/etc/pam.d").glob("e2e*"):
        path.unlink()
    yield
    for folder in ("pam.d", "ssh"):
        shutil.rmtree(Path("/etc", folder))
        shutil.copytree(saved / folder, Path("/etc", folder), symlinks=True)


def settings(*lines, main=None):
    """sshd_config with these lines in a file that it includes first, as Debian's does."""
    Path("/etc/ssh/sshd_config").write_text(
        main or "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n")
    DROP.parent.mkdir(exist_ok=True)
    DROP.write_text("\n".join([*lines, ""]))


def check(*options, only=SUBJECTS):
    done = world.run("twostep", "check", "--only", only, "--json", *options)
    assert done.stderr == "", done
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["good"] else 1)
    return told["findings"]


def problems(*options, **more):
    return [finding for finding in check(*options, **more) if finding["severity"] == "problem"]


def apply(mend):
    """Does what a finding says, as a script would."""
    if mend["action"] == "command":
        assert world.run("sh", "-c", mend["text"]).returncode == 0
        return
    path = Path(mend["file"])
    if mend["action"] == "write":
        path.write_text(mend["text"])
        return
    lines = path.read_text().split("\n")
    if mend["action"] == "replace":
        lines[mend["first_line"] - 1: mend["last_line"]] = [mend["text"]]
    else:
        lines.insert(mend["before_line"] - 1, mend["text"])
    path.write_text("\n".join(lines))


def mend_all(**more):
    """Applies one mend after the other, until nothing is a problem; returns what was written."""
    written = []
    while found := problems(**more):
        assert len(written) < 6, found
        mend = found[0]["mend"]
        assert mend, found[0]
        apply(mend)
        written.append(mend["text"].strip())
    return written


@pytest.mark.parametrize("stack", sorted(FRAGMENTS))
def test_what_ships_is_good(stack):
    shutil.copy(world.EXAMPLES / "pam.d" / stack, "/etc/pam.d/sshd")
    settings((world.EXAMPLES / FRAGMENTS[stack]).read_text())
    found = check("--root", "/")
    # Debian's PermitRootLogin is the one thing to know about, and doors at the machine are for its owner to judge.
    assert {finding["severity"] for finding in found} <= {"warning"}, found
    assert {finding["source"] for finding in found} <= {"sshd", "doors"}


@pytest.mark.parametrize("lines, written", [
    (["UsePAM no", "KbdInteractiveAuthentication yes", BOTH], ["UsePAM yes"]),
    ([BOTH], ["KbdInteractiveAuthentication yes"]),
    (["KbdInteractiveAuthentication yes"], [BOTH]),
    (["KbdInteractiveAuthentication yes", "AuthenticationMethods publickey"], [BOTH]),
    (["KbdInteractiveAuthentication yes", "PubkeyAuthentication no", "AuthenticationMethods keyboard-interactive:pam"],
     [BOTH, "PubkeyAuthentication yes"]),
    (["KbdInteractiveAuthentication yes", "AuthenticationMethods password,keyboard-interactive:pam"], [BOTH]),
    (["KbdInteractiveAuthentication yes", BOTH, "Match User alice", "  AuthenticationMethods publickey,password"], [BOTH]),
    (["KbdInteractiveAuthentication yes", BOTH, "Match Group alice", "  KbdInteractiveAuthentication no"],
     ["KbdInteractiveAuthentication yes"]),
    (["KbdInteractiveAuthentication yes", BOTH, "Match Address 10.0.0.0/8,!10.1.0.0/16 LocalPort 22",
      "\tAuthenticationMethods hostbased"], [BOTH]),
    (["KbdInteractiveAuthentication yes", BOTH, "Match Host *.example.org", "  AuthenticationMethods gssapi-with-mic"],
     [BOTH]),
])
def test_what_is_to_be_written_makes_sshd_good(lines, written):
    settings(*lines)
    assert problems()
    assert mend_all() == written
    assert world.run("sshd", "-t").returncode == 0


def test_a_block_for_machines_is_worth_a_warning_with_its_line():
    settings("KbdInteractiveAuthentication yes", BOTH, "Match User bob", "  AuthenticationMethods publickey")
    found = [finding for finding in check(only="sshd") if finding["line"] == 4]
    assert [(finding["severity"], finding["file"]) for finding in found] == [("warning", str(DROP))]
    assert found[0]["found"].startswith("for user bob")


def test_a_rule_that_counts_security_keys_is_a_problem_where_sshd_is_not_strict():
    shutil.copy(world.EXAMPLES / "pam.d" / "sshd", "/etc/pam.d/sshd")
    draft = Path("/etc/twostep/keys.yaml")
    draft.write_text(
        "auth_providers:\n  - type: pam\n    modules: [{type: totp}]\n"
        "policy:\n  - match: {service: sshd}\n    ssh_key: second_factor\n")
    shutil.chown(draft, "root", "twostep")
    draft.chmod(0o640)

    def found(*lines):
        settings(BOTH, "KbdInteractiveAuthentication yes", *lines)
        assert problems(only="sshd") == []
        return [finding["found"] for finding in problems("--config", draft, only="sshd")]

    try:
        touch, keys = found()
        assert "PubkeyAuthOptions none" in touch and "rule in line 5" in touch
        assert "AuthorizedKeysFile leaves keys to others than root" in keys
        strict = ("PubkeyAuthOptions verify-required", "AuthorizedKeysFile /etc/ssh/keys/%u")
        assert found(*strict) == []
        [other] = found(*strict, "Match User alice", "PubkeyAuthOptions none")
        assert other.startswith("for user alice: PubkeyAuthOptions none")
    finally:
        draft.unlink()


def test_what_sshd_does_not_take_has_its_line():
    settings("KbdInteractiveAuthentication yes", BOTH, "UsePAN yes")
    found = problems(only="sshd")
    assert [(finding["file"], finding["line"]) for finding in found] == [(str(DROP), 3)]


def test_another_root_is_looked_at_in_its_own_place():
    settings("KbdInteractiveAuthentication yes", "AuthenticationMethods publickey")
    found = problems("--root", "/proc/self/root", only="sshd")
    assert [finding["file"] for finding in found] == [f"/proc/self/root{DROP}"]


def test_a_machine_that_asks_nobody_for_a_code_is_told_what_to_type():
    for path in Path("/etc/pam.d").iterdir():
        if "pam_twostep" in path.read_text():
            path.write_text("auth requisite pam_unix.so\n")
    done = world.run("twostep", "check", "--only", "stacks,doors")
    assert done.returncode == 0, done
    assert "/etc/pam.d: advice: no service asks for a code" in done.stdout
    assert "    type: twostep enable sudo --confirm-within 5m\n" in done.stdout
    assert done.stdout.endswith("are good, but for 1 piece of advice.\n")


def test_a_service_that_is_not_known_is_named():
    world.write_stack("vmtoolsd", "auth required pam_unix.so")
    found = [finding for finding in check(only="doors") if finding["file"] == "/etc/pam.d/vmtoolsd"]
    assert [(finding["severity"], finding["line"]) for finding in found] == [("warning", 1)]


def test_what_only_root_can_look_at_is_said():
    settings("KbdInteractiveAuthentication yes", BOTH)
    done = world.as_user("alice", "twostep", "check", "--only", "sshd")
    assert done.returncode == 0, done
    assert "not looked at: only root can ask sshd" in done.stdout


def test_a_way_past_the_module_is_closed_by_what_is_to_be_written():
    world.write_stack("remote", "auth sufficient pam_unix.so", "auth required pam_twostep.so socket=/run/twostep/none.sock")

    def password_is_enough():
        return world.run("pamtester", "remote", "alice", "authenticate", input="alice-password\n").returncode == 0

    assert password_is_enough()
    assert mend_all(only="stacks") == ["auth requisite pam_unix.so"]
    assert not password_is_enough()


@pytest.mark.parametrize("service, twin", [("sudo", "sudo-i"), ("sudo-i", "sudo"), ("su", "su-l")])
def test_a_door_beside_a_guarded_one_is_shut_by_the_file_that_is_shown(service, twin):
    with contextlib.suppress(FileNotFoundError):
        Path("/etc/pam.d", twin).unlink()
    found = problems(only="doors")
    assert [finding["file"] for finding in found] == [f"/etc/pam.d/{twin}"]
    mend_all(only="doors")
    assert "pam_twostep.so" in Path("/etc/pam.d", twin).read_text()
    assert check(only="stacks") == []


def test_files_that_others_can_change_are_found():
    Path("/etc/pam.d/sudo").chmod(0o666)
    shutil.chown("/etc/pam.d/su", "alice")
    found = {finding["file"]: finding["mend"]["text"] for finding in problems(only="permissions")}
    assert found == {
        "/etc/pam.d/sudo": "chmod 0644 '/etc/pam.d/sudo'", "/etc/pam.d/su": "chown root '/etc/pam.d/su'"}
    assert len(mend_all(only="permissions")) == 2
