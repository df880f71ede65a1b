internal import COpenSSL

/// A private key on the curve P-256, which certificates are signed with or speak of.
@safe
package struct SigningKey: ~Copyable {
    let key: OpaquePointer

    /// A new one.
    package init() throws(CryptographyFailure) {
        guard let made = unsafe p256_key() else { throw .refused("a key on P-256") }
        unsafe key = made
    }

    /// The one in these bytes, as `withBytes` lends them. Throws `refused` for what is none.
    package init(_ bytes: Span<UInt8>) throws(CryptographyFailure) {
        let parsed = unsafe bytes.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return unsafe d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let parsed = unsafe parsed else { throw .refused("a private key") }
        unsafe key = parsed
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Lends the key in DER (RFC 5915), in memory that is overwritten afterwards.
    package borrowing func withBytes<Value: ~Copyable>(
        _ body: (Span<UInt8>) -> Value
    ) throws(CryptographyFailure) -> Value {
        var start: UnsafeMutablePointer<UInt8>?
        let size = unsafe Int(i2d_PrivateKey(key, &start))
        guard size > 0, let bytes = unsafe start else { throw .refused("a private key") }
        defer { unsafe CRYPTO_clear_free(bytes, size, nil, 0) }
        return body(unsafe Span(_unsafeStart: UnsafePointer(bytes), count: size))
    }

    /// Its public half, in DER (RFC 5280, SubjectPublicKeyInfo).
    package borrowing func publicKey() throws(CryptographyFailure) -> [UInt8] {
        var start: UnsafeMutablePointer<UInt8>?
        let size = unsafe Int(i2d_PUBKEY(key, &start))
        guard size > 0, let bytes = unsafe start else { throw .refused("a public key") }
        defer { unsafe CRYPTO_free(bytes, nil, 0) }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: size))
    }
}
