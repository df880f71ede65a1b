internal import COpenSSL

/// A public key, and whether a signature is of its private one.
@safe
package struct VerifyingKey: ~Copyable {
    private let key: OpaquePointer
    private let algorithm: SignatureAlgorithm

    /// The key in the bytes that `SignatureAlgorithm.keySize` counts. Throws `wrongSize` for another number of them, and
    /// `refused` for what is no key: a point that is not on the curve, a modulus of fewer than 2048 bits, an exponent other
    /// than 65537.
    package init(_ algorithm: SignatureAlgorithm, _ bytes: Span<UInt8>) throws(CryptographyFailure) {
        guard bytes.count == algorithm.keySize else { throw .wrongSize }
        var info = algorithm.prefix
        switch algorithm {
        case .es256, .edDSA: for index in bytes.indices { info.append(bytes[index]) }
        case .rs256:
            let exponent = bytes.extracting(256..<259)
            guard bytes[0] >= 0x80, exponent[0] == 1, exponent[1] == 0, exponent[2] == 1 else {
                throw .refused(algorithm.name)
            }
            for index in 0..<256 { info.append(bytes[index]) }
            info += [0x02, 0x03, 0x01, 0x00, 0x01]
        }
        let parsed = unsafe info.withUnsafeBufferPointer { info in
            var start = info.baseAddress
            return unsafe d2i_PUBKEY(nil, &start, info.count)
        }
        guard let parsed = unsafe parsed else { throw .refused(algorithm.name) }
        unsafe key = parsed
        self.algorithm = algorithm
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Whether `signature` is this key's over `message`: of ES256 in DER (RFC 3279 section 2.2.3), of the others as it is.
    package borrowing func accepts(_ signature: Span<UInt8>, over message: Span<UInt8>) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        // Ed25519 hashes by itself.
        let digest = unsafe algorithm == .edDSA ? nil : EVP_sha256()
        guard unsafe EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1 else { return false }
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe EVP_DigestVerify(
                    context, signature.baseAddress, signature.count, message.baseAddress, message.count) == 1
            }
        }
    }
}
