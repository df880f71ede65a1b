"""A security key in software: CTAP 2.0 over HID reports (FIDO Client to Authenticator Protocol), written from the
specification, behind libfido2's own interface for devices (keys.c)."""

import hashlib
import hmac
import os
import socket
import struct
import threading
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

FOLDER = Path("/run/keys")
INIT, CBOR, CANCEL, KEEPALIVE, ERROR = 0x06, 0x10, 0x11, 0x3B, 0x3F
MAKE, GET, INFO, PIN = 0x01, 0x02, 0x04, 0x06
OK, NO_CREDENTIALS, KEEPALIVE_CANCEL, TIMEOUT = 0x00, 0x2E, 0x2D, 0x2F
PIN_INVALID, PIN_AUTH_INVALID, PIN_BLOCKED, PIN_REQUIRED = 0x31, 0x33, 0x32, 0x36
UP, UV, AT = 0x01, 0x04, 0x40


def sha256(data):
    return hashlib.sha256(data).digest()


class Refused(Exception):
    """A status other than OK."""


class SoftKey:
    """A key that is plugged in for as long as it is entered as a context."""

    def __init__(self, name, pin=None, counts=True):
        self.path = FOLDER / name
        self.pin, self.retries, self.counts = pin, 8, counts
        self.counter = 0
        self.credentials = {}
        # Set, a touch is there before it is asked for; else somebody gives it, or nobody.
        self.touch = threading.Event()
        self.touch.set()
        # What has happened: waiting for a touch, cancelled.
        self.waits, self.cancelled = threading.Event(), threading.Event()
        # What it does other than a key should: called with authenticator data before it is signed.
        self.falsify = lambda data: data
        self.asked = []
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        self._token = os.urandom(16)
        self._listener = None

    def __enter__(self):
        FOLDER.mkdir(mode=0o755, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.path))
        os.chmod(self.path, 0o666)
        self._listener.listen()
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.path.unlink()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    # --- reports ----------------------------------------------------------------------------------------------------

    def _talk(self, connection):
        with connection:
            while True:
                try:
                    message = self._receive(connection)
                except OSError:
                    return
                if message is None:
                    return
                channel, command, data = message
                if command == INIT:
                    answer = data[:8] + struct.pack(">I", 1) + bytes([2, 1, 0, 0, 0x04 | 0x08])
                    self._send(connection, channel, INIT, answer)
                elif command == CBOR:
                    try:
                        reply = bytes([OK]) + self._answer(data, connection, channel)
                    except Refused as refusal:
                        reply = bytes([refusal.args[0]])
                    self._send(connection, channel, CBOR, reply)

    @staticmethod
    def _receive(connection):
        report = connection.recv(65)[1:]
        if not report:
            return None
        channel, command, length = struct.unpack(">IBH", report[:7])
        data = report[7:]
        while len(data) < length:
            data += connection.recv(65)[6:]
        return channel, command & 0x7F, data[:length]

    @staticmethod
    def _send(connection, channel, command, data):
        try:
            connection.send(struct.pack(">IBH", channel, command | 0x80, len(data)) + data[:57].ljust(57, b"\0"))
            rest, number = data[57:], 0
            while rest:
                connection.send(struct.pack(">IB", channel, number) + rest[:59].ljust(59, b"\0"))
                rest, number = rest[59:], number + 1
        except OSError:
            pass

    # --- commands ---------------------------------------------------------------------------------------------------

    def _answer(self, data, connection, channel):
        request = cbor2.loads(data[1:]) if len(data) > 1 else {}
        self.asked.append((data[0], request))
        if data[0] == INFO:
            return cbor2.dumps({
                1: ["FIDO_2_0"], 3: bytes(16), 4: {"rk": False, "up": True, "clientPin": self.pin is not None},
                5: 1200, 6: [1]})
        if data[0] == PIN:
            return self._pin(request)
        if data[0] == MAKE:
            verified = self._verified(request.get(8), request[1])
            self._wait(connection, channel)
            return self._make(request, UP | (UV if verified else 0))
        if data[0] == GET:
            return self._get(request, connection, channel)
        raise Refused(0x01)

    def _pin(self, request):
        if request[2] == 1:
            return cbor2.dumps({3: self.retries})
        if request[2] == 2:
            point = self._agreement.public_key().public_numbers()
            return cbor2.dumps({1: {
                1: 2, 3: -25, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}})
        assert request[2] == 5, request
        theirs = request[3]
        numbers = ec.EllipticCurvePublicNumbers(
            int.from_bytes(theirs[-2], "big"), int.from_bytes(theirs[-3], "big"), ec.SECP256R1())
        secret = sha256(self._agreement.exchange(ec.ECDH(), numbers.public_key()))
        cipher = Cipher(algorithms.AES(secret), modes.CBC(bytes(16)))
        opener = cipher.decryptor()
        if self.retries == 0:
            raise Refused(PIN_BLOCKED)
        if opener.update(request[6]) + opener.finalize() != sha256(self.pin.encode())[:16]:
            self.retries -= 1
            raise Refused(PIN_INVALID if self.retries else PIN_BLOCKED)
        self.retries = 8
        sealer = cipher.encryptor()
        return cbor2.dumps({2: sealer.update(self._token) + sealer.finalize()})

    def _verified(self, proof, hashed, isNeeded=True):
        if proof is None:
            if isNeeded and self.pin is not None:
                raise Refused(PIN_REQUIRED)
            return False
        if not hmac.compare_digest(hmac.new(self._token, hashed, "sha256").digest()[:16], proof):
            raise Refused(PIN_AUTH_INVALID)
        return True

    def _wait(self, connection, channel):
        """Blinks until somebody touches it, or whoever asks has had enough."""
        self.waits.set()
        connection.settimeout(0.05)
        try:
            while not self.touch.is_set():
                try:
                    message = self._receive(connection)
                except TimeoutError:
                    self._send(connection, channel, KEEPALIVE, bytes([2]))
                    continue
                if message is None or message[1] == CANCEL:
                    self.cancelled.set()
                    raise Refused(KEEPALIVE_CANCEL)
        finally:
            connection.settimeout(None)

    def _data(self, party, flags, credential=b""):
        self.counter += 1 if self.counts else 0
        return self.falsify(sha256(party.encode()) + bytes([flags]) + struct.pack(">I", self.counter) + credential)

    def _make(self, request, flags):
        assert {"alg": -7, "type": "public-key"} in request[4]
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_numbers()
        name = os.urandom(48)
        self.credentials[name] = (request[2]["id"], key)
        public = cbor2.dumps({
            1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(name)) + name + public
        data = self._data(request[2]["id"], flags | AT, attested)
        signature = key.sign(data + request[1], ec.ECDSA(hashes.SHA256()))
        return cbor2.dumps({1: "packed", 2: data, 3: {"alg": -7, "sig": signature}})

    def _get(self, request, connection, channel):
        party, hashed = request[1], request[2]
        options = request.get(5, {})
        known = [each["id"] for each in request.get(3, []) if self.credentials.get(each["id"], ("",))[0] == party]
        if not known:
            raise Refused(NO_CREDENTIALS)
        verified = self._verified(request.get(6), hashed, isNeeded=False)
        flags = UV if verified else 0
        if options.get("up", True):
            self._wait(connection, channel)
            flags |= UP
        data = self._data(party, flags)
        signature = self.credentials[known[0]][1].sign(data + hashed, ec.ECDSA(hashes.SHA256()))
        return cbor2.dumps({1: {"id": known[0], "type": "public-key"}, 2: data, 3: signature})
