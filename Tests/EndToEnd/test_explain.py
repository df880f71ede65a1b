"""What `twostep explain` foresees is what libpam is told: over random policies, with every match key and every action."""

import json
import random
from collections import Counter

import pam
import pytest
import world

CODES = {
    "PAM_SUCCESS": pam.SUCCESS, "PAM_AUTH_ERR": pam.AUTH_ERR, "PAM_MAXTRIES": pam.MAXTRIES,
    "PAM_AUTHINFO_UNAVAIL": pam.AUTHINFO_UNAVAIL, "PAM_SERVICE_ERR": pam.SERVICE_ERR,
    # The stacks here say exempt=success, so that libpam returns what the module does.
    "PAM_IGNORE": pam.SUCCESS,
}
PIN = "271828"
KEYS = {"ed25519": "publickey ssh-ed25519", "rsa": "publickey ssh-rsa", "password": "password", "none": None}
# A service whose stack takes the password first, one that names its provider, sshd, and two more.
SERVICES = {
    "e2e-x-password": ["auth requisite pam_unix.so nodelay", "auth required pam_twostep.so exempt=success SOCKET"],
    "e2e-x-linux": ["auth required pam_twostep.so exempt=success provider=linux SOCKET"],
    "e2e-x-nobody": ["auth required pam_twostep.so exempt=success provider=nobody SOCKET"],
    "sshd": ["auth required pam_twostep.so exempt=success SOCKET"],
    "sudo": ["auth required pam_twostep.so exempt=success SOCKET"],
}


@pytest.fixture(scope="module")
def people(daemon_of_session):
    """One with two PINs, who is in a group; one with PINs alone; none of them has a device."""
    users = [world.new_user(), world.new_user()]
    assert world.run("groupadd", "--force", "e2e-staff").returncode == 0
    assert world.run("usermod", "--append", "--groups", "e2e-staff", users[0]).returncode == 0
    return users


@pytest.fixture(scope="module")
def place(people):
    daemon = world.Daemon("explain").initialize(configuration(people, [], "[]"))
    assert world.run("usermod", "--append", "--groups", "shadow", "twostep").returncode == 0
    daemon.start()
    stacks = {}
    for service, lines in SERVICES.items():
        path = world.Path("/etc/pam.d", service)
        stacks[path] = path.read_bytes() if path.exists() else None
        world.write_stack(service, *[line.replace("SOCKET", f"socket={daemon.socket}") for line in lines])
    yield daemon
    daemon.stop()
    for path, before in stacks.items():
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
    world.run("gpasswd", "--delete", "twostep", "shadow")


def configuration(people, rules, pam_modules, linux=True):
    """A configuration with these rules; rules are maps in YAML's flow style, which is JSON's."""
    users = json.dumps([{"username": str(user), "pin": PIN} for user in people])
    pin = f'{{"type": "insecure_example", "users": {users}}}'
    modules = pam_modules.replace('"pin"', pin)
    lines = ["allow_insecure_example: true", "auth_providers:", f"  - {{type: pam, modules: {modules}}}"]
    if pam_modules == "[]":
        lines[-1] = "  - {type: pam}"
    if linux:
        lines.append(f"  - {{type: linux, modules: [{pin}, totp]}}")
    if rules:
        lines.append("policy:")
        lines += [f"  - {json.dumps(rule)}" for rule in rules]
    return "\n".join(lines) + "\n"


class Hat:
    """Policies and logins at random, the same every time."""

    def __init__(self, people, seed):
        self.random = random.Random(seed)
        self.people = people
        self.counts = Counter()

    def some(self, values):
        return self.random.sample(values, self.random.randint(1, len(values)))

    def may(self, target, key, chance, value):
        if self.random.random() < chance:
            target[key] = value()
            self.counts[key] += 1

    def rule(self):
        match, rule, one = {}, {}, self.random.choice
        self.may(match, "service", 0.25, lambda: self.some(list(SERVICES)))
        self.may(match, "user", 0.2, lambda: [str(user) for user in self.some(self.people)])
        self.may(match, "group", 0.2, lambda: self.some(["e2e-staff", "root"]))
        self.may(match, "network", 0.2, lambda: self.some(["10.1.0.0/16", "192.0.2.1", "2001:db8::/32"]))
        self.may(match, "from", 0.2, lambda: one(["remote", "local"]))
        self.may(match, "ssh", 0.2, lambda: self.some(["publickey", "publickey ssh-ed25519", "password"]))
        # Half of the week at least, so that neither is rare; the other half is another time's.
        self.may(match, "time", 0.2, lambda: one(["Mon-Sun 00:00-24:00", "00:00-12:00", "12:00-24:00", "Sat,Sun"]))
        rule["match"] = match
        self.may(rule, "provider", 0.4, lambda: one(["pam", "pam", "linux"]))
        if self.random.random() < 0.25:
            rule["exempt"] = True
            self.counts["exempt"] += 1
            return rule
        self.may(rule, "modules", 0.3, lambda: one([
            ["insecure_example"], ["totp"], [{"any_of": ["totp", "insecure_example"]}], ["insecure_example", "totp"]]))
        if rule.get("provider") == "pam":
            self.may(rule, "first_factor", 0.8, lambda: "none")
        if rule.get("first_factor") is None:
            self.may(rule, "unenrolled", 0.4, lambda: one(["skip", "deny"]))
            self.may(rule, "remember", 0.3, lambda: one(["15m", "1h"]))
        if rule.get("first_factor") == "none":
            # Where no module were owed the configuration would be refused.
            rule["modules"] = rule.get("modules", ["insecure_example"])
        self.may(rule, "tries", 0.3, lambda: one([1, 2, 3]))
        self.may(rule, "session", 0.2, lambda: one([30, 600]))
        self.may(rule, "echo", 0.2, lambda: one([True, False]))
        self.may(rule, "prompt", 0.2, lambda: "Say it")
        return rule

    def configuration(self):
        linux = self.random.random() < 0.5
        # What rules name must be configured, here or below the other provider.
        both = ['["pin", "totp"]', '[{"any_of": ["totp", "pin"]}]', '["totp", "pin"]']
        modules = self.random.choice(both + ['["pin"]', '["totp"]'] * linux)
        rules = [self.rule() for _ in range(self.random.randint(0, 5))]
        if self.random.random() < 0.15:
            # Nobody has a code, and everybody a PIN: who owes codes alone is let off.
            rules.insert(0, {"match": {"service": ["sshd", "sudo"]}, "provider": "pam", "unenrolled": "skip", "modules": ["totp"]})
        for rule in rules:
            if not linux and rule.get("provider") == "linux":
                rule["provider"] = "pam"
        return configuration(self.people, rules, modules, linux)

    def login(self):
        one = self.random.choice
        return {
            "service": one([*SERVICES, "sshd", "sudo", "sudo"]), "user": one(self.people), "method": one([*KEYS, "ed25519", "ed25519"]),
            "host": one(["10.1.2.3", "::ffff:10.1.9.9", "192.0.2.1", "2001:db8::5", "host.example", ""])}


def explained(place, login):
    arguments = ["explain", login["service"], login["user"], "--tty", "pts/7", "--json"]
    if login["host"]:
        arguments += ["--rhost", login["host"]]
    if KEYS[login["method"]]:
        arguments += ["--ssh", KEYS[login["method"]]]
    if login["service"] == "e2e-x-password":
        arguments.append("--authtok")
    if login["service"].removeprefix("e2e-x-") in ("linux", "nobody"):
        arguments += ["--provider", login["service"].removeprefix("e2e-x-")]
    done = world.twostep(*arguments, runtime=place.runtime)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def made(login, way, number):
    """The login itself, by somebody who answers as right as can be."""
    state = {"step": -1, "answers": 0}

    def answer():
        text = done.prompts[-1]
        if text.startswith("How do you want to log in?"):
            return str(number + 1)
        if "Password" in text:
            return login["user"].password
        if "What do you want to use?" in text:
            return next(line.split()[0] for line in text.splitlines() if line.endswith("insecure_example"))
        if "\n" not in text:
            state["step"] += 1
        state["answers"] += 1
        module = way["answered"][state["step"]]["module"]
        return PIN if module == "insecure_example" else str(state["answers"]).zfill(6)

    environment = {}
    if KEYS[login["method"]]:
        environment["SSH_AUTH_INFO_0"] = KEYS[login["method"]] + " AAAA"
    host = login["host"]
    if login["service"] == "sshd" and host and host != "host.example":
        # PAM_RHOST may be a name; the address of the connection is what counts.
        environment["SSH_CONNECTION"] = f"{host} 50000 192.0.2.9 22"
        host = "whatever.example"
    done = pam.Login()
    return pam.log_in(
        login["service"], login["user"], *[answer] * 20, environment=environment, rhost=host, login=done)


def test_what_is_foreseen_is_what_libpam_is_told(place, people):
    hat = Hat(people, 20261122)
    met = Counter()
    for _ in range(80):
        text = hat.configuration()
        place.configuration.write_text(text)
        before = place.status()["configuration"]["generation"]
        place.reload()
        world.wait_until(lambda: place.status()["configuration"]["generation"] > before, f"this configuration:\n{text}")
        for _ in range(4):
            login = hat.login()
            if hat.random.random() < 0.5:
                world.twostep("unlock", login["user"], runtime=place.runtime)
            foreseen = explained(place, login)
            number = hat.random.randrange(max(len(foreseen["ways"]), 1))
            way = foreseen["ways"][number] if foreseen["ways"] else None
            ending = way["ending"] if way else foreseen["ending"]
            place.log.mark()
            real = made(login, way, number)
            line = place.log.since_mark("login .*service=", count=1)[-1]
            words = f"{text}\n{login}\n{json.dumps(foreseen)}\n{line}\n{real}"
            assert real.code == CODES[ending["code"]], words
            assert f"login {ending['result']} " in line, words
            assert (f" reason={ending['reason']} " in line) if ending["reason"] else " reason=" not in line, words
            if foreseen["terms"]:
                rule = foreseen["terms"]["rule"]
                assert (f'rule="line {rule}"' in line) if rule else " rule=" not in line, words
                assert rule is None or foreseen["rules"][-1] == {"line": rule, "mismatch": None}, words
            met[ending["result"]] += 1
    keys = [
        "service", "user", "group", "network", "from", "ssh", "time", "provider", "modules", "exempt", "first_factor",
        "unenrolled", "remember", "tries", "session", "echo", "prompt"]
    assert [key for key in keys if hat.counts[key] < 20] == [], hat.counts
    assert [result for result in ("granted", "denied", "exempt", "skipped", "misconfigured") if met[result] < 5] == [], met


def test_explaining_in_words_says_which_rule_and_how_it_ends(place, people):
    rules = [{"match": {"service": "sudo"}, "tries": 1}, {"match": {"service": "sshd"}, "exempt": True}]
    place.configuration.write_text(configuration(people, rules, '["pin"]', linux=False))
    before = place.status()["configuration"]["generation"]
    place.reload()
    world.wait_until(lambda: place.status()["configuration"]["generation"] > before, "the configuration")
    done = world.twostep("explain", "sshd", people[0], "--ssh", "publickey", runtime=place.runtime)
    lines = done.stdout.splitlines()
    assert lines[0].endswith("does not match, because of 'service'")
    assert lines[1].endswith("matches")
    assert lines[-1] == (
        "  and if all is answered right: exempt, exempt (PAM_IGNORE, or PAM_SUCCESS where the PAM line says exempt=success)")
