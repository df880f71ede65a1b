internal import Authentication
internal import Cryptography

/// A PIN as it is stored: version, a random key, and the HMAC-SHA-256 of the stretched PIN under it.
enum PINDigest {
    /// The size of a stretched PIN, of the key and of the digest.
    static let size = 32
    private static let version: UInt8 = 1
    private static let keyEnd = 1 + size

    /// Whether a payload is one that `payload(of:key:)` has written.
    static func isWhole(_ payload: Span<UInt8>) -> Bool {
        payload.count == keyEnd + size && payload[0] == version
    }

    static func payload(of stretched: Span<UInt8>, key: Span<UInt8>) throws(CryptographyFailure) -> Secret {
        guard key.count == size else { throw .wrongSize }
        return try Secret(count: keyEnd + size) { (target) throws(CryptographyFailure) in
            target[0] = version
            for index in key.indices { target[1 + index] = key[index] }
            try withHMAC(.sha256, key: key, message: stretched) { digest in
                for index in digest.indices { target[keyEnd + index] = digest[index] }
            }
        }
    }

    /// Whether a stretched PIN is the stored one, looking at every byte of it.
    static func isSame(_ stretched: Span<UInt8>, in payload: Span<UInt8>) throws(InvalidAuth) -> Bool {
        guard isWhole(payload) else { throw .unavailable }
        do throws(CryptographyFailure) {
            return try withHMAC(.sha256, key: payload.extracting(1..<keyEnd), message: stretched) { digest in
                isEqual(digest, payload.extracting(keyEnd..<keyEnd + size))
            }
        } catch {
            throw .unavailable
        }
    }
}
