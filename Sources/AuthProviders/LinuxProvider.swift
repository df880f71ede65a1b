package import Authentication

/// `linux`: the account's own password, against the hash in shadow and its lock.
///
/// Ageing is not looked at: pam_unix's account line, which every shipped stack keeps, does that.
package final class LinuxProvider: AuthProvider {
    /// Its row in the registry.
    package static let type = ProviderType(name: "linux", keys: []) { (id, _) throws(SettingFailure) in
        LinuxProvider(id)
    }

    package let id: ProviderID
    package let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    package let speaksOfAccounts = true
    package let refusal = "That password is wrong."

    private let shadow: any ShadowDatabase
    private let judge: PasswordJudge

    package init(
        _ id: ProviderID, shadow: any ShadowDatabase = SystemShadow(), hashing: any PasswordHashing = Crypt()
    ) {
        self.id = id
        self.shadow = shadow
        judge = PasswordJudge(hashing)
    }

    package func initialize() throws(ProviderFailure) { try judge.prepare() }

    package func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        let found: Secret?
        do throws(ShadowFailure) {
            found = try shadow.hash(of: request.account)
        } catch {
            return .unavailable(error.explanation)
        }
        let isKnown = found != nil
        return judge.judge(input, found ?? Secret(count: 0) { _ in })
            .proof(of: request.account, wrong: isKnown ? .wrongPassword : .unknownAccount, by: id)
    }
}
