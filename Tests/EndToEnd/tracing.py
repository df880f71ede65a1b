"""strace, as the hand that makes system calls fail, ends a process at one of them, or writes down in which order they came."""

import os
import re
import subprocess
import threading
from pathlib import Path

import world


class Trace:
    """strace, attached to a process and all of its threads, or to those alone whose names are wanted, or starting a process."""

    def __init__(self, *options, pid=None, threads=None, command=(), **surroundings):
        self.path = Path(f"/run/trace-{next(world.numbers)}")
        self.said = ""
        if threads:
            target = [word for thread in threads_of(pid, threads) for word in ("-p", thread)]
        else:
            target = ["-f", *(["-p", str(pid)] if pid else ["--", *map(str, command)])]
        self._strace = subprocess.Popen(
            ["strace", "-o", str(self.path), *options, *target], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **surroundings)
        if pid:
            self._wait_until_attached()

    def _wait_until_attached(self):
        said = []

        def listen():
            for line in self._strace.stderr:
                said.append(line)

        threading.Thread(target=listen, daemon=True).start()
        world.wait_until(lambda: any("attached" in line for line in said), f"strace to attach: {said}")

    def communicate(self, text, timeout=60):
        """Gives a command that was started its input; returns its exit status, and keeps what it has said."""
        self.said = "\n".join(self._strace.communicate(text, timeout=timeout))
        return self._strace.returncode

    def stop(self):
        """Lets go of the process; returns the lines that were written."""
        # Killed, for it waits for threads that were killed and never come; the kernel lets go of all others.
        if self._strace.poll() is None:
            self._strace.kill()
        self._strace.wait(20)
        return self.lines()

    def lines(self):
        text = self.path.read_text(errors="replace") if self.path.exists() else ""
        return text.splitlines()

    @property
    def hits(self):
        """How many calls were made to fail."""
        return sum("(INJECTED)" in line for line in self.lines())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.path.unlink(missing_ok=True)


def threads_of(pid, is_wanted):
    """The numbers of a process's threads whose names are wanted, at least one."""
    found = [task.name for task in Path(f"/proc/{pid}/task").iterdir() if is_wanted((task / "comm").read_text().strip())]
    assert found, f"no such thread in {pid}"
    return found


def is_event_loop(name):
    return name.startswith("NIO-ELT")


def is_at_work(name):
    """All but the one that measures what a look-up takes: it reads the account files by the dozen, whenever somebody has waited."""
    return name != "twostep-gauge"


def ends_at(call, number):
    """The option that ends a process as it makes the so-manyth such call; each thread counts for itself."""
    return ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]


def fails_at(call, error, number):
    """The option that makes the so-manyth such call fail; each thread counts for itself."""
    return ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}"]


def modes_under_no_umask(command, *more):
    """Runs a command that no umask helps: the modes that it makes files with, those that it gives them, and its lines."""
    os.umask(0)
    try:
        with Trace("-e", ",".join(["trace=openat,creat,open,chmod,fchmod,fchmodat", *more]), command=command) as trace:
            assert trace.communicate("") == 0
            lines = trace.lines()
    finally:
        os.umask(0o022)
    made = [int(found[1], 8) for line in lines if (found := re.search(r"O_CREAT.*, 0?([0-7]+)\)", line))]
    given = [int(found[1], 8) for line in lines if (found := re.search(r"fchmod\w*\(.*, 0?([0-7]+)\)", line))]
    return made, given, lines


def calls(lines):
    """The calls of a trace in the order in which they ended: (name, arguments, result)."""
    pending = {}
    for line in lines:
        match = re.match(r"(\d+)\s+(?:[\d:.]+ )?(.*)", line)
        if not match:
            continue
        thread, text = match.groups()
        if text.endswith("<unfinished ...>"):
            pending[thread] = text[: -len("<unfinished ...>")]
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
        if resumed:
            text = pending.pop(thread, "") + resumed[1]
        whole = re.match(r"(\w+)\((.*)\)\s+= (.*)", text)
        if whole:
            yield whole.groups()
