import Authentication
import Daemon
import Dispatch

/// A provider whose passwords are kept: a hash is `hash of ` and the password, and the password `unhashable` has none.
struct ScriptedKeeper: PasswordKeeping {
    let id: ProviderID
    var onlyUsername: AccountName?
    var createsCredentials = false
    /// Where it stays between judging a password and saying so.
    var pause: Pause?
    let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    let speaksOfAccounts = false
    let refusal = "No."

    init(_ id: ProviderID, onlyUsername: AccountName? = nil, createsCredentials: Bool = false) {
        self.id = id
        self.onlyUsername = onlyUsername
        self.createsCredentials = createsCredentials
    }

    /// Case and outer spaces do not count.
    func username(_ typed: String) -> AccountName? {
        let words = typed.split(separator: " ", omittingEmptySubsequences: false)
        let inner = words.drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed()
        return AccountName(inner.joined(separator: " ").lowercased())
    }

    func hash(_ password: Span<UInt8>) throws(ProviderFailure) -> Secret {
        let bytes = password.indices.map { password[$0] }
        guard bytes != Array("unhashable".utf8) else { throw ProviderFailure("crypt(3) fails") }
        let hash = Array("hash of ".utf8) + bytes
        return Secret(copying: hash.span)
    }

    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        do throws(StoreFailure) {
            let username = try users.username(opening: request.account, at: id) ?? request.account
            guard let input, let kept = try users.passwordHash(of: UserKey(username, at: id)) else {
                return .rejected(.wrongPassword)
            }
            let typed = Array("hash of ".utf8) + input.withField { bytes in bytes.indices.map { bytes[$0] } }
            defer { pause?.stay() }
            let isRight = kept.withBytes { bytes in bytes.indices.map { bytes[$0] } } == typed
            return isRight ? .proved(username, isWaived: false) : .rejected(.wrongPassword)
        } catch {
            return .unavailable(error.description)
        }
    }
}

/// Where a thread stays until the test lets it, and those behind it, go on.
struct Pause: Sendable {
    private let reached = DispatchSemaphore(value: 0)
    private let over = DispatchSemaphore(value: 0)

    func stay() {
        reached.signal()
        over.wait()
        over.signal()
    }

    /// Waits until a thread is there, 30 s at most; returns whether one is.
    func isReached() -> Bool { reached.wait(timeout: .now() + 30) == .success }
    func end() { over.signal() }
}
