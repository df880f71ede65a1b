package import SecurityKeyProtocol

/// What the configuration asks of every assertion of a security key.
package struct FIDO2Terms: Equatable, Sendable {
    /// What credentials are made for: keys sign for no other.
    package let relyingParty: String
    /// Whether the key must have been touched.
    package let wantsPresence: Bool
    package let verification: UserVerification

    package init(relyingParty: String, wantsPresence: Bool = true, verification: UserVerification = .preferred) {
        self.relyingParty = relyingParty
        self.wantsPresence = wantsPresence
        self.verification = verification
    }
}
