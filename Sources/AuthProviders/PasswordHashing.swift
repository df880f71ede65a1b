package import Authentication

/// What makes hashes of passwords: crypt(3), or what counts its calls in tests.
package protocol PasswordHashing: Sendable {
    /// Hashes `password` (1 to 511 bytes without a NUL) with the method, cost and salt of `setting`, which may be a hash.
    func hash(_ password: Span<UInt8>, setting: Span<UInt8>) throws(CryptFailure) -> Secret

    /// A new setting of the method and cost that the system prefers, with a random salt.
    func preferredSetting() throws(CryptFailure) -> Secret
}

/// Why there is no hash.
package enum CryptFailure: Error, Equatable, Sendable {
    /// A password that is empty, too long or has a NUL inside, of which C would see the first part only.
    case unusablePassword
    /// The setting is none that the library knows.
    case unknownMethod
    /// The library could not: an errno.
    case failed(Int32)
}
