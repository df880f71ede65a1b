internal import Authentication
internal import Cryptography

/// A code of eight digits (26 bits) as it is kept: the HMAC-SHA-256 of it under a random key of its own.
final class HashedCode: Sendable {
    /// How many digits a code has.
    static let digits = 8
    static let keySize = 32
    static let digestSize = 32

    /// The key, and behind it the digest.
    let bytes: Secret

    /// Hashes a code under a new key.
    init(_ code: borrowing Secret) throws(CryptographyFailure) {
        bytes = try Secret(count: HashedCode.keySize + HashedCode.digestSize) { (target) throws(CryptographyFailure) in
            let key = try Secret(count: HashedCode.keySize) { (key) throws(CryptographyFailure) in try fillRandom(&key)
            }
            try key.withBytes { (key) throws(CryptographyFailure) in
                for index in key.indices { target[index] = key[index] }
                try code.withBytes { (code) throws(CryptographyFailure) in
                    try withHMAC(.sha256, key: key, message: code) { digest in
                        for index in digest.indices { target[HashedCode.keySize + index] = digest[index] }
                    }
                }
            }
        }
    }

    func isRight(_ code: borrowing Secret) throws(CryptographyFailure) -> Bool {
        try bytes.withBytes { (bytes) throws(CryptographyFailure) in try HashedCode.isRight(code, bytes) }
    }

    /// Whether a code is the one of these bytes; it takes as long whichever it is.
    static func isRight(_ code: borrowing Secret, _ bytes: Span<UInt8>) throws(CryptographyFailure) -> Bool {
        guard bytes.count == keySize + digestSize else { return false }
        return try code.withBytes { (code) throws(CryptographyFailure) in
            try withHMAC(.sha256, key: bytes.extracting(first: keySize), message: code) { digest in
                isEqual(digest, bytes.extracting(keySize..<(keySize + digestSize)))
            }
        }
    }
}
