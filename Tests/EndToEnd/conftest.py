"""What all tests share: one daemon at the shipped places, one sshd, one journal."""

import os
import signal

import postgresql
import pytest
import terminal
import world

if os.environ.get("TWOSTEP_WORLD") != "1":
    pytest.exit("these tests run inside Tests/World/enter: see Tests/run", returncode=2)

# Whoever is started in the background inherits that Ctrl-C is ignored, and so would what is tried here.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--share", default="1/1", metavar="I/N", help="run the I-th of N shares of the files")


def pytest_collection_modifyitems(config, items):
    """Keeps this share of the files: whole ones, the largest first, each to the share that has least so far."""
    own, shares = (int(number) for number in config.getoption("--share").split("/"))
    files = {}
    for item in items:
        files.setdefault(item.path.name, []).append(item)
    loads = [0] * shares
    kept = set()
    for name, tests in sorted(files.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        share = loads.index(min(loads))
        loads[share] += len(tests)
        if share == own - 1:
            kept.add(name)
    config.hook.pytest_deselected(items=[item for item in items if item.path.name not in kept])
    items[:] = [item for item in items if item.path.name in kept]


@pytest.fixture(scope="session")
def syslog_of_session():
    return world.Syslog()


@pytest.fixture
def syslog(syslog_of_session):
    """What PAM modules and sudo journal during a test."""
    syslog_of_session.mark()
    return syslog_of_session


@pytest.fixture(scope="session")
def databases():
    """With TWOSTEP_STORE=postgresql each daemon has a database as its store, of a server of this session."""
    if not world.IS_ON_DATABASE:
        yield
        return
    server = postgresql.Server()
    world.databases = lambda: server.section(server.make_database())
    yield
    world.databases = None
    server.stop()


@pytest.fixture(scope="module")
def server(daemon_of_session):
    """A PostgreSQL server for the tests of a file."""
    server = postgresql.Server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def daemon_of_session(syslog_of_session, databases):
    world.install_shipped_stacks()
    daemon = world.Daemon().initialize().start()
    yield daemon
    daemon.stop()


@pytest.fixture
def daemon(daemon_of_session):
    """twostepd at the shipped places, asking for a code alone: running, thawed, and with no session left."""
    if not daemon_of_session.is_running:
        daemon_of_session.start()
    daemon_of_session.log.mark()
    yield daemon_of_session
    if daemon_of_session.is_running:
        daemon_of_session.thaw()
        world.no_session_is_left()


@pytest.fixture(scope="session")
def sshd(daemon_of_session):
    """sshd with the shipped stack and settings."""
    server = terminal.Sshd("PermitRootLogin yes")
    yield server
    server.stop()


@pytest.fixture
def elsewhere(syslog_of_session):
    """Makes daemons in places of their own, for tests that break things."""
    made = []

    def make(configuration=world.CODE_ALONE, start=True):
        daemon = world.Daemon(f"t{next(world.numbers)}").initialize(configuration)
        made.append(daemon)
        return daemon.start() if start else daemon

    yield make
    for daemon in made:
        if daemon.is_running:
            daemon.stop()


@pytest.fixture
def may_read_shadow():
    """The user twostep is in the group shadow, as the unit's SupplementaryGroups= would have it."""
    assert world.run("usermod", "--append", "--groups", "shadow", "twostep").returncode == 0
    yield
    assert world.run("gpasswd", "--delete", "twostep", "shadow").returncode == 0


@pytest.fixture
def enrolled(daemon):
    """A fresh user with a device."""
    return world.enrolled_user()
