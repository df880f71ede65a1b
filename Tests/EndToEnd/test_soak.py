"""What takes long: a daemon that is killed a thousand times, ten thousand conversations, a model beside the daemon, timing."""

import base64
import bisect
import contextlib
import itertools
import json
import os
import random
import resource
import selectors
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pam
import pyotp
import pytest
import wire
import world
from terminal import Paramiko

pytestmark = pytest.mark.soak
KEY = ["publickey ssh-ed25519"]
DEATHS = int(os.environ.get("DEATHS", "1000"))
PEOPLE = int(os.environ.get("PEOPLE", "10000"))
DEVICES = 5
STEPS = int(os.environ.get("STEPS", "100000"))
SAMPLES = int(os.environ.get("SAMPLES", "2000"))
HOTP = "auth_providers: [{type: pam, modules: [hotp]}]\n"


class Token:
    """A token that counts."""

    def __init__(self, place, user):
        made = world.twostep("enroll", user, "hotp", "--no-confirm", "--json", runtime=place.runtime)
        assert made.returncode == 0, made.stderr
        self._hotp, self.user, self.next = pyotp.HOTP(json.loads(made.stdout)["secret"]), user, 0

    def code(self):
        return self._hotp.at(self.next)


def test_killed_a_thousand_times_under_load_it_grants_nothing_twice_and_forgets_nobody(daemon, elsewhere):
    place = elsewhere(HOTP)
    tokens = [Token(place, world.new_user("soak")) for _ in range(8)]
    stop, granted, problems = threading.Event(), [], []

    def load(token):
        """Each code again and again until it is granted; then once more, when it must not be."""
        while not stop.is_set():
            code = token.code()
            first = pam.log_in(place.service, token.user, code)
            if first.code == pam.AUTHINFO_UNAVAIL:
                continue
            if not first.granted:
                # It may have been spent by a login whose daemon died before it could say so.
                token.next += 1
                continue
            granted.append(token.user)
            again = pam.log_in(place.service, token.user, code)
            if again.granted:
                problems.append((token.user, code))
            token.next += 1

    threads = [threading.Thread(target=load, args=[token]) for token in tokens]
    draw = random.Random(15)
    for thread in threads:
        thread.start()
    try:
        for _ in range(DEATHS):
            stop.wait(draw.random() / 4)
            place.kill()
            place.start()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert problems == [] and len(granted) > DEATHS / 10
    for token in tokens:
        world.twostep("unlock", token.user, runtime=place.runtime)
        codes = [pam.log_in(place.service, token.user, token._hotp.at(token.next + ahead)) for ahead in range(2)]
        assert codes[0].granted or codes[1].granted, "nobody who is valid is refused afterwards"


def secrets_of_one(step):
    """Those of one person's devices, none of which shows a code of another within the next minutes."""
    while True:
        secrets = [base64.b32encode(os.urandom(20)).decode() for _ in range(DEVICES)]
        codes = {pyotp.TOTP(secret).generate_otp(step + offset) for secret in secrets for offset in range(-2, 12)}
        if len(codes) == 14 * DEVICES:
            return secrets


def neighbours_code(number, secrets, step):
    """A code of somebody else's device that none of this person's shows at about that time."""
    own = {
        pyotp.TOTP(secrets[device]).generate_otp(step + offset)
        for device in range(number - number % DEVICES, min(number - number % DEVICES + DEVICES, PEOPLE)) for offset in range(-2, 6)}
    others = (secrets[(number + ahead * DEVICES) % PEOPLE] for ahead in itertools.count(1))
    return next(code for secret in others if (code := pyotp.TOTP(secret).generate_otp(step)) not in own)


def test_ten_thousand_conversations_at_once_are_answered_each_its_own(daemon, elsewhere):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert most > PEOPLE + 100, f"{most} files are too few for so many connections"
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    place = elsewhere()
    # The accounts are lines of the file: useradd would take hours, and a look-up reads them all.
    first = 30_000
    lines = [
        f"crowd{number}:x:{first + number}:{first + number}::/nonexistent:/bin/false\n" for number in range(PEOPLE // DEVICES)]
    with open("/etc/passwd", "a", encoding="ascii") as passwd:
        passwd.writelines(lines)
    secrets = [secret for _ in range(PEOPLE // DEVICES) for secret in secrets_of_one(int(time.time()) // 30)]
    for start in range(0, PEOPLE, 1000):
        path = Path("/run/crowd.csv")
        rows = (f"crowd{number // DEVICES},totp,phone{number % DEVICES},{secrets[number]}\n" for number in range(start, min(start + 1000, PEOPLE)))
        path.write_text("user,module,name,secret\n" + "".join(rows))
        done = world.twostep("import", "batch", path, runtime=place.runtime, timeout=300)
        assert done.returncode == 0, done.stderr
    pages = Path(f"/proc/{place.process.pid}/statm")
    before = int(pages.read_text().split()[1])
    connections = []
    for number in range(PEOPLE):
        connection = wire.Connection(place.socket, seconds=120)
        connection.send(wire.begin(f"crowd{number // DEVICES}", evidence=KEY))
        connections.append(connection)
    for connection in connections:
        assert connection.receive()[0] == wire.PROMPT
    grown = int(pages.read_text().split()[1]) - before
    step = int(time.time()) // 30
    # A neighbour's code for every tenth, and its own for all others.
    codes = [pyotp.TOTP(secret).generate_otp(step) for secret in secrets]
    asked = {}
    selector = selectors.DefaultSelector()
    order = list(range(PEOPLE))
    random.Random(25).shuffle(order)
    for number in order:
        code = codes[number] if number % 10 else neighbours_code(number, secrets, step)
        asked[number] = time.monotonic()
        connections[number].send(wire.frame(wire.ANSWER, code.encode()))
        selector.register(connections[number].socket, selectors.EVENT_READ, number)
    took, verdicts = [], {}
    while len(verdicts) < PEOPLE:
        for key, _ in selector.select(30) or pytest.fail("no verdict for half a minute"):
            took.append(time.monotonic() - asked[key.data])
            selector.unregister(key.fileobj)
            verdicts[key.data] = connections[key.data].verdict()
            connections[key.data].close()
    print(f"p50 {statistics.median(took):.3f} s, p99 {sorted(took)[len(took) * 99 // 100]:.3f} s, {grown * 4} KiB more")
    wrong = [number for number in range(PEOPLE) if verdicts[number] != (wire.GRANTED if number % 10 else wire.DENIED)]
    users = {f'user="crowd{number // DEVICES}"' for number in wrong}
    why = [line for line in place.log.since_mark(": login (unavailable|denied)") if any(user in line for user in users)]
    assert not wrong, "\n".join([f"{len(wrong)} conversations: {wrong[:20]}", *why[:40]])
    # 16 KiB each are more than enough.
    assert grown * 4096 < PEOPLE * 16_384 + (32 << 20)


def test_a_thousand_ssh_clients_that_leave_at_the_prompt_leave_nothing(daemon, sshd, enrolled):
    user, phone = enrolled
    files = f"/proc/{daemon.process.pid}/fd"
    before = len(os.listdir(files))

    def leave(_):
        client = Paramiko(sshd, user)

        def handler(title, instructions, prompts):
            client.transport.sock.close()
            return []

        with contextlib.suppress(Exception):
            client.transport.auth_interactive(str(user), handler)
        client.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(leave, range(1000)))
    world.no_session_is_left()
    world.wait_until(lambda: len(os.listdir(files)) <= before, "files of twostepd", 30)
    assert world.failures_of(user) == 0
    assert sshd.log_in(user, phone.next())[0] == 0


class Model:
    """What the throttle says, in a few lines: an account with one module, by the daemon's own clock."""

    def __init__(self):
        self.failures, self.last, self.spent = 0, 0, -1

    def delay(self, now):
        if self.failures <= 5:
            return 0
        return max(0, self.last + min(30 * 2 ** (self.failures - 6), 3600) - now)

    def answer(self, kind, now):
        if self.failures >= 50 or self.delay(now) > 0:
            return wire.TRIES
        if kind == "right":
            self.failures = 0
            return wire.GRANTED
        if kind == "wrong":
            self.failures, self.last = self.failures + 1, now
            return wire.TRIES if self.delay(now) > 0 or self.failures >= 50 else wire.DENIED
        return wire.DENIED


def test_random_schedules_of_answers_and_time_end_as_the_model_says(daemon, elsewhere):
    place = elsewhere(HOTP, start=False)
    place.clock = world.Clock()
    place.start()
    draw = random.Random(91)
    began = time.monotonic()
    token, model = None, Model()
    for number in range(STEPS):
        if token is None or model.failures >= 50 or token.next > 500:
            token, model = Token(place, world.new_user("model")), Model()
        if draw.random() < 0.2:
            place.clock.advance(draw.choice([1, 29, 31, 600, 3601, 90_000]))
        now = place.clock.shift + time.monotonic() - began
        # Where a second more or less would decide, it is not asked.
        if 0 < model.delay(now) < 2 or -2 < model.last + min(30 * 2 ** max(model.failures - 6, 0), 3600) - now <= 0:
            place.clock.advance(5)
            now += 5
        kind = draw.choice(["right", "wrong", "wrong", "wrong", "replay", "malformed"])
        if kind == "replay" and token.next == 0:
            kind = "malformed"
        near = {token._hotp.at(count) for count in range(max(0, token.next - 1), token.next + 12)}
        code = {
            "right": token.code, "replay": lambda: token._hotp.at(token.next - 1), "malformed": lambda: "12345",
            "wrong": lambda: next(code for code in (f"{draw.randrange(10**6):06}" for _ in itertools.count()) if code not in near),
        }[kind]()
        expected = model.answer(kind, now)
        verdict = wire.ask(token.user, code, path=place.socket, evidence=KEY)
        assert verdict == expected, (number, kind, model.failures, model.delay(now))
        if verdict == wire.GRANTED:
            token.next += 1
    world.no_session_is_left(place.runtime)


def delta(ours, others):
    """Cliff's: how much likelier one of ours is larger than one of the others than smaller."""
    ordered = sorted(others)
    more = sum(bisect.bisect_left(ordered, value) - (len(ordered) - bisect.bisect_right(ordered, value)) for value in ours)
    return more / (len(ours) * len(ordered))


@pytest.mark.parametrize("answer", ["wrong", "12", "x" * 511])
def test_nobody_hears_by_the_clock_what_an_account_has(daemon, elsewhere, answer):
    """A name that nobody has, one that has nothing and one that has a device; an effect size for each pair."""
    place = elsewhere()
    enrolled, other = world.new_user("has"), world.new_user("hasnot")
    phone = world.enroll(enrolled, runtime=place.runtime)
    took = {"enrolled": [], "unenrolled": [], "unknown": []}
    draw = random.Random(110)
    for number in range(SAMPLES):
        names = {"enrolled": enrolled, "unenrolled": other, "unknown": f"nobody{number // 5}"}
        for kind in draw.sample(list(names), len(names)):
            typed = phone.wrong() if answer == "wrong" else answer
            start = time.perf_counter()
            verdict = wire.ask(names[kind], typed, path=place.socket, evidence=KEY)
            took[kind].append(time.perf_counter() - start)
            assert verdict == wire.DENIED, (kind, verdict)
        if number % 5 == 4:
            for name in (enrolled, other):
                world.twostep("unlock", name, runtime=place.runtime)
    compare(took)


@pytest.mark.parametrize("answer", ["wrong", "right", "12", "x" * 511])
def test_nobody_hears_by_the_clock_whether_a_name_that_is_locked_is_an_account(daemon, elsewhere, answer):
    place = elsewhere(start=False)
    place.configure(
        "auth_providers: [{type: pam, modules: [{type: totp}]}]\nthrottle: {free: 5, lock_at: 6}\n")
    place.start()
    enrolled, other, nobody = world.new_user("has"), world.new_user("hasnot"), "nobody-there"
    phone = world.enroll(enrolled, runtime=place.runtime)
    names = {"enrolled": enrolled, "unenrolled": other, "unknown": nobody}
    for name in names.values():
        for _ in range(6):
            wire.ask(name, phone.wrong(), path=place.socket, evidence=KEY)
    took = {kind: [] for kind in names}
    draw = random.Random(110)
    for _ in range(SAMPLES):
        for kind in draw.sample(list(names), len(names)):
            typed = {"wrong": phone.wrong, "right": lambda: phone.at(phone.step)}.get(answer, lambda: answer)()
            start = time.perf_counter()
            verdict = wire.ask(names[kind], typed, path=place.socket, evidence=KEY)
            took[kind].append(time.perf_counter() - start)
            assert verdict == wire.TRIES, (kind, verdict)
    compare(took)


def compare(took):
    """Prints Cliff's delta for each pair of kinds; none may be more than what is called negligible."""
    medians = {kind: statistics.median(times) * 1e6 for kind, times in took.items()}
    print({kind: f"{median:.0f} us" for kind, median in medians.items()}, len(next(iter(took.values()))), "samples each")
    deltas = {(one, two): delta(took[one], took[two]) for one, two in itertools.combinations(took, 2)}
    for (one, two), size in deltas.items():
        print(f"  {one} against {two}: {size:+.3f}")
    assert all(abs(size) < 0.1 for size in deltas.values()), (deltas, medians)
