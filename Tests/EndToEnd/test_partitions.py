"""A whole fleet, each machine in a network of its own: three hosts, two hubs, a primary and a standby, and cables that are cut."""

import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pam
import postgresql
import pytest
import relays
import world

pytestmark = pytest.mark.fleet


class Machine:
    """A network namespace with an address, at a bridge that joins them all."""

    bridge = "fleet0"
    numbers = itertools.count(1)

    def __init__(self, name):
        self.number = next(Machine.numbers)
        self.name = f"{name}-{self.number}"
        self.address = f"10.9.0.{self.number}"
        self.under = ["nsenter", f"--net=/run/netns/{self.name}"]
        if not world.Path(f"/sys/class/net/{Machine.bridge}").exists() and self.number == 1:
            ip("link", "add", Machine.bridge, "type", "bridge")
            ip("link", "set", Machine.bridge, "up")
        ip("netns", "add", self.name)
        cable = f"cable{self.number}"
        ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("link", "set", cable, "master", Machine.bridge, "up")
        self._ip("address", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self._ip("link", "set", device, "up")

    def _ip(self, *arguments):
        ip("-n", self.name, *arguments)

    def _lose(self, other):
        # What is sent there goes to nobody, and nobody says so.
        self._ip("neighbour", "replace", other.address, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent")

    def _find(self, other):
        self._ip("neighbour", "delete", other.address, "dev", "eth0")

    def cut(self, other):
        """Nothing goes from either to the other, without a word."""
        self._lose(other)
        other._lose(self)  # pylint: disable=protected-access

    def mend(self, other):
        """It goes there again."""
        self._find(other)
        other._find(self)  # pylint: disable=protected-access


def ip(*arguments):
    done = world.run("ip", *arguments)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"


class Database(postgresql.Server):
    """A server on a machine of its own."""

    def __init__(self, machine, of=None):
        self.machine = machine
        super().__init__(f"listen_addresses={machine.address}", "wal_receiver_timeout=2s", of=of, under=machine.under)
        if of is None:
            with open(self.folder / "data" / "pg_hba.conf", "a", encoding="ascii") as file:
                file.write("host all twostep 10.9.0.0/24 trust\nhost replication postgres 10.9.0.0/24 trust\n")
            self.sql("SELECT pg_reload_conf()")

    @property
    def place(self):
        return self.machine.address


class Fleet:
    """Hosts that ask hubs that share a primary, each of whose commits a standby has."""

    def __init__(self):
        self.machines = {name: Machine(name) for name in ("db1", "db2", "hub1", "hub2", "web1", "web2", "web3")}
        self.primary = Database(self.machines["db1"])
        database = self.primary.make_database()
        self.standby = Database(self.machines["db2"], of=self.primary)
        self.primary.set("synchronous_standby_names", "standby")
        servers = ",".join(self.machines[name].address for name in ("db1", "db2"))
        store = (
            f"store:\n  type: postgresql\n  connection: host={servers} dbname={database} user=twostep "
            "connect_timeout=2\n")
        self.hubs = []
        # What `init` and the administrator's commands ask goes out of the world's own network.
        ip("address", "replace", "10.9.0.254/24", "dev", Machine.bridge)
        for name in ("hub1", "hub2"):
            machine = self.machines[name]
            key = self.hubs[0].key if self.hubs else None
            self.hubs.append(relays.Hub(machine.name, machine.address, store, key, machine.under).serve())
        self.hosts = []
        for name in ("web1", "web2", "web3"):
            bundle = self.hubs[0].add_host(name, "--services", "*", "--users", "*")
            self.hosts.append(relays.Host(name, bundle, *self.hubs, under=self.machines[name].under).serve())

    def stop(self):
        for daemon in (*self.hosts, *self.hubs):
            daemon.stop()
        self.primary.stop()
        self.standby.stop()

    def enroll(self):
        """Somebody new, with a device."""
        user = world.new_user()
        return user, world.enroll(user, runtime=self.hubs[0].runtime)

    def log_in_everywhere(self, user, code):
        """One login at each host at once."""
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            return list(pool.map(lambda host: host.log_in(user, code), self.hosts))

    def is_well(self):
        """Whether every host hears every hub, and every hub uses its store."""
        return all(host.hears_all for host in self.hosts) and all(hub.status()["serving"] for hub in self.hubs)


@pytest.fixture(scope="module")
def fleet(daemon_of_session):
    fleet = Fleet()
    yield fleet
    fleet.stop()


@pytest.fixture
def doomed_fleet(daemon_of_session):
    """One of its own, for a test that takes a server away."""
    fleet = Fleet()
    yield fleet
    fleet.stop()


def granted(logins):
    return sum(login.granted for login in logins)


def test_of_200_logins_with_one_code_at_three_hosts_one_is_granted(fleet):
    user, phone = fleet.enroll()
    code = phone.next()
    with ThreadPoolExecutor(32) as pool:
        logins = list(pool.map(lambda number: fleet.hosts[number % 3].log_in(user, code), range(200)))
    assert granted(logins) == 1
    assert {login.code for login in logins} <= {pam.SUCCESS, pam.AUTH_ERR, pam.AUTHINFO_UNAVAIL, pam.MAXTRIES}


@pytest.mark.parametrize("seed", range(4))
def test_with_the_primary_killed_at_random_one_code_is_never_granted_twice(doomed_fleet, seed):
    fleet, draw = doomed_fleet, random.Random(seed)
    codes = {user: phone.next() for user, phone in (fleet.enroll() for _ in range(10))}
    work = [(user, code, host) for user, code in codes.items() for host in fleet.hosts for _ in range(6)]
    draw.shuffle(work)
    begun = threading.Semaphore(0)

    def log_in(one):
        user, code, host = one
        begun.release()
        return user, host.log_in(user, code).granted

    with ThreadPoolExecutor(16) as pool:
        running = [pool.submit(log_in, one) for one in work]
        for _ in range(draw.randrange(5, len(work) - 20)):
            begun.acquire()
        fleet.primary.kill()
        before = [login.result() for login in running]
    fleet.standby.promote()
    world.wait_until(fleet.is_well, "the fleet to find the new primary", 60)
    for user, code in codes.items():
        first = sum(was_granted for name, was_granted in before if name == user)
        again = granted(fleet.log_in_everywhere(user, code))
        assert first + again <= 1, f"{user}: {first} before, {again} after"
    user, phone = fleet.enroll()
    assert granted(fleet.log_in_everywhere(user, phone.next())) == 1


# What is cut, which hosts let nobody in then, and how many get in with one code over all of them: any number up to one, if it
# depends on who is asked first.
CUTS = {
    "a host and one hub": ([("web1", "hub1")], [], {1}),
    "a host and both hubs": ([("web1", "hub1"), ("web1", "hub2")], [0], {1}),
    "one hub and the primary": ([("hub1", "db1")], [], {1}),
    "both hubs and the primary": ([("hub1", "db1"), ("hub2", "db1")], [0, 1, 2], {0}),
    "the primary and its standby": ([("db1", "db2")], [0, 1, 2], {0}),
    "each host and its first hub, and the other and the primary": (
        [("web1", "hub1"), ("web2", "hub1"), ("web3", "hub1"), ("hub2", "db1")], [0, 1, 2], {0}),
}


@pytest.mark.parametrize("case", CUTS)
def test_whatever_is_cut_off_is_denied_and_no_code_passes_twice(fleet, case):
    cables, denied, expected = CUTS[case]
    user, phone = fleet.enroll()
    other, telephone = fleet.enroll()
    code = phone.next()
    for one, another in cables:
        fleet.machines[one].cut(fleet.machines[another])
    try:
        logins = fleet.log_in_everywhere(user, code)
        assert not any(logins[number].granted for number in denied), logins
        assert granted(logins) in expected, logins
        assert {login.code for login in logins} <= {pam.SUCCESS, pam.AUTH_ERR, pam.AUTHINFO_UNAVAIL}
    finally:
        for one, another in cables:
            fleet.machines[one].mend(fleet.machines[another])
    world.wait_until(fleet.is_well, "the fleet to be whole again", 90)
    assert granted(logins) + granted(fleet.log_in_everywhere(user, code)) <= 1
    assert granted(fleet.log_in_everywhere(other, telephone.next())) == 1
