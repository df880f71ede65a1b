import AuthProviders
import Authentication
import AuthenticationTesting
import Testing

/// A provider that keeps passwords, and a store in memory: what administrators do with them, and what people answer.
struct People {
    let store = InMemoryEnrollmentStore()
    let provider: any PasswordKeeping
    private let now = ManualClock().now

    /// Initialises `provider`.
    init(_ provider: any PasswordKeeping) throws {
        self.provider = provider
        try provider.initialize()
    }

    /// With `homeassistant` and cheap hashes.
    init() throws { try self.init(HomeAssistantProvider(ProviderID("homeassistant"), hashing: CountingCrypt())) }

    private func user(_ name: String, _ password: String) throws -> ProviderUser {
        let key = UserKey(try #require(provider.username(name)), at: provider.id)
        let hash = try provider.hash(Array(password.utf8).span)
        return ProviderUser(key: key, sealedHash: try store.sealing.seal(hash, at: key), changedAt: now.wall)
    }

    @discardableResult
    func add(_ name: String, _ password: String) throws -> Bool { try store.add(user(name, password)) }

    func change(_ name: String, _ password: String) throws -> Bool { try store.change(user(name, password)) }

    @discardableResult
    func link(_ name: String, to other: String) throws -> Linking {
        try store.link(
            UserKey(try #require(provider.username(name)), at: provider.id), to: account(other), at: now)
    }

    func prove(_ name: String, _ password: String, users: (any UserDatabase)? = nil) throws -> Proof {
        try prove(name, Array(password.utf8), users: users)
    }

    func prove(_ name: String, _ password: [UInt8], users: (any UserDatabase)? = nil) throws -> Proof {
        provider.prove(
            LoginRequest(service: "sshd", account: try account(name)), UserInput(Secret(copying: password.span)),
            users: users ?? store.userDatabase, isWaived: false)
    }

    static func proved(_ name: String) throws -> Proof { .proved(try account(name), isWaived: false) }
}
