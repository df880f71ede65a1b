"""Guesses by the thousand: at once, by many names, from many places, through a locker; and what they do to the owner."""

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pam
import pytest
import wire
import world

KEY = ["publickey ssh-ed25519"]
FREE = 5


def at_once(user, answers, **options):
    """So many logins at the same time, each at its prompt before the first is answered: their verdicts."""
    connections = []
    for _ in answers:
        connection = wire.Connection(seconds=60)
        connection.send(wire.begin(user, evidence=KEY, **options))
        connections.append(connection)
    for connection in connections:
        assert connection.receive()[0] == wire.PROMPT
    for connection, answer in zip(connections, answers):
        connection.send(wire.frame(wire.ANSWER, answer.encode()))
    verdicts = [connection.verdict() for connection in connections]
    for connection in connections:
        connection.close()
    return verdicts


def wrong_codes(phone, count):
    near = {phone.at(phone.step + offset) for offset in range(-4, 5)}
    return list(itertools.islice((code for number in range(10**6) if (code := f"{number:06}") not in near), count))


def test_of_a_thousand_wrong_codes_at_once_no_more_are_looked_at_than_are_free(daemon, enrolled):
    user, phone = enrolled
    verdicts = at_once(user, wrong_codes(phone, 1000))
    assert set(verdicts) <= {wire.DENIED, wire.TRIES}
    # Five are free, the sixth is the one that brings the delay; each of them is counted once.
    assert world.failures_of(user) == FREE + 1
    assert verdicts.count(wire.DENIED) == FREE
    assert pam.log_in("e2e", user, phone.next()).code == pam.MAXTRIES


def test_of_a_thousand_logins_with_the_right_code_at_once_one_is_granted(daemon, enrolled):
    user, phone = enrolled
    verdicts = at_once(user, [phone.next()] * 1000)
    assert verdicts.count(wire.GRANTED) == 1
    assert world.failures_of(user) == 0, "a replay is no guess"


@pytest.mark.parametrize("seed", range(5))
def test_the_right_code_that_races_with_wrong_ones_wins_or_loses_as_a_whole(daemon, seed):
    """Whoever is first at the writer: granted, and the failures forgotten; or delayed, and none of them is."""
    draw = random.Random(seed)
    for _ in range(6):
        user, phone = world.enrolled_user("race")
        before = draw.randrange(6)
        for code in wrong_codes(phone, before):
            wire.ask(user, code, evidence=KEY)
        answers = wrong_codes(phone, 20)[before:before + draw.randrange(1, 8)]
        right = phone.next()
        answers.insert(draw.randrange(len(answers) + 1), right)
        verdicts = at_once(user, answers)
        granted = verdicts[answers.index(right)] == wire.GRANTED
        assert verdicts.count(wire.GRANTED) == granted
        failures = world.failures_of(user)
        if granted:
            # What came behind it is counted from nothing.
            assert failures <= len(answers) - 1
        else:
            assert verdicts[answers.index(right)] == wire.TRIES
            assert failures == FREE + 1
        assert pam.log_in("e2e", user, right).granted is False


def test_ten_thousand_names_keep_nobodys_failures_from_being_known(daemon, enrolled):
    user, phone = enrolled
    for code in wrong_codes(phone, 6):
        wire.ask(user, code, evidence=KEY)
    assert world.failures_of(user) == 6
    memory = f"/proc/{daemon.process.pid}/statm"
    before = int(open(memory, encoding="ascii").read().split()[1])
    with ThreadPoolExecutor(16) as pool:
        verdicts = set(pool.map(
            lambda number: wire.ask(f"ghost{number}", "123456", evidence=KEY), range(10_000)))
    assert verdicts <= {wire.DENIED, wire.TRIES}
    assert world.failures_of(user) == 6
    assert pam.log_in("e2e", user, phone.next()).code == pam.MAXTRIES
    # Bounded: 4,096 names at most are held, and nothing else grows with them.
    assert int(open(memory, encoding="ascii").read().split()[1]) - before < 16_384


@pytest.mark.parametrize("family", ["IPv4", "IPv6 /64"])
def test_ten_thousand_addresses_are_no_new_budget(daemon, enrolled, family):
    user, phone = enrolled
    address = {
        "IPv4": lambda number: f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        "IPv6 /64": lambda number: f"2001:db8:{number:x}::1"}[family]
    codes = itertools.cycle(wrong_codes(phone, 2000))
    work = [(address(number), next(codes)) for number in range(10_000)]
    with ThreadPoolExecutor(16) as pool:
        verdicts = list(pool.map(lambda one: wire.ask(user, one[1], evidence=KEY, rhost=one[0]), work))
    assert wire.GRANTED not in verdicts
    assert world.failures_of(user) == FREE + 1


def test_what_was_counted_survives_a_crash_and_a_restart(daemon, enrolled):
    user, phone = enrolled
    for code in wrong_codes(phone, 6):
        wire.ask(user, code, evidence=KEY)
    for end in (daemon.kill, daemon.stop):
        end()
        daemon.start()
        assert world.failures_of(user) == 6
        assert pam.log_in("e2e", user, phone.next()).code == pam.MAXTRIES


def test_a_right_answer_forgets_the_failures_of_its_own_module_alone(daemon, elsewhere):
    place = elsewhere(
        "auth_providers:\n  - {type: pam, modules: [totp]}\n  - {type: pam, id: pin, modules: [pin]}\n"
        "policy: [{match: {}, provider: pam}]\n")
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    assert world.twostep("enroll", user, "pin", runtime=place.runtime, input="739158\n739158\n").returncode == 0
    world.write_stack("e2e-pin", f"auth required pam_twostep.so socket={place.socket} provider=pam:pin")
    for code in wrong_codes(phone, 3):
        assert not pam.log_in(place.service, user, code).granted
    assert not pam.log_in("e2e-pin", user, "917384").granted
    assert pam.log_in("e2e-pin", user, "739158").granted
    assert world.failures_of(user, place.runtime) == 3
    assert pam.log_in(place.service, user, phone.next()).granted
    assert world.failures_of(user, place.runtime) == 0


def test_a_locker_in_a_loop_tries_no_more_pins_than_anybody_else(daemon, elsewhere):
    place = elsewhere(
        "auth_providers: [{type: pam, modules: [pin]}]\n"
        # Forty PINs may take half a minute where others compute.
        "throttle: {first_delay: 900}\n")
    user = world.new_user()
    assert world.twostep("enroll", user, "pin", runtime=place.runtime, input="739158\n739158\n").returncode == 0
    guesses = [[f"{number:06}"] for number in range(500_000, 500_040)]
    codes = world.in_process_of(user, lambda: pam.attempts(place.service, user, guesses))
    assert pam.SUCCESS not in codes
    assert codes.count(pam.AUTH_ERR) == FREE
    assert world.failures_of(user, place.runtime) == FREE + 1
    assert world.in_process_of(user, lambda: pam.attempts(place.service, user, [["739158"]])) == [pam.MAXTRIES]


NO_GUESSES = {
    "empty": "", "letters": "abcdef", "too short": "12345", "too long": "123456789", "a control byte": "12345\x01",
    "what sshd sends for users that it refuses": "\b\n\r\x7fINCORRECT",
}


@pytest.mark.parametrize("kind", NO_GUESSES)
def test_a_thousand_answers_that_are_no_guess_lock_nobody_out(daemon, enrolled, kind):
    user, phone = enrolled
    verdicts = at_once(user, [NO_GUESSES[kind]] * 1000)
    assert set(verdicts) == {wire.DENIED}
    assert world.failures_of(user) == 0
    assert pam.log_in("e2e", user, phone.next()).granted


def test_a_thousand_logins_without_a_first_factor_lock_nobody_out(daemon, enrolled):
    user, phone = enrolled
    for _ in range(1000):
        assert wire.ask(user, "123456") == wire.DENIED
    assert world.failures_of(user) == 0
    assert pam.log_in("e2e", user, phone.next()).granted


def test_a_code_of_another_device_is_good_once_and_every_device_has_one_window(daemon, enrolled):
    user, phone = enrolled
    others = [world.enroll(user, "--name", f"other{number}") for number in range(3)]
    code = others[1].next()
    assert pam.log_in("e2e", user, code).granted
    assert not pam.log_in("e2e", user, code).granted
    assert world.failures_of(user) == 0
    assert not pam.log_in("e2e", user, phone.old()).granted
    assert world.failures_of(user) == 1, "charged once, however many devices were looked at"
