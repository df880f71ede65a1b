package import Authentication

/// `pam`: something outside proved the first factor, and there is evidence of it (sshd's public key, a password
/// that a line above has taken).
///
/// It asks nothing. Without evidence it passes only where a rule says `first_factor: none`.
package struct PamProvider: AuthProvider {
    /// Its row in the registry.
    package static let type = ProviderType(name: "pam", keys: []) { (id, _) throws(SettingFailure) in
        PamProvider(id)
    }

    package let id: ProviderID
    package let inputSchema = InputSchema.nothing
    package let speaksOfAccounts = true
    package let refusal = "A key or a password has to be accepted first."

    package init(_ id: ProviderID) { self.id = id }

    package func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        if request.evidence.provesFirstFactor { return .proved(request.account, isWaived: false) }
        return isWaived ? .proved(request.account, isWaived: true) : .rejected(.noEvidence)
    }
}
