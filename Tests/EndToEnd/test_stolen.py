"""Hosts of a fleet that were stolen, or that have users who guess: what they may do to a hub and to each other."""

import contextlib
import grp
import itertools
import json
import multiprocessing
import re
import sqlite3
import threading

import pam
import pyotp
import pytest
import relays
import test_notify
import wire
import world
from test_programs import module, processes, provider, python

KEY = ["publickey ssh-ed25519"]
names = itertools.count(1)


@pytest.fixture(scope="module")
def hub(daemon_of_session):
    hub = relays.Hub("stolen-hub", "127.0.0.40", "").serve()
    yield hub
    hub.stop()


@contextlib.contextmanager
def hub_with(name, address, configuration):
    """A hub that has a configuration of its own, for as long as it is needed."""
    hub = relays.Hub(name, address, "")
    hub.configure(configuration + hub.part)
    hub.serve()
    try:
        yield hub
    finally:
        hub.stop()


@pytest.fixture
def person(hub):
    user = world.new_user()
    return user, world.enroll(user, runtime=hub.runtime)


def serial_of(name, hub):
    listed = json.loads(world.twostep("host", "list", "--json", runtime=hub.runtime).stdout)["hosts"]
    return next(row["serial"] for row in listed if row["name"] == name)


@contextlib.contextmanager
def database_of(hub):
    with contextlib.closing(sqlite3.connect(world.Path(hub.state, "twostep.sqlite"))) as database, database:
        yield database


def bundle_of(hub, *rules):
    name = f"fleet{next(names)}"
    return name, hub.add_host(name, *(rules or ("--services", "*", "--users", "*")))


def is_served(bundle, hub):
    """Whether a hub says welcome to whoever has these certificates and this key, and looks at none of the hub's."""
    try:
        first = relays.Stolen(bundle, hub).first
    except OSError:
        return False
    return first is not None and first[0] == 0x81


@contextlib.contextmanager
def healthy_host(hub):
    host = relays.Host(*bundle_of(hub), hub).serve()
    try:
        yield host
    finally:
        host.stop()


def resident_kilobytes(daemon):
    status = world.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


# --- floods -------------------------------------------------------------------------------------------------------------


def test_a_host_that_begins_and_leaves_without_end_takes_no_memory_and_nobody_elses_logins(hub, person):
    user, phone = person
    _, bundle = bundle_of(hub)
    with healthy_host(hub) as host:
        thief = relays.Stolen(bundle, hub)
        before = resident_kilobytes(hub)

        def drain():
            with contextlib.suppress(OSError):
                while thief.exactly(65536):
                    pass

        threading.Thread(target=drain, daemon=True).start()
        for _ in range(500):
            burst = []
            for _ in range(200):
                begin = thief.begin(user, service="sshd", evidence=KEY)
                burst += [begin, thief.frame(4, thief.streams)]
            thief.send(*burst)
        assert host.log_in(user, phone.next()).granted
        assert resident_kilobytes(hub) - before < 64_000
        thief.socket.close()
    assert hub.is_running


def test_the_logins_of_a_certificate_have_so_much_room_over_all_its_connections(hub, person):
    user, phone = person
    other = world.new_user()
    world.enroll(other, runtime=hub.runtime)
    _, bundle = bundle_of(hub)
    with healthy_host(hub) as host:
        thieves = [relays.Stolen(bundle, hub) for _ in range(3)]
        begun = 0
        for thief in thieves:
            thief.send(*[thief.begin(other, evidence=KEY) for _ in range(256)])
            first = {}
            while len(first) < 256:
                kind, stream, _ = thief.receive()
                if kind in (0x82, 0x84):
                    first.setdefault(stream, kind)
            begun += sum(kind == 0x82 for kind in first.values())
        # Of those that have begun some may have ended again: a host has so many look-ups at a time, too, and what they leave is room for
        # others, on a busy machine for all.
        assert begun >= 512
        assert world.status(hub.runtime)["open_sessions"] <= 512
        assert host.log_in(user, phone.next()).granted
        for thief in thieves:
            thief.socket.close()
    world.no_session_is_left(hub.runtime)


def test_a_host_is_noted_once_however_often_it_connects(daemon_of_session):
    # A hub that nobody logs in at: nothing else is written there.
    hub = relays.Hub("stolen-seen", "127.0.0.44", "").serve()
    try:
        name, bundle = bundle_of(hub)

        def seen():
            # It waits its turn behind what is to be written.
            listed = json.loads(world.twostep("host", "list", "--json", runtime=hub.runtime).stdout)["hosts"]
            return next(row["seen_at"] for row in listed if row["name"] == name)

        relays.Stolen(bundle, hub).socket.close()
        assert seen() is not None
        log = world.Path(hub.state, "twostep.sqlite-wal")
        before = log.stat().st_mtime_ns
        for _ in range(20):
            thief = relays.Stolen(bundle, hub)
            assert thief.first[0] == 0x81
            thief.socket.close()
        assert seen() is not None
        assert log.stat().st_mtime_ns == before
    finally:
        hub.stop()


# --- guesses ------------------------------------------------------------------------------------------------------------


def test_a_user_of_a_host_who_answers_nonsense_keeps_nobody_out(hub, person):
    user, phone = person
    mean = world.new_user()
    world.enroll(mean, runtime=hub.runtime)
    with healthy_host(hub) as host:
        def spoil():
            return [wire.ask(mean, "x", "y", "z", path=host.socket, service="swaylock") for _ in range(120)]

        assert wire.GRANTED not in world.in_process_of(mean, spoil)
        assert host.log_in(user, phone.next()).granted
        # Nor out of what asks in the same way.
        code = phone.next()
        assert world.in_process_of(user, lambda: wire.ask(user, code, path=host.socket, service="swaylock")) == wire.GRANTED


def test_users_of_a_host_who_guess_at_their_own_accounts_keep_nobody_out_of_what_root_asks(hub, person):
    user, phone = person
    crowd = [world.new_user() for _ in range(21)]
    with healthy_host(hub) as host:
        for mean in crowd:
            world.enroll(mean, runtime=hub.runtime)

            def guess(mean=mean):
                return [wire.ask(mean, f"{number:06}", path=host.socket, service="swaylock") for number in range(5)]

            assert wire.GRANTED not in world.in_process_of(mean, guess)
        code = phone.next()
        assert world.in_process_of(user, lambda: wire.ask(user, code, path=host.socket, service="swaylock")) == wire.UNAVAILABLE
        assert host.log_in(user, code).granted


def test_a_user_of_a_host_who_guesses_at_its_own_account_is_delayed_long_before_the_host_is_spent(hub, person):
    user, phone = person
    mean = world.new_user()
    world.enroll(mean, runtime=hub.runtime)
    with healthy_host(hub) as host:
        def guess():
            return [wire.ask(mean, f"{number:06}", path=host.socket, service="swaylock") for number in range(60)]

        world.in_process_of(mean, guess)
        assert 5 <= world.failures_of(mean, hub.runtime) < 10
        assert host.log_in(user, phone.next()).granted


def test_a_stolen_host_gets_no_new_budget_by_remote_hosts_that_it_claims(daemon_of_session):
    hub = relays.Hub("stolen-claims", "127.0.0.53", "").serve()
    try:
        name, bundle = bundle_of(hub)
        thief = relays.Stolen(bundle, hub)
        assert {thief.log_in(f"nobody{number}", "123456", evidence=KEY)[0] for number in range(99)} == {wire.DENIED}
        row = f"@{serial_of(name, hub)}"
        hub.stop()
        # All that there is room for, of this hour, and younger: to claim them takes a thief some seconds.
        with database_of(hub) as database:
            database.execute("UPDATE host SET since = unixepoch() - 60 WHERE prefix = ?", (row,))
            assert database.total_changes == 1
            database.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 65536)"
                " INSERT INTO host SELECT 'h' || i, 1, unixepoch() FROM n")
        hub.serve()
        thief = relays.Stolen(bundle, hub)
        for number in range(20):
            assert thief.log_in("bob", "x", evidence=KEY, service="sshd", rhost=f"10.0.0.{number}")[0] is not None
        with database_of(hub) as database:
            assert database.execute("SELECT failures FROM host WHERE prefix = ?", (row,)).fetchone() == (99,)
            assert database.execute("SELECT count(*) FROM host WHERE prefix LIKE 'h%'").fetchone() == (65536,)
            assert database.execute("SELECT count(*) FROM host WHERE prefix LIKE '% 0a0000%'").fetchone() == (20,)
        codes = [thief.log_in(f"another{number}", "123456", evidence=KEY)[0] for number in range(5)]
        assert codes == [wire.DENIED] + [wire.UNAVAILABLE] * 4
    finally:
        hub.stop()


@pytest.fixture(scope="module")
def counting_hub(daemon_of_session):
    """A hub whose users have tokens that count: a right code needs no waiting."""
    with hub_with("stolen-counting", "127.0.0.54", "auth_providers:\n  - type: pam\n    modules: [hotp]\n") as hub:
        yield hub


def token_of(user, hub):
    done = world.twostep("enroll", user, "hotp", "--no-confirm", "--json", runtime=hub.runtime)
    assert done.returncode == 0, done.stderr
    return pyotp.HOTP(json.loads(done.stdout)["secret"])


def wrong_codes(token, count):
    right = {token.at(number) for number in range(100)}
    return [code for code in (f"{111 * number + 7:06}" for number in range(count + 100)) if code not in right][:count]


def test_one_user_with_its_own_token_keeps_nobody_out_of_a_host(counting_hub):
    user, mean = world.new_user(), world.new_user()
    token, own = token_of(user, counting_hub), token_of(mean, counting_hub)
    with healthy_host(counting_hub) as host:
        for turn in range(21):
            for code in wrong_codes(own, 5):
                assert wire.ask(mean, code, path=host.socket, evidence=KEY, service="sudo") == wire.DENIED
            # Made good as a program that runs as the user.
            right = own.at(turn)
            assert world.in_process_of(
                mean, lambda: wire.ask(mean, right, path=host.socket, service="swaylock")) == wire.GRANTED
        assert wire.ask(user, token.at(0), path=host.socket, evidence=KEY, service="sshd") == wire.GRANTED


def test_one_user_who_makes_good_elsewhere_is_refused_alone(counting_hub):
    user, mean = world.new_user(), world.new_user()
    token, own = token_of(user, counting_hub), token_of(mean, counting_hub)
    with healthy_host(counting_hub) as host:
        codes = []
        for turn in range(21):
            for code in wrong_codes(own, 5):
                codes.append(wire.ask(mean, code, path=host.socket, evidence=KEY, service="sudo"))
            assert wire.ask(mean, own.at(turn), path=counting_hub.socket, evidence=KEY, service="sshd") == wire.GRANTED
        assert codes == [wire.DENIED] * 12 + [wire.UNAVAILABLE] * 93
        assert wire.ask(user, token.at(0), path=host.socket, evidence=KEY, service="sshd") == wire.GRANTED


def test_another_certificate_of_the_same_name_begins_with_nothing_failed(counting_hub):
    user = world.new_user()
    token = token_of(user, counting_hub)
    name, bundle = bundle_of(counting_hub)
    thief = relays.Stolen(bundle, counting_hub)
    codes = [thief.log_in(f"nobody{number}", "123456", evidence=KEY)[0] for number in range(101)]
    assert codes[-1] == wire.UNAVAILABLE
    assert world.twostep("host", "revoke", name, runtime=counting_hub.runtime).returncode == 0
    bundle = counting_hub.add_host(name, "--services", "*", "--users", "*")
    assert relays.Stolen(bundle, counting_hub).log_in(user, token.at(0), evidence=KEY)[0] == wire.GRANTED


@pytest.fixture(scope="module")
def password_hub(daemon_of_session):
    """A hub that judges passwords itself."""
    with hub_with(
            "stolen-passwords", "127.0.0.41",
            "auth_providers:\n  - type: homeassistant\n    modules:\n      - type: totp\n") as hub:
        yield hub


def with_password(hub):
    """Somebody who has a password and a device at a hub."""
    user = world.new_user()
    phone = world.enroll(user, runtime=hub.runtime)
    for command, text in (
            (["user", "add", user, "--password-stdin"], "Right-Password-1\n"),
            (["credentials", "link", "homeassistant", user, user], "")):
        done = world.twostep(*command, runtime=hub.runtime, input=text)
        assert done.returncode == 0, done.stderr
    return user, phone


@pytest.fixture
def password_person(password_hub):
    return with_password(password_hub)


def test_wrong_passwords_from_one_address_keep_out_nobody_elsewhere(password_hub, password_person):
    user, phone = password_person
    with healthy_host(password_hub) as host:
        for number in range(105):
            wire.ask("nosuch", f"wrong {number}", path=host.socket, service="sshd", rhost="198.51.100.7")
        assert wire.ask(
            user, "Right-Password-1", phone.next(), path=host.socket, service="sshd", rhost="203.0.113.5") == wire.GRANTED


def test_a_stolen_host_whose_passwords_are_spent_learns_of_no_right_one(password_hub, password_person):
    user, _ = password_person
    name, bundle = bundle_of(password_hub)
    thief = relays.Stolen(bundle, password_hub)
    assert thief.log_in(user, "Wrong-Password-1", evidence=KEY)[0] != wire.UNAVAILABLE
    # A thousand hashes take minutes: it is the count that is tried here.
    with database_of(password_hub) as database:
        row = f"@{serial_of(name, password_hub)} passwords"
        database.execute("UPDATE host SET failures = 1000, since = unixepoch() WHERE prefix = ?", (row,))
        assert database.total_changes == 1
    for evidence in (KEY, []):
        for password in ("Right-Password-1", "Wrong-Password-1"):
            code, prompts = thief.log_in(user, password, evidence=evidence)
            assert code == wire.UNAVAILABLE
            assert len(prompts) <= 1, "no code is asked for behind a right one"


def passwords_counted(hub, name, share=" passwords"):
    """How many of the passwords that a host has relayed count against it."""
    with database_of(hub) as database:
        row = f"@{serial_of(name, hub)}{share}"
        return (database.execute("SELECT failures FROM host WHERE prefix = ?", (row,)).fetchone() or (0,))[0]


def spend(hub, name, *shares, failures=1000):
    """Has so many failures counted against a host in some shares, whose window begins now."""
    with database_of(hub) as database:
        database.executemany(
            "INSERT INTO host VALUES (?, ?, unixepoch())", [(f"@{serial_of(name, hub)}{share}", failures) for share in shares])


def test_passwords_count_whatever_evidence_and_address_a_stolen_host_claims(password_hub, password_person):
    user, _ = password_person
    name, bundle = bundle_of(password_hub)
    thief = relays.Stolen(bundle, password_hub)
    for number in range(35):
        assert thief.log_in(user, f"Wrong-{number}", evidence=KEY, rhost="203.0.113.77")[0] != wire.UNAVAILABLE
    assert passwords_counted(password_hub, name) == 35


def test_a_user_who_guesses_at_its_own_password_keeps_out_nobody_else(password_hub, password_person):
    user, phone = password_person
    mean, _ = with_password(password_hub)
    name, bundle = bundle_of(password_hub)
    thief = relays.Stolen(bundle, password_hub)
    # Thirty hashes take long: it is the count that is tried here.
    spend(password_hub, name, " own passwords", f" own passwords:{mean}", failures=28)
    for _ in range(2):
        assert thief.log_in(mean, "Wrong-Password-1", caller=2, service="swaylock")[0] != wire.UNAVAILABLE
    assert passwords_counted(password_hub, name, " own passwords") == 30
    for password in ("Wrong-Password-1", "Right-Password-1"):
        assert thief.log_in(mean, password, caller=2, service="swaylock")[0] == wire.UNAVAILABLE
    assert passwords_counted(password_hub, name) == 0
    assert thief.log_in(user, "Right-Password-1", phone.next(), caller=2, service="swaylock")[0] == wire.GRANTED


def test_nothing_is_worked_out_for_an_account_whose_own_passwords_are_spent(daemon_of_session):
    program = python("first", """
        if code == 'crash':
            sys.exit(3)
        accept() if code == 'right' else say(verdict='wrong')""")
    with hub_with("stolen-program", "127.0.0.56", provider(program)) as hub:
        user, name, bundle = world.new_user(), *bundle_of(hub)
        thief = relays.Stolen(bundle, hub)

        def ends(password, of=user, caller=2):
            hub.log.mark()
            thief.log_in(of, password, caller=caller, service="swaylock")
            return re.search(r"reason=(\w+)", hub.log.since_mark(f': (claimed )?login .*user="{of}"', count=1)[0])[1]

        assert ends("crash") == "provider_failed"
        spend(hub, name, " own passwords", f" own passwords:{user}", failures=30)
        assert ends("wrong") == "host_budget"
        assert ends("crash") == "host_budget"
        # Nobody else is refused with it, and neither is what root asks there.
        assert ends("crash", of=world.new_user()) == "provider_failed"
        assert ends("crash", caller=1) == "provider_failed"


def replies(thief, streams):
    """What is said next in each of these logins; nothing where it is over."""
    heard = {}
    while len(heard) < len(streams):
        kind, stream, payload = thief.receive()
        if kind in (0x83, 0x84) and stream in streams:
            heard.setdefault(stream, payload)
    return [heard[stream] for stream in streams]


def is_prompt(said):
    return said[5:6] == bytes([wire.PROMPT])


def is_asked(thief, user, **options):
    """Begins a login; whether something is asked there, rather than refused at once."""
    thief.send(thief.begin(user, **options))
    return is_prompt(replies(thief, [thief.streams])[0])


def give_up(thief, user, password, count, **options):
    """So many logins that are left as soon as a password was sent."""
    for _ in range(count):
        assert is_asked(thief, user, **options)
        thief.send(thief.answer(thief.streams, password), thief.frame(4, thief.streams))


@pytest.mark.parametrize("caller", [1, 2])
@pytest.mark.parametrize("password", ["Right-Password-1", "Wrong-Password-1"])
def test_passwords_that_are_given_up_count_right_or_wrong(password_hub, password_person, password, caller):
    name, bundle = bundle_of(password_hub)
    give_up(relays.Stolen(bundle, password_hub), password_person[0], password, 12, caller=caller, service="swaylock")
    share = {1: " passwords", 2: " own passwords"}[caller]
    world.wait_until(lambda: passwords_counted(password_hub, name, share) == 12, "all to be counted")


@pytest.fixture(scope="module")
def single_hub(daemon_of_session):
    """A hub that judges passwords itself, and takes password and code in one answer, but for machines that have no first factor."""
    with hub_with(
            "stolen-single", "127.0.0.55",
            "auth_providers:\n  - type: pam\n    modules: [totp]\n  - type: homeassistant\n    modules: [totp]\n"
            "policy:\n  - match: {service: kiosk}\n    provider: pam\n    first_factor: none\n"
            "  - match: {}\n    provider: homeassistant\n    conversation: single\n") as hub:
        yield hub


@pytest.fixture
def single_person(single_hub):
    return with_password(single_hub)


@pytest.mark.parametrize("password", ["Right-Password-1", "Wrong-Password-1"])
def test_password_and_code_that_are_given_up_count_once(single_hub, single_person, password):
    name, bundle = bundle_of(single_hub)
    give_up(relays.Stolen(bundle, single_hub), single_person[0], password + "123456", 12, service="sshd", evidence=KEY)
    world.wait_until(lambda: passwords_counted(single_hub, name) == 12, "all to be counted")
    assert passwords_counted(single_hub, name) == 12


@pytest.fixture(scope="module")
def slow_hub(daemon_of_session):
    """A hub that takes password and code in one answer, whose directory takes seconds; somebody there, and somebody who is blocked."""
    with hub_with(
            "stolen-slow", "127.0.0.57",
            "auth_providers: [{type: homeassistant, modules: [totp]}]\npolicy: [{match: {}, conversation: single}]\n") as hub:
        (first, hub.phone), (second, _) = with_password(hub), with_password(hub)
        hub.people = [first, second]
        assert world.twostep("block", second, runtime=hub.runtime).returncode == 0
        hub.stop()
        hub.under = [
            "strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-P", "/etc/passwd", "-e", "trace=openat",
            "-e", "inject=openat:delay_exit=3000000"]
        hub.serve()
        yield hub


def looked_up_in(hub):
    """How many questions the directory has before it: strace holds the threads that ask. Not the one that measures it."""
    tasks = (task.read_text() for task in world.Path(f"/proc/{hub.process.pid}/task").glob("*/stat"))
    return sum("(twostep-nss) t " in task for task in tasks)


def answer_while_they_are_looked_up(hub, thief, user, *answers):
    """Sends each of the answers in a login of its own, and goes on when the hashes are made and the directory has said nothing."""
    # Behind what a test before this one has left, one would be looked up later than another.
    idle = 0

    def is_idle():
        nonlocal idle
        # Between two files of one question no thread is held either.
        idle = 0 if looked_up_in(hub) else idle + 1
        return idle == 10

    world.wait_until(is_idle, "the directory to be idle")
    streams = range(thief.streams + 1, thief.streams + 1 + len(answers))
    thief.send(*[thief.begin(user, service="sshd", evidence=KEY) for _ in answers])
    assert all(map(is_prompt, replies(thief, streams)))
    # A prompt may be there before the threads that look up have begun.
    world.wait_until(lambda: looked_up_in(hub) == len(answers), "the directory to be asked")
    thief.send(*[thief.answer(stream, text) for stream, text in zip(streams, answers)])
    # Behind right and wrong passwords a session is open while the code is judged.
    world.wait_until(lambda: world.status(hub.runtime)["open_sessions"] == len(answers), "the codes to be judged")
    return streams


@pytest.mark.parametrize("password", ["Right-Password-1", "Wrong-Password-1"])
def test_password_and_code_count_that_are_given_up_while_the_account_is_looked_up(slow_hub, password):
    name, bundle = bundle_of(slow_hub)
    thief = relays.Stolen(bundle, slow_hub)
    streams = answer_while_they_are_looked_up(slow_hub, thief, slow_hub.people[0], password + "123456", password + "654321")
    thief.send(*[thief.frame(4, stream) for stream in streams])
    world.wait_until(lambda: passwords_counted(slow_hub, name) == 2, "both to be counted")


def test_a_password_that_is_taken_away_while_its_code_is_judged_is_no_right_one_and_was_none(slow_hub):
    user, phone = slow_hub.people[0], slow_hub.phone
    thief = relays.Stolen(bundle_of(slow_hub)[1], slow_hub)
    streams = answer_while_they_are_looked_up(
        slow_hub, thief, user, "Right-Password-1" + phone.next(), "Wrong-Password-1" + phone.wrong())
    command = ["user", "passwd", user, "--password-stdin"]
    assert world.twostep(*command, runtime=slow_hub.runtime, input="Right-Password-2\n").returncode == 0
    right, wrong = replies(thief, streams)
    assert right == wrong and is_prompt(right)
    assert world.twostep(*command, runtime=slow_hub.runtime, input="Right-Password-1\n").returncode == 0


@pytest.mark.parametrize("which", [0, 1], ids=["somebody", "blocked"])
def test_whoever_breaks_off_while_the_account_is_looked_up_hears_one_text(slow_hub, which):
    thief = relays.Stolen(bundle_of(slow_hub)[1], slow_hub)
    streams = answer_while_they_are_looked_up(
        slow_hub, thief, slow_hub.people[which], "Right-Password-1123456", "Wrong-Password-1123456")
    # An answer that nobody has asked for ends it.
    thief.send(*[thief.answer(stream, "x") for stream in streams])
    right, wrong = replies(thief, streams)
    assert right == wrong and right[5] == wire.VERDICT


def test_where_no_session_has_room_it_is_not_told_whether_a_password_was_right(daemon_of_session):
    with hub_with(
            "stolen-full", "127.0.0.58",
            "auth_providers:\n  - type: pam\n    modules: [totp]\n  - type: homeassistant\n    modules: [totp]\n"
            "sessions: {capacity: 100}\n"
            "policy:\n  - match: {service: su}\n    provider: pam\n"
            "  - match: {}\n    provider: homeassistant\n    conversation: single\n") as hub:
        user, phone = with_password(hub)
        name, bundle = bundle_of(hub)
        filling, thief = relays.Stolen(bundle, hub), relays.Stolen(bundle, hub)
        assert thief.log_in(user, "Right-Password-1" + phone.wrong(), service="sshd", evidence=KEY)[0] != wire.UNAVAILABLE
        begun = 0
        while is_asked(filling, user, service="su", evidence=KEY):
            begun += 1
            assert begun <= 100
        assert begun >= 80
        heard = []
        for password in ("Right-Password-1", "Wrong-Password-1"):
            before = passwords_counted(hub, name)
            code, prompts = thief.log_in(user, password + phone.wrong(), service="sshd", evidence=KEY)
            heard.append((code, prompts, passwords_counted(hub, name) - before))
        assert heard[0] == heard[1] and heard[0][0] == wire.UNAVAILABLE
        assert world.failures_of(user, runtime=hub.runtime) == 1


@pytest.mark.parametrize("caller", [1, 2, 3])
@pytest.mark.parametrize("share", ["", " own", " unproved", " passwords", " own passwords", None])
def test_a_stolen_host_learns_of_no_right_password_where_both_are_one_answer(single_hub, single_person, share, caller):
    user, phone = single_person
    name, bundle = bundle_of(single_hub)
    if share is not None:
        spend(single_hub, name, share)
    thief = relays.Stolen(bundle, single_hub)
    service = "swaylock" if caller == 2 else "sshd"
    heard = [
        thief.log_in(user, password + code, caller=caller, service=service)
        for code in phone.wrong(2) for password in ("Right-Password-1", "Wrong-Password-1")]
    assert all(each == heard[0] for each in heard), heard


@pytest.mark.parametrize("evidence", [KEY, []])
def test_what_is_refused_counts_the_same_whichever_was_wrong_where_both_are_one_answer(
        single_hub, single_person, evidence):
    user, phone = single_person
    name, bundle = bundle_of(single_hub)
    thief = relays.Stolen(bundle, single_hub)

    def cost(answer):
        before = passwords_counted(single_hub, name)
        heard = thief.log_in(user, answer, evidence=evidence, rhost="203.0.113.78" if evidence else "")
        return heard, passwords_counted(single_hub, name) - before

    wrong = cost("Wrong-Password-1" + phone.wrong(1)[0])
    assert wrong[1] == 1
    # More than are looked at: a dozen for one account; from the sixth on it is delayed.
    for code in phone.wrong(14):
        assert cost("Right-Password-1" + code) == wrong
        assert world.twostep("unlock", user, runtime=single_hub.runtime).returncode == 0
    assert cost("Right-Password-1") == wrong
    assert cost("Wrong-Password-1") == wrong
    assert world.twostep("block", user, "--reason", "left", runtime=single_hub.runtime).returncode == 0
    assert cost("Right-Password-1" + phone.wrong(1)[0]) == wrong
    assert cost("Wrong-Password-1" + phone.wrong(1)[0]) == wrong


def test_passwords_that_are_spent_hold_up_no_login_without_one(single_hub, single_person):
    user, phone = single_person
    name, bundle = bundle_of(single_hub)
    spend(single_hub, name, " passwords")
    assert relays.Stolen(bundle, single_hub).log_in(user, phone.next(), service="kiosk")[0] == wire.GRANTED


def test_guesses_without_a_password_hold_up_no_login_with_one(single_hub, single_person):
    user, phone = single_person
    name, bundle = bundle_of(single_hub)
    spend(single_hub, name, " unproved")
    thief = relays.Stolen(bundle, single_hub)
    assert thief.log_in(user, phone.wrong(1)[0], service="kiosk")[0] == wire.UNAVAILABLE
    assert thief.log_in(user, "Right-Password-1" + phone.next())[0] == wire.GRANTED


# --- whom a host may ask about ------------------------------------------------------------------------------------------


def member_of(group, user):
    """Makes somebody a member of a group that is new."""
    world.run("groupadd", group)
    assert world.run("gpasswd", "--add", user, group).returncode == 0
    return f"@{group}"


def test_a_stranger_at_the_door_of_a_host_for_a_group_cannot_tell_who_is_in_it(password_hub, password_person):
    member, phone = password_person
    outsider, _ = with_password(password_hub)
    rule = member_of("staff-door", member)
    host = relays.Host(*bundle_of(password_hub, "--services", "*", "--users", rule), password_hub).serve()
    try:
        def heard(name, password):
            prompts = []

            def answer(text):
                prompts.append(text)
                return password if len(prompts) == 1 else "000000"

            return wire.ask(name, answer, answer, path=host.socket, service="sshd", rhost="203.0.113.9"), prompts

        password_hub.log.mark()
        stranger = heard("nosuch", "Wrong-Password-1")
        assert stranger[1], "nobody was asked anything"
        assert heard(member, "Wrong-Password-1") == stranger
        for name in (outsider, "root"):
            assert heard(name, "Wrong-Password-1") == stranger
        # Nor is it a place to try the passwords of others.
        assert heard(outsider, "Right-Password-1") == stranger
        assert heard(member, "Right-Password-1")[1] != stranger[1]
        assert password_hub.log.since_mark(f'user="{outsider}".*its host may not ask about this account', count=2)
        assert wire.ask(
            member, "Right-Password-1", phone.next(), path=host.socket, service="sshd", rhost="203.0.113.9") == wire.GRANTED
    finally:
        host.stop()


def test_whoever_a_host_may_not_ask_about_is_let_in_by_no_rule_and_charged_for_nothing(daemon_of_session):
    with hub_with(
            "stolen-rules", "127.0.0.45",
            world.CODE_ALONE
            + "policy:\n  - match: {service: open}\n    exempt: true\n  - match: {service: lax}\n    unenrolled: skip\n") as hub:
        user, bare = world.new_user(), world.new_user()
        phone = world.enroll(user, runtime=hub.runtime)
        member = world.new_user()
        _, bundle = bundle_of(hub, "--services", "*", "--users", member_of("staff-rules", member))
        thief = relays.Stolen(bundle, hub)
        assert thief.log_in(member, evidence=KEY, service="lax")[0] == wire.EXEMPT
        for service in ("open", "lax", "su"):
            stranger = thief.log_in("nosuch", "123456", evidence=KEY, service=service)
            assert stranger[0] not in (wire.GRANTED, wire.EXEMPT)
            for name in (user, bare, "root", "outside-of-the-rule"):
                assert thief.log_in(name, "123456", evidence=KEY, service=service) == stranger
        assert world.failures_of(user, hub.runtime) == 0
        # Nor does what was tried with one of them delay the others: they could be told from members by it.
        for _ in range(8):
            delayed = thief.log_in("root", "123456", evidence=KEY, service="su")
        assert delayed != stranger
        assert thief.log_in(bare, "123456", evidence=KEY, service="su") == stranger
        code = phone.next()
        assert thief.log_in(user, code, evidence=KEY, service="su") == stranger
        # It was not looked at, either.
        assert wire.ask(user, code, path=hub.socket, evidence=KEY, service="su") == wire.GRANTED
        # Programs of their own ask about themselves: who is not meant is asked nothing there, as nobody else is.
        assert thief.log_in(user, phone.at(phone.step + 1), caller=2, service="swaylock") == (wire.DENIED, [])


def test_a_host_hears_of_no_block_but_of_its_services_and_users(hub, person):
    user, _ = person
    other = world.new_user()
    for name in (user, other):
        assert world.twostep("block", name, runtime=hub.runtime).returncode == 0
    try:
        thief = relays.Stolen(bundle_of(hub, "--services", "sshd", "--users", user)[1], hub)
        assert thief.log_in(user, service="sshd", stage=2)[0] == wire.BLOCKED
        for name, service in ((user, "su"), (other, "sshd"), ("nosuch", "sshd"), ("root", "sshd")):
            assert thief.log_in(name, service=service, stage=2)[0] == wire.NO_OPINION
    finally:
        for name in (user, other):
            assert world.twostep("unblock", name, runtime=hub.runtime).returncode == 0


# --- connections --------------------------------------------------------------------------------------------------------


def is_over(connection):
    """Whether a hub closes a connection, whatever it says before."""
    try:
        while connection.receive() is not None:
            pass
    except TimeoutError:
        return False
    return True


def test_connections_that_say_nothing_keep_no_host_out_and_end(hub, person):
    user, phone = person
    name, bundle = bundle_of(hub)
    silent = [relays.Stolen(bundle, hub) for _ in range(4)]
    assert all(connection.first[0] == 0x81 for connection in silent)
    host = relays.Host(name, bundle, hub).serve()
    try:
        assert host.log_in(user, phone.next()).granted
        # The oldest has given way at once, and the rest are not waited for.
        said = silent[0].receive()
        assert said is not None and said[0] == 0x86
        assert all(is_over(connection) for connection in silent)
        assert host.hears_all
    finally:
        host.stop()


def test_what_a_host_sends_after_it_was_dismissed_is_not_looked_at(hub, person):
    user, phone = person
    name, bundle = bundle_of(hub)
    thief = relays.Stolen(bundle, hub)
    for _ in range(3):
        thief.send(thief.begin(user, evidence=KEY))
    asked = 0
    while asked < 3:
        asked += thief.receive()[0] == 0x83
    assert world.twostep("host", "revoke", name, runtime=hub.runtime).returncode == 0
    # It does not close its own side, and what it says arrives.
    with contextlib.suppress(OSError):
        for stream, code in zip((1, 2, 3), phone.wrong(3)):
            thief.send(thief.answer(stream, code))
    while thief.receive() is not None:
        pass
    world.no_session_is_left(hub.runtime)
    assert world.failures_of(user, hub.runtime) == 0


# --- what is worked on --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def flooding(bundle, hub, caller, answers, user, **options):
    """A stolen host with two hundred logins about somebody at any time; `answers` is sent to each, or it gives up."""
    thief = relays.Stolen(bundle, hub)
    ended = threading.Event()

    def run():
        thief.send(*[thief.begin(user, caller, **options) for _ in range(200)])
        while not ended.is_set() and (received := thief.receive()) is not None:
            kind, stream, payload = received
            if kind == 0x84:
                thief.send(thief.begin(user, caller, **options))
            elif kind == 0x83 and payload[5] == wire.PROMPT:
                thief.send(thief.answer(stream, f"wrong {stream}") if answers else thief.frame(3, stream, wire.frame(wire.CANCEL)))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thief.socket.close()
        thread.join(10)


@pytest.mark.parametrize("options", [{"service": "sudo", "authtok": True}, {"service": "login", "tty": "tty1"}])
def test_a_stolen_host_keeps_nobody_from_having_a_password_judged_elsewhere(password_hub, password_person, options):
    user, _ = password_person
    _, bundle = bundle_of(password_hub)
    with healthy_host(password_hub) as host, flooding(bundle, password_hub, 1, True, user, **options):
        for path in (host.socket, password_hub.socket):
            prompts = []

            def answer(text):
                prompts.append(text)
                return "Right-Password-1" if len(prompts) == 1 else "x"

            wire.ask(user, answer, answer, path=path, **options)
            assert len(prompts) == 2, "a code is asked for behind the right password"


def test_a_stolen_host_keeps_nobody_of_another_from_being_looked_up(daemon_of_session):
    with hub_with(
            "stolen-groups", "127.0.0.42",
            world.CODE_ALONE
            + "policy:\n  - match: {group: backup}\n    exempt: true\n") as hub:
        user = world.new_user()
        world.enroll(user, runtime=hub.runtime)
        _, bundle = bundle_of(hub)
        with healthy_host(hub) as host, flooding(bundle, hub, 2, False, "bob", service="swaylock"):
            def prompts():
                said = []
                wire.ask(user, said.append, path=host.socket, service="swaylock")
                return said

            for _ in range(5):
                assert world.in_process_of(user, prompts), "no code was asked for"


def test_a_stolen_host_whose_programs_take_long_leaves_threads_to_others(daemon_of_session):
    path = python("slow-for-thieves.py", """
        if code == "slow":
            time.sleep(25)
        if code == "open":
            accept()
        else:
            say(verdict="wrong")
        """)
    with hub_with("stolen-programs", "127.0.0.46", module(path, time="30s")) as hub:
        user, crowd = world.new_user(), [world.new_user() for _ in range(8)]
        thief = relays.Stolen(bundle_of(hub)[1], hub)
        with healthy_host(hub) as host:
            thief.send(*[thief.begin(name, service="sshd", evidence=KEY) for name in crowd])
            asked = 0
            while asked < len(crowd):
                kind, stream, payload = thief.receive()
                if kind == 0x83 and payload[5] == wire.PROMPT and payload[6] not in (3, 4):
                    thief.send(thief.answer(stream, "slow"))
                    asked += 1
            world.wait_until(lambda: len(processes(str(path))) >= 2, "programs to be at work")
            for place in (host.socket, hub.socket):
                assert wire.ask(user, "open", path=place, evidence=KEY, service="sshd") == wire.GRANTED
            assert len(processes(str(path))) == 2, "of one host two are at work"
        thief.socket.close()


def test_a_stolen_host_has_messages_sent_and_keeps_nobody_elsewhere_from_theirs(daemon_of_session):
    with contextlib.closing(test_notify.Letterbox()) as box, hub_with(
            "stolen-messages", "127.0.0.49", test_notify.by_command(test_notify.messenger("sms-stolen", box))) as hub:
        user = world.new_user()
        assert test_notify.enroll(hub, user, box.code, "--to", "+49 151")[0] == 0
        thief = relays.Stolen(bundle_of(hub)[1], hub)

        def ask_for_messages(count):
            for _ in range(count):
                thief.log_in(user, evidence=KEY, service="sshd")

        with healthy_host(hub) as host:
            def code_under_fire(_):
                code = box.code()
                # What is sent meanwhile voids nothing, and nothing is left to send after it.
                ask_for_messages(6)
                return code

            assert wire.ask(user, code_under_fire, path=host.socket, evidence=KEY, service="sshd") == wire.GRANTED
            assert box.letters.qsize() == 5
            while not box.is_empty:
                box.next()
            for place in (host.socket, hub.socket):
                assert wire.ask(user, lambda _: box.code(), path=place, evidence=KEY, service="sshd") == wire.GRANTED
        thief.socket.close()


def test_users_of_a_host_who_hold_all_places_leave_some_for_root(hub, person):
    user, phone = person
    # More than a connection carries.
    crowd = [world.new_user() for _ in range(33)]
    with healthy_host(hub) as host:
        host.log.mark()
        released = multiprocessing.get_context("fork").Event()
        held = multiprocessing.get_context("fork").Queue()

        def hold(name):
            def begin():
                connections = []
                for _ in range(8):
                    connections.append(wire.Connection(host.socket))
                    connections[-1].send(wire.begin(name, service="swaylock"))
                # Each is asked something, or told that there is no room.
                held.put([connection.receive() is not None for connection in connections])
                released.wait(50)

            world.in_process_of(name, begin)

        threads = [threading.Thread(target=hold, args=(name,), daemon=True) for name in crowd]
        for thread in threads:
            thread.start()
        try:
            assert all(all(held.get(timeout=40)) for _ in crowd)
            assert host.log_in(user, phone.next()).granted
            said = host.log.since_mark("reason=hub_unreachable .*no room for more logins", count=1)
            assert said
        finally:
            released.set()
            for thread in threads:
                thread.join(20)


# --- the journal --------------------------------------------------------------------------------------------------------


def test_a_host_has_so_many_lines_of_a_hubs_journal_a_minute(hub):
    name, bundle = bundle_of(hub, "--services", "sshd", "--users", "nobody")
    hub.log.mark()
    thief = relays.Stolen(bundle, hub)
    for _ in range(8):
        # As many as have room at a time.
        thief.send(*[thief.begin("root", service="su", evidence=KEY) for _ in range(200)])
        ended = 0
        while ended < 200:
            ended += thief.receive()[0] == 0x84
    # A minute may end meanwhile.
    assert 1 <= len(hub.log.since_mark(f"reason=not_permitted .*relay={name} ")) <= 600
    thief.socket.close()


def test_a_dismissal_names_the_host_and_its_certificate(hub):
    name, bundle = bundle_of(hub)
    serial = serial_of(name, hub)
    assert world.twostep("host", "revoke", name, runtime=hub.runtime).returncode == 0
    hub.log.mark()
    assert not is_served(bundle, hub)
    assert hub.log.since_mark(f"host {name} with serial {serial} is not served: its certificate was revoked", count=1)


# --- certificates that are none -----------------------------------------------------------------------------------------


def openssl(*arguments):
    done = world.run("openssl", *arguments)
    assert done.returncode == 0, done.stderr


def test_a_certificate_that_the_fleet_has_not_signed_opens_nothing_though_it_has_a_hosts_serial(hub):
    name, bundle = bundle_of(hub)
    assert is_served(bundle, hub)
    serial = "0x" + serial_of(name, hub)
    at = f"/run/forged-{name}"
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{at}.key", "-out",
        f"{at}.crt", "-days", "30", "-subj", f"/CN={name}", "-set_serial", serial)
    forged = world.Path(f"{at}.pem")
    forged.write_text(world.Path(f"{at}.crt").read_text() + world.Path(f"{at}.key").read_text())
    assert not is_served(forged, hub)

    # Nor one that a host has signed as if it were the authority.
    openssl("x509", "-in", str(bundle), "-out", f"{at}-own.crt")
    openssl("pkey", "-in", str(bundle), "-out", f"{at}-own.key")
    openssl(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{at}-sub.key", "-out",
        f"{at}-sub.csr", "-subj", f"/CN={name}")
    openssl(
        "x509", "-req", "-in", f"{at}-sub.csr", "-CA", f"{at}-own.crt", "-CAkey", f"{at}-own.key", "-set_serial", serial, "-out",
        f"{at}-sub.crt", "-days", "30")
    chain = world.Path(f"{at}-chain.pem")
    chain.write_text("".join(world.Path(f"{at}-{part}").read_text() for part in ("sub.crt", "own.crt", "sub.key")))
    assert not is_served(chain, hub)


def test_a_host_that_poses_as_a_hub_is_told_nothing(hub):
    name, bundle = bundle_of(hub)
    context = relays.ssl.SSLContext(relays.ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(bundle))
    heard = []
    with contextlib.closing(world.socket.create_server(("127.0.0.43", 7443))) as server:

        def pose():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with contextlib.suppress(OSError), contextlib.closing(context.wrap_socket(connection, server_side=True)) as tls:
                        heard.append(tls.recv(100))

        threading.Thread(target=pose, daemon=True).start()
        posing = type("Posing", (), {"place": "127.0.0.43:7443"})
        host = relays.Host(name, bundle, posing)
        host.start(serving=False)
        try:
            assert host.log.since_mark("hub 127.0.0.43:7443 does not answer: .*[Cc][Ee][Rr][Tt]", count=1)
            assert not any(heard)
        finally:
            host.stop()


def test_a_bundle_that_another_group_may_read_is_not_taken(hub):
    name, bundle = bundle_of(hub)
    host = relays.Host(name, bundle, hub)
    # The daemon's own, which it could read.
    uid = world.pwd.getpwnam("twostep").pw_uid
    world.os.chown(host.bundle, uid, grp.getgrnam("users").gr_gid)
    done = world.run("twostep", "check", "--config", host.configuration)
    assert done.returncode != 0
    assert "may read it" in done.stdout + done.stderr
