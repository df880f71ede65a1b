"""Each --json document has the members that twostep(1), JSON DOCUMENTS, names for its command, and no other."""

import json
import os
import re
from pathlib import Path

import pam
import pytest
import test_enable
import wire
import world
from terminal import expect, spawn
from test_enable import administrator, machine  # noqa: F401  # fixtures

PAGE = Path("/mnt/twostep/usr/share/man/man1/twostep.1").read_text()
CONFIGURATION = """
auth_providers:
  - type: pam
    modules:
      - any_of: [totp, recovery_code]
  - type: homeassistant
    create_credentials: true
  - type: legacy_api_password
policy:
  - match: {service: sudo}
    provider: pam
    remember: 15m
  - match: {}
    provider: pam
notices: {last_login: true}
hub: {name: 127.0.0.8, listen: '127.0.0.8:7443'}
"""


def explained():
    """The words that the page names for each command."""
    documents = re.search(r"^\.Sh JSON DOCUMENTS\n(.*?)^\.Sh ", PAGE, re.M | re.S).group(1)
    found = {}
    for entry in re.split(r"^\.It ", documents, flags=re.M)[1:]:
        title, *lines = entry.splitlines()
        words = set()
        for line in lines:
            for macro, marked in re.findall(r"\b([A-Z][a-z])\b((?:(?!\b[A-Z][a-z]\b).)*)", line):
                words |= set(re.findall(r"[a-z_]+", marked)) if macro == "Ql" else set()
        for command in title.removeprefix("Cm ").replace("Fl -", "--").split(" , Cm "):
            found[command] = words
    # As the page says.
    found["sessions end"] = found["sessions"]
    found["report"] |= found["list"]
    # What a host says of its hubs, of which this machine has none.
    found["status"] -= {"place", "answers", "logins"}
    found["host add"] |= found["host list"] - {"hosts"}
    found["explain"] |= found["grants"]
    found["disable --all"] |= found["disable"]
    return found


def members(document):
    """The names of all members, however deep; a metric's labels are data."""
    if isinstance(document, list):
        return set().union(*map(members, document))
    if not isinstance(document, dict):
        return set()
    return set(document).union(*(members(value) for name, value in document.items() if name != "labels"))


class Desk:
    """A place where something of everything has happened, and the documents of its commands."""

    def __init__(self, place):
        self.place = place
        self.documents = {}

    def run(self, command, *arguments, status=0, **options):
        """Runs a command and keeps its document."""
        name = f"{command} {arguments[0]}" if f"{command} {arguments[0] if arguments else ''}" in EXPLAINED else command
        done = world.twostep(command, *arguments, "--json", runtime=self.place.runtime, **options)
        assert done.returncode == status, done
        document = json.loads(done.stdout)
        self.documents.setdefault(name if "error" not in document else "any error", []).append(document)
        return document

    def keep(self, command, done):
        """The document of a command that does not ask the daemon."""
        self.documents.setdefault(command, []).append(json.loads(done.stdout))


EXPLAINED = explained()


@pytest.fixture(scope="module")
def documents(daemon_of_session):
    place = world.Daemon(f"t{next(world.numbers)}")
    desk = Desk(place)
    desk.keep("init", world.run("twostep", "init", "--json", *place.places))
    place.configure(CONFIGURATION)
    place.start()
    user, other = world.new_user(), world.new_user()
    given = desk.run("enroll", user, "totp", "--no-confirm")
    phone = world.Authenticator(given["secret"].replace(" ", ""))
    desk.run("enroll", user, "totp", "--name", "second", "--no-confirm")
    desk.run("show", user, "phone")
    batch = Path("/run/batch.csv")
    batch.write_text(f"user,secret\n{other},JBSWY3DPEHPK3PXP\n")
    batch.chmod(0o600)
    desk.run("import", "batch", batch)
    desk.run("export", user, "--output", "/run/exported")
    desk.run("export", user, "--to-pipe")
    desk.run("remove", user, "second", "--yes")
    desk.run("verify", user, input=f"{phone.wrong()}\n", status=1)
    assert not pam.log_in(place.service, user, phone.wrong()).granted
    desk.run("verify", user, input=f"{phone.at(phone.step)}\n")
    assert pam.log_in(place.service, user, phone.next()).granted

    # Something remembered: by a program at a terminal of its own, which lives on.
    program = (
        "import os, sys; sys.path.insert(0, '/mnt/twostep/Tests/EndToEnd'); import wire\n"
        "print(wire.ask(sys.argv[1], sys.argv[2], path=sys.argv[3], service='sudo', authtok=True,"
        " tty=os.ttyname(0)) == wire.GRANTED); input()")
    terminal = spawn("/usr/bin/python3", "-c", program, user, phone.next(), place.socket)
    assert expect(terminal, "True", "False") == 0
    (grant,) = desk.run("grants", "list")["grants"]
    desk.run("explain", "sudo", user, "--authtok", "--tty", f"/dev/{grant['terminal'].removeprefix('/dev/')}")
    desk.run("explain", "sshd", other, "--ssh", "publickey")
    desk.run("grants", "revoke", "--all")
    terminal.close(force=True)

    waiting = wire.Connection(place.socket)
    waiting.send(wire.begin(user, evidence=["publickey ssh-ed25519"], rhost="192.0.2.1"))
    assert waiting.receive()[0] == wire.PROMPT
    (session,) = desk.run("sessions")["sessions"]
    desk.run("sessions", "end", session["id"])
    waiting.close()

    desk.run("user", "add", "Zoe", "--password-stdin", input="a long password\n")
    desk.run("user", "passwd", "zoe", "--password-stdin", input="another password\n")
    desk.run("credentials", "link", "homeassistant", "zoe", other)
    desk.run("credentials", "list")
    desk.run("user", "list")
    desk.run("credentials", "unlink", "homeassistant", "zoe", "--yes")
    desk.run("user", "remove", "zoe", "--yes")
    desk.run("legacy", "passwd", "--password-stdin", input="the one password\n")

    desk.run("bypass", other, "--for", "1h", "--reason", "phone at home")
    desk.run("ticket", other, "--for", "1h")
    assert not pam.log_in(place.service, other, "123456").granted
    desk.run("block", other, "--reason", "left")
    desk.run("list")
    desk.run("explain", "sshd", other, "--ssh", "publickey")
    desk.run("unblock", other)
    assert world.run("usermod", "--uid", str(os.getpid() + 100_000), other).returncode == 0
    desk.run("adopt", other, "--yes")
    desk.run("unlock", other)
    desk.run("status")
    desk.run("log", "--daemon")
    desk.run("metrics")
    desk.run("metrics", "--textfile", "/run/twostep-documents.prom")
    desk.run("report")
    assert not pam.log_in(place.service, "alice", "123456").granted
    desk.run("report", "--unenrolled-active")
    desk.run("remove", user, "nothing", "--yes", status=1)
    Path("/run/broken.yaml").write_text("auth_providers: [{type: pan}]\n")
    desk.keep("trial", world.run("twostep", "trial", "sshd", "alice", "--json"))
    desk.keep("check", world.run("twostep", "check", "--json", "--config", "/run/broken.yaml"))
    desk.keep("module test", world.run("twostep", "module", "test", "/bin/true", "--json"))
    desk.run("rekey", "--config", place.configuration)
    desk.run("host", "add", "web1", "--out", "/run/documents.pem")
    desk.run("host", "list")
    desk.run("host", "revoke", "web1")
    desk.run("user", "add", "Zoe", "--password-stdin", input="a long password\n")
    desk.run("backup", "/run/backup-documents", "--with-key", "--config", place.configuration)
    desk.run("remove", user, "phone", "--yes", "--force")
    desk.run("user", "remove", "zoe", "--yes")
    desk.run("enroll", user, "totp", "--name", "new", "--no-confirm")
    assert place.stop() == 0
    desk.keep("restore", world.run(
        "twostep", "restore", "/run/backup-documents", "--yes", "--json", "--config", place.configuration,
        "--state-directory", place.state))
    yield desk.documents


# They change stacks, and have a test of their own.
OF_STACKS = {"enable", "disable", "enable --confirm", "enable --undo-overdue", "disable --all"}
# It needs a database, and is held in test_store_copy.py.
OF_DATABASES = {"store copy"}


def test_every_command_that_is_explained_has_written_one(documents):
    assert set(EXPLAINED) - OF_STACKS - OF_DATABASES == set(documents)


@pytest.mark.parametrize("command", [command for command in EXPLAINED if command not in OF_STACKS | OF_DATABASES])
def test_every_member_is_explained_with_its_command(documents, command):
    found = members(documents[command])
    if command == "log":
        # Fields of the journal, in small letters: see twostepd(8), which is held by Tests/docs.
        page = Path("/mnt/twostep/usr/share/man/man8/twostepd.8").read_text()
        found -= {name.lower() for name in re.findall(r"\b(?:TWOSTEP)?_([A-Z_]+)", page)}
    assert found - EXPLAINED[command] == set()


def test_every_member_of_what_changes_stacks_is_explained(administrator):  # noqa: F811
    user, phone = administrator

    def confirmed():
        # From a shell, as people do: what confirms is a sudo of this very session.
        shown = test_enable.typed(
            test_enable.shell_of(user), f"sudo -k {test_enable.TWOSTEP} enable --confirm --json", user.password, phone.next())
        known = world.twostep("log", "--user", user, "--json").stdout, sorted(test_enable.LEDGER.glob("*"))
        assert "status=0=" in shown, (shown, known)
        return next(line for line in shown.splitlines() if line.startswith("{"))

    within = ["--yes", "--json", "--confirm-within", "5m"]
    written = [
        ("enable", test_enable.enable("sudo", *within, administrator=user).stdout),
        ("enable --undo-overdue", test_enable.enable("--undo-overdue", "--json", environment=test_enable.later(301)).stdout),
        ("enable", test_enable.enable("sudo", *within, administrator=user).stdout),
        ("enable --confirm", confirmed()),
        ("disable", test_enable.disable("sudo", "--yes", "--json").stdout),
        ("enable", test_enable.enable("su", "--yes", "--json", administrator=user).stdout),
        ("disable --all", test_enable.disable("--all", "--yes", "--json").stdout),
    ]
    for command, text in written:
        document = json.loads(text)
        assert document and members(document) - EXPLAINED[command] == set(), (command, document)
    assert {command for command, _ in written} == OF_STACKS
