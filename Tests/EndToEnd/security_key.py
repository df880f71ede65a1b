"""A security key that is no more than a program, and so says of itself whatever a test wants: behind an ssh-agent."""

import base64
import hashlib
import itertools
import socket
import struct
import threading
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

TOUCHED, VERIFIED = 0x01, 0x04
APPLICATION = b"ssh:"
FOLDER = Path("/run/ssh-test")
IDENTITIES, SIGN = 11, 13
numbers = itertools.count(1)


def string(data):
    """As RFC 4251 has it."""
    return struct.pack(">I", len(data)) + data


def strings(data):
    """All strings that stand one behind the other."""
    while len(data) >= 4:
        length = struct.unpack(">I", data[:4])[0]
        yield data[4:4 + length]
        data = data[4 + length:]


def mpint(number):
    """A positive number as RFC 4251 has it."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


class SecurityKey:
    """One key and its agent (PROTOCOL.u2f of OpenSSH, draft-miller-ssh-agent): `flags` is what each signature says."""

    def __init__(self, kind="ed25519", flags=TOUCHED):
        self.flags, self.counter = flags, 0
        if kind == "ed25519":
            self.type = b"sk-ssh-ed25519@openssh.com"
            self._private = ed25519.Ed25519PrivateKey.generate()
            public = string(self._private.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw))
        else:
            self.type = b"sk-ecdsa-sha2-nistp256@openssh.com"
            self._private = ec.generate_private_key(ec.SECP256R1())
            public = string(b"nistp256") + string(self._private.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint))
        self.blob = string(self.type) + public + string(APPLICATION)
        FOLDER.mkdir(mode=0o755, exist_ok=True)
        # What ssh's -i is given: all that there is of it outside of the agent.
        self.public = FOLDER / f"security-key-{next(numbers)}.pub"
        self.certificate = self.public.with_name(f"{self.public.stem}-cert.pub")
        self.public.write_text(self.line + "\n")
        self._socket = socket.socket(socket.AF_UNIX)
        self.agent = f"{self.public}.agent"
        self._socket.bind(self.agent)
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def line(self):
        """As authorized_keys has it."""
        return f"{self.type.decode()} {base64.b64encode(self.blob).decode()}"

    @property
    def options(self):
        """What ssh needs to ask the agent."""
        certificate = ("-o", f"CertificateFile={self.certificate}") if self.certificate.exists() else ()
        return ("-o", f"IdentityAgent={self.agent}", *certificate)

    def _sign(self, data):
        self.counter += 1
        said = bytes([self.flags]) + struct.pack(">I", self.counter)
        signed = hashlib.sha256(APPLICATION).digest() + said + hashlib.sha256(data).digest()
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            signature = self._private.sign(signed)
        else:
            pair = utils.decode_dss_signature(self._private.sign(signed, ec.ECDSA(hashes.SHA256())))
            signature = b"".join(mpint(number) for number in pair)
        return string(self.type) + string(signature) + said

    def _answer(self, request):
        if request[0] == IDENTITIES:
            return bytes([12]) + struct.pack(">I", 1) + string(self.blob) + string(b"security key")
        if request[0] == SIGN:
            blob, data = itertools.islice(strings(request[1:]), 2)
            if blob == self.blob:
                return bytes([14]) + string(self._sign(data))
        return bytes([5])

    def _serve(self):
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection):
        with connection, connection.makefile("rb") as received:
            while len(head := received.read(4)) == 4:
                connection.sendall(string(self._answer(received.read(struct.unpack(">I", head)[0]))))
