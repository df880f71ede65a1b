#!/usr/bin/python3
"""Makes assertions.txt and registrations.txt: what security keys say, put together by python3-fido2 and signed by
python3-cryptography, neither of which is ours. A second run makes others."""

import hashlib
import pathlib
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2.cose import CoseKey
from fido2.ctap2 import AttestedCredentialData, AuthenticatorData

HERE = pathlib.Path(__file__).parent
PARTY = "pam://host.example"
UP, UV, AT, ED = 0x01, 0x04, 0x40, 0x80
HASH = hashlib.sha256(b"the challenge").digest()


def seeded(name):
    return hashlib.sha256(b"twostep fixture " + name.encode()).digest()


def private_keys():
    es256 = ec.derive_private_key(int.from_bytes(seeded("es256"), "big") >> 1, ec.SECP256R1())
    eddsa = ed25519.Ed25519PrivateKey.from_private_bytes(seeded("eddsa"))
    rs256 = rsa.generate_private_key(65537, 2048)
    return {"es256": es256, "eddsa": eddsa, "rs256": rs256}


def public(kind, key):
    numbers = key.public_key()
    if kind == "es256":
        point = numbers.public_numbers()
        return point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    if kind == "eddsa":
        return numbers.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return numbers.public_numbers().n.to_bytes(256, "big") + numbers.public_numbers().e.to_bytes(3, "big")


def sign(kind, key, message):
    if kind == "es256":
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    if kind == "eddsa":
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def data(party=PARTY, flags=UP, counter=7, credential=b"", extensions=None):
    party = hashlib.sha256(party.encode()).digest()
    return bytes(AuthenticatorData.create(party, flags, counter, credential, extensions))


def main():
    keys = private_keys()
    rows, made = [], []

    def row(name, expected, kind, verification, presence, signed, said=None, hashed=HASH, break_signature=False):
        """`signed` is what the key signs, `said` what is said that it signed."""
        key = keys[kind]
        signature = sign(kind, key, signed + hashed)
        if break_signature:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        else:
            CoseKey.for_alg({"es256": -7, "eddsa": -8, "rs256": -257}[kind]).from_cryptography_key(
                key.public_key()
            ).verify(signed + hashed, signature)
        rows.append(
            [
                name, str(expected), kind, verification, "touch" if presence else "none", seeded(kind + " id").hex(),
                public(kind, key).hex(), HASH.hex(), (said or signed).hex(), signature.hex(),
            ]
        )

    for kind in keys:
        row(f"{kind} touched", 7, kind, "preferred", True, data())
        row(f"{kind} touched and verified", 8, kind, "required", True, data(flags=UP | UV, counter=8))
        row(f"{kind} not touched", "no", kind, "preferred", True, data(flags=0))
        row(f"{kind} verified and not touched", "no", kind, "required", True, data(flags=UV))
        row(f"{kind} not verified", "no", kind, "required", True, data())
        row(f"{kind} of another party", "no", kind, "preferred", True, data(party="pam://host.example.evil"))
        row(f"{kind} over another challenge", "no", kind, "preferred", True, data(), hashed=hashlib.sha256(b"x").digest())
        row(f"{kind} with a damaged signature", "no", kind, "preferred", True, data(), break_signature=True)
        row(f"{kind} with flags put in", "no", kind, "preferred", True, data(flags=0), said=data())
        row(f"{kind} with a counter put in", "no", kind, "preferred", True, data(), said=data(counter=70))
    row("a counter of 0", 0, "es256", "preferred", True, data(counter=0))
    row("the last counter", 2**32 - 1, "es256", "preferred", True, data(counter=2**32 - 1))
    row("no touch where none is wanted", 7, "es256", "required", False, data(flags=UV))
    row("with extensions behind it", 7, "es256", "preferred", True, data(flags=UP | ED, extensions={"foo": True}))

    for kind in keys:
        cose = CoseKey.for_alg({"es256": -7, "eddsa": -8, "rs256": -257}[kind]).from_cryptography_key(
            keys[kind].public_key()
        )
        attested = AttestedCredentialData.create(bytes(16), seeded(kind + " id"), cose)
        good = data(flags=UP | UV | AT, counter=3, credential=attested)
        made += [
            [f"{kind} made", "3", kind, "required", seeded(kind + " id").hex(), public(kind, keys[kind]).hex(), good.hex()],
            [f"{kind} not touched", "no", kind, "preferred", "", "", data(flags=AT, credential=attested).hex()],
            [f"{kind} not verified", "no", kind, "required", "", "", data(flags=UP | AT, credential=attested).hex()],
            [f"{kind} of another party", "no", kind, "preferred", "", "",
             data(party="pam://other", flags=UP | AT, credential=attested).hex()],
            [f"{kind} without a credential", "no", kind, "preferred", "", "", data(flags=UP).hex()],
            [f"{kind} with an id that is longer than all", "no", kind, "preferred", "", "",
             (good[:53] + struct.pack(">H", 1023) + good[55:]).hex()],
            [f"{kind} with another algorithm", "no", kind, "preferred", "", "",
             good.replace({"es256": b"\x03\x26", "eddsa": b"\x03\x27", "rs256": b"\x03\x39\x01\x00"}[kind],
                          b"\x03\x39\x01\x01" if kind == "rs256" else b"\x03\x28", 1).hex()],
        ]
    damaged = data(flags=UP | AT, credential=AttestedCredentialData.create(
        bytes(16), b"id", {1: 2, 3: -7, -1: 1, -2: b"\1" * 32, -3: b"\2" * 32}))
    made.append(["a point that is not on the curve", "no", "es256", "preferred", "", "", damaged.hex()])
    (HERE / "assertions.txt").write_text("".join("|".join(each) + "\n" for each in rows))
    (HERE / "registrations.txt").write_text("".join("|".join(each) + "\n" for each in made))


main()
