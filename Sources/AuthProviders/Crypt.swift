package import Authentication
internal import CCrypt
internal import CPOSIX

/// crypt(3), as libxcrypt has it: password hashes of every method that the system knows.
package struct Crypt: PasswordHashing {
    /// The longest password in bytes: CRYPT_MAX_PASSPHRASE_SIZE less its NUL, which is PAM's bound too.
    static let longestPassword = Int(CRYPT_MAX_PASSPHRASE_SIZE) - 1

    package init() {}

    /// Whether a password can be hashed at all: 1 to 511 bytes without a NUL.
    static func isUsable(_ password: Span<UInt8>) -> Bool {
        guard (1...longestPassword).contains(password.count) else { return false }
        for index in password.indices where password[index] == 0 { return false }
        return true
    }

    /// Whether what stands in the field is a hash, and not a lock (`!`, `*`), nothing, or DES of the seventies.
    static func isHash(_ field: Span<UInt8>) -> Bool { field.count > 0 && field[0] == UInt8(ascii: "$") }

    /// Whether the library takes `setting`, which may be a hash, for new passwords or old ones.
    static func knows(_ setting: Span<UInt8>) -> Bool {
        guard isHash(setting) else { return false }
        return terminated(setting).withBytes { setting in
            let found = unsafe setting.withUnsafeBytes {
                unsafe crypt_checksalt($0.assumingMemoryBound(to: CChar.self).baseAddress)
            }
            return found != CRYPT_SALT_INVALID && found != CRYPT_SALT_METHOD_DISABLED
        }
    }

    package func hash(_ password: Span<UInt8>, setting: Span<UInt8>) throws(CryptFailure) -> Secret {
        guard Crypt.isUsable(password) else { throw .unusablePassword }
        guard Crypt.isHash(setting) else { throw .unknownMethod }
        let phrase = Crypt.terminated(password)
        let setting = Crypt.terminated(setting)
        // 32 KiB of the password's leavings: too much for a pool thread's stack, and not to be left anywhere.
        let size = MemoryLayout<crypt_data>.size
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        unsafe scratch.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        defer {
            unsafe posix_wipe(scratch, size)
            unsafe scratch.deallocate()
        }
        return try phrase.withBytes { (phrase) throws(CryptFailure) in
            try setting.withBytes { (setting) throws(CryptFailure) in
                let made = unsafe phrase.withUnsafeBytes { phrase in
                    unsafe setting.withUnsafeBytes { setting in
                        unsafe crypt_rn(
                            phrase.assumingMemoryBound(to: CChar.self).baseAddress,
                            setting.assumingMemoryBound(to: CChar.self).baseAddress, scratch, Int32(clamping: size))
                    }
                }
                guard let made = unsafe made else {
                    let error = posix_errno()
                    throw error == EINVAL ? .unknownMethod : .failed(error)
                }
                let length = unsafe strlen(made)
                return unsafe made.withMemoryRebound(to: UInt8.self, capacity: length) {
                    unsafe Secret(copying: Span(_unsafeElements: UnsafeBufferPointer(start: $0, count: length)))
                }
            }
        }
    }

    package func preferredSetting() throws(CryptFailure) -> Secret {
        let size = Int(CRYPT_GENSALT_OUTPUT_SIZE)
        var length = 0
        let buffer = try Secret(count: size) { (target) throws(CryptFailure) in
            let made = unsafe target.withUnsafeMutableBytes {
                // No prefix, no count, no bytes: the preferred method, its default cost, the system's randomness.
                unsafe crypt_gensalt_rn(
                    nil, 0, nil, 0, $0.assumingMemoryBound(to: CChar.self).baseAddress, Int32(clamping: size))
            }
            guard let made = unsafe made else { throw .failed(posix_errno()) }
            length = unsafe strlen(made)
        }
        return buffer.withBytes { Secret(copying: $0.extracting(first: length)) }
    }

    /// The same bytes with the NUL that C expects.
    private static func terminated(_ bytes: Span<UInt8>) -> Secret {
        Secret(count: bytes.count + 1) { target in
            for index in bytes.indices { target[index] = bytes[index] }
        }
    }
}
