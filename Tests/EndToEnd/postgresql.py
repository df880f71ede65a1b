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
    """A server that is ended by its pid, with settings of its own; `of` is the primary of which it is a standby, and `under` the
    command that starts it."""

    def __init__(self, *settings, of=None, under=()):
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/run"))
        self.folder.chmod(0o755)
        shutil.chown(self.folder, "postgres")
        self.settings = list(settings)
        self.under = under
        self.process = None
        if of is None:
            self._make()
        else:
            self._copy(of)

    def _make(self):
        made = self._as_postgres(
            "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "peer", "--no-sync", "-E", "UTF8", "--locale=C")
        assert made.returncode == 0, made.stdout + made.stderr
        (self.folder / "data" / "pg_ident.conf").write_text("daemon twostep twostep\n")
        (self.folder / "data" / "pg_hba.conf").write_text(
            "local all postgres peer\nlocal replication postgres peer\nlocal all twostep peer map=daemon\n"
            "local all all reject\nhostssl all twostep 127.0.0.0/8 scram-sha-256\nhost all plain 127.0.0.0/8 trust\n")
        self.start()
        self.sql("CREATE ROLE twostep LOGIN PASSWORD 'tw\u00f6 words'")

    def _copy(self, primary):
        made = self._as_postgres(
            "pg_basebackup", "-h", primary.folder, "-U", "postgres", "-D", self.folder / "data", "-X", "stream", "-c", "fast",
            "--no-sync")
        assert made.returncode == 0, made.stderr
        self.follow(primary)
        self.start()
        world.wait_until(lambda: primary.sql("SELECT count(*) FROM pg_stat_replication") != "0", "the standby to follow")

    @property
    def place(self):
        """Where its standbys find it."""
        return self.folder

    def follow(self, primary):
        """A standby of this primary from its next start on."""
        data = self.folder / "data"
        with open(data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
            file.write(f"primary_conninfo = 'host={primary.place} user=postgres application_name=standby'\n")
        (data / "standby.signal").touch()
        shutil.chown(data / "standby.signal", "postgres")

    def set(self, name, value):
        """Changes a setting of the server while it runs."""
        self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("SELECT pg_reload_conf()")
        world.wait_until(lambda: self.sql(f"SHOW {name}") == value, f"{name} to be {value}")

    def promote(self):
        assert self.sql("SELECT pg_promote(true, 60)") == "t"

    def _as_postgres(self, program, *arguments, **options):
        return world.run(
            "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", PROGRAMS / program, *arguments, cwd="/",
            **options)

    def start(self, *settings):
        """Starts it, with more settings for this once; returns when it takes connections, also after it was killed."""
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [*self.under, "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", PROGRAMS / "postgres", "-D",
             self.folder / "data", "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}", "-c",
             "shared_buffers=16MB",
             *(word for setting in [*self.settings, *settings] for word in ("-c", setting))], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
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

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        if self.is_running:
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

    def configuration(self, database, *others, more="", asked=world.CODE_ALONE):
        """A configuration with its store there, or at one of the others, asking for a code alone, with more lines for the
        store."""
        return asked + self.section(database, *others) + more

    def section(self, database, *others):
        """The part of a configuration that names the store."""
        hosts = ",".join(str(server.folder) for server in (self, *others))
        return f"store:\n  type: postgresql\n  connection: host={hosts} dbname={database} user=twostep\n"


def daemon_at(name, configuration, key=None, program="twostep"):
    """A daemon with its store in a database, and with a key of its own where there is none; `init` of this program has made
    the tables where they were not. It is not started."""
    return world.Daemon(name).join(configuration, key, program)
