/// libcrypto could not do what it was asked for; nothing it returned may be used.
package enum CryptographyFailure: Error, Equatable, Sendable {
    /// A key, nonce or tag of the wrong size.
    case wrongSize
    /// A sealed message that does not open: another key, another place, or changed bytes.
    case notAuthentic
    /// No random bytes to be had.
    case noRandomness
    /// The library refused the named operation.
    case refused(String)
}
