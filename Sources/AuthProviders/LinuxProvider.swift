package import Authentication
internal import Cryptography
internal import Synchronization

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
    /// The hash of a password that nobody knows: what the passwords of unknown, locked and empty accounts are
    /// compared with. Nil until `initialize`.
    private let standIn = Mutex<[UInt8]?>(nil)

    package init(_ id: ProviderID, shadow: any ShadowDatabase = SystemShadow()) {
        self.id = id
        self.shadow = shadow
    }

    /// Makes the stand-in, with the method and cost that the system gives new passwords.
    package func initialize() throws(ProviderFailure) {
        do {
            var password = [32 of UInt8](repeating: 0)
            var target = password.mutableSpan
            try fillRandom(&target)
            for index in password.indices where password[index] == 0 { password[index] = 1 }
            let setting = try Crypt.preferredSetting()
            let hash = try setting.withBytes { (setting) throws(Crypt.Failure) in
                try Crypt.hash(password.span, setting: setting)
            }
            let bytes = hash.withBytes { span in span.indices.map { span[$0] } }
            standIn.withLock { $0 = bytes }
        } catch {
            throw ProviderFailure("crypt(3) makes no hash by its preferred method: \(error)")
        }
    }

    package func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        guard let standIn = standIn.withLock({ $0 }) else { return .unavailable("linux has not been initialised") }
        let found: Secret?
        do throws(ShadowFailure) {
            found = try shadow.hash(of: request.account)
        } catch {
            return .unavailable(error.explanation)
        }
        let isKnown = found != nil
        let stored = found ?? Secret(count: 0) { _ in }
        // No form at all is judged like an empty one.
        let input = input ?? UserInput(Secret(count: 0) { _ in })
        return input.withField { password in
            stored.withBytes { stored in
                switch judge(password, stored, standIn: standIn.span) {
                case .right: .proved(request.account, isWaived: false)
                case .wrong: .rejected(isKnown ? .wrongPassword : .unknownAccount)
                case .malformed: .rejected(.malformed)
                case .failed(let error): .unavailable("crypt(3) fails (errno \(error))")
                }
            }
        }
    }

    private enum Judgement {
        case right, wrong, malformed
        case failed(Int32)
    }

    /// Compares a password with what stands in shadow: one hash is made whatever either of them is.
    ///
    /// The junk that sshd sends for users it will refuse has to take as long as a password, so malformed ones do too.
    private func judge(_ password: Span<UInt8>, _ stored: Span<UInt8>, standIn: Span<UInt8>) -> Judgement {
        let isUsable = Crypt.isUsable(password)
        do throws(Crypt.Failure) {
            if isUsable, Crypt.isHash(stored) { return try Crypt.verify(password, stored) ? .right : .wrong }
        } catch {
            // A hash that libxcrypt does not know is as good as a lock, and has cost nothing so far.
            if case .failed(let error) = error { return .failed(error) }
        }
        do throws(Crypt.Failure) {
            // What comes of it is not looked at: nothing is right here.
            _ = try Crypt.verify(isUsable ? password : standIn, standIn)
        } catch {
            if case .failed(let error) = error { return .failed(error) }
        }
        return isUsable ? .wrong : .malformed
    }
}
