"""An upgrade while people log in: a screen that was locked before it, a login that waits at its prompt, one that comes
in between. The sockets are the service manager's and stay.

TWOSTEP_OLD_TREE, what "make tree" has laid out for another commit, adds that commit's programs to each test.
"""

import multiprocessing
import shutil
import threading
from pathlib import Path

import pam
import pytest
import wire
import world
from manager import Sockets

THIS, OLD = Path("/mnt/twostep"), Path("/mnt/old")
TREES = {"this": THIS} | ({"old": OLD} if OLD.exists() else {})
# From which commit to which.
UPGRADES = {name: (tree, THIS) for name, tree in TREES.items()}
# All that may meet for a while, since dpkg replaces the module before the daemon, and a process keeps what it has loaded.
PAIRS = {f"module of {module}, daemon of {daemon}": (TREES[module], TREES[daemon]) for module in TREES for daemon in TREES}


def daemon_of(tree):
    return str(tree / "usr/sbin/twostepd")


def module_of(tree):
    return str(next(tree.glob("usr/lib/*/security/pam_twostep.so")))


def command_of(tree, *arguments, **options):
    return world.run(tree / "usr/bin/twostep", *arguments, **options)


class Scene:
    """A place with a daemon of one tree, and a service whose module is of another."""

    def __init__(self, place, daemon, module):
        shutil.rmtree(place.state, ignore_errors=True)
        made = command_of(daemon, "init", *place.places)
        assert made.returncode == 0, made.stderr
        self.place, self.sockets = place, Sockets(place)
        world.write_stack(place.service, f"auth required {module_of(module)} socket={place.socket}")
        self.sockets.start(daemon_of(daemon))
        self.user = world.new_user()
        self.phone = world.enroll(self.user, runtime=place.runtime)

    def replace(self, tree):
        """What postinst does."""
        self.sockets.stop()
        self.sockets.start(daemon_of(tree))


@pytest.fixture
def scene(elsewhere):
    made = []

    def make(daemon, module):
        made.append(Scene(elsewhere(start=False), daemon, module))
        return made[-1]

    yield make
    for one in made:
        one.sockets.close()


def log_in_while(scene, user, rounds, meanwhile):
    """A locker's way: several rounds on one handle in a process of the user's. At the first question `meanwhile` is done
    here, before it is answered. Returns the codes and the messages."""
    asked, done = multiprocessing.Event(), multiprocessing.Event()
    outcome = []

    def answer():
        asked.set()
        assert done.wait(60)
        return rounds[0][0]

    def on_one_handle():
        messages = []
        codes = pam.attempts(scene.place.service, user, [[answer, *rounds[0][1:]], *rounds[1:]], messages)
        return codes, messages

    thread = threading.Thread(target=lambda: outcome.append(world.in_process_of(user, on_one_handle)))
    thread.start()
    try:
        assert asked.wait(30), "nobody was asked"
        meanwhile()
    finally:
        done.set()
        thread.join()
    return outcome[0]


@pytest.mark.parametrize("module", TREES.values(), ids=TREES.keys())
@pytest.mark.parametrize("before, after", UPGRADES.values(), ids=UPGRADES.keys())
def test_a_screen_locked_before_the_upgrade_opens_after_it(scene, before, after, module):
    at = scene(before, module)
    code = at.phone.next()
    codes, messages = log_in_while(at, at.user, [[code], [code]], lambda: at.replace(after))
    # The answer was for a daemon that is gone; it was neither judged nor spent.
    assert codes == [pam.AUTHINFO_UNAVAIL, pam.SUCCESS]
    assert len(messages) == 1 and messages[0].startswith("Login is not possible right now"), messages
    assert world.failures_of(at.user, at.place.runtime) == 0


def test_who_waits_at_the_prompt_is_told_to_try_again(scene):
    at = scene(THIS, THIS)
    code = at.phone.next()
    _, messages = log_in_while(at, at.user, [[code]], lambda: at.replace(THIS))
    assert messages == ["Login is not possible right now: the login service is being restarted. Please try again."]


def test_a_daemon_that_is_killed_in_the_upgrade_is_no_worse(scene):
    at = scene(THIS, THIS)
    code = at.phone.next()

    def kill():
        at.place.kill()
        at.sockets.start()

    codes, messages = log_in_while(at, at.user, [[code], [code]], kill)
    assert codes == [pam.AUTHINFO_UNAVAIL, pam.SUCCESS]
    assert len(messages) == 1, messages


@pytest.mark.parametrize("module", TREES.values(), ids=TREES.keys())
@pytest.mark.parametrize("before, after", UPGRADES.values(), ids=UPGRADES.keys())
def test_a_login_that_comes_between_the_daemons_waits_for_the_new_one(scene, before, after, module):
    at = scene(before, module)
    at.sockets.stop()
    logins = []
    code = at.phone.next()
    thread = threading.Thread(target=lambda: logins.append(pam.log_in(at.place.service, at.user, code)))
    thread.start()
    world.wait_until(lambda: waiting(at.place.socket), "a login in the socket's queue")
    at.sockets.start(daemon_of(after))
    thread.join()
    assert logins[0].granted, logins


def waiting(path):
    """Whether somebody has connected to a socket and was not accepted yet."""
    # Num RefCount Protocol Flags Type St Inode Path: a connection in the queue bears the path of its listener.
    lines = Path("/proc/net/unix").read_text().splitlines()
    return sum(line.endswith(f" {path}") for line in lines) > 1


@pytest.mark.parametrize("module, daemon", PAIRS.values(), ids=PAIRS.keys())
def test_whatever_module_meets_whatever_daemon(scene, module, daemon):
    at = scene(daemon, module)
    code = at.phone.next()
    assert not pam.log_in(at.place.service, at.user, at.phone.wrong()).granted
    assert pam.log_in(at.place.service, at.user, code).granted
    assert not pam.log_in(at.place.service, at.user, code).granted


@pytest.mark.parametrize("before, after", UPGRADES.values(), ids=UPGRADES.keys())
def test_devices_stay_and_used_codes_stay_used(scene, before, after):
    at = scene(before, THIS)
    code = at.phone.next()
    assert pam.log_in(at.place.service, at.user, code).granted
    at.replace(after)
    assert not pam.log_in(at.place.service, at.user, code).granted
    assert pam.log_in(at.place.service, at.user, at.phone.next()).granted


# --- peers that speak one version alone, whatever this build speaks ------------------------------------------------------


OLDEST = 1


def test_a_module_of_the_oldest_version_is_served_before_and_after(scene):
    at = scene(THIS, THIS)
    # A module of that time knows no other.
    code = at.phone.next()
    speaks = {"evidence": ["publickey ssh-ed25519"], "versions": (OLDEST, OLDEST), "path": at.place.socket}
    connection = wire.Connection(at.place.socket)
    connection.send(wire.begin(at.user, evidence=speaks["evidence"], versions=speaks["versions"]))
    assert connection.receive()[0] == wire.PROMPT
    at.replace(THIS)
    assert connection.verdict() == wire.UNAVAILABLE
    assert wire.ask(at.user, code, **speaks) == wire.GRANTED


def test_a_module_one_version_ahead_is_served(scene):
    at = scene(THIS, THIS)
    assert wire.ask(
        at.user, at.phone.next(), evidence=["publickey ssh-ed25519"], versions=(OLDEST, OLDEST + 1),
        path=at.place.socket) == wire.GRANTED


def test_a_module_two_versions_ahead_is_not_and_the_journal_names_both(scene):
    at = scene(THIS, THIS)
    assert wire.ask(at.user, versions=(98, 99), path=at.place.socket) == wire.UNAVAILABLE
    assert at.place.log.since_mark("speaks versions 98 to 99 of the wire, twostepd", count=1)


def play_daemon(listener, version, verdict):
    """One login with a daemon of another time, which asks and judges in its own version; without a verdict it ends while
    the answer is typed."""
    listener.setblocking(True)
    connection, _ = listener.accept()
    peer = wire.Connection.over(connection)
    kind, offer = peer.receive()
    assert kind == wire.BEGIN and offer[0] <= OLDEST <= offer[1], offer
    peer.send(wire.prompt("Code: ", version))
    if verdict is not None:
        assert peer.receive()[0] == wire.ANSWER
        peer.send(wire.verdict(verdict, version))
    peer.close()


def test_a_daemon_of_the_oldest_version_is_understood_and_may_be_replaced_in_mid_prompt(scene):
    at = scene(THIS, THIS)
    at.sockets.stop()
    code = at.phone.next()

    def log_in(verdict):
        daemon = threading.Thread(target=play_daemon, args=(at.sockets.login, OLDEST, verdict))
        daemon.start()
        login = pam.log_in(at.place.service, at.user, code)
        daemon.join()
        return login

    assert log_in(wire.GRANTED).granted
    assert log_in(wire.DENIED).code == pam.AUTH_ERR
    gone = log_in(None)
    assert (gone.code, gone.prompts) == (pam.AUTHINFO_UNAVAIL, ["Code: "])
    at.sockets.start()
    assert pam.log_in(at.place.service, at.user, code).granted


def test_a_daemon_two_versions_ahead_is_not_understood_and_the_journal_names_both(scene, syslog):
    at = scene(THIS, THIS)
    at.sockets.stop()
    daemon = threading.Thread(target=play_daemon, args=(at.sockets.login, 99, None))
    daemon.start()
    login = pam.log_in(at.place.service, at.user, at.phone.next())
    daemon.join()
    assert (login.code, login.prompts) == (pam.AUTHINFO_UNAVAIL, [])
    assert syslog.since_mark("version 99 of the protocol, this module", count=1)
