internal import COpenSSL

/// AES-256-GCM (NIST SP 800-38D) under one key, with a random nonce for each message.
///
/// The key schedule is set up once; the object belongs to one thread at a time.
@safe
package final class AESGCM {
    /// The size of a key in bytes.
    package static let keySize = 32
    static let nonceSize = 12
    static let tagSize = 16
    /// What a sealed message is longer than the plain one: nonce and tag.
    package static let overhead = nonceSize + tagSize

    private let sealer: OpaquePointer
    private let opener: OpaquePointer

    /// Throws `wrongSize` unless `key` has 32 bytes.
    package init(key: Span<UInt8>) throws(CryptographyFailure) {
        guard key.count == AESGCM.keySize else { throw .wrongSize }
        guard let sealer = unsafe EVP_CIPHER_CTX_new() else { throw .refused("EVP_CIPHER_CTX_new") }
        guard let opener = unsafe EVP_CIPHER_CTX_new() else {
            unsafe EVP_CIPHER_CTX_free(sealer)
            throw .refused("EVP_CIPHER_CTX_new")
        }
        unsafe self.sealer = sealer
        unsafe self.opener = opener
        let isReady = unsafe key.withUnsafeBufferPointer {
            unsafe EVP_EncryptInit_ex(sealer, EVP_aes_256_gcm(), nil, $0.baseAddress, nil) == 1
                && EVP_DecryptInit_ex(opener, EVP_aes_256_gcm(), nil, $0.baseAddress, nil) == 1
        }
        guard isReady else { throw .refused("AES-256-GCM") }
    }

    deinit {
        // Frees the key schedules, which libcrypto overwrites first.
        unsafe EVP_CIPHER_CTX_free(sealer)
        unsafe EVP_CIPHER_CTX_free(opener)
    }

    /// Seals `plain`, bound to `associated`: nonce, ciphertext, tag.
    package func seal(_ plain: Span<UInt8>, associated: Span<UInt8>) throws(CryptographyFailure) -> [UInt8] {
        var nonce = [12 of UInt8](repeating: 0)
        var target = nonce.mutableSpan
        try fillRandom(&target)
        return try seal(plain, associated: associated, nonce: nonce.span)
    }

    /// The same under a given nonce, which must never be used twice with one key: for test vectors.
    package func seal(
        _ plain: Span<UInt8>, associated: Span<UInt8>, nonce: Span<UInt8>
    ) throws(CryptographyFailure) -> [UInt8] {
        guard nonce.count == AESGCM.nonceSize else { throw .wrongSize }
        var sealed = [UInt8](repeating: 0, count: plain.count + AESGCM.overhead)
        for index in nonce.indices { sealed[index] = nonce[index] }
        let context = unsafe sealer
        let done = unsafe sealed.withUnsafeMutableBufferPointer { out in
            unsafe plain.withUnsafeBufferPointer { plain in
                unsafe associated.withUnsafeBufferPointer { associated in
                    var written: Int32 = 0
                    guard let start = out.baseAddress else { return false }
                    let body = unsafe start + AESGCM.nonceSize
                    return unsafe EVP_EncryptInit_ex(context, nil, nil, nil, start) == 1
                        && EVP_EncryptUpdate(context, nil, &written, associated.baseAddress, Int32(associated.count))
                            == 1
                        && EVP_EncryptUpdate(context, body, &written, plain.baseAddress, Int32(plain.count)) == 1
                        && EVP_EncryptFinal_ex(context, body + plain.count, &written) == 1
                        && EVP_CIPHER_CTX_ctrl(
                            context, EVP_CTRL_AEAD_GET_TAG, Int32(AESGCM.tagSize), body + plain.count) == 1
                }
            }
        }
        guard done else { throw .refused("AES-256-GCM seal") }
        return sealed
    }

    /// The size of the plain message in `sealed`; nil if that is too short for one.
    package func plainSize(of sealed: Span<UInt8>) -> Int? {
        sealed.count >= AESGCM.overhead ? sealed.count - AESGCM.overhead : nil
    }

    /// Opens `sealed` into `plain`, which must have `plainSize`; on `notAuthentic` it holds zeros.
    package func open(
        _ sealed: Span<UInt8>, associated: Span<UInt8>, into plain: inout MutableSpan<UInt8>
    ) throws(CryptographyFailure) {
        guard plainSize(of: sealed) == plain.count else { throw .wrongSize }
        let context = unsafe opener
        let size = plain.count
        let done = unsafe plain.withUnsafeMutableBufferPointer { out in
            unsafe sealed.withUnsafeBufferPointer { sealed in
                unsafe associated.withUnsafeBufferPointer { associated in
                    var written: Int32 = 0
                    guard let start = sealed.baseAddress else { return false }
                    let body = unsafe start + AESGCM.nonceSize
                    let tag = unsafe UnsafeMutablePointer(mutating: body + size)
                    // An empty plain message still needs somewhere that it could be written to.
                    var none: UInt8 = 0
                    return unsafe withUnsafeMutablePointer(to: &none) { nowhere in
                        unsafe EVP_DecryptInit_ex(context, nil, nil, nil, start) == 1
                            && EVP_DecryptUpdate(
                                context, nil, &written, associated.baseAddress, Int32(associated.count)) == 1
                            && EVP_DecryptUpdate(context, out.baseAddress ?? nowhere, &written, body, Int32(size)) == 1
                            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(AESGCM.tagSize), tag) == 1
                            && EVP_DecryptFinal_ex(context, nowhere, &written) == 1
                    }
                }
            }
        }
        guard done else {
            unsafe plain.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
            throw .notAuthentic
        }
    }
}
