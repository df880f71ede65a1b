"""The store in a PostgreSQL database: one budget and one use of each code over several daemons, and a server that is away."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pam
import postgresql
import pytest
import world


@pytest.fixture(scope="module")
def server(daemon_of_session):
    server = postgresql.Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def database(server):
    return server.make_database()


def daemon_at(server, database, name, key=None):
    """A daemon with its store in the database; `init` has made the tables where they were not."""
    daemon = world.Daemon(name)
    daemon.folder.mkdir(mode=0o750)
    world.shutil.chown(daemon.folder, "root", "twostep")
    if key is not None:
        world.shutil.copy2(key, daemon.key)
        world.shutil.chown(daemon.key, "root", "twostep")
    daemon.configure(server.configuration(database))
    done = world.run("twostep", "init", *daemon.places)
    assert done.returncode == 0, done.stdout + done.stderr
    return daemon.start()


@pytest.fixture(scope="module")
def two(server, database):
    """Two daemons with one store and one key."""
    first = daemon_at(server, database, "hub1")
    second = daemon_at(server, database, "hub2", first.key)
    yield first, second
    first.stop()
    second.stop()


@pytest.fixture
def person(two):
    user = world.new_user()
    return user, world.enroll(user, runtime=two[0].runtime)


def test_a_login_with_the_store_in_a_database_and_the_status_names_it(two, person, server, database):
    user, phone = person
    assert pam.log_in(two[0].service, user, phone.next()).granted
    store = two[0].status()["store"]
    assert store["path"] == f"postgresql host={server.folder} dbname={database} user=twostep"
    assert store["problem"] is None and store["schema"] == 2
    assert not list(world.Path(two[0].state).glob("twostep.sqlite*")), "nothing is kept beside"
    assert two[1].status()["devices"] == two[0].status()["devices"] > 0


def test_of_200_logins_with_one_code_at_two_daemons_exactly_one_is_granted(two, person):
    user, phone = person
    code = phone.next()
    with ThreadPoolExecutor(200) as pool:
        logins = list(pool.map(lambda number: pam.log_in(two[number % 2].service, user, code), range(200)))
    assert sum(login.granted for login in logins) == 1
    assert {login.code for login in logins} <= {pam.SUCCESS, pam.AUTH_ERR}
    assert pam.log_in(two[1].service, user, phone.at(phone.step + 1)).granted, "nobody is locked out by that"


def test_guesses_at_two_daemons_have_one_budget_and_unlock_counts_for_both(two, person):
    user, phone = person
    for number, wrong in enumerate(phone.wrong(6)):
        assert not pam.log_in(two[number % 2].service, user, wrong).granted
    code = phone.next()
    for daemon in two:
        assert pam.log_in(daemon.service, user, code).code == pam.MAXTRIES
    assert world.twostep("unlock", user, runtime=two[1].runtime).returncode == 0
    assert pam.log_in(two[0].service, user, code).granted


def test_a_block_and_a_removed_device_bind_at_the_other_daemon(two, person):
    user, phone = person
    assert world.twostep("block", user, "--reason", "lost", runtime=two[0].runtime).returncode == 0
    assert not pam.log_in(two[1].service, user, phone.next()).granted
    world.wait_until(lambda: two[1].status()["blocked"] == 1, "the other daemon to know of the block", 5)
    assert world.twostep("unblock", user, runtime=two[1].runtime).returncode == 0
    listing = json.loads(world.twostep("list", user, "--json", runtime=two[0].runtime).stdout)
    device = next(device["device"] for device in listing["devices"] if device["module"] == "totp")
    removed = world.twostep("remove", user, device, "--yes", "--force", runtime=two[0].runtime)
    assert removed.returncode == 0, removed.stderr
    assert not pam.log_in(two[1].service, user, phone.at(phone.step + 1)).granted


def test_a_server_that_is_killed_denies_and_what_was_granted_stays_spent(two, person, server):
    user, phone = person
    code = phone.next()
    granted = pam.log_in(two[0].service, user, code)
    assert granted.granted

    def die(_):
        if server.process.poll() is None:
            server.kill()

    following = phone.at(phone.step + 1)
    login = pam.log_in(two[1].service, user, following, on_prompt=die)
    assert login.code == pam.AUTHINFO_UNAVAIL, "in the middle of a login"
    world.wait_until(lambda: not two[0].status()["serving"], "the first daemon to see it", 10)
    for daemon in two:
        assert pam.log_in(daemon.service, user, following).code == pam.AUTHINFO_UNAVAIL
        assert "postgresql host=" in daemon.status()["store"]["problem"]
    server.start()
    for daemon in two:
        world.wait_until(lambda: daemon.status()["serving"], "the daemon to find the server again", 15)  # pylint: disable=cell-var-from-loop
    assert not pam.log_in(two[1].service, user, code).granted
    assert pam.log_in(two[0].service, user, following).granted


def test_killed_at_any_moment_one_code_is_granted_once_at_most(two, person, server):
    user, phone = person
    code = phone.next()
    started = threading.Event()

    def log_in(number):
        started.set()
        return pam.log_in(two[number % 2].service, user, code)

    with ThreadPoolExecutor(24) as pool:
        running = [pool.submit(log_in, number) for number in range(24)]
        started.wait(10)
        server.kill()
        logins = [login.result() for login in running]
    server.start()
    for daemon in two:
        world.wait_until(lambda: daemon.status()["serving"], "the daemon to find the server again", 15)  # pylint: disable=cell-var-from-loop
    later = [pam.log_in(two[number % 2].service, user, code) for number in range(4)]
    granted = sum(login.granted for login in logins)
    assert granted + sum(login.granted for login in later) <= 1
    if granted:
        assert not any(login.granted for login in later)


def test_verbs_that_work_on_files_say_whose_work_it_is(two):
    places = ["--config", two[0].configuration]
    restored = world.run("twostep", "restore", "/etc/hostname", "--yes", *places)
    assert restored.returncode == 1 and "pg_dump" in restored.stderr
    backed_up = world.run("twostep", "backup", "/run/backup", "--runtime-directory", two[0].runtime)
    assert backed_up.returncode == 1 and "pg_dump" in backed_up.stderr
    checked = world.run("twostep", "check", "--store", *places, "--runtime-directory", two[0].runtime)
    assert "pg_dump" in checked.stdout + checked.stderr


def test_a_key_that_is_not_the_store_s_refuses_everybody(server, database, two):
    stranger = world.Daemon("hub3")
    stranger.folder.mkdir(mode=0o750)
    world.shutil.chown(stranger.folder, "root", "twostep")
    stranger.configure(server.configuration(database))
    assert world.run("twostep", "init", *stranger.places).returncode == 0
    stranger.start(serving=False)
    try:
        assert not stranger.status()["serving"]
    finally:
        stranger.stop()


def test_a_server_that_does_not_wait_for_its_disk_is_refused(server, two):
    database = server.make_database()
    server.sql(f"ALTER DATABASE {database} SET synchronous_commit = off")
    place = world.Daemon("careless")
    place.folder.mkdir(mode=0o750)
    world.shutil.chown(place.folder, "root", "twostep")
    place.configure(server.configuration(database))
    refused = world.run("twostep", "init", *place.places)
    assert refused.returncode == 1 and "synchronous_commit is off" in refused.stderr
