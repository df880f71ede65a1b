"""The private world that the tests run in (see Tests/World/enter), and what stands in it.

Nothing here sleeps: whatever has to be waited for is polled for, within a bound.
"""

import contextlib
import crypt
import hashlib
import json
import multiprocessing
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import traceback
from pathlib import Path

import pyotp

# One module alone, so that a test need not say which of two was asked for.
CODE_ALONE = "auth_providers:\n  - type: pam\n    modules:\n      - type: totp\n"
EXAMPLES = Path("/mnt/twostep/usr/share/doc/twostep/examples")
LOGIN_SOCKET = "/run/twostep/login.sock"
# Whether daemons keep their enrolments in a database of a server, and not in files of their own.
IS_ON_DATABASE = os.environ.get("TWOSTEP_STORE") == "postgresql"


def wait_until(condition, what, seconds=10):
    """Polls until `condition()` is true and returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        threading.Event().wait(0.01)


def run(*arguments, **options):
    """Runs a command and returns what came of it, whatever that was; text in and out, 60 s at most."""
    options.setdefault("timeout", 60)
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, check=False, **options)


def as_user(user, *arguments, **options):
    """Runs a command as a user, with none of root's environment."""
    home = pwd.getpwnam(str(user)).pw_dir
    return run(
        "runuser", "-u", user, "--", "env", "-i", f"HOME={home}", f"USER={user}", f"LOGNAME={user}",
        f"PATH={os.environ['PATH']}", "TERM=dumb", "LC_ALL=C.UTF-8", *arguments, **options)


def in_process_of(user, function, *arguments):
    """Calls a function in a child process that has become `user`, and returns its result."""
    entry = pwd.getpwnam(str(user))
    ours, theirs = multiprocessing.Pipe()

    def child():
        try:
            os.initgroups(entry.pw_name, entry.pw_gid)
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            theirs.send((True, function(*arguments)))
        except BaseException:  # pylint: disable=broad-except  # reported by the parent
            theirs.send((False, traceback.format_exc()))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    assert ours.poll(60), "the child process said nothing for a minute"
    succeeded, result = ours.recv()
    process.join(10)
    assert succeeded, result
    return result


# --- users and their authenticators -------------------------------------------------------------------------------


class User(str):
    """A local account: its name, with the password and the key that belong to it."""

    password: str
    key: Path


numbers = iter(range(1, 100_000))


def new_user(prefix="user"):
    """Makes an account with a password and a key for ssh."""
    user = User(f"{prefix}{next(numbers)}")
    user.password = f"{user}-password"
    # Few rounds: what is measured here is not how slow a hash can be.
    hashed = crypt.crypt(user.password, "$6$rounds=1000$saltsalt$")
    made = run("useradd", "--create-home", "--shell", "/bin/bash", "--password", hashed, user)
    assert made.returncode == 0, made.stderr
    give_key(user)
    return user


def crowd(people):
    """Makes accounts of one name and no password, as lines of the file: useradd would take long."""
    first = 100_000 + 1000 * next(numbers)
    names = [f"crowd{first + number}" for number in range(people)]
    with open("/etc/passwd", "a", encoding="ascii") as passwd:
        passwd.writelines(
            f"{name}:x:{first + number}:{first + number}::/nonexistent:/bin/false\n" for number, name in enumerate(names))
    return names


def give_key(user):
    """Lets a user in by the one key that all of these tests' users have: making keys takes long."""
    key = Path("/run/ssh-test/key")
    if not key.exists():
        key.parent.mkdir(mode=0o755, exist_ok=True)
        assert run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).returncode == 0
    entry = pwd.getpwnam(str(user))
    folder = Path(entry.pw_dir) / ".ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(f"{key}.pub", folder / "authorized_keys")
    for path in (folder, folder / "authorized_keys"):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    user.key = key


class Authenticator:
    """What a phone does, with pyotp, and with oathtool as a second opinion."""

    def __init__(self, secret, algorithm="SHA1", digits=6, period=30):
        self.secret, self.algorithm, self.digits, self.period = secret, algorithm, digits, period
        self._last = 0

    def at(self, step):
        """The code of a time step."""
        digest = getattr(hashlib, self.algorithm.lower())
        totp = pyotp.TOTP(self.secret, digits=self.digits, digest=digest, interval=self.period)
        code = totp.generate_otp(step)
        made = run(
            "oathtool", f"--totp={self.algorithm.lower()}", f"--digits={self.digits}",
            f"--time-step-size={self.period}s", "--base32", "--now", "@" + str(step * self.period), "-", input=self.secret)
        assert made.stdout.strip() == code, f"oathtool and pyotp differ: {made} {code}"
        return code

    @property
    def step(self):
        """The time step of this moment."""
        return int(time.time()) // self.period

    def next(self):
        """The next code that was not used yet and is good for some seconds more; the window is ±1."""
        now = self.step
        is_young = time.time() % self.period < self.period / 2
        step = max(self._last + 1, now - 1 if is_young else now)
        assert step <= now + 1, "every code that is good by now was used: enrol a fresh user"
        self._last = step
        return self.at(step)

    def old(self):
        """A code that was good two minutes ago."""
        return self.at(self.step - 120 // self.period)

    def wrong(self, count=1):
        """Codes that are none of this time's; all differ."""
        near = {self.at(self.step + offset) for offset in range(-5, 6)}
        wrong = [code for number in range(100) if (code := str(111 * number + 7).zfill(self.digits)) not in near]
        return wrong[0] if count == 1 else wrong[:count]


def enroll(user, *options, runtime="/run/twostep"):
    """Gives a user a device, without seeing a code of it, and returns its authenticator."""
    made = run("twostep", "enroll", user, "totp", "--no-confirm", "--json", "--runtime-directory", runtime, *options)
    assert made.returncode == 0, made.stderr
    return Authenticator(json.loads(made.stdout)["secret"].replace(" ", ""))


def enrolled_user(prefix="user"):
    """A fresh account and its authenticator."""
    user = new_user(prefix)
    return user, enroll(user)


def twostep(*arguments, runtime="/run/twostep", **options):
    """The command line, by root."""
    return run("twostep", *arguments, "--runtime-directory", runtime, **options)


def failures_of(user, runtime="/run/twostep"):
    """How many wrong answers are charged to an account."""
    listing = json.loads(twostep("list", user, "--json", runtime=runtime).stdout)
    return sum(counter["failures"] for counter in listing["failures"])


def status(runtime="/run/twostep"):
    """What `twostep status` says."""
    asked = twostep("status", "--json", runtime=runtime)
    return json.loads(asked.stdout)


def no_session_is_left(runtime="/run/twostep"):
    """Waits until nobody is being asked anything any more."""
    wait_until(lambda: status(runtime)["open_sessions"] == 0, "open sessions of twostepd")


# --- logs -----------------------------------------------------------------------------------------------------------


class Lines:
    """Lines that somebody goes on writing, and the place up to which they were looked at."""

    def __init__(self):
        self._mark = 0

    def all(self):
        raise NotImplementedError

    def mark(self):
        """Forgets what came before this moment."""
        self._mark = len(self.all())

    def since_mark(self, pattern="", count=0, seconds=5):
        """The lines since the mark that match; waits for `count` of them if it is not 0."""

        def matching():
            return [line for line in self.all()[self._mark:] if re.search(pattern, line)]

        if count:
            wait_until(lambda: len(matching()) >= count, f"{count} lines of {pattern!r}", seconds)
        return matching()


class LogFile(Lines):
    """A file that a program logs to."""

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)
        self.path.touch()

    def all(self):
        return self.path.read_text(errors="replace").splitlines()


class Syslog(Lines):
    """Listens at /dev/log, where PAM modules and sudo write what journald would collect."""

    def __init__(self):
        super().__init__()
        self._lines = []
        Path("/dev/log").unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while True:
            self._lines.append(self._socket.recv(65536).decode(errors="replace"))

    def all(self):
        return list(self._lines)


# --- twostepd -------------------------------------------------------------------------------------------------------


# Returns the part of a configuration that names a database of its own, where daemons have one as their store (conftest.py).
databases = None


class Daemon:
    """A twostepd in places of its own; "" has the places that a machine has."""

    def __init__(self, name=""):
        suffix = f"-{name}" if name else ""
        self.runtime = f"/run/twostep{suffix}"
        self.state = f"/var/lib/twostep{suffix}"
        self.folder = Path(f"/etc/twostep{suffix}")
        self.configuration = self.folder / "config.yaml"
        self.key = self.folder / "twostep.key"
        self.socket = f"{self.runtime}/login.sock"
        self.log = LogFile(f"/run/twostepd{suffix}.log")
        self.service = f"e2e{suffix}"
        line = f"auth required pam_twostep.so socket={self.socket}"
        write_stack(self.service, line)
        self.process = None
        self.clock = None
        self.store = databases() if databases else ""

    @property
    def places(self):
        """The options that name the places."""
        return ["--config", self.configuration, "--state-directory", self.state, "--runtime-directory", self.runtime]

    def make_folder(self, may_be_there=False):
        """The folder of its configuration, as `twostep init` makes it."""
        self.folder.mkdir(mode=0o750, exist_ok=may_be_there)
        shutil.chown(self.folder, "root", "twostep")

    def join(self, configuration, key=None, program="twostep"):
        """`twostep init` by this program where the configuration names a database, which may have its tables already; with this key,
        or with a key of its own where there is none."""
        self.make_folder()
        if key is not None:
            shutil.copy2(key, self.key)
            shutil.chown(self.key, "root", "twostep")
        self.configure(configuration)
        done = run(program, "init", *self.places)
        assert done.returncode == 0, done.stdout + done.stderr
        return self

    def initialize(self, configuration=CODE_ALONE):
        """`twostep init`, and a configuration other than the shipped one, or that with None."""
        if self.store:
            # It makes the tables where the configuration says.
            self.make_folder(may_be_there=True)
            self.configure(CODE_ALONE if configuration is None else configuration)
        done = run("twostep", "init", *self.places)
        assert done.returncode == 0, done.stdout + done.stderr
        if configuration is not None:
            self.configure(configuration)
        return self

    def configure(self, text):
        """Writes the configuration; whoever reads it never sees half of it."""
        new = self.configuration.with_suffix(".new")
        new.write_text(text if "store:" in text else text + self.store)
        shutil.chown(new, "root", "twostep")
        new.chmod(0o640)
        new.rename(self.configuration)

    def start(self, *options, serving=True, files=None, under=(), program="twostepd", seconds=10):
        """Starts it, with at most so many files open, by another command if there is one; returns when it listens."""
        self.log.mark()
        limit = ["prlimit", f"--nofile={files}:{files}"] if files else list(under)
        surroundings = {**os.environ, **(self.clock.environment if self.clock else {})}
        with open(self.log.path, "ab") as log:
            self.process = subprocess.Popen(
                [*limit, shutil.which(program), *map(str, self.places), *options], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=surroundings)

        def listens():
            assert self.process.poll() is None, "\n".join(self.log.since_mark())
            return self.log.since_mark("listens on")

        wait_until(listens, "twostepd to listen", seconds)
        if serving:
            assert status(self.runtime)["serving"], status(self.runtime)["problems"]
        return self

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process is None:
            return None
        self.thaw()
        self.process.terminate()
        code = self.process.wait(20)
        self.process = None
        # Whoever expects another status is shown why; pytest shows it of a test that fails.
        if code:
            print(*self.log.since_mark()[-40:], sep="\n")
        return code

    def kill(self):
        """SIGKILL: the socket's file stays behind."""
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def has_died(self):
        """Whether it is dead and can be started again; one that answers is not."""

        def standing():
            if not self.is_running:
                self.process = None
                return "dead"
            return "alive" if twostep("status", runtime=self.runtime, timeout=20).returncode in (0, 1) else ""

        return wait_until(standing, "twostepd to be dead or alive", 20) == "dead"

    def restart(self):
        code = self.stop()
        assert code == 0, f"twostepd ended with {code}"
        return self.start()

    def freeze(self):
        """SIGSTOP: it still accepts connections, and never answers."""
        self.process.send_signal(signal.SIGSTOP)
        path = f"/proc/{self.process.pid}/stat"
        wait_until(lambda: Path(path).read_text().rsplit(")", 1)[1].split()[0] == "T", "twostepd to stop")

    def thaw(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def reload(self):
        """SIGHUP."""
        self.process.send_signal(signal.SIGHUP)

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def status(self):
        return status(self.runtime)


class Clock:
    """The clocks of one daemon, which tests move so that they need not wait."""

    _library = None

    def __init__(self):
        if Clock._library is None:
            Clock._library = Path("/run/twostep-clock.so")
            source = Path(__file__).with_name("clock.c")
            made = run("cc", "-shared", "-fPIC", "-O", "-o", Clock._library, source, "-ldl")
            assert made.returncode == 0, made.stderr
        self._file = Path(f"/run/twostep-clock-{next(numbers)}")
        self._file.write_bytes(bytes(24))
        self.shift = 0

    @property
    def environment(self):
        return {"LD_PRELOAD": str(Clock._library), "TWOSTEP_TEST_CLOCK": str(self._file)}

    def advance(self, seconds):
        """Time passes for the daemon, by all of its clocks."""
        self.shift += seconds
        self._write(0, self.shift)

    def set(self, seconds):
        """Somebody sets the clock on the wall to so many seconds from what it should show."""
        self._write(8, seconds)

    def synchronize(self, state):
        """What adjtimex(2) returns from now on: 0 where the clock is kept right, 5 (TIME_ERROR) where it is not."""
        self._write(16, state + 1)

    def _write(self, place, number):
        with open(self._file, "r+b") as file:
            file.seek(place)
            file.write(number.to_bytes(8, "little", signed=True))


def write_stack(service, *auth):
    """Writes a PAM stack whose account and session parts let everybody through."""
    lines = [*auth, "account required pam_permit.so", "session required pam_permit.so", ""]
    Path("/etc/pam.d", service).write_text("\n".join(lines))


def install_shipped_stacks():
    """The stacks as they ship."""
    for stack in (EXAMPLES / "pam.d").iterdir():
        shutil.copy(stack, Path("/etc/pam.d", stack.name))


@contextlib.contextmanager
def stacks_for(place, *services):
    """The shipped stacks of these services, asking another daemon, for a while."""
    before = {service: Path("/etc/pam.d", service).read_bytes() for service in services}
    for service in services:
        text = (EXAMPLES / "pam.d" / service).read_text()
        Path("/etc/pam.d", service).write_text(
            re.sub(r"^(auth.*pam_twostep\.so)$", rf"\1 socket={place.socket}", text, flags=re.M))
    try:
        yield
    finally:
        for service, stack in before.items():
            Path("/etc/pam.d", service).write_bytes(stack)


@contextlib.contextmanager
def stack_replaced(service, *auth):
    """Another stack for a service, for a while."""
    path = Path("/etc/pam.d", service)
    before = path.read_bytes()
    write_stack(service, *auth)
    try:
        yield
    finally:
        path.write_bytes(before)


def seconds_since(start):
    return time.monotonic() - start


def now():
    return time.monotonic()

