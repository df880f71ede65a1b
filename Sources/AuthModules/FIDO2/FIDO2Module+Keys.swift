package import Authentication

/// Keys that another program has had.
extension FIDO2Module: KeyHoldingModule {
    /// Takes the payload of a credential. What keys were made for, they sign for and for nothing else: `relying_party` must
    /// be the module's own.
    package func adopt(
        _ request: SetupRequest, key: borrowing Secret, minimumBits: Int
    ) throws(SetupFailure) -> Setup {
        let typed = try SetupParameters(request.parameters, of: "fido2", known: ["relying_party"])
        guard let party = typed["relying_party"], party == terms.relyingParty else {
            throw SetupFailure(
                "the key is for the relying party '\(typed["relying_party"] ?? "")', and the module's relying_party is "
                    + "'\(terms.relyingParty)'")
        }
        guard let credential = key.withBytes({ FIDO2Credential(payload: $0) }) else {
            throw SetupFailure("what is brought along is no security key; one is set up with: twostep enroll")
        }
        return Setup(
            payload: credential.payload, uri: Secret(count: 0) { _ in }, key: Secret(count: 0) { _ in },
            confirmation: .nothing, initialState: 0)
    }

    /// There is nothing to be shown: the secret is in the key.
    package func setup(
        of payload: Span<UInt8>, state: Int64, for request: SetupRequest
    ) throws(SetupFailure) -> Setup {
        throw SetupFailure("its secret is in the key, and never leaves it")
    }

    package func carry(_ state: Int64, from payload: Span<UInt8>, to other: Span<UInt8>) -> Int64? {
        guard let mine = FIDO2Credential(payload: payload), mine == FIDO2Credential(payload: other) else { return nil }
        return state
    }
}
