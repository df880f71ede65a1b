"""Several servers: encrypted, one that is away, one that takes over, and one that comes back."""

import contextlib
import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pam
import postgresql
import pytest
import world

PORT = 5432


@pytest.fixture(scope="module", autouse=True)
def places(daemon_of_session):
    """The stacks, and who listens to what they journal."""


# --- encrypted ------------------------------------------------------------------------------------------------------


class Authority:
    """Who signs certificates of servers."""

    def __init__(self, name):
        self.folder = world.Path(f"/run/authority-{name}")
        self.folder.mkdir(mode=0o755)
        self.certificate = self.folder / "ca.crt"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-keyout", self.folder / "ca.key", "-out", self.certificate)
        self.certificate.chmod(0o644)

    def _openssl(self, *arguments):
        done = world.run("openssl", *arguments)
        assert done.returncode == 0, done.stderr

    def certify(self, name, folder):
        """A key and a certificate for a server of this name, for the user postgres to read."""
        key, request, certificate = (folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-addext",
            f"subjectAltName=DNS:{name}", "-keyout", key, "-out", request)
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / "ca.key", "-CAcreateserial",
            "-days", "2", "-copy_extensions", "copy", "-out", certificate)
        for path in (key, certificate):
            world.shutil.chown(path, "postgres")
        key.chmod(0o600)
        return key, certificate


@pytest.fixture(scope="module")
def authority():
    return Authority("ours")


@pytest.fixture(scope="module")
def encrypted(authority):
    """A server at a port of the loopback, with a certificate for db.test."""
    with open("/etc/hosts", "a", encoding="ascii") as hosts:
        hosts.write("127.0.0.1 db.test other.test\n")
    server = postgresql.Server("listen_addresses=127.0.0.1")
    key, certificate = authority.certify("db.test", server.folder)
    for name, value in (("ssl_cert_file", certificate), ("ssl_key_file", key), ("ssl", "on")):
        server.set(name, str(value))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def over_tls(encrypted, authority):
    """Makes configurations whose store is reached over TLS, and a file with the password."""
    password = world.Path("/run/database.password")
    password.write_text("tw\u00f6 words\n")
    password.chmod(0o640)
    world.shutil.chown(password, "root", "twostep")
    database = encrypted.make_database()

    def make(host="db.test", root=authority.certificate, port=PORT, mode="verify-full"):
        return world.CODE_ALONE + (
            f"store:\n  type: postgresql\n  password_file: {password}\n  connection: host={host} port={port} "
            f"dbname={database} user=twostep sslmode={mode} sslrootcert={root}\n")

    return make


@contextlib.contextmanager
def silent_resolver():
    """Names are asked for at a server that says nothing, for some minutes, if somebody waits for it; what it is asked is read there."""
    resolver = world.Path("/etc/resolv.conf")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 53))
        resolver.unlink(missing_ok=True)
        resolver.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
        yield silent


def test_names_that_nobody_answers_for_keep_a_daemon_neither_from_being_there_nor_its_copy_from_standing_in(over_tls):
    text = over_tls(host="db.test,other.test", mode="verify-ca") + "  offline: cached\n  offline_for: 1h\n"
    daemon = postgresql.daemon_at(f"names{next(world.numbers)}", text).start()
    world.wait_until(lambda: daemon.status()["store"]["copy"]["fresh_at"], "the copy to be fresh", 20)
    daemon.stop()
    hosts = world.Path("/etc/hosts")
    known = hosts.read_text()
    with silent_resolver():
        hosts.write_text("".join(line for line in known.splitlines(True) if "db.test" not in line))
        try:
            daemon.start(serving=False, seconds=60)
            world.wait_until(lambda: daemon.status()["store"]["copy"]["standing_in"], "the copy to stand in", 60)
        finally:
            hosts.write_text(known)
            daemon.stop()


def test_a_name_that_was_mistyped_holds_nobody_up_once_it_is_mended(over_tls):
    """However long the resolver goes on looking for the wrong one."""
    right = over_tls(host="db.test", mode="verify-ca")
    daemon = postgresql.daemon_at(f"names{next(world.numbers)}", right).start()
    user = world.new_user()
    with silent_resolver() as silent:
        silent.settimeout(30)
        try:
            daemon.configure(over_tls(host="typo.test", mode="verify-ca"))
            daemon.reload()
            while b"typo" not in silent.recv(512):
                pass
            daemon.configure(right)
            daemon.reload()
            world.wait_until(
                lambda: pam.log_in(daemon.service, user, "000000").code == pam.AUTH_ERR, "somebody to be judged", 50)
        finally:
            daemon.stop()


def refusal(configuration):
    """What `twostep init` says of a store that it cannot reach."""
    place = world.Daemon(f"refused{next(world.numbers)}")
    place.make_folder()
    place.configure(configuration)
    done = world.run("twostep", "init", *place.places)
    assert done.returncode == 1, done.stdout
    said, mend = done.stderr.splitlines()
    assert "words" not in said and mend == "Mend that and type again: twostep init"
    return said


def test_a_login_over_tls_with_the_certificate_and_the_name_looked_at(over_tls, encrypted):
    daemon = postgresql.daemon_at("tls", over_tls()).start()
    try:
        user = world.new_user()
        assert pam.log_in(daemon.service, user, world.enroll(user, runtime=daemon.runtime).next()).granted
        plain = encrypted.sql(
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'twostep' AND NOT ssl")
        assert plain == "0"
        # A name that goes to nobody before it: the next is taken.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            daemon.configure(over_tls(host="other.test,db.test", port=f"{silent.getsockname()[1]},{PORT}"))
            daemon.restart()
            assert pam.log_in(daemon.service, user, "123456").code == pam.AUTH_ERR
    finally:
        daemon.stop()


@pytest.mark.parametrize("case", ["another name", "another authority", "no encryption"])
def test_a_server_that_cannot_be_sure_of_is_refused_in_one_line(case, over_tls, encrypted):
    if case == "another name":
        said = refusal(over_tls(host="other.test"))
        assert '"db.test"' in said and 'does not match host name "other.test"' in said
    elif case == "another authority":
        said = refusal(over_tls(root=Authority("theirs").certificate))
        assert "certificate verify failed" in said
    else:
        encrypted.set("ssl", "off")
        try:
            said = refusal(over_tls())
        finally:
            encrypted.set("ssl", "on")
        assert "server does not support SSL, but SSL was required" in said


def test_check_warns_of_a_database_over_the_network_that_anybody_could_be():
    folder = world.Path("/run/checked")
    folder.mkdir(mode=0o755)
    file = folder / "config.yaml"
    for words, is_warned_of in (("host=db.test", True), ("host=db.test sslmode=verify-full", False), ("host=/run", False)):
        file.write_text(world.CODE_ALONE + f"store:\n  type: postgresql\n  connection: {words} dbname=t user=t\n")
        said = world.run("twostep", "check", "--config", file, "--only", "configuration").stdout
        assert ("a database over the network" in said) == is_warned_of, said


# --- taken over -------------------------------------------------------------------------------------------------------


class Pair:
    """A primary and a standby that each commit waits for, and two daemons that know both."""

    def __init__(self):
        self.primary = postgresql.Server()
        self.database = self.primary.make_database()
        self.standby = postgresql.Server(of=self.primary)
        self.primary.set("synchronous_standby_names", "standby")
        text = self.primary.configuration(self.database, self.standby)
        first = postgresql.daemon_at(f"pair{next(world.numbers)}", text).start()
        second = postgresql.daemon_at(f"pair{next(world.numbers)}", text, first.key).start()
        self.daemons = first, second

    def stop(self):
        for daemon in self.daemons:
            daemon.stop()
        self.primary.stop()
        self.standby.stop()

    def take_over(self):
        """The standby becomes the primary; returns when both daemons have found it."""
        self.standby.promote()
        for daemon in self.daemons:
            world.wait_until(lambda: daemon.status()["serving"], "the daemon to find the new primary", 30)  # pylint: disable=cell-var-from-loop


@pytest.fixture
def pair():
    pair = Pair()
    yield pair
    pair.stop()


def daemons_at(server):
    """How many connections of daemons a server has."""
    return int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'twostep'"))


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.fleet) for seed in range(1, 8))]


@pytest.mark.parametrize("seed", SEEDS)
def test_with_the_primary_killed_under_load_no_code_is_granted_twice_before_and_after(pair, seed):
    draw = random.Random(seed)
    assert [daemon.status()["sharing"]["warnings"] for daemon in pair.daemons] == [[], []]
    people = []
    for _ in range(8):
        user = world.new_user()
        phone = world.enroll(user, runtime=pair.daemons[0].runtime)
        people.append((user, [phone.next(), phone.at(phone.step + 1)]))
    # Each code at both daemons, in any order, so that some are used before, some while and some after the primary goes.
    work = [(daemon, user, code) for user, codes in people for code in codes for daemon in pair.daemons]
    draw.shuffle(work)
    until = draw.randrange(2, len(work) - 6)
    begun = threading.Semaphore(0)

    def log_in(one):
        begun.release()
        daemon, user, code = one
        return pam.log_in(daemon.service, user, code)

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(log_in, one) for one in work]
        for _ in range(until):
            begun.acquire()
        pair.primary.kill()
        first = [login.result() for login in running]
    assert {login.code for login in first} <= {pam.SUCCESS, pam.AUTH_ERR, pam.AUTHINFO_UNAVAIL}
    pair.take_over()
    granted = {}
    for (_, user, code), login in zip(work, first):
        granted[user, code] = granted.get((user, code), 0) + login.granted
    for (user, code), before in granted.items():
        after = sum(pam.log_in(daemon.service, user, code).granted for daemon in pair.daemons)
        assert before + after <= 1, f"{user}: {before} before and {after} after"
    # Somebody new is served by the one that has taken over.
    user = world.new_user()
    phone = world.enroll(user, runtime=pair.daemons[1].runtime)
    assert pam.log_in(pair.daemons[0].service, user, phone.next()).granted


@pytest.mark.fleet
@pytest.mark.parametrize("seed", range(6))
def test_one_code_that_is_tried_all_the_time_is_granted_once_at_most_over_a_failover(pair, seed):
    user = world.new_user()
    code = world.enroll(user, runtime=pair.daemons[0].runtime).next()
    until = random.Random(seed).randrange(1, 60)
    begun, over = threading.Semaphore(0), threading.Event()

    def keep_trying(number):
        granted = 0
        while not over.is_set():
            begun.release()
            granted += pam.log_in(pair.daemons[number % 2].service, user, code).granted
        return granted

    with ThreadPoolExecutor(20) as pool:
        running = [pool.submit(keep_trying, number) for number in range(20)]
        for _ in range(until):
            begun.acquire()
        pair.primary.kill()
        pair.take_over()
        # At the new one, with those who keep trying beside.
        later = [pam.log_in(pair.daemons[number % 2].service, user, code).code for number in range(40)]
        over.set()
        assert sum(one.result() for one in running) + later.count(pam.SUCCESS) <= 1
        assert pam.AUTHINFO_UNAVAIL not in later[20:], "whoever has taken over judges"


def test_an_old_primary_that_comes_back_is_not_believed(pair):
    user = world.new_user()
    phone = world.enroll(user, runtime=pair.daemons[0].runtime)
    pair.primary.kill()
    pair.take_over()
    code = phone.next()
    assert pam.log_in(pair.daemons[0].service, user, code).granted
    # It stands first in the list, takes writes, waits for nobody, and knows nothing of that login.
    pair.primary.start("synchronous_standby_names=")
    first, second = pair.daemons
    first.restart()
    assert daemons_at(pair.primary) == 0 and daemons_at(pair.standby) > 0
    assert not pam.log_in(first.service, user, code).granted
    # With nobody else there it is refused, in words.
    first.configure(pair.primary.configuration(pair.database))
    first.stop()
    first.start(serving=False)
    problem = first.status()["store"]["problem"]
    assert "timeline 1, and timeline 2 was written to" in problem
    assert pam.log_in(first.service, user, code).code == pam.AUTHINFO_UNAVAIL
    assert second.status()["serving"]


def test_a_store_is_not_copied_from_an_old_primary_that_has_come_back(pair):
    user = world.new_user()
    first, second = pair.daemons
    phone = world.enroll(user, runtime=first.runtime)
    pair.primary.kill()
    pair.take_over()
    code = phone.next()
    assert pam.log_in(first.service, user, code).granted
    pair.primary.start("synchronous_standby_names=")
    first.restart()
    done = world.twostep("store", "copy", "--to", "sqlite", "--yes", runtime=first.runtime)
    assert done.returncode == 0, done.stderr
    world.wait_until(lambda: first.status()["serving"], "the daemon to have the file", 10)
    assert first.status()["store"]["path"].endswith("twostep.sqlite")
    assert not pam.log_in(first.service, user, code).granted, "it comes from where that was spent"
    world.wait_until(lambda: not second.status()["serving"], "the other one to hear that it was moved", 10)
    assert pair.standby.sql("SELECT state FROM twostep.mark", pair.database) == "moved"
    assert pair.primary.sql("SELECT count(*) FROM twostep.mark", pair.database) == "0"


def test_what_a_failover_could_lose_is_said_in_the_journal_and_in_the_status(pair):
    first = pair.daemons[0]
    first.log.mark()
    pair.primary.set("synchronous_standby_names", "")
    words = "standbys that nobody waits for"
    assert any(words in warning for warning in first.status()["sharing"]["warnings"])
    first.restart()
    assert first.log.since_mark(words, count=1)
    places = ["--config", first.configuration, "--runtime-directory", first.runtime]
    assert words in world.run("twostep", "check", "--store", *places).stdout


def test_while_the_standby_is_away_nobody_is_let_in(pair):
    user = world.new_user()
    phone = world.enroll(user, runtime=pair.daemons[0].runtime)
    pair.standby.kill()
    code = phone.next()
    assert pam.log_in(pair.daemons[0].service, user, code).code == pam.AUTHINFO_UNAVAIL
    pair.standby.start()
    for daemon in pair.daemons:
        world.wait_until(lambda: daemon.status()["serving"], "the daemon to go on", 30)  # pylint: disable=cell-var-from-loop
    # The commit that nobody has waited for is there all the same.
    assert not pam.log_in(pair.daemons[1].service, user, code).granted
    world.wait_until(
        lambda: pam.log_in(pair.daemons[0].service, user, phone.at(phone.step + 1)).granted, "the next code", 20)


# --- two versions -----------------------------------------------------------------------------------------------------

# The programs of another commit, where there are some (TWOSTEP_OLD_TREE, see test_upgrade.py).
TREES = {"this": world.Path("/mnt/twostep")} | ({"old": world.Path("/mnt/old")} if world.Path("/mnt/old").exists() else {})


@pytest.mark.parametrize("before", TREES)
def test_a_daemon_goes_on_beside_one_of_another_version_that_comes_later(before):
    server = postgresql.Server()
    programs = TREES[before] / "usr"
    configuration = server.configuration(server.make_database())
    first = postgresql.daemon_at(f"before-{before}", configuration, program=programs / "bin/twostep")
    first.start(program=programs / "sbin/twostepd")
    user = world.new_user()
    phone = world.enroll(user, runtime=first.runtime)
    second = postgresql.daemon_at(f"after-{before}", configuration, first.key).start()
    try:
        for daemon, other in ((first, second), (second, first)):
            code = phone.next()
            assert pam.log_in(daemon.service, user, code).granted
            assert not pam.log_in(other.service, user, code).granted
            assert not pam.log_in(other.service, user, phone.wrong()).granted
            assert world.failures_of(user, daemon.runtime) == 1
            assert world.twostep("unlock", user, runtime=other.runtime).returncode == 0
            assert world.twostep("block", user, "--reason", "lost", runtime=other.runtime).returncode == 0
            assert not pam.log_in(daemon.service, user, "123456").granted
            world.wait_until(lambda: daemon.status()["blocked"] == 1, "the other to know of the block", 15)  # pylint: disable=cell-var-from-loop
            assert world.twostep("unblock", user, runtime=daemon.runtime).returncode == 0
            world.wait_until(lambda: other.status()["blocked"] == 0, "and of its end", 15)  # pylint: disable=cell-var-from-loop
        # And again when it is started anew, on tables that are newer than it is.
        first.stop()
        first.start(program=programs / "sbin/twostepd")
        assert not pam.log_in(first.service, user, code).granted
        user = world.new_user()
        assert pam.log_in(first.service, user, world.enroll(user, runtime=second.runtime).next()).granted
    finally:
        first.stop()
        second.stop()
        server.stop()


def test_a_copy_that_was_given_its_store_by_no_standby_does_not_arrive(pair):
    """The mark that gives a store up must outlive a failover, or there are two stores after it."""
    user = world.new_user()
    first, second = pair.daemons
    phone = world.enroll(user, runtime=first.runtime)
    # So much that the standby can be killed while it is copied.
    pair.primary.sql(
        "INSERT INTO twostep.factor SELECT 'nobody' || n, 'totp', '', 1, 1, 1, 1 FROM generate_series(1, 60000) n", pair.database)

    def copy():
        return world.twostep("store", "copy", "--to", "sqlite", "--yes", runtime=first.runtime)

    with ThreadPoolExecutor(1) as pool:
        copying = pool.submit(copy)
        world.wait_until(
            lambda: pair.primary.sql("SELECT state FROM twostep.mark", pair.database) == "leaving", "the copy to begin", 20)
        pair.standby.kill()
        assert copying.result().returncode == 1
    # Somebody ends what waits for the standby: it is committed here, and nowhere else.
    for waiting in pair.primary.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'").split():
        pair.primary.sql(f"SELECT pg_terminate_backend({waiting})")
    world.wait_until(
        lambda: pair.primary.sql("SELECT state FROM twostep.mark", pair.database) == "moved", "the mark to be here alone", 20)
    done = copy()
    assert done.returncode == 1, done.stdout
    code = phone.next()
    assert not pam.log_in(first.service, user, code).granted
    pair.primary.kill()
    pair.standby.start()
    pair.standby.promote()
    world.wait_until(lambda: second.status()["serving"], "the daemon to find the new primary", 30)
    assert pam.log_in(second.service, user, code).granted
    assert not pam.log_in(first.service, user, code).granted
    pair.primary.start()
