"""Measures Twostep beside its peers and beside a floor in C, turn by turn, and holds the figures against their bounds.

Runs in the private world (Tests/World/enter) with a folder of the machine's own disk at /mnt/disk; see Tests/Bench/run.
Ratios are the result: they are taken within one round, of runs that follow each other at once, and quoted as the median
of the rounds with the quartiles around it.
"""

import crypt
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import report
import scene
from scene import BIN, DATA, Background, Daemon, Floor, on_socket, quantile, run, through_libpam, wait_until

QUICK = os.environ.get("QUICK", "") not in ("", "0")
MANY = 100_000 if QUICK else 1_000_000
ROUNDS = 4 if QUICK else 15
LOGINS = 25 if QUICK else 40
PROCESSES = [1, 8, 64] if QUICK else [1, 2, 4, 8, 16, 32, 64]
CONNECTIONS = [1, 64, 512] if QUICK else [1, 8, 64, 512]
# Between logins, in microseconds, where they are a person's.
PAUSE = 20_000
PASSWORD = "correct-horse"


def turn_by_turn(rounds, cases):
    """Runs all cases in turn, so many rounds; each round begins with another one. Returns a list of results each."""
    results = {name: [] for name in cases}
    names = list(cases)
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            results[name].append(cases[name]())
    return results


def said(words):
    print(f"== {words}", flush=True)


class Bench:
    """All measurements, in the order in which they are made; each adds rows and plots to the report."""

    def __init__(self):
        self.report = report.Report(QUICK)
        self.valid = self.refused = 0

        self.main = Daemon("main", 100_000)
        self.main.start()
        self.floor = Floor("floor")
        self.floor_journals = Floor("floor-journals", journals=True)
        self.hotp = scene.google("google-hotp", 1024, ['" HOTP_COUNTER 1'])
        self.oath = scene.oath("oath-10", 10)
        for service in ("permit", "deny"):
            scene.write_stack(f"bench-{service}", f"pam_{service}.so")

    # --- logging in -------------------------------------------------------------------------------------------------

    def granted(self, outcome, success=scene.SUCCESS):
        """Counts what was refused of logins that are valid, all of them."""
        self.valid += len(outcome.codes)
        self.refused += sum(code != success for code in outcome.codes)
        return outcome

    def twostep(self, count, processes=1, daemon=None, scattered=False, pause=0):
        daemon = daemon or self.main
        return self.granted(through_libpam(daemon.service, daemon.users.logins(count, scattered), processes, pause))

    def peer(self, peer, count, processes=1, users=1, pause=0):
        outcome = through_libpam(peer.service, peer.logins(count, users), processes, pause)
        assert all(code == scene.SUCCESS for code in outcome.codes), f"{peer.service} refused a valid code"
        return outcome

    def floor_login(self, count, processes=1, pause=0):
        lines = [f"bench{number:07} 123456" for number in range(count)]
        return through_libpam(self.floor.service, lines, processes, pause)

    def refusals(self, service, lines, pause=0):
        outcome = through_libpam(service, lines, pause=pause)
        assert scene.SUCCESS not in outcome.codes, f"{service} let somebody in"
        return outcome

    # --- measurements -----------------------------------------------------------------------------------------------

    def one_login(self):
        said("one login through libpam, in one process")
        count = LOGINS + 2
        google_totp = scene.google("google-totp", 4, ['" TOTP_AUTH'])
        permit = [f"bench{number:07}" for number in range(count)]
        results = turn_by_turn(ROUNDS, {
            "pam_permit": lambda: through_libpam("bench-permit", permit),
            "floor, durable": lambda: self.floor_login(count),
            "twostep": lambda: self.twostep(count),
            "twostep, wrong code": lambda: self.refusals(self.main.service, self.main.users.wrong(count)),
            "twostep, unknown user": lambda: self.refusals(self.main.service, self.main.users.unknown(count)),
            "google, HOTP": lambda: self.peer(self.hotp, count),
            "google, wrong code": lambda: self.refusals(google_totp.service, ["bench0000001 123456"] * 12),
            "oath, HOTP, 10 users": lambda: self.peer(self.oath, count),
        })
        p50 = {name: [outcome.p50 for outcome in outcomes] for name, outcomes in results.items()}
        cpu = {name: [outcome.cpu * 1e6 / len(outcome.codes) for outcome in outcomes]
               for name, outcomes in results.items()}
        p99 = {name: [outcome.at(0.99) for outcome in outcomes] for name, outcomes in results.items()}
        floor = "floor, durable"
        self.report.table(
            "One login through libpam, in one process",
            ["case", "p50 µs", "× floor", "p99 µs", "user + system µs of the host process"],
            [[name, report.number(p50[name]), report.ratio(p50[name], p50[floor]), report.number(p99[name]),
              report.number(cpu[name])] for name in results])
        judge = self.report.judge
        judge("one durable login through libpam, against the floor's", p50["twostep"], p50[floor], at_most=1.3)
        judge("the same against pam_google_authenticator HOTP", p50["twostep"], p50["google, HOTP"], at_most=1.0)
        judge("a wrong code against a right one", p50["twostep, wrong code"], p50["twostep"], 0.9, 1.1)
        judge("an unknown user against a known one, both with a wrong code", p50["twostep, unknown user"],
              p50["twostep, wrong code"], 0.9, 1.1)

    def login_after_a_pause(self):
        """A disk and a processor that have had nothing to do take longer, as they do for a person who logs in."""
        said(f"one login through libpam, {PAUSE // 1000} ms after the last")
        count, ours = 15, self.main
        results = turn_by_turn(4 if QUICK else 9, {
            "floor, durable": lambda: self.floor_login(count, pause=PAUSE),
            "twostep": lambda: self.twostep(count, pause=PAUSE),
            "twostep, wrong code": lambda: self.refusals(ours.service, ours.users.wrong(count), PAUSE),
            "twostep, unknown user": lambda: self.refusals(ours.service, ours.users.unknown(count), PAUSE),
            "google, HOTP": lambda: self.peer(self.hotp, count, pause=PAUSE),
        })
        p50 = {name: [outcome.p50 for outcome in outcomes] for name, outcomes in results.items()}
        floor = p50["floor, durable"]
        self.report.table(
            f"One login through libpam, {PAUSE // 1000} ms after the last", ["case", "p50 µs", "× floor"],
            [[name, report.number(p50[name]), report.ratio(p50[name], floor)] for name in results])
        judge, after = self.report.judge, f", each {PAUSE // 1000} ms after the last"
        judge(f"one durable login through libpam, against the floor's{after}", p50["twostep"], floor, at_most=1.3)
        judge(f"the same against pam_google_authenticator HOTP{after}", p50["twostep"], p50["google, HOTP"], at_most=1.0)
        judge(f"a wrong code against a right one{after}", p50["twostep, wrong code"], p50["twostep"], 0.9, 1.1)
        judge(f"an unknown user against a known one, both with a wrong code{after}", p50["twostep, unknown user"],
              p50["twostep, wrong code"], 0.9, 1.1)

    def beside_passwords(self):
        said("a code login while sixteen yescrypt checks run")
        # Each of the sixteen fails at the prompt for the code, once its password has been found right.
        passwords = [f"slow{number:07} {PASSWORD}" for number in range(16)] * 400
        alone, beside, cores = [], [], []
        for _ in range(3 if QUICK else 9):
            alone.append(self.twostep(LOGINS).p50)
            with Background(BIN / "client", "bench-linux", 16, lines=passwords):
                scene.pause(0.5)
                used, begun = scene.cpu_of(self.main.process.pid), time.monotonic()
                beside.append(self.twostep(LOGINS).p50)
                cores.append((scene.cpu_of(self.main.process.pid) - used) / 1e9 / (time.monotonic() - begun))
            self.settle(self.main)
        assert min(cores) > 0.3, f"nobody was hashing: {cores}"
        self.report.judge("a code login while sixteen yescrypt checks run, against one alone", beside, alone, at_most=1.5,
                          note=f"twostepd used {report.number(cores)} cores meanwhile")

    def whole_process(self):
        said("the CPU of a whole process that logs in once")
        lines = Path("/run/one-login")

        def process(service, line):
            lines.write_text(line + "\n")
            with open(lines, "rb") as source, open(os.devnull, "wb") as nowhere:
                child = os.posix_spawn(
                    BIN / "client", ["client", service, "1"], os.environ,
                    file_actions=[(os.POSIX_SPAWN_DUP2, source.fileno(), 0), (os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1)])
                usage = os.wait4(child, 0)[2]
            return (usage.ru_utime + usage.ru_stime) * 1e6

        results = turn_by_turn(ROUNDS, {
            "pam_permit": lambda: quantile([process("bench-permit", "bench0000000") for _ in range(10)], 0.5),
            "floor, durable": lambda: quantile(
                [process(self.floor.service, "bench0000000 123456") for _ in range(10)], 0.5),
            "twostep": lambda: quantile(
                [process(self.main.service, line) for line in self.main.users.logins(10)], 0.5),
            "google, HOTP": lambda: quantile([process(self.hotp.service, line) for line in self.hotp.logins(10)], 0.5),
        })
        self.report.table(
            "CPU of a whole process that logs in once (exec to exit)", ["case", "µs", "× pam_permit"],
            [[name, report.number(values), report.ratio(values, results["pam_permit"])]
             for name, values in results.items()])
        self.report.judge("whole-process CPU of a login against pam_permit", results["twostep"], results["pam_permit"],
                          at_most=1.2)

    def processes(self):
        said("many at once through libpam")
        latency, throughput = report.series(), report.series()
        for processes in PROCESSES:
            count = processes * 40 if processes > 1 else 100
            results = turn_by_turn(ROUNDS // 2 + 1, {
                "floor": lambda: self.floor_login(count, processes),
                "twostep": lambda: self.twostep(count, processes),
                "google, HOTP": lambda: self.peer(self.hotp, count, processes, users=processes),
            })
            rates = {name: [len(one.codes) / one.wall for one in outcomes] for name, outcomes in results.items()}
            for name, outcomes in results.items():
                latency[name].append((processes, [one.at(0.5) / 1000 for one in outcomes]))
                throughput[name].append((processes, rates[name]))
            if processes == 64:
                judge = self.report.judge
                judge("throughput through libpam, 64 at a time, against the floor's", rates["twostep"], rates["floor"],
                      at_least=0.75)
                judge("the same against pam_google_authenticator HOTP", rates["twostep"], rates["google, HOTP"],
                      at_least=1.5)
        self.report.by_concurrency("Through libpam, so many processes at once", "processes", latency, throughput)
        self.report.plot("latency", "Latency through libpam, by processes at once", "processes", "p50 of a login, ms", latency)
        self.report.plot(
            "throughput", "Throughput through libpam, by processes at once", "processes", "logins a second", throughput)

    def sockets(self):
        said("on the socket, without libpam")
        latency, throughput = report.series(), report.series()
        shares = {64: 0.5, 512: 0.4}
        for connections in CONNECTIONS:
            count = {1: 1000, 8: 4000, 64: 8000, 512: 12000}[connections] // (2 if QUICK else 1)

            def load(server, success, lines, of=None):
                # Whatever the server does afterwards counts as well: it is settled before and after.
                before = scene.cpu_of(server.process.pid)
                outcome = on_socket(server.socket, server.service, lines, connections)
                self.settle(server)
                outcome.cpu = (scene.cpu_of(server.process.pid) - before) / 1000 / len(lines)
                if success:
                    self.granted(outcome, 1)
                return outcome

            anybody = [f"bench{number:07} 123456" for number in range(count)]
            cases = {
                "floor": lambda: load(self.floor, False, anybody),
                "floor with a journal": lambda: load(self.floor_journals, False, anybody),
                "twostep": lambda: load(self.main, True, self.main.users.logins(count)),
            }
            results = turn_by_turn(ROUNDS // 2 + 1, cases)
            rates = {name: [len(one.codes) / one.wall for one in outcomes] for name, outcomes in results.items()}
            cpu = {name: [one.cpu for one in outcomes] for name, outcomes in results.items()}
            for name, outcomes in results.items():
                latency[name].append((connections, [one.at(0.5) / 1000 for one in outcomes]))
                throughput[name].append((connections, rates[name]))
                self.report.collect("socket", [
                    str(connections), name, report.number(rates[name]), report.ratio(rates[name], rates["floor"]),
                    report.number([one.at(0.5) for one in outcomes]), report.number([one.at(0.99) for one in outcomes]),
                    report.number(cpu[name])])
            if connections in shares:
                self.report.judge(
                    f"throughput on the socket, {connections} connections, against the floor's", rates["twostep"],
                    rates["floor"], at_least=shares[connections])
            if connections == 64:
                self.report.judge("the daemon's CPU a login at 64, against the floor's with the same journal record",
                                  cpu["twostep"], cpu["floor with a journal"], at_most=2.8)
        self.report.table(
            "On the socket, without libpam, a connection a login",
            ["connections", "server", "logins/s", "× floor", "p50 µs", "p99 µs", "CPU of the server, µs a login"],
            self.report.collected("socket"))
        self.report.plot("socket-throughput", "Throughput on the socket, by connections", "connections",
                         "logins a second", throughput)
        self.report.plot("socket-latency", "Latency on the socket, by connections", "connections",
                         "p50 of a login, ms", latency)

    def scale(self):
        said(f"10 users to {MANY}")
        sizes = [10, MANY] if QUICK else [10, 1000, 100_000, MANY]
        daemons = {}
        for size in sizes:
            daemons[size] = Daemon(f"users-{size}", size, devices=2)
        starts = {size: [] for size in (10, MANY)}
        for _ in range(3 if QUICK else 9):
            for size, taken in starts.items():
                taken.append(daemons[size].start() * 1000)
                daemons[size].stop()
        self.report.judge_value(f"start to ready with {MANY:,} users, warm page cache", starts[MANY], "ms", at_most=100,
                                note=f"with 10: {report.number(starts[10])} ms")
        for daemon in daemons.values():
            daemon.start()
        peers = {size: scene.oath(f"oath-users-{size}", size) for size in ([10, 1000] if QUICK else [10, 1000, 100_000])}

        def ours(size):
            if size == 10:
                daemons[size].users.unspend()
            return self.twostep(20, daemon=daemons[size], scattered=size > 20).p50

        cases = {f"twostep {size}": lambda size=size: ours(size) for size in sizes}
        cases |= {f"oath {size}": lambda size=size: self.peer(peers[size], 5 if size > 1000 else 20).p50 for size in peers}
        cases["google 10"] = lambda: self.peer(self.hotp, 20).p50
        results = turn_by_turn(ROUNDS, cases)
        self.report.judge(f"one login with {MANY:,} users against one with 10", results[f"twostep {MANY}"],
                          results["twostep 10"], at_most=1.1)
        cost = report.series()
        for name, values in results.items():
            who, size = name.split()
            cost[who].append((int(size), values))
        for size in sizes[1:]:
            cost["google"].append((size, results["google 10"]))
        self.report.table("One login by the number of users", ["case", "users", "p50 µs"], [
            [who, f"{size:,}", report.number(values)] for who, points in cost.items() for size, values in points
            if who != "google" or size == 10])
        self.report.plot("users", "One login by the number of users", "users", "p50 of a login, µs", cost)
        for daemon in daemons.values():
            daemon.stop()
            shutil.rmtree(daemon.state)

    def open_conversations(self):
        said("10,000 open conversations")
        daemon = Daemon("open", 20_000)
        daemon.start()
        self.twostep(LOGINS, daemon=daemon)
        idle = daemon.anonymous
        self.report.judge_value("anonymous memory of an idle daemon", [idle / 1e6], "MB", at_most=10)
        points, each, alone, among, after = report.series(), [], [], [], []
        most = 10_000
        for held in [1000, 2500, 5000] + [most] * (2 if QUICK else 5):
            alone.append(self.twostep(LOGINS, daemon=daemon).p50)
            lines = [f"bench{number:07} -" for number in range(held)]
            with Background(BIN / "generator", daemon.socket, daemon.service, held, "hold", lines=lines,
                            says=f"held {held}"):
                points["twostep"].append((held, [daemon.anonymous / 1e6]))
                if held == most:
                    each.append((daemon.anonymous - idle) / held / 1000)
                    among.append(self.twostep(LOGINS, daemon=daemon).p50)
                else:
                    alone.pop()
            wait_until(lambda: daemon.connections < 64, "closed connections")
            # Memory is given back by what is done once a second.
            scene.pause(4)
            after.append(daemon.anonymous / 1e6)
        points["twostep"].insert(0, (0, [idle / 1e6]))
        self.report.judge_value("memory of an open conversation, of 10,000", each[:1], "KB", at_most=8)
        self.report.judge("a good login among 10,000 open conversations, against one alone", among, alone, at_most=1.5)
        self.report.judge_value("anonymous memory after 10,000 conversations have come and gone", after[3:], "MB",
                                at_most=10)
        self.report.plot("memory", "Anonymous memory of the daemon, by open conversations", "open conversations", "MB",
                         points, logarithmic=False)
        daemon.stop()

    def module(self):
        said("the module in its host")
        folder = Path(run("dirname", next(Path("/usr/lib").glob("*/security/pam_permit.so"))).strip())
        modules = {"pam_permit": folder / "pam_permit.so", "floor": BIN / "pam_floor.so",
                   "twostep": folder / "pam_twostep.so", "google": folder / "pam_google_authenticator.so",
                   "oath": folder / "pam_oath.so"}

        def load(path):
            loads = [tuple(map(int, run(BIN / "client", "--load", path).split())) for _ in range(10)]
            return [quantile([load[index] for load in loads], 0.5) for index in range(3)]

        loads = turn_by_turn(ROUNDS, {name: lambda path=path: load(path) for name, path in modules.items()})
        calls = {"pam_permit": self.calls("bench-permit", lambda count: ["bench0000000"] * count),
                 "floor": self.calls(self.floor.service, lambda count: ["bench0000000 123456"] * count),
                 "twostep": self.calls(self.main.service, self.main.users.logins),
                 "google": self.calls(self.hotp.service, self.hotp.logins),
                 "oath": self.calls(self.oath.service, self.oath.logins)}
        column = {name: [[one[index] for one in results] for index in range(3)] for name, results in loads.items()}
        self.report.table(
            "The module in its host",
            ["module", "bytes", "dlopen µs", "resident KB", "private KB", "system calls a login"],
            [[name, f"{path.stat().st_size:,}", report.number([value / 1000 for value in column[name][0]]),
              report.number(column[name][1]), report.number(column[name][2]), str(calls[name])]
             for name, path in modules.items()])
        against = "pam_google_authenticator's"
        judge = self.report.judge
        judge(f"the module's private memory, against {against}", column["twostep"][2], column["google"][2], at_most=1.0)
        judge(f"its load time, against {against}", column["twostep"][0], column["google"][0], at_most=1.0)
        judge(f"its system calls a login, against {against}", [calls["twostep"]], [calls["google"]], at_most=1.0)

    def calls(self, service, logins):
        """System calls of one login in a process that has logged in before."""
        def count(number):
            lines = "\n".join(logins(number)) + "\n"
            run("strace", "-o", "/run/calls", BIN / "client", service, "1", input=lines)
            return len(Path("/run/calls").read_text().splitlines())
        return round((count(22) - count(2)) / 20)

    def correctness(self):
        said("one code by 64 at once; 64 valid codes at once")
        rounds = 5 if QUICK else 25
        google = scene.google("google-reuse", 64, ['" DISALLOW_REUSE', '" TOTP_AUTH'])
        oath = scene.oath("oath-64", 64, "HOTP/T30")

        def totp(users):
            step = int(time.time()) // 30
            return [f"{user} {scene.hotp(scene.key_of(user), step)}" for user in users]

        accepted = turn_by_turn(rounds, {
            "twostep": lambda: through_libpam(self.main.service, self.main.users.logins(1) * 64, 64).codes.count(0),
            "google": lambda: through_libpam(google.service, totp([f"bench{self.again(64):07}"]) * 64, 64).codes.count(0),
        })
        self.report.judge_exactly("one code by 64 parallel logins: accepted", accepted["twostep"], 1,
                                  note=f"google with DISALLOW_REUSE: {report.plain(accepted['google'])}")
        refused = turn_by_turn(rounds, {
            "twostep": lambda: 64 - self.twostep(64, 64).codes.count(0),
            "floor": lambda: 64 - self.floor_login(64, 64).codes.count(0),
        })
        theirs = 64 - through_libpam(oath.service, totp(f"bench{number:07}" for number in range(64)), 64).codes.count(0)
        self.report.judge_exactly("64 users with valid codes at once: refused", refused["twostep"], 0,
                                  note=f"oath: {theirs}")

    _next = -1

    def again(self, most):
        """0, 1, 2 … and from the beginning: another user each time."""
        self._next = (self._next + 1) % most
        return self._next

    def settle(self, server):
        """Waits until a server has done what it was left with."""
        used = -1
        while used != (used := scene.cpu_of(server.process.pid)):
            scene.pause(0.05)

    def finish(self):
        self.report.judge_exactly(f"valid logins refused, of {self.valid:,} in all these measurements", [self.refused], 0)


def flush_time():
    """Microseconds of an append of 64 bytes and an fdatasync."""
    taken = []
    with open(DATA / "flush", "ab", buffering=0) as log:
        for _ in range(500):
            begun = time.monotonic_ns()
            log.write(bytes(64))
            os.fdatasync(log)
            taken.append((time.monotonic_ns() - begun) / 1000)
    return quantile(taken, 0.5)


def prepare():
    """The world's own settings: the directory of users, the stack that everything else falls to, a journald."""
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir()
    Path("/etc/ld.so.conf.d/bench.conf").write_text(f"{BIN}\n")
    run("/sbin/ldconfig")
    Path("/etc/nsswitch.conf").write_text("passwd: files bench\ngroup: files\nshadow: files\n")
    Path("/etc/pam.d/other").write_text(
        "".join(f"{kind} required pam_deny.so\n" for kind in ("auth", "account", "password", "session")))
    run("usermod", "--append", "--groups", "shadow", "twostep")
    hashed = crypt.crypt(PASSWORD, "$y$j9T$benchbenchbenchbench1.")
    assert hashed.startswith("$y$"), "crypt(3) knows no yescrypt"
    with open("/etc/shadow", "a") as shadow:
        for number in range(16):
            shadow.write(f"slow{number:07}:{hashed}:20000:0:99999:7:::\n")
    Path(scene.JOURNAL).parent.mkdir(parents=True)
    subprocess.Popen([BIN / "floor_daemon", "--sink", scene.JOURNAL])
    wait_until(Path(scene.JOURNAL).exists, "a journald")
    os.chmod(scene.JOURNAL, 0o666)


def main():
    begun = time.monotonic()
    prepare()
    bench = Bench()
    scene.write_stack("bench-linux", f"pam_twostep.so socket={bench.main.socket}")
    measurements = [bench.one_login, bench.login_after_a_pause, bench.processes, bench.sockets, bench.whole_process, bench.module,
                    bench.beside_passwords, bench.open_conversations, bench.scale, bench.correctness]
    chosen = os.environ.get("ONLY", "").split()
    for measurement in measurements:
        if not chosen or measurement.__name__ in chosen:
            measurement()
    bench.finish()
    bench.main.stop()
    results = scene.DISK / "results"
    bench.report.write(results, flush_time(), time.monotonic() - begun)
    shutil.rmtree(DATA)
    print((results / "performance.md").read_text())
    # Speed is measured on a machine that may have other things to do; what is right is right on any.
    return 0 if bench.report.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
