"""Hosts that hold no secrets: two hubs on one database decide, two hosts ask them over TLS."""

import contextlib
import json
import struct

import pam
import pytest
import relays
import wire
import world
from terminal import expect, spawn
from test_secrets import is_in_memory

KEY = ["publickey ssh-ed25519"]


@pytest.fixture(scope="module")
def hubs(server):
    """Two hubs with one store and one key."""
    database = server.make_database()
    first = relays.Hub("relay1", "127.0.0.2", server.section(database))
    second = relays.Hub("relay2", "127.0.0.3", server.section(database), first.key)
    first.serve()
    second.serve()
    yield first, second
    first.stop()
    second.stop()


@pytest.fixture(scope="module")
def hosts(hubs):
    """Two hosts that may ask for everything."""
    made = [
        relays.Host(name, hubs[0].add_host(name, "--services", "*", "--users", "*"), *hubs).serve() for name in ("web1", "web2")]
    yield made
    for host in made:
        host.stop()


@contextlib.contextmanager
def another_host(hubs, name, *options):
    """A host for a while, with rules of its own."""
    host = relays.Host(name, hubs[0].add_host(name, *options), *hubs).serve()
    try:
        yield host
    finally:
        host.stop()


@pytest.fixture
def person(hubs):
    user = world.new_user()
    return user, world.enroll(user, runtime=hubs[0].runtime)


def back_to_work(hub, *hosts):
    """A hub that was away is there again, and the hosts know."""
    if not hub.is_running:
        hub.process = None
        hub.serve()
    hub.thaw()
    for host in hosts:
        world.wait_until(lambda host=host: host.hears_all, "the hubs to answer", 60)


# --- logins ---------------------------------------------------------------------------------------------------------


def test_a_right_code_is_granted_and_a_wrong_one_refused(hubs, hosts, person):
    user, phone = person
    hubs[0].log.mark()
    hosts[0].log.mark()
    assert hosts[0].log_in(user, phone.next()).granted
    assert hubs[0].log.since_mark(f'login granted service={hosts[0].service} .*relay=web1 user="{user}"', count=1)
    assert hosts[0].log.since_mark(f'login granted service={hosts[0].service} .*user="{user}" .*hub=127.0.0.2:7443', count=1)
    refused = hosts[0].log_in(user, phone.wrong())
    assert refused.code == pam.AUTH_ERR
    # What the person reads is the hub's.
    assert any("wrong or was used before" in text for text in refused.messages + refused.prompts), refused
    assert world.failures_of(user, hubs[1].runtime) == 1


def test_a_code_passes_once_over_two_hosts(hosts, person):
    user, phone = person
    code = phone.next()
    assert hosts[0].log_in(user, code).granted
    assert hosts[1].log_in(user, code).code == pam.AUTH_ERR


def test_a_key_and_a_code_through_sshd(hosts, person, sshd):
    user, phone = person
    with world.stacks_for(hosts[0], "sshd"):
        assert sshd.log_in(user, phone.next())[0] == 0


def test_a_host_holds_nothing_and_says_so(hubs, hosts):
    host = hosts[0]
    assert not host.key.exists()
    assert not [path for path in world.Path(host.state).rglob("*") if path.is_file()]
    standing = host.status()
    assert standing["serving"] and [hub["place"] for hub in standing["hubs"]] == [hub.place for hub in hubs]
    for verb in (["list"], ["enroll", "bob", "totp", "--no-confirm"], ["explain", "bob", "sshd"], ["host", "list"]):
        done = world.twostep(*verb, runtime=host.runtime)
        assert done.returncode == 1
        assert "hubs" in done.stderr
    assert world.run("twostep", "check", "--config", host.configuration).returncode == 0


def test_what_is_remembered_holds_for_one_host_and_its_terminal(hosts, person):
    user, phone = person
    program = (
        "import os, sys; sys.path.insert(0, '/mnt/twostep/Tests/EndToEnd'); import wire\n"
        "def ask(path, *codes): return wire.ask(sys.argv[1], *codes, path=path, service='sudo', authtok=True,"
        " tty=os.ttyname(0)) == wire.GRANTED\n"
        "print('first', ask(sys.argv[3], sys.argv[2]), 'again', ask(sys.argv[3]), 'elsewhere', ask(sys.argv[4]))")
    terminal = spawn(
        "/usr/bin/python3", "-c", program, user, phone.next(), hosts[0].socket, hosts[1].socket)
    assert expect(terminal, "first True again True elsewhere False", "first.*again.*elsewhere .*") == 0
    terminal.close(force=True)


def test_an_answer_is_nowhere_in_the_memory_of_host_and_hub_afterwards(hubs, hosts, person):
    user, _ = person
    canary = "CANARY" + "".join(f"{number:04}relay" for number in range(40))
    assert hosts[0].log_in(user, canary).code == pam.AUTH_ERR
    for daemon in (hosts[0], *hubs):
        world.no_session_is_left(daemon.runtime)
        assert not is_in_memory(daemon.process.pid, canary[:24].encode(), canary[-24:].encode()), daemon.runtime


# --- hubs that go -----------------------------------------------------------------------------------------------------


def test_with_a_hub_dead_the_next_one_decides(hubs, hosts, person):
    user, phone = person
    hubs[0].kill()
    try:
        assert hosts[0].log_in(user, phone.next()).granted
    finally:
        back_to_work(hubs[0], *hosts)


def test_a_hub_that_accepts_and_never_answers_is_left_for_the_next(hubs, hosts, person):
    user, phone = person
    hubs[0].freeze()
    try:
        hubs[1].log.mark()
        assert hosts[0].log_in(user, phone.next()).granted
        assert hubs[1].log.since_mark(f'login granted .*relay=web1 user="{user}"', count=1)
    finally:
        back_to_work(hubs[0], *hosts)


@pytest.mark.parametrize("end", ["kill", "freeze"])
def test_a_code_that_was_sent_to_a_hub_is_sent_to_no_other(hubs, hosts, person, end):
    user, phone = person
    code = phone.next()
    connection = wire.Connection(hosts[0].socket)
    connection.send(wire.begin(user, service=hosts[0].service, evidence=KEY))
    assert connection.receive()[0] == wire.PROMPT
    hubs[0].freeze()
    try:
        connection.send(wire.frame(wire.ANSWER, code.encode()))
        if end == "kill":
            hubs[0].kill()
        assert connection.verdict() == wire.UNAVAILABLE
        if end == "kill":
            # Nobody has looked at it: what is not known to be spent was not.
            assert pam.log_in(hubs[1].service, user, code).granted
    finally:
        back_to_work(hubs[0], *hosts)


def test_a_hub_that_is_lost_while_the_person_types_is_told_of_at_the_answer(hubs, hosts, person):
    user, phone = person
    connection = wire.Connection(hosts[0].socket)
    connection.send(wire.begin(user, service=hosts[0].service, evidence=KEY))
    assert connection.receive()[0] == wire.PROMPT
    try:
        hosts[0].log.mark()
        hubs[0].kill()
        hosts[0].log.since_mark("hub 127.0.0.2:7443 does not answer", count=1)
        connection.send(wire.frame(wire.ANSWER, phone.next().encode()))
        assert connection.verdict() == wire.UNAVAILABLE
    finally:
        back_to_work(hubs[0], *hosts)


def test_without_any_hub_nobody_is_admitted_and_the_journal_names_them(hubs, hosts, person):
    user, phone = person
    hosts[0].log.mark()
    for hub in hubs:
        hub.kill()
    try:
        assert hosts[0].log_in(user, phone.next()).code == pam.AUTHINFO_UNAVAIL
        said = hosts[0].log.since_mark("reason=hub_unreachable", count=1)[0]
        assert all(hub.place in said for hub in hubs)
    finally:
        for hub in hubs:
            back_to_work(hub, *([] if hub is hubs[0] else hosts))


def test_a_hub_that_has_lost_its_database_leaves_logins_to_the_next_one(server):
    database = server.make_database()
    link = world.Path("/run/relay-store")
    link.symlink_to(server.folder)
    section = server.section(database)
    own = section.replace(str(server.folder), str(link)).replace("user=twostep", "user=twostep application_name=lost-hub")
    first = relays.Hub("lost1", "127.0.0.47", own)
    second = relays.Hub("lost2", "127.0.0.48", section, first.key)
    first.serve()
    second.serve()
    host = relays.Host("web9", first.add_host("web9", "--services", "*", "--users", "*"), first, second).serve()
    try:
        user = world.new_user()
        phone = world.enroll(user, runtime=second.runtime)
        assert host.log_in(user, phone.next()).granted
        link.unlink()
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lost-hub'")
        first.log.mark()
        # It answers, and says that it has the login; then nothing was asked yet.
        assert host.log_in(user, phone.at(phone.step + 1)).granted
        assert first.log.since_mark("login unavailable reason=store_unavailable .*its host may ask another hub", count=1)
        second.stop()
        assert host.log_in(user, phone.wrong()).code == pam.AUTHINFO_UNAVAIL
    finally:
        host.stop()
        first.stop()
        if second.is_running:
            second.stop()


# --- who may ask ------------------------------------------------------------------------------------------------------


def test_a_host_asks_for_its_services_and_users_alone(hubs, person):
    user, phone = person
    other = world.new_user()
    with another_host(hubs, "web3", "--services", "sudo", "--users", user) as host:
        def ask(user, code, service):
            return wire.ask(user, code, path=host.socket, service=service, evidence=KEY)

        hubs[0].log.mark()
        assert ask(user, phone.next(), "sudo") == wire.GRANTED
        assert ask(user, phone.at(phone.step + 1), "sshd") == wire.DENIED
        assert ask(other, "123456", "sudo") == wire.DENIED
        assert hubs[0].log.since_mark("login denied reason=not_permitted .*relay=web3", count=2)


def test_groups_are_the_hubs_own_and_uid_0_is_nobody_that_a_rule_for_many_means(hubs, person):
    user, phone = person
    world.run("groupadd", "staff3")
    world.run("gpasswd", "--add", user, "staff3")
    with another_host(hubs, "web4", "--services", "*", "--users", "@staff3") as host:
        assert host.log_in(user, phone.next()).granted
        assert wire.ask("root", "123456", path=host.socket, evidence=KEY) == wire.DENIED
        assert wire.ask("bob", "123456", path=host.socket, evidence=KEY) == wire.DENIED
    with another_host(hubs, "web8", "--services", "*", "--users", "*") as host:
        hubs[0].log.mark()
        assert wire.ask("root", "123456", path=host.socket, evidence=KEY) == wire.DENIED
        assert hubs[0].log.since_mark('login denied reason=not_permitted .*relay=web8 user="root"', count=1)


def test_a_revoked_host_asks_nothing_more(hubs, person):
    user, phone = person
    with another_host(hubs, "web5", "--services", "*", "--users", "*") as host:
        assert host.log_in(user, phone.next()).granted
        listed = json.loads(world.twostep("host", "list", "--json", runtime=hubs[1].runtime).stdout)["hosts"]
        assert any(row["name"] == "web5" and row["connected"] is True for row in listed)
        host.log.mark()
        assert world.twostep("host", "revoke", "web5", runtime=hubs[1].runtime).returncode == 0
        # At the hub that was told, at once; at the other with the next login at the latest.
        assert host.log_in(user, phone.at(phone.step + 1)).code != pam.SUCCESS
        host.log.since_mark("it refuses this host: its certificate was revoked", count=1)
        assert host.log_in(user, phone.at(phone.step + 1)).code == pam.AUTHINFO_UNAVAIL
        assert host.log_in(user, phone.wrong()).code == pam.AUTHINFO_UNAVAIL
        assert world.failures_of(user, hubs[0].runtime) == 0


def test_no_certificate_is_issued_that_could_not_be_kept(hubs, tmp_path):
    def issued():
        listed = json.loads(world.twostep("host", "list", "--json", runtime=hubs[0].runtime).stdout)["hosts"]
        return [row["serial"] for row in listed if row["name"] == "web9"]

    bundle = tmp_path / "web9.pem"
    assert world.twostep("host", "add", "web9", "--out", bundle, runtime=hubs[0].runtime).returncode == 0
    before, present = issued(), bundle.read_bytes()
    for path, why in ((bundle, "File exists"), (tmp_path / "nowhere" / "web9.pem", "No such file or directory")):
        done = world.twostep("host", "add", "web9", "--out", path, runtime=hubs[0].runtime)
        assert done.returncode != 0
        assert f"{path} cannot be made: {why}. No certificate was issued." in done.stderr
    assert issued() == before
    assert bundle.read_bytes() == present
    # Nor is anything left of one that the daemon refuses.
    refused = tmp_path / "refused.pem"
    assert world.twostep("host", "add", "web 9", "--out", refused, runtime=hubs[0].runtime).returncode != 0
    assert not refused.exists()


def test_a_certificate_of_another_fleet_opens_nothing(hubs, server, person):
    user, phone = person
    stranger = world.Daemon("another-fleet").initialize(
        world.CODE_ALONE + "hub: {name: 127.0.0.9, listen: '127.0.0.9:7443'}\n").start()
    stranger.place = "127.0.0.9:7443"
    host = None
    try:
        bundle = relays.Hub.add_host(stranger, "web6", "--services", "*", "--users", "*")
        # Neither takes the other: the hub no such host, whatever the host thinks of the hub.
        with contextlib.suppress(OSError):
            assert relays.Stolen(bundle, hubs[0]).first is None
        host = relays.Host("web6", bundle, *hubs)
        host.start(serving=False)
        assert host.log_in(user, phone.next()).code == pam.AUTHINFO_UNAVAIL
        assert not host.status()["serving"]
    finally:
        if host:
            host.stop()
        stranger.stop()


def test_what_is_no_certificate_at_all_is_not_answered(hubs):
    # A client of TLS without one, which stays until it is told; and bytes that are no TLS.
    tried = world.run(
        "openssl", "s_client", "-connect", hubs[0].place, "-tls1_3", "-ign_eof", input="hello\n", timeout=20)
    assert "certificate required" in tried.stderr, tried
    with contextlib.closing(world.socket.create_connection(("127.0.0.2", 7443), 10)) as connection:
        connection.sendall(struct.pack(">IBIBB", 7, 1, 0, 1, 1) * 100)
        connection.settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(4096):
                pass
    assert hubs[0].is_running


# --- rules of the host's own callers -----------------------------------------------------------------------------------


def test_a_user_of_a_host_asks_about_its_own_account_alone(hubs, hosts, person):
    user, phone = person
    other = world.new_user()
    world.enroll(other, runtime=hubs[0].runtime)

    def ask(name, answer):
        return world.in_process_of(user, lambda: wire.ask(name, answer, path=hosts[0].socket, service="swaylock"))

    hubs[0].log.mark()
    assert ask(user, phone.next()) == wire.GRANTED
    assert hubs[0].log.since_mark(f'claimed login granted .*relay=web1 .*user="{user}"', count=1)
    assert ask(other, "123456") == wire.DENIED
    assert world.failures_of(other, hubs[0].runtime) == 0


# --- a stolen host -----------------------------------------------------------------------------------------------------


def test_a_stolen_host_has_a_hundred_failures_and_locks_nobody_after_them(hubs, hosts, person):
    user, phone = person
    with another_host(hubs, "web7", "--services", "*", "--users", "*") as host:
        # Names that nobody has, so that no account's own budget is in the way.
        codes = [wire.ask(f"nobody{number}", "123456", path=host.socket, evidence=KEY) for number in range(110)]
        assert set(codes[:99]) == {wire.DENIED}
        assert set(codes[100:]) == {wire.UNAVAILABLE}
        assert wire.ask(user, phone.wrong(), path=host.socket, evidence=KEY) == wire.UNAVAILABLE
        assert world.failures_of(user, hubs[0].runtime) == 0, "nobody is charged for what was not looked at"
        # The right code is not looked at either, and is good elsewhere.
        code = phone.next()
        assert wire.ask(user, code, path=host.socket, evidence=KEY) == wire.UNAVAILABLE
        assert hosts[0].log_in(user, code).granted
        listed = json.loads(world.twostep("host", "list", "--json", runtime=hubs[0].runtime).stdout)["hosts"]
        assert next(row for row in listed if row["name"] == "web7")["failures"] >= 100
