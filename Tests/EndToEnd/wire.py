"""twostep-wire(7), written a second time: a module of our own that can also misbehave."""

import socket
import struct

BEGIN, ANSWER, UNUSABLE, CANCEL, PROMPT, SET, VERDICT = 0x01, 0x02, 0x03, 0x04, 0x81, 0x82, 0x83
GRANTED, EXEMPT, DENIED, TRIES, UNAVAILABLE = 0x5AC39E17, 0xA53C61E8, 0x0F96C3D2, 0xC35A0F66, 0x3369F09C
BLOCKED, NO_OPINION = 0x96D06B7F, 0x6CA5AC31


def frame(kind, payload=b"", version=1):
    return struct.pack(">IBB", 2 + len(payload), version, kind) + payload


def _field(value):
    data = str(value).encode()
    return struct.pack(">H", len(data)) + data


def begin(user, service="e2e", evidence=(), authtok=False, stage=1, rhost="", tty="", arguments=(), versions=(1, 1)):
    payload = struct.pack(">BBBIB", *versions, stage, 0, authtok)
    for value in (service, user, rhost, tty, "", ""):
        payload += _field(value)
    for values in (evidence, arguments):
        payload += struct.pack(">B", len(values)) + b"".join(_field(value) for value in values)
    return frame(BEGIN, payload)


def prompt(text, version=1):
    """A question whose answer is not shown, as a daemon sends it."""
    return frame(PROMPT, struct.pack(">BH", 1, 0) + _field(text), version)


def verdict(code, version=1):
    """The end, as a daemon sends it."""
    return frame(VERDICT, struct.pack(">I", code) + _field(""), version)


class Connection:
    """A connection to login.sock."""

    @classmethod
    def over(cls, accepted, seconds=15):
        """The daemon's end of one."""
        connection = cls.__new__(cls)
        connection.socket = accepted
        connection.socket.settimeout(seconds)
        return connection

    def __init__(self, path="/run/twostep/login.sock", seconds=15):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # As the module does it: a connect that must not block fails at once where the backlog is full.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 2, 0))
        self.socket.connect(path)
        self.socket.settimeout(seconds)

    def send(self, data):
        self.socket.sendall(data)
        return self

    def close(self):
        self.socket.close()

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                return None
            data += more
        return data

    def receive(self):
        """(kind, payload), or None at the end."""
        try:
            header = self._exactly(6)
            if header is None:
                return None
            length, _, kind = struct.unpack(">IBB", header)
            return kind, self._exactly(length - 2) if length > 2 else b""
        except ConnectionResetError:
            return None

    def verdict(self):
        """The verdict's code, whatever comes before it; None if the connection ends without one."""
        while received := self.receive():
            if received[0] == VERDICT:
                return struct.unpack(">I", received[1][:4])[0]
        return None


def ask(user, *answers, path="/run/twostep/login.sock", **begin_options):
    """A whole login with these answers, texts or what makes one of a prompt's; returns the verdict's code."""
    connection = Connection(path)
    connection.send(begin(user, **begin_options))
    left = list(answers)
    while received := connection.receive():
        kind, payload = received
        if kind == VERDICT:
            return struct.unpack(">I", payload[:4])[0]
        if kind == PROMPT and payload[0] not in (3, 4):
            if not left:
                connection.send(frame(CANCEL))
                continue
            answer = left.pop(0)
            connection.send(frame(ANSWER, str(answer(payload[5:].decode()) if callable(answer) else answer).encode()))
    return None
