"""Lists of more users, credentials and hosts than one message of the daemon may hold, with a store of either kind."""

import hashlib
import hmac
import json
import secrets
import sqlite3

import pytest
import relays
import world
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from test_rekey import check_store

MANY = 10_000
PROVIDERS = """
auth_providers:
  - type: homeassistant
    create_credentials: true
    modules: [totp]
  - type: pam
    modules: [totp]
"""


def part(text):
    return len(text.encode()).to_bytes(4, "big") + text.encode()


def sealed(key, provider, name, payload):
    """As Sources/EnrollmentStores/Sealing/Sealer.swift seals it for its row."""
    nonce = secrets.token_bytes(12)
    mark = hmac.new(key, b"twostep key id", hashlib.sha256).digest()[:4]
    place = b"\2" + part(provider) + b"\0" + part("") + part(name)
    return b"\1" + mark + nonce + AESGCM(key).encrypt(nonce, payload, place)


def insert(place, database, server, table, rows):
    """Rows of a store whose daemon runs, in one transaction."""
    if server is None:
        with sqlite3.connect(f"{place.state}/twostep.sqlite", timeout=20) as store:
            store.executemany(f"INSERT INTO {table} VALUES (?, '', ?, ?, ?)", rows)
        return
    table = {"user": "person"}.get(table, table)

    def literal(value):
        if isinstance(value, bytes):
            return f"'\\x{value.hex()}'"
        return str(value) if isinstance(value, int) else f"'{value}'"

    # A few hundred a statement, as a backup of such a table has them.
    for start in range(0, len(rows), 500):
        lines = ",".join(
            f"({literal(provider)}, '', {', '.join(map(literal, rest))})" for provider, *rest in rows[start:start + 500])
        server.sql(f"INSERT INTO twostep.{table} VALUES {lines}", database)


@pytest.fixture(params=["postgresql"] if world.IS_ON_DATABASE else ["sqlite", "postgresql"])
def store(request, daemon_of_session):
    """The part of a configuration that names a store, and how rows get into it."""
    if request.param == "sqlite":
        yield "", lambda place, table, rows: insert(place, None, None, table, rows)
        return
    server = request.getfixturevalue("server")
    database = server.make_database()
    yield server.section(database), lambda place, table, rows: insert(place, database, server, table, rows)


def listed(place, *command):
    """What a command says in its document, and its lines for people without the header."""
    text = world.twostep(*command, runtime=place.runtime)
    document = world.twostep(*command, "--json", runtime=place.runtime)
    assert (text.returncode, document.returncode) == (0, 0), text.stderr + document.stderr
    (rows,) = json.loads(document.stdout).values()
    return rows, text.stdout.splitlines()[1:]


def test_ten_thousand_users_and_credentials_are_listed(store):
    section, fill = store
    place = world.Daemon(f"listing-{next(world.numbers)}")
    if section:
        place.join(PROVIDERS + section)
    else:
        place.initialize(PROVIDERS)
    place.start()
    try:
        key = bytes.fromhex(place.key.read_text())
        names = [f"user{number:06}" for number in range(MANY)]
        fill(place, "user", [
            ("homeassistant", name, sealed(key, "homeassistant", name, b"$y$hash"), 1_700_000_000) for name in names])
        fill(place, "credential", [("homeassistant", name, f"account-of-{name}", 1_700_000_000) for name in names[::2]])
        fill(place, "credential", [("pam", name, name, 1_700_000_000) for name in names])
        rows, lines = listed(place, "user", "list")
        assert [row["username"] for row in rows] == names
        assert [row["account"] for row in rows[:2]] == ["account-of-user000000", None]
        assert sum(row["account"] == f"account-of-{row['username']}" for row in rows) == MANY // 2
        assert len(lines) == MANY and lines[1].split()[:2] == ["homeassistant", "user000001"]
        assert listed(place, "user", "list", "--provider", "homeassistant") == (rows, lines)
        rows, lines = listed(place, "credentials", "list")
        assert [row["account"] for row in rows] == [f"account-of-{name}" for name in names[::2]] + names
        assert len(lines) == MANY + MANY // 2 and lines[-1].split()[:3] == ["pam", names[-1], names[-1]]
        # What the filling made is what Twostep makes.
        assert not [found for found in check_store(place) if "user0" in found]
    finally:
        place.stop()


def test_a_fleet_of_thousands_of_hosts_is_listed(store):
    section, fill = store
    hub = relays.Hub(f"listing-{next(world.numbers)}", "127.0.0.45", section).serve()
    try:
        key = bytes.fromhex(hub.key.read_text())
        real = hub.add_host("web-real")
        rows, seen = [], []
        for number in range(5000):
            # Serials in another order than names.
            serial = hashlib.sha256(str(number).encode()).hexdigest()[:32]
            host = {"name": f"web{number:06}", "serial": serial, "issuedAt": 1_700_000_000, "until": 2_000_000_000,
                    "services": ["sshd", "sudo"], "users": ["@staff"]}
            rows.append(("#host", serial, sealed(key, "#host", serial, json.dumps(host).encode()), 1_700_000_000))
            if number % 2:
                seen.append(("#seen", serial, sealed(key, "#seen", serial, b""), 1_700_000_000 + number))
        fill(hub, "user", rows + seen)
        host = relays.Host("web-real", real, hub).serve()
        try:
            hosts, lines = listed(hub, "host", "list")
        finally:
            host.stop()
        assert [one["name"] for one in hosts] == ["web-real"] + [f"web{number:06}" for number in range(5000)]
        assert len(lines) == 5001 and lines[0].split()[-2] == "connected"
        assert [one["seen_at"] for one in hosts[1:4]] == [None, 1_700_000_001, None]
        assert sum(one["seen_at"] is not None for one in hosts) == 2501
        assert [one["connected"] for one in hosts] == [True] + [False] * 5000
    finally:
        hub.stop()
