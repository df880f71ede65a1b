import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Whose account it is that a provider's own user opens.
@Suite struct CredentialTests {
    /// root, a system account, an ordinary one, and members of groups that can become root.
    struct Directory: AccountDirectory {
        func account(named name: AccountName) -> Lookup {
            switch name.text {
            case "root": .found(AccountFacts(uid: 0, gid: 0))
            case "daemon": .found(AccountFacts(uid: 2, gid: 2))
            case "alice", "limbo": .found(AccountFacts(uid: 1001, gid: 1001))
            case "sue", "wes", "ada": .found(AccountFacts(uid: 1002, gid: 1002))
            case _: .notFound
            }
        }
        func hasGroup(named name: String) -> Bool? { true }
        func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? {
            switch name.text {
            case "sue": group == "sudo"
            case "wes": group == "wheel"
            case "ada": group == "adm"
            case "limbo": nil
            case _: false
            }
        }
    }

    private func world(creates: Bool = false, chain: [Step] = []) throws -> LoginWorld {
        try LoginWorld(
            chain: chain, providers: [NamingProvider(createsCredentials: creates)], directory: Directory())
    }

    /// Logs in as `account`, with a password that proves `username`.
    private func logIn(_ account: String, as username: String, to world: LoginWorld) throws -> WireClient.Said {
        let client = try world.connect()
        try client.begin(account, methods: [])
        guard case .prompt = try client.receive() else { return .closed }
        try client.answer("as \(username)")
        return try client.verdict()
    }

    private func isGranted(_ said: WireClient.Said) -> Bool {
        guard case .verdict(.granted, _) = said else { return false }
        return true
    }

    @Test func `without credentials nobody is let in, and the journal says how to link them`() async throws {
        try await withWorld(world()) { (world) async throws in
            // Nothing that was typed was wrong.
            #expect(try logIn("alice", as: "alice", to: world) == .verdict(.denied, "Login refused."))
            #expect(world.journal.messages.last?.contains("reason=credentials_refused") == true)
            #expect(world.journal.messages.last?.contains("twostep credentials link naming alice alice") == true)
            #expect(try world.store.allCredentials().isEmpty)
        }
    }

    @Test func `linked credentials open their account under another name, and no other account`() async throws {
        try await withWorld(world()) { (world) async throws in
            let (bob, alice) = (try #require(AccountName("bob")), try #require(AccountName("alice")))
            _ = try world.store.link(UserKey(bob, at: ProviderID("naming")), to: alice, at: world.clock.now)
            #expect(try isGranted(logIn("alice", as: "bob", to: world)))
            #expect(try !isGranted(logIn("bob", as: "bob", to: world)))
            #expect(try !isGranted(logIn("root", as: "bob", to: world)))
            #expect(try !isGranted(logIn("alice", as: "alice", to: world)))
        }
    }

    @Test func `credentials are created once where that is allowed, and found again`() async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            #expect(try isGranted(logIn("alice", as: "alice", to: world)))
            #expect(try world.store.allCredentials().map(\.account.text) == ["alice"])
            #expect(try isGranted(logIn("alice", as: "alice", to: world)))
            #expect(try world.store.allCredentials().count == 1)
        }
    }

    @Test(arguments: ["root", "daemon", "sue", "wes", "ada", "nobody here"])
    func `none are created for a privileged account, or one that is not there`(_ account: String) async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            #expect(try !isGranted(logIn(account, as: account, to: world)))
            let reason = account == "nobody here" ? "unknown_account" : "credentials_refused"
            #expect(world.journal.messages.last?.contains("reason=\(reason)") == true)
            #expect(try world.store.allCredentials().isEmpty)
        }
    }

    @Test func `none are created where the directory does not say who may become root`() async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            #expect(try !isGranted(logIn("limbo", as: "limbo", to: world)))
            #expect(world.journal.messages.last?.contains("reason=directory_unavailable") == true)
            #expect(try world.store.allCredentials().isEmpty)
        }
    }

    @Test(arguments: ["ALICE", "alicE", "bob"])
    func `none are created for an account that has another name than the user`(_ username: String) async throws {
        try await withWorld(world(creates: true)) { (world) async throws in
            #expect(try !isGranted(logIn("alice", as: username, to: world)))
            #expect(try world.store.allCredentials().isEmpty)
        }
    }

    @Test func `a flow that fails in a later step leaves no credentials`() async throws {
        try await withWorld(world(creates: true, chain: [Step(LoginWorld.module)])) { (world) async throws in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice", service: "sudo", methods: [])
            _ = try client.receive()
            try client.answer("as alice")
            #expect(try client.receive() == .prompt(.secret, "Code: "))
            try client.answer("wrong")
            #expect(try !isGranted(client.verdict()))
            #expect(try world.store.allCredentials().isEmpty)
        }
    }

    @Test func `a provider that hangs is given up, and what it says later applies to nothing`() async throws {
        let barrier = Barrier()
        let provider = NamingProvider(createsCredentials: true, barrier: barrier)
        try await withWorld(LoginWorld(chain: [], providers: [provider], directory: Directory())) {
            (world) async throws in
            let client = try world.connect()
            try client.begin("alice", methods: [])
            _ = try client.receive()
            try client.answer("as alice")
            barrier.waitForArrival()
            world.clock.advance(seconds: 8)
            try await world.server.sweep()
            world.clock.advance(seconds: 1)
            try await world.server.sweep()
            let said = try client.verdict()
            barrier.open()
            guard case .verdict(.unavailable, _) = said else {
                Issue.record("a provider that hangs was waited for")
                return
            }
            #expect(world.journal.messages.last?.contains("reason=provider_failed") == true)
            #expect(try world.store.allCredentials().isEmpty)
        }
    }
}
