"""Every host program with every method: what it shows and how it ends, left, interrupted, and with a hostile environment."""

import base64
import contextlib
import json
import os
import re
import signal
from pathlib import Path

import pam
import pexpect
import pyotp
import pytest
import world
from terminal import CODE, PASSWORD, Sshd, expect, finish, plain, spawn
from test_secrets import is_in_memory

PIN = "739158"
CONFIGURATION = """
auth_providers:
  - type: pam
    modules: [totp]
  - {type: pam, id: hotp, modules: [hotp]}
  - {type: pam, id: recovery_code, modules: [recovery_code]}
  - {type: pam, id: pin, modules: [pin]}
policy:
  - match: {}
    provider: pam
"""
METHODS = ["totp", "hotp", "recovery_code", "pin"]
HOSTS = ["sshd", "sudo", "su", "login", "pamtester"]
EVIDENCE = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"


@contextlib.contextmanager
def everybody_may_use_sudo():
    path = Path(f"/etc/sudoers.d/hosts{next(world.numbers)}")
    path.write_text("Defaults !lecture, passwd_tries=1\nALL ALL=(ALL) ALL\n")
    path.chmod(0o440)
    try:
        yield
    finally:
        path.unlink()


def stack(place, service, method):
    """The shipped stack of a service, asking this daemon by this method."""
    text = (world.EXAMPLES / "pam.d" / service).read_text()
    provider = "pam" if method == "totp" else f"pam:{method}"
    # Waiting after a failure is pam_unix's and login's own, and nothing that is looked at here.
    text = re.sub(r"^(auth\s+\S+\s+pam_unix\.so)", r"\1 nodelay", text, flags=re.M)
    text = re.sub(r"^.*pam_faildelay.*\n", "", text, flags=re.M)
    return re.sub(
        r"^(auth.*pam_twostep\.so)$", rf"\1 socket={place.socket} provider={provider}", text, flags=re.M)


@pytest.fixture(scope="module")
def place(daemon_of_session):
    place = world.Daemon("hosts").initialize(CONFIGURATION)
    place.clock = world.Clock()
    place.start()
    with everybody_may_use_sudo():
        yield place
    place.stop()


@pytest.fixture(scope="module")
def server(place):
    server = Sshd()
    yield server
    server.stop()


@contextlib.contextmanager
def by_method(place, host, method):
    service = "e2e-hosts" if host == "pamtester" else host
    path = Path("/etc/pam.d", service)
    before = path.read_bytes() if path.exists() else None
    if host == "pamtester":
        provider = "pam" if method == "totp" else f"pam:{method}"
        world.write_stack(service, f"auth required pam_twostep.so socket={place.socket} provider={provider}")
    else:
        path.write_text(stack(place, host, method))
    try:
        yield
    finally:
        path.write_bytes(before) if before is not None else path.unlink()


def client_of(host, server, user):
    """The program on a terminal, at the prompt for the second factor, and what it shows once it is in."""
    if host == "sshd":
        return server.client(user, "echo", "let", "in")
    if host == "pamtester":
        return spawn("pamtester", "-E", EVIDENCE, "e2e-hosts", user, "authenticate")
    client = {
        "sudo": lambda: spawn("sudo", "-k", "echo", "let in", user=user),
        "su": lambda: spawn("su", user, "-c", "echo let in", user="bob"),
        "login": lambda: spawn("login", user),
    }[host]()
    expect(client, PASSWORD)
    client.sendline(user.password)
    return client


def device(place, user, method):
    """Gives a user something, and returns a right answer and a wrong one."""
    if method == "totp":
        phone = world.enroll(user, runtime=place.runtime)
        # The daemon's clock is ahead by what tests have moved it.
        step = phone.step + place.clock.shift // 30
        near = {phone.at(step + offset) for offset in range(-3, 4)}
        return phone.at(step), next(code for code in ("000111", "222333", "444555") if code not in near)
    if method == "pin":
        made = world.twostep("enroll", user, "pin", runtime=place.runtime, input=f"{PIN}\n{PIN}\n")
        assert made.returncode == 0, made.stderr
        return PIN, "917384"
    options = ["--no-confirm"] if method == "hotp" else []
    made = world.twostep("enroll", user, method, *options, "--json", runtime=place.runtime)
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    if method == "hotp":
        token = pyotp.HOTP(told["secret"])
        near = {token.at(count) for count in range(30)}
        return token.at(0), next(code for code in ("000111", "222333", "444555") if code not in near)
    codes = told["recovery_codes"]
    return codes[0], "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF"


PROMPTS = {"totp": "Verification code: ", "hotp": r"[^\r\n]*[Cc]ode: ", "recovery_code": r"Recovery code: ", "pin": r"PIN: "}


@pytest.mark.parametrize("answer", ["right", "wrong", "empty", "late"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("host", HOSTS)
def test_the_table_of_hosts_methods_and_answers(place, server, host, method, answer):
    user = world.new_user("host")
    right, wrong = device(place, user, method)
    place.log.mark()
    with by_method(place, host, method):
        client = client_of(host, server, user)
        expect(client, PROMPTS[method])
        if answer == "late":
            place.clock.advance(301)
        client.sendline({"right": right, "wrong": wrong, "empty": "", "late": right}[answer])
        if host == "login":
            let_in = expect(client, r"[$#] $", r"login: $", "incorrect", timeout=30) == 0
            client.close(force=True)
        else:
            # Who is asked again leaves.
            expect(client, PROMPTS[method], pexpect.EOF, timeout=30)
            client.close(force=True)
            let_in = client.exitstatus == 0
    shown = plain(client.shown)
    assert let_in == (answer == "right"), shown
    if host not in ("login", "pamtester"):
        assert bool(re.search(r"^let in$", shown, re.M)) == (answer == "right")
    if answer == "right":
        assert place.log.since_mark(f'login granted .*user="{user}" .*modules={method}', count=1)
    else:
        assert not place.log.since_mark("login granted")
        reason = {"wrong": "invalid_code", "empty": "malformed|unusable|invalid_code", "late": "login_expired"}[answer]
        assert place.log.since_mark(f'login (?!granted).*({reason}).*user="{user}"', count=1)
        expected = "took too long" if answer == "late" else "wrong"
        assert re.search(expected, shown), shown
    assert world.failures_of(user, place.runtime) == (1 if answer == "wrong" and method != "recovery_code" else 0)


# --- leaving ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sudoers():
    with everybody_may_use_sudo():
        yield


def close_input(client):
    """Ctrl-D as often as it is asked; ssh's client sends an empty answer for it."""
    client.send("\x04")
    while expect(client, CODE, "login: ", PASSWORD, pexpect.EOF) == 0:
        client.send("\x04")


LEAVING = {
    "hang-up": lambda client: client.close(force=True),
    "the terminal is closed": lambda client: os.close(client.child_fd),
    "Ctrl-C": lambda client: client.send("\x03"),
    "Ctrl-D": lambda client: close_input(client),
    "killed": lambda client: client.kill(signal.SIGKILL),
}


@pytest.mark.parametrize("how", LEAVING)
@pytest.mark.parametrize("host", ["sshd", "sudo", "su", "login"])
def test_leaving_at_the_prompt_frees_the_session_and_charges_nothing(daemon, sshd, sudoers, enrolled, host, how):
    user, phone = enrolled
    client = client_of(host, sshd, user)
    expect(client, CODE)
    assert daemon.status()["open_sessions"] == 1
    LEAVING[how](client)
    start = world.now()
    if how == "killed" and host in ("sudo", "su"):
        # They run the conversation themselves.
        client.wait()
    world.no_session_is_left()
    assert world.seconds_since(start) < 10
    assert world.failures_of(user) == 0
    if how == "the terminal is closed":
        with contextlib.suppress(OSError):
            client.kill(signal.SIGKILL)
        client.closed, client.child_fd = True, -1
    else:
        client.close(force=True)
    assert pam.log_in("e2e", user, phone.next()).granted


@pytest.mark.parametrize("host", ["sudo", "su"])
def test_ctrl_z_at_the_prompt_lets_nobody_in_and_leaves_no_session(daemon, sudoers, enrolled, host):
    user, phone = enrolled
    shell = spawn("bash", "--norc", "--noprofile", "--noediting", "-i", user=user)
    expect(shell, r"\$ $")
    shell.sendline({"sudo": "sudo -k echo let in", "su": f"su {user} -c 'echo let in'"}[host])
    expect(shell, PASSWORD)
    shell.sendline(user.password)
    expect(shell, CODE)
    shell.send("\x1a")
    if expect(shell, r"Stopped", pexpect.TIMEOUT, timeout=3) == 0:
        shell.sendline("")
        expect(shell, r"\$ $")
        assert shell.getecho()
    # Stopped or not, nothing is let in, and what was stopped is gone with its terminal.
    assert not re.search(r"^let in", plain(shell.shown), re.M)
    shell.close(force=True)
    world.no_session_is_left()
    assert world.failures_of(user) == 0
    assert pam.log_in("e2e", user, phone.next()).granted


def test_what_is_typed_before_sshds_time_limit_is_not_shown(daemon, enrolled):
    user, _ = enrolled
    server = Sshd("LoginGraceTime 2")
    try:
        client = server.client(user, "true")
        expect(client, CODE)
        client.send("12345")
        world.no_session_is_left()
        client.sendline("")
        status, shown = finish(client)
        assert status == 255 and "12345" not in shown
    finally:
        server.stop()


# --- without somebody at a terminal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["true"], ["git-upload-pack", "x"], ["rsync", "--server", "."], ["scp", "-t", "."]])
def test_a_client_that_may_not_ask_is_refused_and_does_not_hang(daemon, sshd, enrolled, command):
    user, _ = enrolled
    status, shown = finish(sshd.client(user, *command, options=["-o", "BatchMode=yes"]), 30)
    assert status == 255 and CODE not in shown
    world.no_session_is_left()
    assert world.failures_of(user) == 0


@pytest.mark.parametrize("host", ["sudo", "su"])
def test_without_a_terminal_nobody_is_let_in_and_nothing_hangs(daemon, sudoers, enrolled, host):
    user, _ = enrolled
    command = {"sudo": ["sudo", "-k", "id"], "su": ["su", user, "-c", "id"]}[host]
    by = user if host == "sudo" else "bob"
    done = world.run(
        "setsid", "--wait", "setpriv", "--reuid", by, "--regid", by, "--init-groups", "env", "-i",
        "PATH=/usr/bin:/bin", f"HOME=/home/{by}", *command)
    assert done.returncode != 0 and "uid=" not in done.stdout


# --- the environment ----------------------------------------------------------------------------------------------


def hostile():
    """Two hundred variables, of what loaders, runtimes, libraries and people look at."""
    names = [
        "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_DEBUG", "LD_PROFILE", "GCONV_PATH", "LOCPATH", "MALLOC_PERTURB_",
        "MALLOC_CHECK_", "MALLOC_TRACE", "GLIBC_TUNABLES", "TZ", "TZDIR", "LANG", "LC_ALL", "LANGUAGE", "NLSPATH", "RES_OPTIONS",
        "HOSTALIASES", "RESOLV_HOST_CONF", "TMPDIR", "HOME", "SHELL", "IFS", "BASH_ENV", "ENV", "PYTHONPATH", "PERL5LIB",
        "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSLKEYLOGFILE", "SQLITE_TMPDIR", "SQLITE_HISTORY",
        "http_proxy", "https_proxy", "NO_PROXY", "DISPLAY", "XAUTHORITY", "SSH_AUTH_INFO_0", "SSH_CONNECTION",
        "TWOSTEP_PROVIDER", "TWOSTEP_MODULES", "TWOSTEP_SOCKET", "DUO_PASSCODE", "SUDO_USER", "SUDO_UID", "PAM_RHOST",
        "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY",
        "SWIFT_BACKTRACE", "SWIFT_DEBUG_HELP", "SWIFT_DETERMINISTIC_HASHING", "SWIFT_ROOT",
        "SWIFT_DEBUG_ENABLE_METADATA_ALLOCATION_ITERATION", "SWIFT_ENABLE_MANGLED_NAME_VERIFICATION",
    ]
    values = ["enable=yes", "/tmp/no.so", "../../../tmp", "ar_EG.UTF-8", "tr_TR.UTF-8", "de_DE", "publickey ssh-ed25519 AAAA",
              "$(id)", "%s%n", "x" * 4000]
    told = {name: values[number % len(values)] for number, name in enumerate(names)}
    told.update({"LANG": "tr_TR.UTF-8", "LC_NUMERIC": "de_DE.UTF-8", "LC_ALL": "ar_EG.UTF-8", "TZ": "/tmp/zone"})
    for number in range(200 - len(told)):
        told[f"SWIFT_{number}" if number % 2 else f"PAM_{number}"] = values[number % len(values)]
    return [f"{name}={value}" for name, value in told.items()]


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("host", ["sudo", "su"])
def test_two_hundred_hostile_variables_change_nothing(daemon, sudoers, enrolled, host, right):
    user, phone = enrolled
    code = phone.next() if right else phone.wrong()
    command = {"sudo": ["sudo", "-k", "-S", "id", "-un"], "su": ["su", user, "-c", "id -un"]}[host]
    assert len(hostile()) >= 200
    arguments = ["--reuid", user if host == "sudo" else "bob", "--regid", user if host == "sudo" else "bob", "--init-groups"]
    client = spawn("setpriv", *arguments, "env", "-i", *hostile(), "PATH=/usr/bin:/bin", "TERM=dumb", *command)
    expect(client, PASSWORD)
    client.sendline(user.password)
    expect(client, CODE)
    client.sendline(code)
    while expect(client, CODE, PASSWORD, pexpect.EOF) != 2:
        client.sendeof()
    client.close()
    shown = plain(client.shown)
    assert (client.exitstatus == 0) == right, shown
    assert "Swift" not in shown and "SWIFT" not in shown
    whom = "root" if host == "sudo" else user
    assert bool(re.search(rf"^{whom}$", shown, re.M)) == right


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "de_DE.UTF-8", "ar_EG.UTF-8", "tr_TR.UTF-8", "fa_IR"])
def test_a_code_is_ascii_digits_in_every_language(daemon, elsewhere, monkeypatch, locale):
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setenv("LANG", locale)
    place = elsewhere()
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    code = phone.next()
    for zero in (0x0660, 0x06F0, 0xFF10, 0x0966):
        other = code.translate({48 + digit: zero + digit for digit in range(10)})
        assert not pam.log_in(place.service, user, other).granted
    assert not pam.log_in(place.service, user, f"{code[:3]},{code[3:]}").granted
    assert pam.log_in(place.service, user, code).granted


# --- one budget ---------------------------------------------------------------------------------------------------


def test_guesses_at_every_door_and_with_every_method_are_one_budget(place, server):
    user = world.new_user("budget")
    answers = {method: device(place, user, method) for method in ("totp", "hotp", "pin")}
    plan = list(zip(HOSTS + ["pamtester"], ["totp", "hotp", "pin", "totp", "hotp", "pin"]))
    for host, method in plan:
        with by_method(place, host, method):
            client = client_of(host, server, user)
            expect(client, PROMPTS[method])
            client.sendline(answers[method][1])
            expect(client, "wrong|Too many|refused", timeout=20)
            client.close(force=True)
        world.no_session_is_left(place.runtime)
    assert world.failures_of(user, place.runtime) == 6
    # Five are free; at the sixth the account has to wait, wherever it comes and whatever it has.
    for host, method in [("sshd", "pin"), ("sudo", "totp"), ("su", "hotp"), ("login", "pin"), ("pamtester", "totp")]:
        with by_method(place, host, method):
            client = client_of(host, server, user)
            expect(client, PROMPTS[method])
            client.sendline(answers[method][0])
            assert expect(client, "Too many wrong answers", "let in", r"[$#] $", timeout=20) == 0, (host, client.shown)
            client.close(force=True)
    assert world.failures_of(user, place.runtime) == 6


# --- what a host has in its memory, and hands on -------------------------------------------------------------------


def processes_of(host):
    """The processes of a host program that wait at a prompt."""
    names = {"sshd": {"sshd"}, "sudo": {"sudo"}, "su": {"su"}, "login": {"login"}}[host]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                name, state = re.match(r"\d+ \((.*)\) (\S)", (folder / "stat").read_text()).groups()
                if name in names and state not in "ZX":
                    found.append(int(folder.name))
    return found


@pytest.mark.parametrize("host", ["sshd", "sudo", "su", "login"])
def test_no_secret_of_the_store_is_in_a_hosts_memory_at_the_prompt(daemon, sshd, sudoers, enrolled, host):
    user, phone = enrolled
    _, others_phone = world.enrolled_user("elsewhere")
    client = client_of(host, sshd, user)
    expect(client, CODE)
    seeds = [base64.b32decode(one.secret + "=" * (-len(one.secret) % 8)) for one in (phone, others_phone)]
    needles = [*seeds, phone.secret.encode(), others_phone.secret.encode(), seeds[0].hex().encode()]
    found = processes_of(host)
    # That the search finds what is there.
    assert any(is_in_memory(process, user.encode()) for process in found)
    for process in found:
        assert is_in_memory(process, *needles) == [], process
    client.close(force=True)


@pytest.mark.parametrize("host", ["sshd", "sudo", "su", "login"])
def test_what_is_started_after_a_login_has_no_file_open_but_its_own(daemon, sshd, sudoers, enrolled, host):
    user, phone = enrolled
    listing = "ls -l --color=never /proc/self/fd"
    if host == "sshd":
        client = sshd.client(user, listing)
    elif host == "login":
        client = spawn("login", user)
    else:
        command = {"sudo": ["sudo", "-k", *listing.split()], "su": ["su", user, "-c", listing]}[host]
        client = spawn(*command, user=user if host == "sudo" else "bob")
    if host != "sshd":
        expect(client, PASSWORD)
        client.sendline(user.password)
    expect(client, CODE)
    client.sendline(phone.next())
    if host == "login":
        expect(client, r"[$#] $")
        client.sendline(listing)
        expect(client, r"/proc/\d+/fd\r\n")
        client.close(force=True)
    else:
        finish(client)
    targets = dict(re.findall(r" (\d+) -> (\S+)", client.shown))
    assert {"0", "1", "2"} <= set(targets), client.shown
    # ls opens the folder itself; a shell of su or sshd has nothing else.
    extra = {number: target for number, target in targets.items() if number not in "012"}
    assert all(re.fullmatch(r"/proc/\d+/fd", target) for target in extra.values()), targets
    assert "twostep" not in "".join(targets.values())
