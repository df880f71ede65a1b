internal import COpenSSL

/// SHA-256 (FIPS 180-4) of some bytes.
package func sha256Digest(_ bytes: Span<UInt8>) throws(CryptographyFailure) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    let isMade = unsafe bytes.withUnsafeBytes { bytes in
        unsafe digest.withUnsafeMutableBufferPointer { digest in
            // Some address for nothing at all.
            var none: UInt8 = 0
            return unsafe withUnsafePointer(to: &none) { none in
                unsafe EVP_Digest(
                    bytes.baseAddress ?? UnsafeRawPointer(none), bytes.count, digest.baseAddress, nil, EVP_sha256(),
                    nil) == 1
            }
        }
    }
    guard isMade else { throw .refused("SHA-256") }
    return digest
}

/// The same in 64 hexadecimal digits: by which a file is known again.
package func sha256(_ bytes: Span<UInt8>) throws(CryptographyFailure) -> String {
    try sha256Digest(bytes).map { byte in
        let text = String(byte, radix: 16)
        return text.utf8.count == 1 ? "0" + text : text
    }.joined()
}
