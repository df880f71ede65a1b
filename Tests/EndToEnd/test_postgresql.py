"""The store in a PostgreSQL database: one budget and one use of each code over several daemons, and a server that is away."""

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pam
import postgresql
import pytest
import test_grants
import test_stolen
import wire
import world


@pytest.fixture(scope="module")
def database(server):
    return server.make_database()


@pytest.fixture(scope="module")
def two(server, database):
    """Two daemons with one store and one key."""
    first = postgresql.daemon_at("hub1", server.configuration(database, more="  poll: 1s\n")).start()
    second = postgresql.daemon_at("hub2", server.configuration(database, more="  poll: 20s\n"), first.key).start()
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
    assert store["problem"] is None and store["schema"] == 4
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


def test_a_password_that_is_changed_at_one_daemon_lets_nobody_in_who_has_typed_it_at_another(two, server, database):
    asked = "auth_providers:\n  - type: homeassistant\n    modules: [totp]\n"
    text = server.configuration(database, asked=asked, more="  poll: 20s\n")
    with contextlib.ExitStack() as stack:
        here, there = [postgresql.daemon_at(name, text, two[0].key).start() for name in ("hub5", "hub6")]
        for daemon in (here, there):
            stack.callback(daemon.stop)
        (user, phone), (other, another) = test_stolen.with_password(here), test_stolen.with_password(here)

        def change(_):
            done = world.twostep(
                "user", "passwd", user, "--password-stdin", runtime=there.runtime, input="Right-Password-2\n")
            assert done.returncode == 0, done.stderr
            return phone.next()

        assert wire.ask(user, "Right-Password-1", change, path=here.socket) == wire.DENIED
        assert wire.ask(other, "Right-Password-1", lambda _: another.next(), path=here.socket) == wire.GRANTED


def test_what_is_remembered_at_one_daemon_goes_with_the_device_that_another_removes(two, person, server, database):
    user, phone = person
    third = postgresql.daemon_at(
        "hub4", test_grants.POLICY + server.section(database) + "  poll: 20s\n", two[0].key).start()
    sudoers = world.Path("/etc/sudoers.d/fleet")
    sudoers.write_text("Defaults !lecture\nALL ALL=(ALL) ALL\n")
    sudoers.chmod(0o440)
    try:
        with world.stack_replaced(
                "sudo", "auth requisite pam_unix.so nodelay", f"auth required pam_twostep.so socket={third.socket}"):
            shell = test_grants.shell_of(user)
            assert [test_grants.sudo(shell, (user, phone)) for _ in range(2)] == [True, False]
            assert len(test_grants.grants(third)) == 1
            removed = world.twostep("remove", user, "phone", "--yes", "--force", runtime=two[0].runtime)
            assert removed.returncode == 0, removed.stderr
            world.wait_until(lambda: not test_grants.grants(third), "the grant to go")
    finally:
        sudoers.unlink()
        third.stop()


def listeners(server, database):
    """The server's processes that wait for somebody to hear of notices."""
    return server.sql(
        f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}' AND query LIKE 'LISTEN%' ORDER BY pid").split()


def test_what_is_changed_at_one_daemon_is_known_at_the_other_before_it_looks(two, person):
    user, _ = person
    # It looks once in twenty seconds: of four changes within less it could not have found two.
    start = world.now()
    for verb, count in (("block", 1), ("unblock", 0), ("block", 1), ("unblock", 0)):
        options = ["--reason", "lost"] if verb == "block" else []
        assert world.twostep(verb, user, *options, runtime=two[0].runtime).returncode == 0
        world.wait_until(lambda: two[1].status()["blocked"] == count, verb, 19)  # pylint: disable=cell-var-from-loop
    assert world.seconds_since(start) < 19


def test_with_the_one_that_hears_ended_logins_go_on_and_it_is_there_again(two, person, server, database):
    user, phone = person
    before = world.wait_until(lambda: len(found := listeners(server, database)) == 2 and found, "two listeners")
    server.sql(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid IN ({','.join(before)})")
    assert pam.log_in(two[1].service, user, phone.next()).granted
    world.wait_until(
        lambda: len(found := listeners(server, database)) == 2 and not set(found) & set(before), "two other listeners")
    assert world.twostep("block", user, "--reason", "lost", runtime=two[0].runtime).returncode == 0
    world.wait_until(lambda: two[1].status()["blocked"] == 1, "the other daemon to know of the block", 15)
    assert world.twostep("unblock", user, runtime=two[1].runtime).returncode == 0


def test_with_nobody_who_hears_logins_go_on_and_the_next_look_finds_what_was_changed(two, person, server, database):
    user, phone = person
    pids = world.wait_until(lambda: len(found := listeners(server, database)) == 2 and found, "two listeners")
    assert world.run("kill", "-STOP", *pids).returncode == 0
    try:
        assert pam.log_in(two[0].service, user, phone.next()).granted
        assert world.twostep("block", user, "--reason", "lost", runtime=two[1].runtime).returncode == 0
        world.wait_until(lambda: two[0].status()["blocked"] == 1, "the next look")
        assert not pam.log_in(two[0].service, user, phone.at(phone.step + 1)).granted
    finally:
        assert world.run("kill", "-CONT", *pids).returncode == 0
    assert world.twostep("unblock", user, runtime=two[0].runtime).returncode == 0


def test_status_says_who_shares_the_store(two, server, database):
    sharing = two[0].status()["sharing"]
    assert {("twostep-world", daemon.state) for daemon in two} <= {
        (daemon["host"], daemon["place"]) for daemon in sharing["daemons"]}
    assert sharing["warnings"] == []
    shown = world.twostep("status", runtime=two[1].runtime).stdout
    assert f"shared by      twostep-world {two[0].state}, version " in shown
    server.sql(
        "INSERT INTO twostep.daemon SELECT 'host' || n, '/var/lib/twostep', '0.0.1', now() FROM generate_series(1, 4) n",
        database)
    words = f"{4 + len(sharing['daemons'])} daemons share the store"
    assert any(words in warning for warning in two[0].status()["sharing"]["warnings"])
    places = ["--config", two[0].configuration, "--runtime-directory", two[0].runtime]
    assert words in world.run("twostep", "check", "--store", *places).stdout
    server.sql("DELETE FROM twostep.daemon WHERE host LIKE 'host%'", database)


# By the server itself, and at once, since a daemon waits for a few seconds; what it writes about itself has no COMMIT.
CANCEL_A_WAITING_COMMIT = """
DO $$ BEGIN
    FOR look IN 1..2000 LOOP
        PERFORM pg_stat_clear_snapshot();
        PERFORM pg_cancel_backend(pid) FROM pg_stat_activity
            WHERE wait_event = 'SyncRep' AND usename = 'twostep' AND query = 'COMMIT';
        IF FOUND THEN RETURN; END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RAISE 'no commit has waited';
END $$
"""


@pytest.mark.parametrize("heard", ["notice", "error"])
def test_a_commit_that_has_stopped_waiting_for_its_standbys_lets_nobody_in(two, person, server, heard):
    user, phone = person
    # The credentials of an account are kept at its first login; then there is one commit a login.
    assert pam.log_in(two[0].service, user, phone.next()).granted
    # Whatever the role is to hear of: the warning is all that tells such a commit from another.
    server.sql(f"ALTER ROLE twostep SET client_min_messages = {heard}")
    for daemon in two:
        # Which writes what is still to be remembered of logins, too: no other commit is in the way.
        daemon.restart()
    code = phone.next()
    server.set("synchronous_standby_names", "nobody")
    two[0].log.mark()
    try:
        with ThreadPoolExecutor(1) as pool:
            # PostgreSQL tells such a commit as one that has worked, beside a warning.
            cancelled = pool.submit(server.sql, CANCEL_A_WAITING_COMMIT)
            assert pam.log_in(two[0].service, user, code).code == pam.AUTHINFO_UNAVAIL
            cancelled.result()
        assert two[0].log.since_mark("the server warns of a commit: canceling wait", count=1)
    finally:
        server.set("synchronous_standby_names", "")
        server.sql("ALTER ROLE twostep RESET client_min_messages")
    world.wait_until(lambda: two[0].status()["serving"], "the daemon to go on", 15)
    assert not pam.log_in(two[1].service, user, code).granted
    other = world.new_user()
    assert pam.log_in(two[0].service, other, world.enroll(other, runtime=two[0].runtime).next()).granted


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
    stranger = postgresql.daemon_at("hub3", server.configuration(database)).start(serving=False)
    try:
        assert not stranger.status()["serving"]
    finally:
        stranger.stop()


def test_a_server_that_does_not_wait_for_its_disk_is_refused(server, two):
    database = server.make_database()
    server.sql(f"ALTER DATABASE {database} SET synchronous_commit = off")
    place = world.Daemon("careless")
    place.make_folder()
    place.configure(server.configuration(database))
    refused = world.run("twostep", "init", *place.places)
    assert refused.returncode == 1 and "synchronous_commit is off" in refused.stderr


def test_a_server_whose_disk_is_not_waited_for_any_more_is_refused_by_whoever_is_connected(daemon_of_session):
    server = postgresql.Server()
    place = postgresql.daemon_at("unsafe", server.configuration(server.make_database())).start()
    try:
        user = world.new_user()
        phone = world.enroll(user, runtime=place.runtime)
        assert pam.log_in(place.service, user, phone.next()).granted
        server.set("fsync", "off")
        world.wait_until(lambda: "fsync is off" in (place.status()["store"]["problem"] or ""), "a look at the settings", 60)
        assert pam.log_in(place.service, user, phone.next()).code == pam.AUTHINFO_UNAVAIL
        server.set("fsync", "on")
        world.wait_until(lambda: place.status()["serving"], "the server to be used again", 20)
    finally:
        place.stop()
        server.stop()
