package import Cryptography
internal import SecurityKeyProtocol

/// What a security key has signed, on its way to be verified: not believed before that (Web Authentication Level 2,
/// section 7.2).
package struct FIDO2Assertion: Equatable, Sendable {
    package let credential: [UInt8]
    package let authenticatorData: [UInt8]
    package let signature: [UInt8]

    package init(credential: [UInt8], authenticatorData: [UInt8], signature: [UInt8]) {
        self.credential = credential
        self.authenticatorData = authenticatorData
        self.signature = signature
    }

    /// The counter of an assertion that is `known`'s, made for these terms and over this hash, and nil for any other.
    package func counter(
        for known: FIDO2Credential, over clientDataHash: [UInt8], on terms: FIDO2Terms
    ) throws(CryptographyFailure) -> UInt32? {
        guard credential == known.id, let data = AuthenticatorData(authenticatorData),
            try data.keeps(terms), known.accepts(signature, over: authenticatorData + clientDataHash)
        else { return nil }
        return data.counter
    }
}

extension AuthenticatorData {
    /// Whether it is for this relying party, with the flags that are wanted.
    func keeps(_ terms: FIDO2Terms) throws(CryptographyFailure) -> Bool {
        guard partyHash == (try sha256Digest(Array(terms.relyingParty.utf8).span)) else { return false }
        guard isPresent || !terms.wantsPresence else { return false }
        return isVerified || terms.verification != .required
    }
}
