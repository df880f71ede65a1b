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

    fileprivate var method: OpaquePointer? {
        switch self {
        case .sha1: unsafe EVP_sha1()
        case .sha256: unsafe EVP_sha256()
        case .sha512: unsafe EVP_sha512()
        }
    }
}

/// Lends HMAC(key, message) (RFC 2104) for the time of a call; the digest is wiped afterwards.
package func withHMAC<Result>(
    _ algorithm: HashAlgorithm, key: Span<UInt8>, message: Span<UInt8>, _ body: (Span<UInt8>) -> Result
) throws(CryptographyFailure) -> Result {
    var digest = [64 of UInt8](repeating: 0)
    let length = unsafe key.withUnsafeBufferPointer { key in
        unsafe message.withUnsafeBufferPointer { message in
            var length: UInt32 = 0
            var target = digest.mutableSpan
            return unsafe target.withUnsafeMutableBufferPointer { digest -> Int in
                // An empty key is given as some address: NULL would mean "the key of last time".
                var none: UInt8 = 0
                let made = unsafe withUnsafePointer(to: &none) {
                    unsafe COpenSSL.HMAC(
                        algorithm.method, key.baseAddress ?? $0, Int32(clamping: key.count), message.baseAddress,
                        message.count, digest.baseAddress, &length)
                }
                return unsafe made == nil ? -1 : Int(length)
            }
        }
    }
    defer {
        var target = digest.mutableSpan
        unsafe target.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
    guard length == algorithm.digestSize else { throw .refused("HMAC-\(algorithm.rawValue)") }
    return body(digest.span.extracting(first: length))
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
