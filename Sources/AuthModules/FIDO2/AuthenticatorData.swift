/// What a security key says and signs, beside the hash that it was given (Web Authentication Level 2, section 6.1).
struct AuthenticatorData {
    /// The SHA-256 of the relying party's id.
    let partyHash: [UInt8]
    /// Somebody has touched the key.
    let isPresent: Bool
    /// The key has made sure that it was its owner.
    let isVerified: Bool
    /// How often it has signed; 0 for a key that does not count.
    let counter: UInt32
    /// A credential that was made with it; nil where there is none.
    let credential: FIDO2Credential?

    private enum Flag {
        static let userPresent: UInt8 = 0x01
        static let userVerified: UInt8 = 0x04
        static let hasCredential: UInt8 = 0x40
    }

    /// Where the parts are: the hash, the flags, the counter, and then the credential's AAGUID and the length of its id.
    private enum Place {
        static let flags = 32
        static let counter = 33
        static let end = 37
        static let length = 53
        static let credential = 55
    }

    /// Nil for what is too short, and for a credential that is none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Place.end else { return nil }
        partyHash = Array(bytes[..<Place.flags])
        let flags = bytes[Place.flags]
        isPresent = flags & Flag.userPresent != 0
        isVerified = flags & Flag.userVerified != 0
        counter = bytes[Place.counter..<Place.end].reduce(0) { $0 << 8 | UInt32($1) }
        guard flags & Flag.hasCredential != 0 else {
            credential = nil
            return
        }
        guard bytes.count >= Place.credential else { return nil }
        let length = Int(bytes[Place.length]) << 8 | Int(bytes[Place.length + 1])
        guard FIDO2Credential.idSizes.contains(length), bytes.count - Place.credential >= length else { return nil }
        let end = Place.credential + length
        guard let key = COSEKey(bytes[end...]),
            let made = FIDO2Credential(id: Array(bytes[Place.credential..<end]), key.algorithm, key.bytes)
        else { return nil }
        credential = made
    }
}
