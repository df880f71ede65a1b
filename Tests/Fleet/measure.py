"""Logins a second by daemons and databases, and the size of a large database; see Tests/Fleet/measure."""

import base64
import hashlib
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, "/mnt/twostep/Tests/EndToEnd")

import postgresql  # noqa: E402  # pylint: disable=wrong-import-position
import pyotp  # noqa: E402  # pylint: disable=wrong-import-position
import relays  # noqa: E402  # pylint: disable=wrong-import-position
import world  # noqa: E402  # pylint: disable=wrong-import-position

DISK = Path("/mnt/disk")
QUICK = os.environ.get("QUICK", "") not in ("", "0")
PEOPLE = 100 if QUICK else 2000
ROUNDS = 2 if QUICK else 7
CONNECTIONS = 64
MANY = 10_000 if QUICK else 1_000_000


def secret_of(user):
    return base64.b32encode(hashlib.sha1(user.encode()).digest()).decode()


class Fleet:
    """Daemons with one database, and people with codes."""

    def __init__(self, server, count, *others, hosts=0):
        """Everybody logs in at the daemons; with `hosts` at so many hosts that ask them as hubs."""
        self.server, self.database = server, server.make_database()
        self.deciders, key = [], None
        for number in range(count):
            if hosts:
                daemon = relays.Hub(
                    f"m{next(world.numbers)}", f"127.0.0.{60 + number}", server.section(self.database, *others), key).serve()
            else:
                text = server.configuration(self.database, *others)
                daemon = postgresql.daemon_at(f"m{next(world.numbers)}", text, key).start()
            self.deciders.append(daemon)
            key = daemon.key
        first = self.deciders[0]
        self.hosts = []
        for number in range(hosts):
            bundle = first.add_host(f"web{number}", "--services", "*", "--users", "*")
            # Each host asks another hub first.
            turn = number % count
            self.hosts.append(relays.Host(f"web{number}", bundle, *self.deciders[turn:], *self.deciders[:turn]).serve())
        self.daemons = self.hosts or self.deciders
        self.people = world.crowd(PEOPLE)
        batch = Path("/run/batch.csv")
        batch.write_text("user,module,name,secret\n" + "".join(f"{name},totp,phone,{secret_of(name)}\n" for name in self.people))
        done = world.twostep("import", "batch", batch, runtime=first.runtime, timeout=600)
        assert done.returncode == 0, done.stderr

    def round(self):
        """Every person logs in once, spread over the daemons; logins a second, and the median of what one took in ms."""
        # Every code good again, as though time had passed.
        self.server.sql("UPDATE twostep.device SET state = -1, state_check = 0; DELETE FROM twostep.factor", self.database)
        step = int(time.time()) // 30
        lines = [[] for _ in self.daemons]
        for number, name in enumerate(self.people):
            lines[number % len(lines)].append(f"{name} {pyotp.HOTP(secret_of(name)).at(step)}\n")
        begun = time.monotonic()
        running = []
        for daemon, own in zip(self.daemons, lines):
            process = subprocess.Popen(
                [DISK / "bin/generator", daemon.socket, daemon.service, str(CONNECTIONS // len(lines))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            process.stdin.write("".join(own))
            process.stdin.close()
            running.append(process)
        told = [line.split() for process in running for line in process.stdout.read().splitlines()]
        wall = time.monotonic() - begun
        for process in running:
            process.wait()
        logins = [(int(code), int(nanoseconds)) for code, nanoseconds in told if code.isdigit()]
        assert sum(code for code, _ in logins) == PEOPLE, f"{sum(code for code, _ in logins)} of {PEOPLE} were granted"
        return PEOPLE / wall, statistics.median(nanoseconds for _, nanoseconds in logins) / 1e6

    def stop(self):
        for daemon in self.hosts + self.deciders:
            daemon.stop()


def measure(words, fleet):
    fleet.round()
    found = [fleet.round() for _ in range(ROUNDS)]
    rates = sorted(rate for rate, _ in found)
    took = statistics.median(took for _, took in found)
    print(f"| {words} | {statistics.median(rates):.0f} ({rates[0]:.0f} to {rates[-1]:.0f}) | {took:.1f} |", flush=True)
    fleet.stop()


def timed(server, database, sql):
    begun = time.monotonic()
    server.sql(sql, database)
    return time.monotonic() - begun


def size(server):
    """How large a database is with so many accounts, each with a phone and a set of recovery codes, and how long one counts."""
    database = server.make_database()
    daemon = postgresql.daemon_at("large", server.configuration(database)).start()
    server.sql(
        f"""
        INSERT INTO twostep.device SELECT 'user' || n, module, '', device, n, decode(repeat('ab', sealed), 'hex'), 5 * n, ~(5 * n::bigint),
            1700000000, 1700000000
        FROM generate_series(1, {MANY}) n, (VALUES ('totp', 'phone', 140), ('recovery_code', 'codes', 420)) d (module, device, sealed);
        INSERT INTO twostep.activity SELECT 'user' || n, 1700000000, 'sshd', '192.0.2.7', 0 FROM generate_series(1, {MANY}) n;
        """, database)
    total = int(server.sql("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = 'twostep'::regnamespace "
                           "AND relkind = 'r'", database))
    print(f"\n{MANY} accounts: {total / 1e6:.0f} MB, {total / MANY:.0f} bytes each")
    begun = time.monotonic()
    world.twostep("status", runtime=daemon.runtime)
    print(f"twostep status with them: {time.monotonic() - begun:.2f} s; "
          f"counting: {timed(server, database, 'SELECT count(DISTINCT account), count(*) FROM twostep.device'):.2f} s")
    daemon.stop()
    server.sql(f"DROP DATABASE {database} WITH (FORCE)")


def written(server, fleet):
    """How much the server writes for a login."""
    fleet.round()
    begun = int(server.sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
    fleet.round()
    ended = int(server.sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
    print(f"\nWAL: {(ended - begun) / PEOPLE:.0f} bytes a login, and what makes its code good again")
    fleet.stop()


def main():
    import tempfile  # pylint: disable=import-outside-toplevel
    # The databases lie on the disk, since what is measured waits for it.
    kept = tempfile.mkdtemp
    tempfile.mkdtemp = lambda **options: kept(**{**options, "dir": str(DISK)})
    world.Syslog()
    print("| what | logins a second (least to most) | median of one in ms |\n|---|---|---|")
    primary = postgresql.Server("shared_buffers=128MB")
    for count in (1, 2, 4):
        measure("1 daemon, one server" if count == 1 else f"{count} daemons, one server", Fleet(primary, count))
    measure("4 hosts that ask 1 hub, one server", Fleet(primary, 1, hosts=4))
    measure("4 hosts that ask 2 hubs, one server", Fleet(primary, 2, hosts=4))
    size(primary)
    standby = postgresql.Server("shared_buffers=128MB", of=primary)
    primary.set("synchronous_standby_names", "standby")
    print()
    measure("1 daemon, a standby that is waited for", Fleet(primary, 1, standby))
    measure("4 daemons, a standby that is waited for", Fleet(primary, 4, standby))
    measure("4 hosts that ask 1 hub, a standby that is waited for", Fleet(primary, 1, standby, hosts=4))
    written(primary, Fleet(primary, 1, standby))
    primary.stop()
    standby.stop()


if __name__ == "__main__":
    if os.environ.get("TWOSTEP_WORLD") != "1":
        sys.exit("this runs inside Tests/World/enter: see Tests/Fleet/measure")
    main()
