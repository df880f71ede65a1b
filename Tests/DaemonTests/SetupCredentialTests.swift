import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Nobody sets up anything on an account that the credentials do not open.
@Suite struct SetupCredentialTests {
    private static let app = ScriptedEnrollable(ModuleID("app"), .app)
    private static let paper = ScriptedEnrollable(ModuleID("paper"), .paper)
    private static let provider = ProviderID("naming")

    private func world(creates: Bool, privilege: Privilege? = nil) throws -> LoginWorld {
        var rule = Rule(services: ["sshd"], line: 5)
        rule.unenrolled = .enroll
        let provider = NamingProvider(createsCredentials: creates)
        let (chain, extra) = ([Step(Self.app.id)], [Self.app, Self.paper])
        guard let privilege else {
            return try LoginWorld(
                rules: [rule], chain: chain, extra: extra, providers: [provider], directory: CredentialTests.Directory()
            )
        }
        return try LoginWorld(
            rules: [rule], chain: chain, extra: extra, providers: [provider],
            directory: ChangingDirectory(privilege: privilege))
    }

    /// Logs in as `account` with a password that proves `username`, up to what is said after it.
    private func begin(
        _ account: String, as username: String, to world: LoginWorld
    ) throws -> (client: WireClient, said: WireClient.Said) {
        let client = try world.connect()
        try client.begin(account, methods: [])
        _ = try client.receive()
        try client.answer("as \(username)")
        return (client, try client.receive())
    }

    private func expectRefusal(_ said: WireClient.Said, in world: LoginWorld) throws {
        #expect(said == .verdict(.denied, "Login refused."))
        #expect(world.journal.messages.last?.contains("reason=credentials_refused") == true)
        #expect(try world.store.devices(of: nil).isEmpty)
        #expect(try world.store.allCredentials().isEmpty)
    }

    @Test(arguments: ["root", "daemon", "sue", "wes", "ada"])
    func `a user of the same name is shown no secret for a privileged account`(_ account: String) async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            try expectRefusal(begin(account, as: account, to: world).said, in: world)
        }
    }

    @Test(arguments: [("alice", "alice", false), ("alice", "bob", true), ("alice", "ALICE", true)])
    func `a user whose credentials would not open the account is shown no secret`(
        _ account: String, _ username: String, _ creates: Bool
    ) async throws {
        try await withWorld(world(creates: creates)) { (world) async throws in
            try expectRefusal(begin(account, as: username, to: world).said, in: world)
        }
    }

    @Test func `an account that another user opens is set up by that one alone`() async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            let (bob, alice) = (try #require(AccountName("bob")), try #require(AccountName("alice")))
            _ = try world.store.link(UserKey(bob, at: Self.provider), to: alice, at: world.clock.now)
            let refused = try begin("alice", as: "alice", to: world).said
            #expect(refused == .verdict(.denied, "Login refused."))
            let (client, said) = try begin("alice", as: "bob", to: world)
            guard case .prompt(.visible, _) = said else {
                Issue.record("the account's own user was not let set up anything")
                return
            }
            try client.answer("right")
            _ = try client.receive()
            try client.answer("")
            guard case .verdict(.granted, _) = try client.verdict() else {
                Issue.record("the account's own user was not let in")
                return
            }
            #expect(try world.store.devices(of: alice).count == 2)
        }
    }

    @Test func `who may have credentials created sets up a device, and they are created with the login`() async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            let (client, _) = try begin("alice", as: "alice", to: world)
            #expect(try world.store.allCredentials().isEmpty)
            try client.answer("right")
            _ = try client.receive()
            try client.answer("")
            guard case .verdict(.granted, _) = try client.verdict() else {
                Issue.record("an ordinary account was not let in")
                return
            }
            #expect(try world.store.allCredentials().map(\.account.text) == ["alice"])
        }
    }

    @Test func `an account that becomes privileged while its code is typed is not set up`() async throws {
        let privilege = Privilege()
        try await withWorld(world(creates: true, privilege: privilege)) { (world) async throws in
            let (client, said) = try begin("alice", as: "alice", to: world)
            guard case .prompt(.visible, _) = said else {
                Issue.record("nothing was shown")
                return
            }
            privilege.give()
            try client.answer("right")
            try expectRefusal(client.verdict(), in: world)
        }
    }

    @Test func `an account that another user has come to open is not set up`() async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            let (client, _) = try begin("alice", as: "alice", to: world)
            let (bob, alice) = (try #require(AccountName("bob")), try #require(AccountName("alice")))
            _ = try world.store.link(UserKey(bob, at: Self.provider), to: alice, at: world.clock.now)
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.denied, "Login refused."))
            #expect(try world.store.devices(of: nil).isEmpty)
        }
    }

    @Test func `what was begun with a password that is replaced since is not set up`() async throws {
        let keeper = ScriptedKeeper(ProviderID("keeper"), createsCredentials: true)
        var rule = Rule(services: ["sshd"], line: 5)
        rule.unenrolled = .enroll
        let world = try LoginWorld(
            rules: [rule], chain: [Step(Self.app.id)], extra: [Self.app, Self.paper], providers: [keeper],
            directory: CredentialTests.Directory())
        try await withWorld(world) { (world) async throws in
            #expect(try world.store.add(world.keptUser("alice", "old", at: keeper)))
            let client = try world.connect()
            try client.begin("alice", methods: [])
            _ = try client.receive()
            try client.answer("old")
            guard case .prompt(.visible, _) = try client.receive() else {
                Issue.record("nothing was shown")
                return
            }
            #expect(try world.store.change(world.keptUser("alice", "new", at: keeper)))
            try client.answer("right")
            #expect(try client.receive() == .verdict(.denied, "Login refused."))
            #expect(try world.store.devices(of: nil).isEmpty)
        }
    }

    @Test func `a directory that does not say who may become root has nothing set up`() async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            let (_, said) = try begin("limbo", as: "limbo", to: world)
            guard case .verdict(.unavailable, _) = said else {
                Issue.record("an account was set up that may be a privileged one")
                return
            }
            #expect(try world.store.devices(of: nil).isEmpty)
        }
    }
}
