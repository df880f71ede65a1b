"""What a service manager does for twostepd: it holds the sockets, passes them to one daemon after the other, and hears them."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

LAUNCHER = r"""
import os, pwd, sys
# What systemd does: sockets from 3 on, and the pid of the one that they are for.
user, numbers, notify, *rest = sys.argv[1:]
numbers = list(map(int, numbers.split(",")))
for target, number in enumerate(numbers, 3):
    os.dup2(number, target, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(numbers)), NOTIFY_SOCKET=notify)
if user != "root":
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
os.execvp(rest[0], rest)
"""

MODES = {"login.sock": 0o666, "admin.sock": 0o600, "self.sock": 0o666}


class Manager:
    """The socket at which a service manager hears its services (sd_notify(3))."""

    def __init__(self, path="/run/notify-test"):
        self.path = path
        Path(path).unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._socket.settimeout(30)

    def hear(self):
        return self._socket.recv(4096).decode()

    def close(self):
        self._socket.close()
        Path(self.path).unlink(missing_ok=True)


class Sockets:
    """The sockets of one place: whoever connects while no daemon runs waits for the next one."""

    def __init__(self, place, user="root", names=tuple(MODES)):
        self.place, self.user = place, user
        self.manager = Manager(f"/run/notify-{Path(place.runtime).name}")
        os.makedirs(place.runtime, exist_ok=True)
        self._numbers, self.login = [], None
        for name in names:
            path = Path(place.runtime, name)
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
            listener.listen(16)
            os.chmod(path, MODES[name])
            shutil.chown(path, "twostep", "twostep")
            # Above where they are to end up.
            self._numbers.append(os.dup2(listener.fileno(), 100 + len(self._numbers), inheritable=True))
            if name == "login.sock":
                self.login = listener
            else:
                listener.close()

    def start(self, program="twostepd"):
        """Starts a daemon on them; returns when it is ready."""
        with open(self.place.log.path, "ab") as log:
            self.place.process = subprocess.Popen(
                ["/usr/bin/python3", "-c", LAUNCHER, self.user, ",".join(map(str, self._numbers)), self.manager.path,
                 program, *map(str, self.place.places)],
                pass_fds=self._numbers, stderr=log, stdout=log)
        assert self.manager.hear() == "READY=1"

    def stop(self):
        """Ends the daemon as systemd does, and keeps the sockets."""
        assert self.place.stop() == 0
        assert self.manager.hear() == "STOPPING=1"
        assert os.path.exists(self.place.socket)

    def close(self):
        """The sockets go as well."""
        if self.place.is_running:
            self.place.stop()
        self.manager.close()
        self.login.close()
        for number in self._numbers:
            os.close(number)
