"""Security keys of ssh as the second factor, through real sshd: what counts, and each doubt for which nothing does."""

import json
import os
import re
import shutil
import socket
import time
from pathlib import Path

import pytest
import world
from security_key import TOUCHED, VERIFIED, SecurityKey
from terminal import Sshd

CONFIGURATION = """
auth_providers:
  - type: pam
    modules:
      - type: totp
policy:
  - match: {service: sshd}
    ssh_key: second_factor
"""
KEYS = Path("/etc/ssh/keys")
STRICT = "PubkeyAuthOptions touch-required"
FILES = f"AuthorizedKeysFile {KEYS}/%u"
METHODS = (
    "PubkeyAuthentication yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes",
    "AuthenticationMethods publickey,keyboard-interactive:pam")
COUNTED = "login granted service=sshd rhost=127.0.0.1 user=\"{}\" .*security_key={} "


@pytest.fixture(scope="module")
def place(daemon_of_session):
    """twostepd with a rule that counts security keys, asked by sshd's stack."""
    daemon = world.Daemon("keys").initialize(CONFIGURATION).start()
    with world.stacks_for(daemon, "sshd"):
        yield daemon
    daemon.stop()


def settle(file):
    """Waits until whoever connects comes after sshd has read its configuration, as far as that is told apart."""
    world.wait_until(lambda: file.exists() and time.time() - file.stat().st_mtime > 0.1, "sshd to be a moment old")
    return file


@pytest.fixture
def serve(place):
    """Makes an sshd whose PidFile says when it has read its configuration, if it has one."""
    made = []

    def make(*lines, pid=True, arguments=()):
        file = Path(f"/run/ssh-test/pid-{next(world.numbers)}")
        first = [f"PidFile {file}"] if pid else []
        made.append(Sshd(*first, *METHODS, *lines, shipped=False, arguments=arguments))
        if pid:
            settle(file)
        return made[-1]

    yield make
    for server in made:
        server.stop()


def person(place, key, options="", folder=KEYS):
    """An account with a code and that key, in a file of root's."""
    user = world.new_user("key")
    folder.mkdir(mode=0o755, exist_ok=True)
    (folder / user).write_text(f"{options} {key.line}\n".lstrip())
    (folder / user).chmod(0o644)
    return user, world.enroll(user, runtime=place.runtime)


def log_in(server, user, key, *answers):
    """By that key alone: (whether it opened a session, how often something was asked)."""
    status, shown = server.log_in(user, *answers, key=key.public, options=key.options)
    return status == 0 and f"in as {user}" in shown, len(re.findall("Verification code: ", shown))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_security_key_that_was_touched_is_the_second_factor(place, serve, kind):
    key = SecurityKey(kind)
    user, _ = person(place, key)
    server = serve(STRICT, FILES)
    assert log_in(server, user, key) == (True, 0), place.log.since_mark()
    assert place.log.since_mark(COUNTED.format(user, key.type.decode()), count=1)


def test_a_certificate_of_a_security_key_is_the_second_factor(place, serve):
    key = SecurityKey()
    user = world.new_user("key")
    world.enroll(user, runtime=place.runtime)
    authority = Path("/etc/ssh/authority")
    if not authority.exists():
        assert world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", authority).returncode == 0
    signed = world.run("ssh-keygen", "-q", "-s", authority, "-I", "test", "-n", user, key.public)
    assert signed.returncode == 0, signed.stderr
    server = serve(STRICT, "AuthorizedKeysFile none", f"TrustedUserCAKeys {authority}.pub")
    assert log_in(server, user, key) == (True, 0), place.log.since_mark()
    assert place.log.since_mark(COUNTED.format(user, "sk-ssh-ed25519-cert-v01@openssh.com"), count=1)


def test_a_pin_in_place_of_a_touch_is_enough_and_nothing_less(place, serve):
    key = SecurityKey(flags=TOUCHED | VERIFIED)
    user, _ = person(place, key)
    server = serve("PubkeyAuthOptions verify-required", FILES)
    assert log_in(server, user, key) == (True, 0), place.log.since_mark()
    key.flags = TOUCHED
    assert log_in(server, user, key)[0] is False


def test_sshd_itself_overrules_no_touch_required(place, serve):
    key = SecurityKey(flags=0)
    user, phone = person(place, key, options="no-touch-required")
    server = serve(STRICT, FILES)
    assert log_in(server, user, key, phone.next()) == (False, 0)
    # Where it does not, nothing was touched, and so the code is owed.
    lax = serve(FILES)
    place.log.mark()
    assert log_in(lax, user, key, phone.next()) == (True, 1)
    assert place.log.since_mark("hint=\"the security key does not count: PubkeyAuthOptions none", count=1)


# What is in force in sshd, and what the journal says of it.
DOUBTS = {
    "no touch": ([FILES], "PubkeyAuthOptions none"),
    "no touch for this address": (
        [STRICT, FILES, "Match Address 127.0.0.0/8", "PubkeyAuthOptions none", "Match all"], "PubkeyAuthOptions none"),
    "keys at home": ([STRICT, f"{FILES} .ssh/authorized_keys"], "AuthorizedKeysFile leaves keys to others than root: /home"),
    "a program that says which keys": (
        [STRICT, FILES, "AuthorizedKeysCommand /usr/bin/true", "AuthorizedKeysCommandUser nobody"],
        "AuthorizedKeysCommand /usr/bin/true"),
    "principals at home": (
        [STRICT, FILES, "AuthorizedPrincipalsFile .ssh/principals"], "AuthorizedPrincipalsFile leaves keys to others"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_whatever_leaves_a_doubt_leaves_the_code_owed(place, serve, doubt):
    lines, words = DOUBTS[doubt]
    key = SecurityKey()
    user, phone = person(place, key)
    server = serve(*lines)
    place.log.mark()
    assert log_in(server, user, key, phone.next()) == (True, 1)
    assert place.log.since_mark(f"login granted .*user=\"{user}\" .*modules=totp .*does not count: {words}", count=1)


def test_a_folder_that_others_can_write_leaves_the_code_owed(place, serve):
    key = SecurityKey()
    folder = Path("/etc/ssh/lax")
    user, phone = person(place, key, folder=folder)
    server = serve(STRICT, f"AuthorizedKeysFile {folder}/%u", "StrictModes no")
    assert log_in(server, user, key) == (True, 0), place.log.since_mark()
    folder.chmod(0o777)
    assert log_in(server, user, key, phone.next()) == (True, 1)
    # Nor does a file of root's count that somebody else has made a link to.
    folder.chmod(0o755)
    shutil.chown(folder, user)
    assert log_in(server, user, key, phone.next()) == (True, 1)


def test_what_was_changed_counts_when_sshd_has_read_it(place, serve):
    key = SecurityKey()
    user, phone = person(place, key)
    server = serve(FILES)
    text = server.configuration.read_text()
    server.configuration.write_text(f"{STRICT}\n{text}")
    place.log.mark()
    # By the file all is well, and it is not what is in force.
    assert log_in(server, user, key, phone.next()) == (True, 1)
    assert place.log.since_mark("does not count: sshd has not been reloaded since", count=1)
    server.reload()
    settle(Path(re.search("PidFile (/.*)", text).group(1)))
    assert log_in(server, user, key) == (True, 0), place.log.since_mark()


@pytest.mark.parametrize("how", ["no PidFile", "options of its own"])
def test_an_sshd_of_which_not_all_is_known_leaves_the_code_owed(place, serve, how):
    key = SecurityKey()
    user, phone = person(place, key)
    options = {"arguments": ("-o", "PubkeyAuthOptions=none")} if how != "no PidFile" else {"pid": False}
    server = serve(STRICT, FILES, **options)
    place.log.mark()
    assert log_in(server, user, key, phone.next()) == (True, 1)
    words = "PidFile none" if how == "no PidFile" else "sshd was started with '-o'"
    assert place.log.since_mark(f"does not count: {words}", count=1)


@pytest.mark.parametrize("include", ["Include '/etc/ssh/quoted/*.conf'", '"Include" /etc/ssh/quoted/*.conf'])
def test_what_is_quoted_otherwise_than_it_is_read_leaves_the_code_owed(place, serve, include):
    key = SecurityKey()
    user, phone = person(place, key)
    Path("/etc/ssh/quoted").mkdir(exist_ok=True)
    Path("/etc/ssh/quoted/a.conf").write_text(f"{STRICT}\n")
    server = serve(include, FILES)
    place.log.mark()
    assert log_in(server, user, key, phone.next()) == (True, 1)
    assert place.log.since_mark("does not count: .* has quotation marks or backslashes", count=1)


def test_a_plain_key_never_counts(place, serve):
    user = world.new_user("key")
    KEYS.mkdir(mode=0o755, exist_ok=True)
    shutil.copy(f"{user.key}.pub", KEYS / user)
    phone = world.enroll(user, runtime=place.runtime)
    server = serve(STRICT, FILES)
    status, shown = server.log_in(user, phone.next())
    assert status == 0 and "Verification code" in shown


def test_nobody_asks_sshd_for_anybody_but_the_daemon(place):
    def ask():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{place.runtime}/sshd.sock")

    with pytest.raises(AssertionError, match="PermissionError"):
        world.in_process_of("nobody", ask)


def test_without_whoever_asks_sshd_the_code_is_owed(place, serve):
    key = SecurityKey()
    user, phone = person(place, key)
    server = serve(STRICT, FILES)
    socket_file = f"{place.runtime}/sshd.sock"
    os.rename(socket_file, f"{socket_file}.away")
    try:
        assert log_in(server, user, key, phone.next()) == (True, 1)
    finally:
        os.rename(f"{socket_file}.away", socket_file)
    assert log_in(server, user, key) == (True, 0)


def test_explain_and_flow_show_what_a_key_stands_for(place):
    user = world.new_user("key")
    plain = world.twostep("explain", "sshd", user, "--ssh", "publickey ssh-ed25519", runtime=place.runtime).stdout
    assert "ssh_key" not in plain and "owes totp" in plain, plain
    key = "sk-ecdsa-sha2-nistp256@openssh.com"
    shown = world.twostep("explain", "sshd", user, "--ssh", f"publickey {key}", runtime=place.runtime).stdout
    assert f"ssh_key: second_factor, and {key} stands for the first module if sshd is strict" in shown, shown
    assert "owes no module" in shown, shown
    told = world.twostep("explain", "sshd", user, "--ssh", f"publickey {key}", "--json", runtime=place.runtime)
    assert json.loads(told.stdout)["terms"]["security_key"] == key
    drawn = world.run("twostep", "flow", "--config", place.configuration, "--service", "sshd")
    assert "or a security key of ssh, if sshd is strict" in drawn.stdout, drawn
    assert "ssh_key: second_factor" in " ".join(drawn.stdout.split()), drawn.stdout
