"""Hosts of a fleet that were stolen, or that have users who guess: what they may do to a hub and to each other."""

import contextlib
import itertools
import json
import threading

import pam
import pytest
import relays
import wire
import world

KEY = ["publickey ssh-ed25519"]
names = itertools.count(1)


@pytest.fixture(scope="module")
def hub(daemon_of_session):
    hub = relays.Hub("stolen-hub", "127.0.0.40", "").serve()
    yield hub
    hub.stop()


@pytest.fixture
def person(hub):
    user = world.new_user()
    return user, world.enroll(user, runtime=hub.runtime)


def bundle_of(hub, *rules):
    name = f"fleet{next(names)}"
    return name, hub.add_host(name, *(rules or ("--services", "*", "--users", "*")))


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


def test_a_host_is_noted_once_however_often_it_connects(hub):
    name, bundle = bundle_of(hub)
    written = lambda: world.Path(hub.state, "twostep.sqlite-wal").stat().st_size
    relays.Stolen(bundle, hub).socket.close()
    before = written()
    for _ in range(20):
        thief = relays.Stolen(bundle, hub)
        assert thief.first[0] == 0x81
        thief.socket.close()
    assert written() == before
    listed = json.loads(world.twostep("host", "list", "--json", runtime=hub.runtime).stdout)["hosts"]
    assert next(row for row in listed if row["name"] == name)["seen_at"]
