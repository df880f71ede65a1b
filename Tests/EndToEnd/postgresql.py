"""A PostgreSQL server of a test's own: Debian's, in a temporary folder, as the user postgres, on a socket in it."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import world

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _runs(process):
    """Whether a process is there and has not ended; nobody may have asked for its end yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Server:
    """A server that is ended by its pid."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/run"))
        self.folder.chmod(0o755)
        shutil.chown(self.folder, "postgres")
        made = self._as_postgres(
            "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "peer", "--no-sync", "-E", "UTF8", "--locale=C")
        assert made.returncode == 0, made.stdout + made.stderr
        (self.folder / "data" / "pg_ident.conf").write_text("daemon twostep twostep\n")
        (self.folder / "data" / "pg_hba.conf").write_text(
            "local all postgres peer\nlocal all twostep peer map=daemon\nlocal all all reject\n")
        self.process = None
        self.start()
        self.sql("CREATE ROLE twostep LOGIN")

    def _as_postgres(self, program, *arguments, **options):
        return world.run(
            "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", PROGRAMS / program, *arguments, cwd="/",
            **options)

    def start(self):
        """Starts it; returns when it takes connections, also after it was killed."""
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", PROGRAMS / "postgres", "-D",
             self.folder / "data", "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}", "-c",
             "shared_buffers=16MB"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        world.wait_until(
            lambda: self._as_postgres("pg_isready", "-q", "-h", self.folder).returncode == 0, "the server", 30)
        return self

    def kill(self):
        """SIGKILL to all of it at once, as when the machine goes: no process of it answers any more."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.process.kill()
        for child in children:
            world.run("kill", "-KILL", child)
        self.process.wait(10)
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        world.wait_until(lambda: not any(map(_runs, children)), "its processes to end")

    def stop(self):
        self.process.send_signal(3)
        self.process.wait(20)
        shutil.rmtree(self.folder)

    def sql(self, text, database="postgres"):
        """Runs SQL as the owner of the server; returns what it prints."""
        done = self._as_postgres(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-d", database,
            input=text)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def make_database(self):
        """An empty database that belongs to the user twostep."""
        name = f"twostep{next(world.numbers)}"
        self.sql(f"CREATE DATABASE {name} OWNER twostep")
        return name

    def configuration(self, database, more="", asked=world.CODE_ALONE):
        """A configuration with its store there, asking for a code alone, with more lines for the store."""
        return asked + (
            "store:\n  type: postgresql\n"
            f"  connection: host={self.folder} dbname={database} user=twostep\n" + more)
