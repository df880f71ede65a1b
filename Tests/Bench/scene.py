"""What is measured: daemons, users with unspent codes, the peers, and the programs that log in."""

import array
import base64
import hashlib
import hmac
import os
import pwd
import random
import shutil
import socket
import sqlite3
import struct
import subprocess
import threading
import time
from pathlib import Path

DISK = Path("/mnt/disk")
BIN = DISK / "bin"
DATA = DISK / "data"
JOURNAL = "/run/systemd/journal/socket"
CONFIGURATION = """
auth_providers:
  - type: pam
    modules: totp
  - type: linux
    modules: totp
policy:
  - match: {service: bench-linux}
    provider: linux
  - match: {}
    provider: pam
"""
SUCCESS = 0


def pause(seconds):
    """Lets things come to rest."""
    threading.Event().wait(seconds)


def wait_until(condition, what, seconds=30):
    """Polls until `condition()` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        pause(0.005)


def run(*arguments, **options):
    """Runs a command that must succeed."""
    arguments = [str(argument) for argument in arguments]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


# --- codes ----------------------------------------------------------------------------------------------------------


def hotp(key, counter):
    """RFC 4226, six digits."""
    digest = hmac.digest(key, struct.pack(">Q", counter), "sha1")
    number = struct.unpack_from(">I", digest, digest[19] & 15)[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def key_of(user, device=0):
    """The key that fill.c gives a user's device."""
    return hashlib.sha1(f"{user}/{device}".encode()).digest()


class Users:
    """The users of one daemon, and which of their codes are unspent."""

    def __init__(self, daemon, count):
        self.daemon, self.count = daemon, count
        self.last = array.array("q", bytes(8 * count))
        self.wrong_next = self.unknown_next = self.next = 0

    def logins(self, count, scattered=False):
        """`count` lines with a valid and unspent code each; `scattered` takes users from all over the store."""
        moment = time.time()
        step = int(moment) // 30
        # The window is ±1. A code of the step before is none any more once this one has gone by.
        lowest = step if moment % 30 > 15 else step - 1
        lines = []
        missed = 0
        while len(lines) < count:
            number = random.randrange(self.count) if scattered else self.next
            self.next = (self.next + 1) % self.count
            chosen = max(self.last[number] + 1, lowest)
            if chosen > step + 1:
                missed += 1
                if missed > self.count:
                    self.unspend()
                    missed = 0
                continue
            self.last[number] = chosen
            user = f"bench{number:07}"
            lines.append(f"{user} {hotp(key_of(user), chosen)}")
        return lines

    def wrong(self, count):
        """Lines with a code that is none of this time's; few a user, so that nobody is delayed."""
        lines = []
        step = int(time.time()) // 30
        for _ in range(count):
            self.wrong_next = self.wrong_next % self.count + 1
            user = f"bench{self.count - self.wrong_next:07}"
            codes = {hotp(key_of(user), step + offset) for offset in range(-2, 4)}
            lines.append(f"{user} {next(code for code in map(str, range(111111, 111120)) if code not in codes)}")
        return lines

    def unknown(self, count):
        """Lines of users that nobody knows, a new one each."""
        self.unknown_next += count
        return [f"nosuch{number:06} 123456" for number in range(self.unknown_next - count, self.unknown_next)]

    def unspend(self):
        """Makes every code good again, behind the daemon's back."""
        with sqlite3.connect(self.daemon.database, isolation_level=None) as store:
            store.execute("PRAGMA busy_timeout = 10000")
            store.execute("UPDATE device SET state = -1, state_check = 0 WHERE state >= 0")
            store.execute("DELETE FROM factor")
            store.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        store.close()
        self.last = array.array("q", bytes(8 * self.count))


# --- daemons --------------------------------------------------------------------------------------------------------


def cpu_of(pid):
    """Nanoseconds of CPU that all threads of a process have used."""
    return sum(int(Path(path, "schedstat").read_text().split()[0]) for path in Path(f"/proc/{pid}/task").iterdir())


def write_stack(service, line):
    """A stack with one line: everything else is `other`, which is pam_deny."""
    Path("/etc/pam.d", service).write_text(f"auth required {line}\n")


class Daemon:
    """A twostepd with a store of its own on the disk."""

    def __init__(self, name, users, devices=1):
        self.name, self.service = name, f"bench-{name}"
        self.state, self.runtime, self.folder = DATA / name, f"/run/twostep-{name}", Path(f"/etc/twostep-{name}")
        self.socket = f"{self.runtime}/login.sock"
        self.database = self.state / "twostep.sqlite"
        self.process = None
        write_stack(self.service, f"pam_twostep.so socket={self.socket}")
        self.places = ["--config", self.folder / "config.yaml", "--state-directory", self.state,
                       "--runtime-directory", self.runtime]
        run("twostep", "init", *self.places)
        (self.folder / "config.yaml").write_text(CONFIGURATION)
        run(BIN / "fill", self.database, self.folder / "twostep.key", users, devices)
        owner = pwd.getpwnam("twostep")
        for path in self.state.iterdir():
            os.chown(path, owner.pw_uid, owner.pw_gid)
        self.users = Users(self, users)

    def start(self):
        """Starts it and returns how many seconds that took until it was ready."""
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        Path("/run/notify").unlink(missing_ok=True)
        told.bind("/run/notify")
        os.chmod("/run/notify", 0o666)
        told.settimeout(60)
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [shutil.which("twostepd"), *map(str, self.places)], stdin=subprocess.DEVNULL,
            stderr=open(f"/run/twostepd-{self.name}.log", "ab"), env={**os.environ, "NOTIFY_SOCKET": "/run/notify"})
        while b"READY=1" not in told.recv(4096):
            continue
        taken = time.monotonic() - begun
        told.close()
        return taken

    def stop(self):
        """SIGTERM, and the end."""
        self.process.terminate()
        assert self.process.wait(30) == 0

    @property
    def anonymous(self):
        """Bytes of anonymous memory."""
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no Anonymous: in smaps_rollup")

    @property
    def connections(self):
        """How many sockets it has open."""
        links = []
        for path in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                links.append(os.readlink(path))
            except FileNotFoundError:
                pass
        return sum(link.startswith("socket:") for link in links)


class Floor:
    """The floor's daemon; `journals` sends a record of each login."""

    def __init__(self, name, journals=False):
        self.service, self.socket = f"bench-{name}", f"/run/{name}.sock"
        write_stack(self.service, f"{BIN}/pam_floor.so {self.socket}")
        log = DATA / f"{name}.log"
        log.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [BIN / "floor_daemon", self.socket, log, *([JOURNAL] if journals else [])], stdin=subprocess.DEVNULL)
        wait_until(lambda: Path(self.socket).exists(), "the floor's daemon")


class Peer:
    """A peer that keeps a file a user, or one for all, and finds the next codes by a counter."""

    def __init__(self, service, line, window=1):
        self.service, self.window = service, window
        self.counters = {}
        write_stack(service, line)

    def logins(self, count, users=1):
        """`count` lines with the users' next codes, turn by turn."""
        lines = []
        for index in range(count):
            user = f"bench{index % users:07}"
            counter = self.counters.get(user, 1)
            self.counters[user] = counter + 1
            lines.append(f"{user} {hotp(key_of(user), counter)}")
        return lines


def google(name, users, options):
    """pam_google_authenticator with a file for each of so many users; `options` are lines of the file."""
    folder = DATA / name
    folder.mkdir(mode=0o700)
    for number in range(users):
        user = f"bench{number:07}"
        path = folder / user
        path.write_text("\n".join([base64.b32encode(key_of(user)).decode(), *options, ""]))
        path.chmod(0o400)
    return Peer(f"bench-{name}", f"pam_google_authenticator.so user=root secret={folder}/${{USER}}")


def oath(name, users, kind="HOTP"):
    """pam_oath with one file for so many users."""
    path = DATA / name
    path.write_text("".join(
        f"{kind} bench{number:07} - {key_of(f'bench{number:07}').hex()}{' 1' if kind == 'HOTP' else ''}\n"
        for number in range(users)))
    path.chmod(0o600)
    return Peer(f"bench-{name}", f"pam_oath.so usersfile={path} window=5 digits=6")


# --- who logs in ----------------------------------------------------------------------------------------------------


class Outcome:
    """What a program that logged in has printed."""

    def __init__(self, text):
        self.codes, self.nanoseconds, self.wall, self.cpu = [], [], None, None
        for line in text.splitlines():
            first, second = line.split()
            if first == "wall":
                self.wall = int(second) / 1e9
            elif first == "cpu":
                self.cpu = int(second) / 1e6
            else:
                self.codes.append(int(first))
                self.nanoseconds.append(int(second))

    @property
    def p50(self):
        """Microseconds; the first two are left out, where libraries are loaded."""
        return quantile(self.nanoseconds[2:], 0.5) / 1000

    def at(self, share):
        """A quantile of all, in microseconds."""
        return quantile(self.nanoseconds, share) / 1000


def quantile(values, share):
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def through_libpam(service, lines, processes=1, pause=0):
    """Whole logins through libpam, in so many processes, or in one that sleeps `pause` µs before each; the codes are libpam's."""
    return Outcome(run(BIN / "client", service, processes, pause, input="\n".join(lines) + "\n"))


def on_socket(path, service, lines, connections):
    """Whole logins on a socket; the codes are 1 for granted."""
    return Outcome(run(BIN / "generator", path, service, connections, input="\n".join(lines) + "\n"))


class Background:
    """A program that goes on until the block ends; it says so when it is under way, if `says` is a word of its."""

    def __init__(self, *arguments, lines, says=None):
        self.arguments, self.lines, self.says = [str(argument) for argument in arguments], lines, says

    def __enter__(self):
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.process.stdin.write("\n".join(self.lines) + "\n")
        self.process.stdin.flush()
        if self.says is None:
            self.process.stdin.close()
        else:
            said = self.process.stdout.readline()
            assert said.split() == self.says.split(), said
        return self

    def __exit__(self, *_):
        if self.says is None:
            os.killpg(self.process.pid, 9)
        else:
            self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
