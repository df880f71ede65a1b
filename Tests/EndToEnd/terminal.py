"""Programs on a terminal of their own, and ssh in two kinds."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import paramiko
import pexpect
from world import EXAMPLES, LogFile, wait_until

CODE = r"Verification code: "
PASSWORD = r"[Pp]assword[^:\n]*: "


def spawn(command, *arguments, timeout=30, user=None, **options):
    """Starts a program on a pseudo-terminal; what it shows is kept in `.shown`."""
    arguments = [str(argument) for argument in arguments]
    if user is not None:
        # setpriv keeps the terminal; runuser would make one more login of it.
        arguments = [
            "--reuid", str(user), "--regid", str(user), "--init-groups", "env", "-i", f"HOME=/home/{user}",
            f"USER={user}", f"LOGNAME={user}", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "TERM=dumb", "LC_ALL=C.UTF-8",
            command, *arguments]
        command = "setpriv"
    child = pexpect.spawn(command, arguments, timeout=timeout, encoding="utf-8", codec_errors="replace", **options)
    # pexpect waits a little before each send; nothing here needs that.
    child.delaybeforesend = None
    child.shown = ""
    return child


def expect(child, *patterns, timeout=-1):
    """Waits for one of these patterns and returns its number."""
    number = child.expect(list(patterns), timeout=timeout)
    child.shown += child.before + (child.after if isinstance(child.after, str) else "")
    return number


def finish(child, timeout=-1):
    """Waits for the end and returns (exit status, all that was shown)."""
    expect(child, pexpect.EOF, timeout=timeout)
    child.close()
    return (child.exitstatus if child.exitstatus is not None else -child.signalstatus), child.shown


def interrupt(child, until=pexpect.EOF):
    """Presses Ctrl-C until this is shown, as a person would.

    sudo and ssh lose it where it comes between their prompt and their read(2): one time in sixty of sudo's, on a busy machine.
    """
    for _ in range(10):
        child.sendintr()
        if expect(child, until, pexpect.TIMEOUT, timeout=3) == 0:
            return
    raise AssertionError(f"ten times Ctrl-C, and no {until} after {child.shown!r}")


def answer(child, *answers, timeout=-1):
    """Answers each prompt in turn, then goes on with the last answer's silence: returns as `finish` does."""
    for line in answers:
        if expect(child, CODE, PASSWORD, pexpect.EOF, timeout=timeout) == 2:
            break
        child.sendline(line)
    while expect(child, CODE, PASSWORD, pexpect.EOF, timeout=timeout) != 2:
        child.sendeof()
    child.close()
    return (child.exitstatus if child.exitstatus is not None else -child.signalstatus), child.shown


class Sshd:
    """An sshd on the loopback, with the shipped settings and more."""

    _ports = iter(range(2200, 2300))

    def __init__(self, *lines, shipped=True, arguments=()):
        self.port = next(Sshd._ports)
        folder = Path("/run/ssh-test")
        folder.mkdir(mode=0o755, exist_ok=True)
        host_key = folder / "host"
        if not host_key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
        self.log = LogFile(folder / f"log-{self.port}")
        self.known_hosts = folder / f"known-{self.port}"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {Path(f'{host_key}.pub').read_text()}")
        # Which of the shipped settings; without any, PAM alone.
        fragment = "twostep.conf" if shipped is True else shipped
        settings = [f"Include {EXAMPLES}/{fragment}"] if fragment else ["UsePAM yes"]
        self.configuration = path = folder / f"config-{self.port}"
        # What stands first in sshd_config wins.
        path.write_text("\n".join([
            *lines, "ListenAddress 127.0.0.1", f"Port {self.port}", f"HostKey {host_key}", "PidFile none",
            "Subsystem sftp internal-sftp",
            "LogLevel VERBOSE", "MaxStartups 500", "MaxAuthTries 100", "LoginGraceTime 120", *settings, ""]))
        with open(self.log.path, "ab") as log:
            self.process = subprocess.Popen([shutil.which("sshd"), "-D", "-e", "-f", path, *arguments], stderr=log)
        wait_until(lambda: self.log.since_mark("Server listening"), "sshd to listen")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def reload(self):
        """SIGHUP; returns when it listens again."""
        self.log.mark()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log.since_mark("Server listening"), "sshd to listen again")

    def client(self, user, *command, options=(), prompts=1, key=None):
        """OpenSSH's client on a terminal."""
        return spawn(
            "ssh", "-F", "none", "-tt" if not command else "-T", "-p", self.port, "-i", key or user.key,
            "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={self.known_hosts}",
            "-o", "PreferredAuthentications=publickey,keyboard-interactive",
            "-o", f"NumberOfPasswordPrompts={prompts}", *options, f"{user}@127.0.0.1", *command)

    def log_in(self, user, *answers, command="echo in as $USER", **options):
        """A whole login by OpenSSH's client: (exit status, what was shown)."""
        return answer(self.client(user, command, **options), *answers)

    def connect(self):
        """paramiko, connected and not logged in."""
        transport = paramiko.Transport(("127.0.0.1", self.port))
        transport.start_client(timeout=30)
        transport.auth_timeout = 60
        return transport


class Paramiko:
    """A second ssh client, from another hand: a key, then prompts answered from a list."""

    def __init__(self, sshd, user, key=True):
        self.user, self.prompts, self.instructions = user, [], []
        self.transport = sshd.connect()
        if key:
            self.left = self.transport.auth_publickey(str(user), paramiko.Ed25519Key(filename=str(user.key)))

    def interactive(self, *answers):
        """One keyboard-interactive attempt; true if it let us in. The last answer goes on for ever."""
        left = list(answers)

        def handler(title, instructions, prompts):
            self.instructions.append(instructions)
            self.prompts += [text for text, _ in prompts]
            return [(left.pop(0) if len(left) > 1 else left[0]) if left else "" for _ in prompts]

        try:
            self.transport.auth_interactive(str(self.user), handler)
        except (paramiko.AuthenticationException, paramiko.SSHException, EOFError):
            return False
        return self.transport.is_authenticated()

    def run(self, command):
        channel = self.transport.open_session()
        channel.exec_command(command)
        return channel.makefile().read().decode()

    @property
    def words(self):
        """All that the person read."""
        return "\n".join(self.instructions + self.prompts)

    def close(self):
        self.transport.close()


def plain(text):
    """Without what a terminal would act on."""
    return re.sub(r"\r", "", text)
