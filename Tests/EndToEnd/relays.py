"""Daemons of a fleet: hubs that decide, and hosts that ask them."""

import socket
import ssl
import struct

import pam
import wire
import world


class Hub(world.Daemon):
    """A daemon that hosts ask, at an address of its own; `store` is the part of its configuration that names the store."""

    def __init__(self, name, address, store, key=None, under=()):
        super().__init__(name)
        self.place = f"{address}:7443"
        self.under = under
        # The part of every configuration that makes it a hub.
        self.part = f"hub: {{name: {address}, listen: '{self.place}'}}\n"
        self.join(
            world.CODE_ALONE + store + self.part
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


class Stolen:
    """Whoever has a host's bundle and says to a hub what it likes."""

    def __init__(self, bundle, hub, hello=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(str(bundle))
        address, port = hub.place.split(":")
        connection = socket.create_connection((address, int(port)), 10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(connection)
        self.socket.settimeout(30)
        self.streams = 0
        if hello:
            self.send(self.frame(1, 0, b"\x01\x01"))
            self.first = self.receive()

    @staticmethod
    def frame(kind, stream, payload=b""):
        return struct.pack(">IBI", 5 + len(payload), kind, stream) + payload

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def begin(self, user, caller=1, **options):
        """The frames that begin a login, on a stream of its own."""
        self.streams += 1
        return self.frame(2, self.streams, bytes([caller, 0])) + self.frame(3, self.streams, wire.begin(user, **options))

    def answer(self, stream, text):
        return self.frame(3, stream, wire.frame(wire.ANSWER, text.encode()))

    def receive(self):
        """Kind, stream and payload of the next frame; None when the hub has closed."""
        header = self.exactly(9)
        if header is None:
            return None
        length, kind, stream = struct.unpack(">IBI", header)
        return kind, stream, self.exactly(length - 5)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except (ConnectionResetError, ssl.SSLError):
                return None
            if not more:
                return None
            data += more
        return data

    def log_in(self, user, *answers, **options):
        """One login: the verdict's code, None where there was none; and the prompts."""
        self.send(self.begin(user, **options))
        stream, left, prompts, said = self.streams, list(answers), [], b""
        while (received := self.receive()) is not None:
            kind, of, payload = received
            if of != stream:
                continue
            if kind == 0x84:
                return None, prompts
            said += payload if kind == 0x83 else b""
            while len(said) >= 6 and len(said) >= 4 + struct.unpack(">I", said[:4])[0]:
                length, _, kind = struct.unpack(">IBB", said[:6])
                payload, said = said[6:4 + length], said[4 + length:]
                if kind == wire.VERDICT:
                    return struct.unpack(">I", payload[:4])[0], prompts
                if kind == wire.PROMPT and payload[0] not in (3, 4):
                    prompts.append(payload[5:].decode())
                    self.send(self.answer(stream, left.pop(0)) if left else self.frame(3, stream, wire.frame(wire.CANCEL)))
        return None, prompts
