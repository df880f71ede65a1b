internal import COpenSSL

/// The hash functions of RFC 6238 section 1.2.
package enum HashAlgorithm: String, CaseIterable, Sendable {
    case sha1 = "SHA1"
    case sha256 = "SHA256"
    case sha512 = "SHA512"

    /// The size of a digest in bytes.
    package var digestSize: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }

    /// HMAC with this hash function and no key.
    fileprivate var template: HMACTemplate {
        switch self {
        case .sha1: .sha1
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }
}

/// HMAC with a hash function chosen, and no key: libcrypto looks both up by name, which takes longer than a code does.
@safe
private final class HMACTemplate: @unchecked Sendable {
    // Sendable: it is only copied from (EVP_MAC_CTX_dup).
    static let sha1 = HMACTemplate("SHA1")
    static let sha256 = HMACTemplate("SHA256")
    static let sha512 = HMACTemplate("SHA512")

    private let context: OpaquePointer?

    private init(_ digest: String) { unsafe context = hmac_with_digest(digest) }

    /// A copy that a key can be given to; nil if libcrypto has none.
    func copy() -> OpaquePointer? {
        guard let context = unsafe context else { return nil }
        return unsafe EVP_MAC_CTX_dup(context)
    }
}

/// HMAC (RFC 2104) under one key, for one message after the other. What it has made of the key is wiped with it.
@safe
package struct HMAC: ~Copyable {
    private let context: OpaquePointer
    private let algorithm: HashAlgorithm

    package init(_ algorithm: HashAlgorithm, key: Span<UInt8>) throws(CryptographyFailure) {
        guard let context = unsafe algorithm.template.copy() else { throw .refused("HMAC-\(algorithm.rawValue)") }
        let isKeyed = unsafe key.withUnsafeBufferPointer { key in
            // An empty key is given as some address: NULL would mean the one before.
            var none: UInt8 = 0
            return unsafe withUnsafePointer(to: &none) {
                unsafe EVP_MAC_init(context, key.baseAddress ?? $0, key.count, nil) == 1
            }
        }
        guard isKeyed else {
            unsafe EVP_MAC_CTX_free(context)
            throw .refused("HMAC-\(algorithm.rawValue)")
        }
        unsafe self.context = context
        self.algorithm = algorithm
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// Lends the digest of a message for the time of a call; it is wiped afterwards.
    package borrowing func withDigest<Result>(
        of message: Span<UInt8>, _ body: (Span<UInt8>) -> Result
    ) throws(CryptographyFailure) -> Result {
        var digest = [64 of UInt8](repeating: 0)
        let context = unsafe context
        let length = unsafe message.withUnsafeBufferPointer { message in
            var length = 0
            var target = digest.mutableSpan
            return unsafe target.withUnsafeMutableBufferPointer { digest -> Int in
                let made =
                    unsafe EVP_MAC_init(context, nil, 0, nil) == 1
                    && EVP_MAC_update(context, message.baseAddress, message.count) == 1
                    && EVP_MAC_final(context, digest.baseAddress, &length, digest.count) == 1
                return made ? length : -1
            }
        }
        defer {
            var target = digest.mutableSpan
            unsafe target.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        }
        guard length == algorithm.digestSize else { throw .refused("HMAC-\(algorithm.rawValue)") }
        return body(digest.span.extracting(first: length))
    }
}

/// Lends HMAC(key, message) for the time of a call; the digest is wiped afterwards.
package func withHMAC<Result>(
    _ algorithm: HashAlgorithm, key: Span<UInt8>, message: Span<UInt8>, _ body: (Span<UInt8>) -> Result
) throws(CryptographyFailure) -> Result {
    try HMAC(algorithm, key: key).withDigest(of: message, body)
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
package func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}

/// Fills `target` with random bytes fit for keys; throws `noRandomness` rather than give weaker ones.
package func fillRandom(_ target: inout MutableSpan<UInt8>) throws(CryptographyFailure) {
    let status = unsafe target.withUnsafeMutableBufferPointer { buffer in
        unsafe RAND_bytes(buffer.baseAddress, Int32(clamping: buffer.count))
    }
    guard status == 1 else { throw .noRandomness }
}
