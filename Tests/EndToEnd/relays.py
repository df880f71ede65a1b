"""Daemons of a fleet: hubs that decide, and hosts that ask them."""

import pam
import world


class Hub(world.Daemon):
    """A daemon that hosts ask, at an address of its own; `store` is the part of its configuration that names the store."""

    def __init__(self, name, address, store, key=None, under=()):
        super().__init__(name)
        self.place = f"{address}:7443"
        self.under = under
        self.join(
            world.CODE_ALONE + store + f"hub: {{name: {address}, listen: '{self.place}'}}\n"
            + "policy:\n  - match: {service: sudo}\n    remember: 15m\n", key)

    def serve(self):
        """Starts it; returns when it serves hosts."""
        self.start(under=self.under)
        self.log.since_mark("hosts of the fleet are served", count=1)
        return self

    def add_host(self, name, *options):
        """A bundle for a host, as its path."""
        path = world.Path(f"/run/{name}-{next(world.numbers)}.pem")
        done = world.twostep("host", "add", name, "--out", path, *options, runtime=self.runtime)
        assert done.returncode == 0, done.stderr
        assert path.stat().st_mode & 0o7777 == 0o600
        return path


class Host(world.Daemon):
    """A daemon that asks hubs."""

    def __init__(self, name, bundle, *hubs, under=()):
        super().__init__(f"{name}-{next(world.numbers)}")
        self.under = under
        self.make_folder()
        self.bundle = self.folder / "host.pem"
        world.shutil.copy(bundle, self.bundle)
        world.shutil.chown(self.bundle, "root", "twostep")
        self.bundle.chmod(0o640)
        places = ", ".join(hub.place for hub in hubs)
        self.configure(f"upstream:\n  hubs: [{places}]\n  bundle: {self.bundle}\n")

    @property
    def hears_all(self):
        """Whether every hub answers."""
        return all(hub["answers"] for hub in self.status()["hubs"])

    def serve(self):
        """Starts it; returns when every hub answers."""
        self.start(serving=False, under=self.under)
        world.wait_until(lambda: self.hears_all, "the hubs to answer")
        return self

    def log_in(self, user, code, **options):
        """One login by PAM, as `pam.log_in`."""
        return pam.log_in(self.service, user, code, **options)
