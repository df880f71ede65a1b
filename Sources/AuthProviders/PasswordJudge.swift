internal import Authentication
internal import Cryptography
internal import Synchronization

/// Judges passwords by their hashes: one hash is made for each, whatever it is compared with and whatever it is.
///
/// The junk that sshd sends for users it will refuse has to take as long as a password, so malformed ones do too.
final class PasswordJudge: Sendable {
    /// What is found of a password.
    enum Judgement: Equatable {
        case right, wrong, malformed
        /// crypt(3) fails: an errno.
        case failed(Int32)
        /// Nobody has called `prepare`.
        case unprepared
    }

    private let hashing: any PasswordHashing
    /// The hash of a password that nobody knows: what is compared with where there is no hash. Nil until `prepare`.
    private let standIn = Mutex<[UInt8]?>(nil)

    init(_ hashing: any PasswordHashing) { self.hashing = hashing }

    /// Makes the stand-in, with the method and cost that the system gives new passwords.
    func prepare() throws(ProviderFailure) {
        var password = [32 of UInt8](repeating: 0)
        do throws(CryptographyFailure) {
            var target = password.mutableSpan
            try fillRandom(&target)
        } catch {
            throw ProviderFailure("no random bytes for a password that nobody knows")
        }
        for index in password.indices where password[index] == 0 { password[index] = 1 }
        let hash = try hash(password.span)
        let bytes = hash.withBytes { span in span.indices.map { span[$0] } }
        standIn.withLock { $0 = bytes }
    }

    /// The hash to be kept for a new password, by the preferred method.
    func hash(_ password: Span<UInt8>) throws(ProviderFailure) -> Secret {
        do throws(CryptFailure) {
            let setting = try hashing.preferredSetting()
            return try setting.withBytes { (setting) throws(CryptFailure) in
                try hashing.hash(password, setting: setting)
            }
        } catch {
            switch error {
            case .unusablePassword:
                throw ProviderFailure("a password has 1 to \(Crypt.longestPassword) bytes, and no NUL among them")
            case .unknownMethod: throw ProviderFailure("crypt(3) makes no hash by its preferred method")
            case .failed(let code):
                throw ProviderFailure("crypt(3) makes no hash by its preferred method (errno \(code))")
            }
        }
    }

    /// Whether `hash` is a hash of its method from the first to the last character, which some password has; one that was
    /// cut has none.
    func isWhole(_ hash: Span<UInt8>) -> Bool {
        guard let standIn = standIn.withLock({ $0 }), Crypt.isUsable(standIn.span) else { return false }
        do throws(CryptFailure) {
            return try hashing.hash(standIn.span, setting: hash).count == hash.count
        } catch {
            return false
        }
    }

    /// Compares a form's only field with a kept hash; no form at all is like an empty one, and an empty hash like none.
    func judge(_ input: UserInput?, _ stored: borrowing Secret) -> Judgement {
        guard let standIn = standIn.withLock({ $0 }) else { return .unprepared }
        let input = input ?? UserInput(Secret(count: 0) { _ in })
        return input.withField { password in
            stored.withBytes { stored in judge(password, stored, standIn: standIn.span) }
        }
    }

    private func judge(_ password: Span<UInt8>, _ stored: Span<UInt8>, standIn: Span<UInt8>) -> Judgement {
        let isUsable = Crypt.isUsable(password)
        do throws(CryptFailure) {
            if isUsable, Crypt.isHash(stored) { return try isRight(password, stored) ? .right : .wrong }
        } catch {
            // A hash that libxcrypt does not know is as good as a lock, and has cost nothing so far.
            if case .failed(let code) = error { return .failed(code) }
        }
        do throws(CryptFailure) {
            // What comes of it is not looked at: nothing is right here.
            _ = try isRight(isUsable ? password : standIn, standIn)
        } catch {
            if case .failed(let code) = error { return .failed(code) }
        }
        return isUsable ? .wrong : .malformed
    }

    /// Whether a password has a hash, after the whole of the work and in constant time.
    private func isRight(_ password: Span<UInt8>, _ hash: Span<UInt8>) throws(CryptFailure) -> Bool {
        try hashing.hash(password, setting: hash).withBytes { isEqual($0, hash) }
    }
}

extension PasswordJudge.Judgement {
    /// The same as a proof of `username`; nil for a username that nothing proves.
    func proof(of username: AccountName?, wrong: Reason, by provider: ProviderID) -> Proof {
        switch self {
        case .right: username.map { .proved($0, isWaived: false) } ?? .rejected(wrong)
        case .wrong: .rejected(wrong)
        case .malformed: .rejected(.malformed)
        case .failed(let code): .unavailable("crypt(3) fails (errno \(code))")
        case .unprepared: .unavailable("\(provider) has not been initialised")
        }
    }
}
