internal import COpenSSL

/// SHA-256 (FIPS 180-4) of some bytes, in 64 hexadecimal digits: by which a file is known again.
package func sha256(_ bytes: Span<UInt8>) throws(CryptographyFailure) -> String {
    var digest = [32 of UInt8](repeating: 0)
    var target = digest.mutableSpan
    let isMade = unsafe bytes.withUnsafeBytes { bytes in
        unsafe target.withUnsafeMutableBytes { digest in
            // Some address for nothing at all.
            var none: UInt8 = 0
            return unsafe withUnsafePointer(to: &none) { none in
                unsafe EVP_Digest(
                    bytes.baseAddress ?? UnsafeRawPointer(none), bytes.count,
                    digest.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, EVP_sha256(), nil) == 1
            }
        }
    }
    guard isMade else { throw .refused("SHA-256") }
    return digest.span.indices.map { index in
        let text = String(digest.span[index], radix: 16)
        return text.utf8.count == 1 ? "0" + text : text
    }.joined()
}
