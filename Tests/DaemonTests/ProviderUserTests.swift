import AuthProviders
import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Logins through the providers with users of their own, and whom they open.
@Suite struct ProviderUserTests {
    /// The accounts of a house: one for all, and two people's.
    private struct HouseDirectory: AccountDirectory {
        func account(named name: AccountName) -> Lookup {
            switch name.text {
            case "homeassistant": .found(AccountFacts(uid: 1000, gid: 1000))
            case "alice": .found(AccountFacts(uid: 1001, gid: 1001))
            case "bob": .found(AccountFacts(uid: 1002, gid: 1002))
            case _: .notFound
            }
        }
        func hasGroup(named name: String) -> Bool? { true }
        func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? { false }
    }

    private static func homeassistant() throws -> HomeAssistantProvider {
        let provider = HomeAssistantProvider(ProviderID("homeassistant"), createsCredentials: true)
        try provider.initialize()
        return provider
    }

    private static func legacy(password: String? = "letmein") throws -> LegacyAPIPasswordProvider {
        let secret: Secret?
        if let password { secret = Secret(copying: Array(password.utf8).span) } else { secret = nil }
        let provider = LegacyAPIPasswordProvider(
            ProviderID("legacy_api_password"), user: try #require(AccountName("homeassistant")), password: secret,
            createsCredentials: true)
        try provider.initialize()
        return provider
    }

    private static func world(_ provider: any AuthProvider) throws -> LoginWorld {
        try LoginWorld(chain: [], providers: [provider], directory: HouseDirectory())
    }

    /// Keeps a user's password, as an administrator has it kept.
    private static func add(_ name: String, _ password: String, to world: LoginWorld, _ provider: some PasswordKeeping)
        throws
    {
        #expect(try world.store.add(world.keptUser(name, password, at: provider)))
    }

    /// One login with one password and no module; returns how it ended.
    private static func login(_ name: String, _ password: String, in world: LoginWorld) throws -> VerdictCode? {
        let client = try world.connect()
        try client.begin(name, service: "sudo", methods: [])
        guard case .prompt = try client.receive() else { return nil }
        try client.answer(password)
        guard case .verdict(let code, _) = try client.verdict() else { return nil }
        return code
    }

    private static func accounts(of world: LoginWorld) throws -> [String] {
        try world.store.allCredentials().map { "\($0.user.username) \($0.account)" }
    }

    @Test func `case 8: the API password opens homeassistant, whose credentials are made once`() async throws {
        try await withWorld(Self.world(Self.legacy())) { world throws in
            for _ in 0..<2 {
                #expect(try Self.login("homeassistant", "letmein", in: world) == .granted)
                #expect(try Self.accounts(of: world) == ["homeassistant homeassistant"])
            }
            #expect(try Self.login("homeassistant", "wrong", in: world) == .denied)
        }
    }

    @Test(arguments: ["alice", "root", "nobody", "Homeassistant"])
    func `case 8: the API password opens nobody else`(name: String) async throws {
        try await withWorld(Self.world(Self.legacy())) { world throws in
            #expect(try Self.login(name, "letmein", in: world) == .denied)
            #expect(try Self.accounts(of: world).isEmpty)
        }
    }

    @Test func `case 8: without an API password anywhere nobody gets in`() async throws {
        try await withWorld(Self.world(Self.legacy(password: nil))) { world throws in
            #expect(try Self.login("homeassistant", "letmein", in: world) == .unavailable)
        }
    }

    @Test func `a linked user opens the account, and not the one of its own name`() async throws {
        let provider = try Self.homeassistant()
        try await withWorld(Self.world(provider)) { world throws in
            try Self.add("bob", "bob's", to: world, provider)
            try Self.add("alice", "alice's", to: world, provider)
            let (alice, bob) = (try #require(AccountName("alice")), try #require(AccountName("bob")))
            #expect(try world.store.link(UserKey(bob, at: provider.id), to: alice, at: world.clock.now) == .linked)
            #expect(try Self.login("alice", "bob's", in: world) == .granted)
            #expect(try Self.login("alice", "alice's", in: world) == .denied)
            #expect(try Self.login("bob", "bob's", in: world) == .denied)
            #expect(try Self.accounts(of: world) == ["bob alice"])
        }
    }

    @Test func `a user opens no account that is written otherwise`() async throws {
        // Names of users are folded; those of accounts are not, and are not created for one another.
        let provider = try Self.homeassistant()
        try await withWorld(Self.world(provider)) { world throws in
            try Self.add("alice", "password", to: world, provider)
            #expect(try Self.login("Alice", "password", in: world) == .denied)
            #expect(try Self.accounts(of: world).isEmpty)
        }
    }
}
