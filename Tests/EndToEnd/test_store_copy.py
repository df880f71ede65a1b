"""A store moves to a database and back while people log in; cut short anywhere it is gone on with, and no code passes twice."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pam
import postgresql
import pytest
import world
from test_backup import backup, path_of, restore
from test_documents import EXPLAINED, members


def target(server, database):
    return f"postgresql:host={server.folder} dbname={database} user=twostep"


def copy(daemon, to, **options):
    return world.twostep("store", "copy", "--to", to, "--yes", runtime=daemon.runtime, **options)


def test_a_machine_moves_to_a_database_and_back_while_somebody_logs_in(daemon, elsewhere, server):
    place = elsewhere()
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    first = phone.next()
    assert pam.log_in(place.service, user, first).granted
    database = server.make_database()
    over = threading.Event()
    others = []

    def keep_trying():
        while not over.is_set():
            others.append(pam.log_in(place.service, user, first).granted)

    trying = threading.Thread(target=keep_trying)
    trying.start()
    done = copy(place, target(server, database))
    over.set()
    trying.join()
    assert done.returncode == 0, done.stderr
    assert others and not any(others), "a used code is used at every moment"
    assert "device: 2 rows" in done.stdout or "device: 1 row" in done.stdout, done.stdout
    world.wait_until(lambda: place.status()["serving"], "the daemon to have the database", 5)
    assert place.status()["store"]["path"].startswith("postgresql ")
    assert world.twostep("unlock", user, runtime=place.runtime).returncode == 0
    second = phone.at(phone.step + 1)
    assert pam.log_in(place.service, user, second).granted
    # The configuration names the old one still, which is not followed back, and said at each look at it.
    place.log.mark()
    place.reload()
    place.log.since_mark("names the old one still", count=1)
    assert place.status()["store"]["path"].startswith("postgresql ") and place.status()["serving"]
    # With the next start nobody gets in, and the sentence says why.
    assert place.stop() == 0
    place.start(serving=False)
    assert f"was moved to postgresql host={server.folder}" in place.status()["store"]["problem"]
    assert pam.log_in(place.service, user, second).code == pam.AUTHINFO_UNAVAIL
    place.configure(server.configuration(database))
    place.reload()
    world.wait_until(lambda: place.status()["serving"], "the daemon to follow the configuration", 10)
    assert not pam.log_in(place.service, user, second).granted

    back = copy(place, "sqlite")
    assert back.returncode == 0, back.stderr
    place.configure(world.CODE_ALONE)
    assert place.stop() == 0
    place.start()
    assert place.status()["store"]["path"].endswith("twostep.sqlite")
    assert not pam.log_in(place.service, user, second).granted
    assert list(world.Path(place.state).glob("twostep.sqlite.moved-*"))
    again = copy(place, target(server, database))
    assert again.returncode == 1 and "drop its schema" in again.stderr, "a database that was given up is not filled again"


def test_killed_at_several_points_it_goes_on_and_no_code_passes_twice(daemon, elsewhere, server):
    place = elsewhere()
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    code = phone.next()
    assert pam.log_in(place.service, user, code).granted
    database = server.make_database()
    to = target(server, database)
    for delay in (0.02, 0.08, 0.15, 0.3):
        running = threading.Thread(target=copy, args=(place, to))
        running.start()
        # Not a wait for something to be over: where in the copy it is killed is to differ.
        threading.Event().wait(delay)
        place.kill()
        running.join()
        place.start(serving=False)
        if not place.status()["serving"]:
            assert "was moved to" in place.status()["store"]["problem"]
        assert not pam.log_in(place.service, user, code).granted
    done = copy(place, to)
    if done.returncode != 0:
        # It had taken the old one's place before the last kill.
        assert "was moved to" in done.stderr or "is a store in use" in done.stderr, done.stderr
    place.configure(server.configuration(database))
    assert place.stop() == 0
    place.start()
    assert not pam.log_in(place.service, user, code).granted
    assert world.twostep("unlock", user, runtime=place.runtime).returncode == 0
    assert pam.log_in(place.service, user, phone.at(phone.step + 1)).granted


def test_of_two_copies_at_once_one_store_is_left(daemon, elsewhere, server):
    place = elsewhere()
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    code = phone.next()
    assert pam.log_in(place.service, user, code).granted
    names = [server.make_database() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda name: copy(place, target(server, name)), names))
    # The second is refused, or comes so late that it is one of what has arrived.
    assert 0 in [one.returncode for one in done], done
    states = []
    for name in names:
        there = server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'twostep' AND tablename = 'mark'", name)
        states.append(server.sql("SELECT state FROM twostep.mark", name) if there == "1" else "")
    assert states.count("arrived") == 1, states
    arrived = names[states.index("arrived")]
    world.wait_until(lambda: f"dbname={arrived} " in place.status()["store"]["path"], "the daemon to have it", 10)
    assert not pam.log_in(place.service, user, code).granted


def test_a_backup_does_not_bring_a_store_back_that_was_moved(daemon, elsewhere, server):
    place = elsewhere()
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    path = path_of("moved")
    assert backup(place, path).returncode == 0
    assert copy(place, target(server, server.make_database())).returncode == 0
    world.wait_until(lambda: place.status()["serving"], "the daemon to have the database", 10)
    code = phone.next()
    assert pam.log_in(place.service, user, code).granted
    assert place.stop() == 0
    done = restore(place, path, "--yes")
    assert done.returncode == 1 and "a backup of it would make them good again" in done.stderr, done
    # Nothing is wrong with its key, and nobody is told to put aside what says where the codes are spent.
    assert f"Name the store that it was moved to in {place.configuration}" in done.stderr and "--key-file" not in done.stderr, done
    place.start(serving=False)
    assert pam.log_in(place.service, user, code).code == pam.AUTHINFO_UNAVAIL


def test_what_cannot_be_a_target_is_refused_with_a_reason(daemon, elsewhere, server):
    place = elsewhere()
    for to, words in (
            ("sqlite", "is there already"), ("postgres:x", "expected sqlite"),
            ("postgresql:host=/nowhere dbname=x user=twostep", "/nowhere"),
            ("postgresql:host=/run dbname=x user=twostep password=hunter2", "no password")):
        done = copy(place, to)
        assert done.returncode == 1 and words in done.stderr, done.stderr
        assert "hunter2" not in done.stderr + done.stdout
    assert place.status()["serving"]


def test_the_document_has_the_members_that_the_page_names(daemon, elsewhere, server):
    place = elsewhere()
    database = server.make_database()
    done = world.twostep("store", "copy", "--to", target(server, database), "--yes", "--json", runtime=place.runtime)
    assert done.returncode == 0, done.stderr
    assert members(json.loads(done.stdout)) == EXPLAINED["store copy"]
    assert done.stderr == "", "no progress between documents"


def test_a_copy_of_another_store_to_the_same_words_is_another_copy(daemon_of_session):
    """Two machines call by the same words what is not the same store; of what each has begun only one becomes it."""
    server, *heirs = (postgresql.Server() for _ in range(3))
    database = server.make_database()
    for heir in heirs:
        heir.sql("CREATE DATABASE heir OWNER twostep")
    one = postgresql.daemon_at(f"words{next(world.numbers)}", server.configuration(database)).start()
    other = postgresql.daemon_at(f"words{next(world.numbers)}", server.configuration(database), one.key).start()
    user = world.new_user()
    phone = world.enroll(user, runtime=one.runtime)
    place = world.Path(f"/run/heir{next(world.numbers)}")
    to = f"postgresql:host={place} dbname=heir user=twostep"
    # The one is cut short where its copy is complete, and the store was not given up yet.
    server.sql(
        "CREATE FUNCTION public.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.state = 'moved' THEN RAISE EXCEPTION 'cut'; END IF; RETURN NULL; END $$;"
        " CREATE CONSTRAINT TRIGGER cut AFTER INSERT OR UPDATE ON twostep.mark DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION public.cut();", database)
    place.symlink_to(heirs[0].folder)
    assert copy(one, to).returncode == 1
    server.sql("DROP TRIGGER cut ON twostep.mark", database)
    assert heirs[0].sql("SELECT state FROM twostep.mark", "heir") == "complete"
    for daemon in (one, other):
        world.wait_until(lambda: daemon.status()["serving"], "the daemon to have the store again", 20)  # pylint: disable=cell-var-from-loop
    place.unlink()
    place.symlink_to(heirs[1].folder)
    done = copy(other, to)
    assert done.returncode == 0, done.stderr
    world.wait_until(lambda: other.status()["serving"], "the daemon to have the new store", 20)
    code = phone.next()
    assert pam.log_in(other.service, user, code).granted
    place.unlink()
    place.symlink_to(heirs[0].folder)
    done = copy(one, to)
    assert (done.returncode, "was moved to" in done.stderr) == (1, True), done
    assert heirs[0].sql("SELECT state FROM twostep.mark", "heir") == "complete"
    assert not pam.log_in(one.service, user, code).granted
    for daemon in (one, other):
        daemon.stop()
    for each in (server, *heirs):
        each.stop()
