"""A local copy stands in for a database that is away, and the database hears of everything before anybody is judged there again."""

import json

import pam
import postgresql
import pytest
import relays
import world

CACHED = "  offline: cached\n  offline_for: 1h\n"
ASKED = "auth_providers:\n  - type: pam\n    modules:\n      - any_of: [totp, recovery_code]\n"


@pytest.fixture
def server(daemon_of_session):
    server = postgresql.Server()
    yield server
    if server.process.poll() is None:
        server.stop()


class Hub:
    """A daemon with its store in a database."""

    def __init__(self, server, database, more=CACHED, key=None, clock=None):
        self.daemon = world.Daemon(f"away{next(world.numbers)}")
        self.database = database
        self.daemon.clock = clock
        self.daemon.join(server.configuration(database, more=more, asked=ASKED), key).start()

    def log_in(self, user, code):
        return pam.log_in(self.daemon.service, user, code)

    @property
    def copy(self):
        return self.daemon.status()["store"]["copy"]

    def hear_of_everything(self):
        """Waits for a refresh that has begun from now on."""
        before = self.copy["fresh_at"] or 0
        world.wait_until(lambda: (self.copy["fresh_at"] or 0) > before + 1, "the copy to be fresh", 30)

    def stand_in(self):
        world.wait_until(lambda: self.copy["standing_in"] and self.daemon.status()["serving"], "the copy to stand in", 30)

    def be_back(self):
        def is_back():
            return self.daemon.status()["serving"] and not self.copy["standing_in"]

        world.wait_until(is_back, "the database to be used again", 30)


@pytest.fixture
def hubs(server):
    """Makes daemons that share a database and a key."""
    database = server.make_database()
    made = []

    def make(*options, **more):
        key = made[0].daemon.key if made else None
        made.append(Hub(server, database, *options, key=key, **more))
        return made[-1]

    yield make
    for hub in made:
        if hub.daemon.is_running:
            hub.daemon.stop()


def enrolled(hub):
    """A user, the authenticator, and the recovery codes; somebody who has logged in before."""
    user = world.new_user()
    made = world.twostep("enroll", user, "totp", "--no-confirm", "--json", runtime=hub.daemon.runtime)
    assert made.returncode == 0, made
    given = json.loads(made.stdout)
    return user, world.Authenticator(given["secret"].replace(" ", "")), given["recovery_codes"]


def test_a_code_passes_once_while_the_database_is_away_and_not_again_elsewhere(hubs, server):
    here, there = hubs(), hubs("")
    user, phone, codes = enrolled(here)
    lost, old_phone, _ = enrolled(here)
    assert here.log_in(user, phone.next()).granted
    assert world.twostep("block", lost, "--reason", "lost", runtime=there.daemon.runtime).returncode == 0
    here.hear_of_everything()
    server.kill()
    here.stand_in()
    assert there.log_in(user, phone.at(phone.step + 1)).code == pam.AUTHINFO_UNAVAIL, "denied where nothing else is said"
    here.daemon.log.mark()
    code = phone.at(phone.step + 1)
    assert here.log_in(user, code).granted
    here.daemon.log.since_mark(rf'login granted .*offline=yes.*', count=1)
    assert not here.log_in(user, code).granted
    assert not here.log_in(user, codes[0]).granted
    here.daemon.log.since_mark(r"(last|reason)=offline", count=1)
    assert not here.log_in(lost, old_phone.next()).granted, "the block was heard of"
    for verb in (["unlock", user], ["enroll", user, "totp", "--no-confirm"], ["block", user]):
        done = world.twostep(*verb, runtime=here.daemon.runtime)
        assert done.returncode == 1 and "the database is away" in done.stderr, done
    status = here.daemon.status()
    assert any("judged by the local copy" in warning for warning in status["warnings"])
    metrics = world.twostep("metrics", runtime=here.daemon.runtime).stdout
    assert "twostep_offline_logins_total 1" in metrics and "twostep_store_offline 1" in metrics
    # Killed while it has something that the database does not: that is not forgotten.
    here.daemon.kill()
    here.daemon.start(serving=False)
    here.stand_in()
    assert not here.log_in(user, code).granted
    server.start()
    here.be_back()
    world.wait_until(lambda: there.daemon.status()["serving"], "the other one to find the database", 20)
    assert not there.log_in(user, code).granted
    assert not here.log_in(user, code).granted
    assert world.twostep("unlock", user, runtime=there.daemon.runtime).returncode == 0
    assert there.log_in(user, codes[0]).granted


def test_a_copy_that_is_too_old_denies_and_says_so(hubs, server):
    clock = world.Clock()
    here = hubs("  offline: cached\n  offline_for: 1m\n", clock=clock)
    user, phone, _ = enrolled(here)
    here.hear_of_everything()
    server.kill()
    here.stand_in()
    clock.advance(120)
    world.wait_until(lambda: not here.daemon.status()["serving"], "the copy to be too old", 15)
    assert "good for 60 s" in here.daemon.status()["store"]["problem"]
    assert here.log_in(user, phone.next()).code == pam.AUTHINFO_UNAVAIL


def test_what_was_spent_is_heard_of_though_the_key_was_changed_meanwhile(hubs, server):
    here, there = hubs(), hubs("")
    user, phone, _ = enrolled(here)
    assert here.log_in(user, phone.next()).granted
    here.hear_of_everything()
    server.kill()
    here.stand_in()
    code = phone.at(phone.step + 1)
    assert here.log_in(user, code).granted
    assert here.daemon.stop() == 0
    server.start()
    world.wait_until(lambda: there.daemon.status()["serving"], "the other one to find the database", 20)
    done = world.twostep("rekey", "--config", there.daemon.configuration, runtime=there.daemon.runtime)
    assert done.returncode == 0, done
    world.shutil.copy2(there.daemon.key, here.daemon.key)
    world.shutil.chown(here.daemon.key, "root", "twostep")
    here.daemon.start(serving=False)
    here.be_back()
    here.daemon.log.since_mark("in its tables now: 1 accounts", count=1)
    assert not there.log_in(user, code).granted
    assert not here.log_in(user, code).granted
    # And the copy is made anew with the new key.
    here.hear_of_everything()


def test_a_copy_that_cannot_be_read_keeps_everybody_out_until_somebody_has_taken_it_away(hubs, server):
    here = hubs()
    (one, first, _), (other, second, _) = enrolled(here), enrolled(here)
    assert here.log_in(one, first.next()).granted and here.log_in(other, second.next()).granted
    here.hear_of_everything()
    server.kill()
    here.stand_in()
    code = first.at(first.step + 1)
    assert here.log_in(one, code).granted
    assert here.daemon.stop() == 0
    folder = world.Path(here.daemon.state) / "offline"
    for ending in ("-wal", "-shm"):
        (folder / f"twostep.sqlite{ending}").unlink(missing_ok=True)
    (folder / "twostep.sqlite").write_bytes(b"nothing" * 1000)
    server.start()
    here.daemon.start(serving=False)
    world.wait_until(
        lambda: f"move {folder} away" in (here.daemon.status()["store"]["problem"] or ""), "the copy to be looked at", 20)
    for user, answer in ((one, code), (other, second.at(second.step + 1))):
        assert here.log_in(user, answer).code == pam.AUTHINFO_UNAVAIL
    world.shutil.rmtree(folder)
    here.be_back()
    assert here.log_in(other, second.at(second.step + 1)).granted


def test_no_host_is_served_by_a_copy_which_does_not_know_who_was_revoked(server):
    hub = relays.Hub("away-relay", "127.0.0.45", server.section(server.make_database()) + CACHED).serve()
    hosts = {}
    try:
        user, other = world.new_user(), world.new_user()
        phone, second = (world.enroll(name, runtime=hub.runtime) for name in (user, other))
        for name in ("kept", "revoked"):
            hosts[name] = relays.Host(name, hub.add_host(name, "--services", "*", "--users", "*"), hub).serve()
        assert hosts["kept"].log_in(user, phone.next()).granted
        assert hosts["revoked"].log_in(other, second.next()).granted
        before = hub.status()["store"]["copy"]["fresh_at"] or 0
        world.wait_until(lambda: (hub.status()["store"]["copy"]["fresh_at"] or 0) > before + 1, "the copy to be fresh", 30)
        assert world.twostep("host", "revoke", "revoked", runtime=hub.runtime).returncode == 0
        server.kill()
        world.wait_until(
            lambda: hub.status()["store"]["copy"]["standing_in"] and hub.status()["serving"], "the copy to stand in", 30)
        code = phone.at(phone.step + 1)
        for host in hosts.values():
            done = host.log_in(user, code)
            assert done.code == pam.AUTHINFO_UNAVAIL and not done.prompts, done
        assert pam.log_in(hub.service, user, code).granted, "its own logins go on"
        server.start()
        world.wait_until(
            lambda: hub.status()["serving"] and not hub.status()["store"]["copy"]["standing_in"], "the database", 30)
        world.wait_until(lambda: hosts["kept"].hears_all, "the hub to answer", 30)
        assert hosts["kept"].log_in(other, second.at(second.step + 1)).granted
        assert not hosts["revoked"].log_in(other, second.at(second.step + 1)).granted
    finally:
        for daemon in (*hosts.values(), hub):
            daemon.stop()


def cut_off(server, *daemons):
    """Ends the connections of these daemons, whose way to the server, a link, was taken away before."""
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'twostep'")
    for daemon in daemons:
        world.wait_until(lambda daemon=daemon: daemon.status()["serving"], "the others to be back", 20)


@pytest.fixture
def way(server):
    """Another name for the server's folder, which can be taken away."""
    link = world.Path(f"/run/way{next(world.numbers)}")
    link.symlink_to(server.folder)
    yield link
    link.unlink(missing_ok=True)


def by(way, server, hub, asked=ASKED):
    """Has a daemon reach the database over that name."""
    section = server.configuration(hub.database, more=CACHED, asked=asked)
    hub.daemon.configure(section.replace(str(server.folder), str(way)))
    hub.daemon.reload()
    world.wait_until(
        lambda: str(way) in hub.daemon.status()["store"]["path"] and hub.daemon.status()["serving"], "the new way", 10)
    hub.hear_of_everything()


def test_who_has_enrolled_since_is_not_let_off_by_the_copy(hubs, server, way):
    here, there = hubs(), hubs("")
    user = world.new_user()
    made = world.twostep("enroll", user, "totp", "--no-confirm", "--json", runtime=here.daemon.runtime)
    phone = world.Authenticator(json.loads(made.stdout)["secret"].replace(" ", ""))
    assert here.log_in(user, phone.next()).granted
    assert world.twostep("remove", user, "phone", "--yes", "--force", runtime=here.daemon.runtime).returncode == 0
    # Something that the account has, and that no login asks for.
    assert world.twostep("ticket", user, runtime=there.daemon.runtime).returncode == 0
    by(way, server, here,
       "auth_providers:\n  - type: pam\n    modules: [totp]\npolicy:\n"
       "  - {match: {}, provider: pam, unenrolled: skip}\n")
    way.unlink()
    cut_off(server, there.daemon)
    here.stand_in()
    made = world.twostep("enroll", user, "totp", "--no-confirm", "--json", runtime=there.daemon.runtime)
    assert made.returncode == 0, made
    service = f"e2e-skip{next(world.numbers)}"
    world.write_stack(service, f"auth required pam_twostep.so socket={here.daemon.socket} exempt=success")
    assert pam.log_in(service, user, "000000").code == pam.AUTHINFO_UNAVAIL


def test_a_store_that_is_known_to_be_given_up_is_not_stood_in_for(hubs, server, way):
    here, there = hubs(), hubs("")
    user, phone, _ = enrolled(there)
    by(way, server, here)
    assert here.log_in(user, phone.next()).granted
    here.hear_of_everything()
    way.unlink()
    cut_off(server, there.daemon)
    here.stand_in()
    done = world.twostep("store", "copy", "--to", "sqlite", "--yes", runtime=there.daemon.runtime)
    assert done.returncode == 0, done
    way.symlink_to(server.folder)
    world.wait_until(
        lambda: "was moved to" in (here.daemon.status()["store"]["problem"] or ""), "the copy to hear of it", 20)
    assert not here.copy["standing_in"]
    way.unlink()
    cut_off(server, there.daemon)
    world.wait_until(
        lambda: "never been whole" in (here.daemon.status()["store"]["problem"] or ""), "the way to be gone", 30)
    assert here.log_in(user, phone.at(phone.step + 1)).code == pam.AUTHINFO_UNAVAIL


def test_the_copy_of_one_database_does_not_stand_in_for_another(hubs):
    here = hubs()
    user, phone, _ = enrolled(here)
    assert here.log_in(user, phone.next()).granted
    here.hear_of_everything()
    here.daemon.configure(
        ASKED + "store:\n  type: postgresql\n  connection: host=/run/elsewhere dbname=other user=twostep\n" + CACHED)
    here.daemon.reload()
    world.wait_until(
        lambda: "another database" in (here.daemon.status()["store"]["problem"] or ""), "the copy to be looked at", 20)
    assert here.log_in(user, phone.at(phone.step + 1)).code == pam.AUTHINFO_UNAVAIL


def at(hub, words):
    """Waits until a daemon judges by the database of which status says this."""
    def is_there():
        status = hub.daemon.status()
        return words in status["store"]["path"] and status["serving"]

    world.wait_until(is_there, "the other database", 30)


def test_what_was_spent_waits_for_its_own_database_while_another_one_is_used(hubs, server, way):
    here, there = hubs(), hubs("")
    other = server.make_database()
    third = Hub(server, other, "", key=here.daemon.key)
    third.daemon.stop()
    user, phone, _ = enrolled(there)
    assert there.log_in(user, phone.next()).granted
    by(way, server, here)
    way.unlink()
    cut_off(server, there.daemon)
    here.stand_in()
    code = phone.at(phone.step + 1)
    assert here.log_in(user, code).granted
    here.daemon.configure(server.configuration(other, more=CACHED, asked=ASKED))
    here.daemon.reload()
    at(here, f"dbname={other} ")
    assert any("kept until that database is used again" in warning for warning in here.daemon.status()["warnings"])
    assert not here.copy["standing_in"]
    way.symlink_to(server.folder)
    here.daemon.configure(
        server.configuration(here.database, more=CACHED, asked=ASKED).replace(str(server.folder), str(way)))
    here.daemon.reload()
    at(here, f"dbname={here.database} ")
    assert not here.log_in(user, code).granted, "used with the copy"
    assert not there.log_in(user, code).granted
    assert not here.daemon.status()["warnings"]


def test_a_disk_that_is_full_keeps_nobody_out_of_the_database(hubs, server):
    here = hubs("")
    (one, first, _), (two, second, _) = enrolled(here), enrolled(here)
    assert here.log_in(one, first.next()).granted and here.log_in(two, second.next()).granted
    folder = world.Path(here.daemon.state) / "offline"
    folder.mkdir(mode=0o700)
    uid = world.os.stat(here.daemon.state).st_uid
    world.run("mount", "-t", "tmpfs", "-o", f"size=2m,mode=0700,uid={uid},gid={uid}", "full", folder)
    try:
        here.daemon.configure(server.configuration(here.database, more=CACHED, asked=ASKED))
        here.daemon.reload()
        world.wait_until(lambda: (here.daemon.status()["store"].get("copy") or {}).get("fresh_at"), "a copy", 20)
        here.hear_of_everything()
        server.kill()
        here.stand_in()
        code = first.at(first.step + 1)
        assert here.log_in(one, code).granted
        with open(folder / "fill", "wb", buffering=0) as fill:
            with pytest.raises(OSError):
                while True:
                    fill.write(bytes(4096))
        server.start()
        here.be_back()
        assert here.log_in(two, second.at(second.step + 1)).granted
        assert not here.log_in(one, code).granted
        (folder / "fill").unlink()
        here.hear_of_everything()
    finally:
        here.daemon.stop()
        world.run("umount", folder)


def test_a_copy_that_is_not_kept_any_longer_is_removed(hubs, server):
    here = hubs()
    user, phone, _ = enrolled(here)
    assert here.log_in(user, phone.next()).granted
    here.hear_of_everything()
    folder = world.Path(here.daemon.state) / "offline"
    assert folder.exists()
    here.daemon.configure(server.configuration(here.database, asked=ASKED))
    here.daemon.restart()
    world.wait_until(lambda: not folder.exists(), "the copy to be removed", 10)
    assert here.log_in(user, phone.at(phone.step + 1)).granted


def test_a_hub_that_becomes_a_host_keeps_no_copy(hubs):
    here = hubs()
    user, phone, _ = enrolled(here)
    assert here.log_in(user, phone.next()).granted
    here.hear_of_everything()
    folder = world.Path(here.daemon.state) / "offline"
    assert (folder / "twostep.sqlite").exists()
    hub = relays.Hub("away-other", "127.0.0.46", "").serve()
    try:
        host = relays.Host("away-host", hub.add_host("away-host", "--services", "*", "--users", "*"), hub)
        assert here.daemon.stop() == 0
        here.daemon.configure(host.configuration.read_text())
        here.daemon.start(serving=False)
        world.wait_until(lambda: not folder.exists(), "the copy to be removed", 10)
    finally:
        hub.stop()


def test_a_copy_that_is_taken_away_or_has_a_senseless_row_locks_nobody_out(hubs, server):
    here = hubs()
    (one, first, _), (other, second, _) = enrolled(here), enrolled(here)
    assert here.log_in(one, first.next()).granted and here.log_in(other, second.next()).granted
    here.hear_of_everything()
    world.shutil.rmtree(f"{here.daemon.state}/offline")
    here.hear_of_everything()
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'twostep'")
    here.be_back()
    server.sql(
        "INSERT INTO twostep.device SELECT account, 'pin', '', 'x', uid, sealed, 7, 7, created_at, NULL "
        f"FROM twostep.device WHERE account = '{one}' AND module_type = 'totp'", here.database)
    here.hear_of_everything()
    server.kill()
    here.stand_in()
    here.log_in(one, first.at(first.step + 1))
    server.start()
    here.be_back()
    assert here.log_in(other, second.at(second.step + 1)).granted


@pytest.mark.soak
def test_killed_in_the_middle_of_being_taken_over_nothing_is_lost(hubs, server):
    here, there = hubs(), hubs("")
    people = [enrolled(here) for _ in range(20)]
    assert all(here.log_in(user, phone.next()).granted for user, phone, _ in people)
    here.hear_of_everything()
    server.kill()
    here.stand_in()
    used = [(user, phone.at(phone.step + 1)) for user, phone, _ in people]
    assert all(here.log_in(user, code).granted for user, code in used)
    for _ in range(6):
        here.daemon.kill()
        if server.process.poll() is not None:
            server.start()
        here.daemon.start(serving=False)
    here.be_back()
    world.wait_until(lambda: there.daemon.status()["serving"], "the other one to find the database", 20)
    assert not any(there.log_in(user, code).granted for user, code in used)
