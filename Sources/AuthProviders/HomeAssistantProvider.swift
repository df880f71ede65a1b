package import Authentication

/// `homeassistant`: users and passwords of its own, which twostepd keeps and `twostep user` manages.
///
/// Who is to be proved is the user whose credentials open the account that the login is for, or else the one of its name.
package final class HomeAssistantProvider: PasswordKeeping {
    /// Its row in the registry.
    package static let type = ProviderType(
        name: "homeassistant", keys: ["create_credentials"]
    ) { (id, settings) throws(SettingFailure) in
        HomeAssistantProvider(id, createsCredentials: try settings.boolean("create_credentials", default: false))
    }

    package let id: ProviderID
    package let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    package let speaksOfAccounts = false
    package let createsCredentials: Bool
    package let refusal = "That password is wrong."
    package let onlyUsername: AccountName? = nil

    private let judge: PasswordJudge

    package init(_ id: ProviderID, createsCredentials: Bool = false, hashing: any PasswordHashing = Crypt()) {
        self.id = id
        self.createsCredentials = createsCredentials
        judge = PasswordJudge(hashing)
    }

    package func initialize() throws(ProviderFailure) { try judge.prepare() }

    package func username(_ typed: String) -> AccountName? { Username.folded(typed) }

    package func hash(_ password: Span<UInt8>) throws(ProviderFailure) -> Secret { try judge.hash(password) }

    package func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        let username: AccountName?
        var found: Secret?
        do throws(StoreFailure) {
            username =
                try users.username(opening: request.account, at: id) ?? self.username(request.account.text)
            if let username { found = try users.passwordHash(of: UserKey(username, at: id)) }
        } catch {
            return .unavailable(error.explanation)
        }
        let isKnown = found != nil
        return judge.judge(input, found ?? Secret(count: 0) { _ in })
            .proof(of: username, wrong: isKnown ? .wrongPassword : .unknownAccount, by: id)
    }
}
