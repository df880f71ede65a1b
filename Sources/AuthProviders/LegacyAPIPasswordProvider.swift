package import Authentication
internal import Synchronization

/// `legacy_api_password`: one password that everybody shares, and one user whom it proves, whoever types it.
///
/// It opens no other account: PAM_USER must be that user.
package final class LegacyAPIPasswordProvider: PasswordKeeping {
    /// Its row in the registry.
    package static let type = ProviderType(
        name: "legacy_api_password", keys: ["api_password", "create_credentials", "legacy_user"],
        sections: ["api_password": "http"]
    ) { (id, settings) throws(SettingFailure) in
        LegacyAPIPasswordProvider(
            id, user: try user(in: settings), password: try password(in: settings),
            createsCredentials: try settings.boolean("create_credentials", default: false))
    }

    package let id: ProviderID
    // Its own prompt: were it PAM_AUTHTOK, lines below would take it for the account's password.
    package let inputSchema = InputSchema([InputField(name: "api_password", label: "API password", kind: .secret)])
    package let speaksOfAccounts = false
    package let createsCredentials: Bool
    package let refusal = "That API password is wrong."
    package var onlyUsername: AccountName? { user }

    private let user: AccountName
    private let judge: PasswordJudge
    /// What the configuration has, plain or hashed.
    private let configured: Secret?
    private let kept: Mutex<Kept>

    /// Where the hash is that answers are compared with.
    private enum Kept {
        case inStore
        case configured(hash: [UInt8])
        /// The configuration has one, and nobody has called `initialize`.
        case unprepared
    }

    /// Proves `user` alone. The password, plain or a hash, is what the configuration has; without one, the store is asked.
    package init(
        _ id: ProviderID, user: AccountName, password: consuming Secret? = nil, createsCredentials: Bool = false,
        hashing: any PasswordHashing = Crypt()
    ) {
        self.id = id
        self.user = user
        self.createsCredentials = createsCredentials
        judge = PasswordJudge(hashing)
        kept = Mutex(password == nil ? .inStore : .unprepared)
        configured = password
    }

    /// Hashes a password that the configuration has in plain text, so that each answer costs what it costs with a hash.
    package func initialize() throws(ProviderFailure) {
        try judge.prepare()
        guard let hash = try configuredHash() else { return }
        kept.withLock { $0 = .configured(hash: hash) }
    }

    private func configuredHash() throws(ProviderFailure) -> [UInt8]? {
        switch configured {
        case nil: return nil
        case .some(let password):
            return try password.withBytes { (password) throws(ProviderFailure) in
                guard Crypt.isHash(password) else {
                    return try judge.hash(password).withBytes { hash in hash.indices.map { hash[$0] } }
                }
                guard judge.isWhole(password) else {
                    throw ProviderFailure("api_password begins with '$', and is no whole hash of crypt(3)")
                }
                return password.indices.map { password[$0] }
            }
        }
    }

    package func username(_ typed: String) -> AccountName? { AccountName(typed) == user ? user : nil }

    package func hash(_ password: Span<UInt8>) throws(ProviderFailure) -> Secret { try judge.hash(password) }

    package func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        let isUser = request.account == user
        let judgement: PasswordJudge.Judgement
        switch kept.withLock({ $0 }) {
        case .configured(let hash): judgement = judge.judge(input, Secret(copying: hash.span))
        case .unprepared: judgement = .unprepared
        case .inStore:
            let found: Secret?
            do throws(StoreFailure) {
                found = try users.passwordHash(of: UserKey(user, at: id))
            } catch {
                return .unavailable(error.explanation)
            }
            guard let found else { return .unavailable("no API password is set; twostep legacy passwd") }
            judgement = judge.judge(input, found)
        }
        // Whoever else it is has cost the same, and is told the same.
        return judgement.proof(
            of: isUser ? user : nil, wrong: isUser ? .wrongPassword : .unknownAccount, by: id)
    }

    // MARK: Settings

    private static func user(in settings: Settings) throws(SettingFailure) -> AccountName {
        let text = try settings.text("legacy_user") ?? "homeassistant"
        guard let user = AccountName(text) else {
            throw SettingFailure(
                at: settings["legacy_user"] ?? Setting(.nothing, line: 1, column: 1),
                "legacy_user is '\(text)', expected the name of an account")
        }
        return user
    }

    /// The configured password; nil if there is none. What was found is never repeated: it is a password.
    private static func password(in settings: Settings) throws(SettingFailure) -> Secret? {
        guard let setting = settings["api_password"] else { return nil }
        guard case .text(let text, let isQuoted) = setting.value, !text.isEmpty else {
            throw SettingFailure(at: setting, "api_password is \(setting.found), expected a password or its hash")
        }
        guard isQuoted || !NumberLike.matches(text) else {
            throw SettingFailure(
                at: setting, "api_password is a number, expected text: put it in quotes ('…'), or better, use its hash")
        }
        let bytes = Array(text.utf8)
        if Crypt.isHash(bytes.span) {
            guard Crypt.knows(bytes.span) else {
                throw SettingFailure(
                    at: setting, "api_password begins with '$', and is no hash that crypt(3) knows (see crypt(5))")
            }
        } else if !Crypt.isUsable(bytes.span) {
            throw SettingFailure(
                at: setting,
                "api_password has \(bytes.count) bytes, expected 1 to \(Crypt.longestPassword) and no NUL among them")
        }
        return Secret(copying: bytes.span)
    }
}
