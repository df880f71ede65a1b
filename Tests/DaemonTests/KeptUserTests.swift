import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Users and credentials of providers with users of their own, over admin.sock.
@Suite struct KeptUserTests {
    static let home = ProviderReference(type: "keeper", id: "home")
    static let shared = ProviderReference(type: "shared")
    private static let homeKeeper = ScriptedKeeper(ProviderID("keeper", id: "home"))
    private static let sharedKeeper = ScriptedKeeper(ProviderID("shared"), onlyUsername: AccountName("homeassistant"))

    private static func world(
        _ keepers: ScriptedKeeper..., isBroken: Bool = false, directory: FakeGroups = FakeGroups()
    ) throws -> LoginWorld {
        try LoginWorld(
            chain: [], providers: keepers + [StubbornProvider()], directory: directory, isBroken: isBroken)
    }

    private static func set(
        _ username: String, _ intent: PasswordIntent, at provider: ProviderReference = home
    ) -> AdminRequest {
        .setPassword(username: username, provider: provider, intent: intent)
    }

    private func user(_ username: String, account: String? = nil, creates: Bool = false, at moment: Int64?) -> KeptUser
    {
        KeptUser(
            provider: KeptUserTests.home, username: username, changedAt: moment, account: account,
            createsCredentials: creates)
    }

    /// What the store has of a user's password, as it was hashed.
    private func hash(_ world: LoginWorld, _ username: String, _ provider: ProviderReference = home) throws -> String? {
        let key = UserKey(try #require(AccountName(username)), at: provider.provider)
        guard let hash = try world.store.userDatabase.passwordHash(of: key) else { return nil }
        return hash.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }

    @Test func `a user is added once, whatever the case and the spaces around the name`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            let client = try world.administer()
            let now = world.clock.now.wall
            #expect(
                try client.ask(.user(username: " Zoë 🔑 ", provider: nil)) == .user(user("zoë 🔑", at: nil)))
            #expect(
                try client.ask(KeptUserTests.set(" Zoë 🔑 ", .add), "pässword 🔑")
                    == .passwordSet(PasswordChange(user: user("zoë 🔑", at: now), replaced: false)))
            #expect(try hash(world, "zoë 🔑") == "hash of pässword 🔑")
            let again = try client.ask(KeptUserTests.set("ZOË 🔑", .add), "other")
            #expect(again.refusalCode == .userExists)
            #expect(try hash(world, "zoë 🔑") == "hash of pässword 🔑")
            #expect(
                try client.ask(.user(username: "ZOË 🔑", provider: KeptUserTests.home)) == .user(user("zoë 🔑", at: now)))
            #expect(
                world.journal.messages == [#"password set provider=keeper:home username="zoë 🔑""#])
        }
    }

    @Test func `another password takes the place of the old one, and of an unknown user nothing is written`()
        async throws
    {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            let client = try world.administer()
            #expect(try client.ask(KeptUserTests.set("zoe", .change), "new").refusalCode == .unknownUser)
            #expect(try world.store.users(of: nil).isEmpty)
            try client.ask(KeptUserTests.set("zoe", .add), "old")
            world.clock.advance(seconds: 60)
            #expect(
                try client.ask(KeptUserTests.set("Zoe", .change), "new")
                    == .passwordSet(
                        PasswordChange(user: user("zoe", at: world.clock.now.wall), replaced: true)))
            #expect(try hash(world, "zoe") == "hash of new")
            #expect(world.journal.messages.last == #"password changed provider=keeper:home username="zoe""#)
        }
    }

    @Test(
        arguments: [
            ([], .unacceptable), ([[]], .unacceptable), ([[97, 0, 98]], .unacceptable), ([[97], [97]], .unacceptable),
            ([[UInt8](repeating: 97, count: 512)], .unacceptable), ([Array("unhashable".utf8)], .internal),
            ([[UInt8](repeating: 97, count: 511)], nil), ([[0xC3, 0x28]], nil),
        ] as [([[UInt8]], AdminRefusal.Kind?)])
    func `a password has 1 to 511 bytes, of any kind but NUL`(
        _ passwords: [[UInt8]], _ code: AdminRefusal.Kind?
    ) async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            let client = try world.administer()
            #expect(try client.ask(KeptUserTests.set("zoe", .add), secrets: passwords).refusalCode == code)
            #expect(try world.store.users(of: nil).isEmpty == (code != nil))
        }
    }

    @Test func `a user who goes takes the credentials along, and the next of that name opens nothing`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            let client = try world.administer()
            try client.ask(KeptUserTests.set("zoe", .add), "old")
            try client.ask(.link(username: "zoe", provider: KeptUserTests.home, account: "alice"))
            #expect(
                try client.ask(.user(username: "zoe", provider: nil))
                    == .user(user("zoe", account: "alice", at: world.clock.now.wall)))
            #expect(try logIn("alice", "old", to: world))
            #expect(
                try client.ask(.removeUser(username: "Zoe", provider: KeptUserTests.home))
                    == .userRemoved(UserRemoval(provider: KeptUserTests.home, username: "zoe", account: "alice")))
            #expect(try world.store.allCredentials().isEmpty)
            try client.ask(KeptUserTests.set("zoe", .add), "old")
            #expect(try !logIn("alice", "old", to: world))
            #expect(
                try client.ask(.removeUser(username: "max", provider: KeptUserTests.home)).refusalCode == .unknownUser)
        }
    }

    @Test func `the shared password is set and changed by its own verb, and by no other`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper, KeptUserTests.sharedKeeper)) {
            (world) async throws in
            let client = try world.administer()
            guard case .user(let only) = try client.ask(.user(username: nil, provider: nil)) else {
                Issue.record("nobody was found")
                return
            }
            #expect(only.provider == KeptUserTests.shared && only.username == "homeassistant" && only.changedAt == nil)
            for (password, isReplaced) in [("one", false), ("two", true)] {
                let set = KeptUserTests.set("homeassistant", .share, at: KeptUserTests.shared)
                guard case .passwordSet(let change) = try client.ask(set, password) else {
                    Issue.record("no password was set")
                    return
                }
                #expect(change.replaced == isReplaced)
                #expect(try hash(world, "homeassistant", KeptUserTests.shared) == "hash of \(password)")
            }
            for intent in [PasswordIntent.add, .change] {
                let refused = try client.ask(KeptUserTests.set("homeassistant", intent, at: KeptUserTests.shared), "x")
                #expect(refused.refusalCode == .unknownProvider)
                #expect(refused.refusalText.contains("twostep legacy passwd"))
            }
            let other = try client.ask(KeptUserTests.set("zoe", .share), "x")
            #expect(other.refusalCode == .unknownProvider)
            #expect(other.refusalText.contains("twostep user"))
            #expect(
                try client.ask(KeptUserTests.set("zoe", .share, at: KeptUserTests.shared), "x").refusalCode
                    == .unknownUser)
            // It is nobody's in particular.
            #expect(try client.ask(.users(provider: nil)) == .users(UserListing(users: [])))
        }
    }

    @Test func `where several keep users the provider must be named`() async throws {
        let other = ScriptedKeeper(ProviderID("other"), createsCredentials: true)
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper, other)) { (world) async throws in
            let client = try world.administer()
            let refused = try client.ask(.user(username: "zoe", provider: nil))
            #expect(refused.refusalCode == .unknownProvider)
            #expect(refused.refusalText.contains("--provider keeper:home or other"))
            #expect(try client.ask(.user(username: nil, provider: nil)).refusalCode == .unknownProvider)
            let named = ProviderReference(type: "other")
            guard case .user(let found) = try client.ask(.user(username: "zoe", provider: named)) else {
                Issue.record("nobody was found")
                return
            }
            #expect(found.createsCredentials)
            for provider in ["stubborn", "nosuch"] {
                let reference = ProviderReference(type: provider)
                #expect(try client.ask(.user(username: "zoe", provider: reference)).refusalCode == .unknownProvider)
                #expect(try client.ask(.users(provider: reference)).refusalCode == .unknownProvider)
            }
            #expect(try client.ask(.user(username: "a/b", provider: named)).refusalCode == .badParameter)
            #expect(try client.ask(.user(username: "  ", provider: named)).refusalCode == .badParameter)
        }
    }

    @Test func `the listing has those whose provider is gone as well`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            let client = try world.administer()
            let gone = UserKey(try #require(AccountName("max")), at: ProviderID("gone"))
            _ = try world.store.add(ProviderUser(key: gone, sealedHash: [1], changedAt: 7))
            try client.ask(KeptUserTests.set("zoe", .add), "x")
            let orphan = KeptUser(
                provider: ProviderReference(type: "gone"), username: "max", changedAt: 7, account: nil,
                createsCredentials: false, problem: "its provider is not configured")
            let zoe = user("zoe", at: world.clock.now.wall)
            #expect(try client.ask(.users(provider: nil)) == .users(UserListing(users: [orphan, zoe])))
            #expect(try client.ask(.users(provider: KeptUserTests.home)) == .users(UserListing(users: [zoe])))
        }
    }

    // MARK: Credentials

    private func link(_ username: String, _ account: String) -> AdminRequest {
        .link(username: username, provider: KeptUserTests.home, account: account)
    }

    @Test func `linked credentials open an account until they are unlinked, at once`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            let client = try world.administer()
            try client.ask(KeptUserTests.set("zoe", .add), "x")
            let linked = CredentialsLink(
                provider: KeptUserTests.home, username: "zoe", account: "alice", isUnchanged: false,
                isPrivileged: false, lacksUser: false)
            #expect(try client.ask(link(" ZOE", "alice")) == .linked(linked))
            #expect(try logIn("alice", "x", to: world))
            #expect(
                try client.ask(.credentials())
                    == .credentials(
                        CredentialsListing(credentials: [
                            LinkedCredentials(
                                provider: KeptUserTests.home, username: "zoe", account: "alice",
                                createdAt: world.clock.now.wall)
                        ])))
            let unlink = AdminRequest.unlink(username: "Zoe ", provider: KeptUserTests.home)
            #expect(
                try client.ask(unlink)
                    == .unlinked(
                        CredentialsRemoval(provider: KeptUserTests.home, username: "zoe", account: "alice")))
            #expect(try !logIn("alice", "x", to: world))
            #expect(try client.ask(unlink).refusalCode == .unknownUser)
        }
    }

    @Test func `a username opens one account, and an account is opened by one username`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            let client = try world.administer()
            guard case .linked(let first) = try client.ask(link("zoe", "alice")) else {
                Issue.record("nothing was linked")
                return
            }
            #expect(first.lacksUser)
            guard case .linked(let again) = try client.ask(link("zoe", "alice")) else {
                Issue.record("the same again was refused")
                return
            }
            #expect(again.isUnchanged)
            let another = try client.ask(link("zoe", "bob"))
            #expect(another.refusalCode == .linkedOtherwise)
            #expect(another.refusalText.contains("opens the account 'alice' already"))
            let taken = try client.ask(link("max", "alice"))
            #expect(taken.refusalCode == .linkedOtherwise)
            #expect(taken.refusalText.contains("twostep credentials unlink keeper:home 'zoe'"))
            #expect(try world.store.allCredentials().count == 1)
        }
    }

    @Test(
        arguments: [
            ("root", true), ("alice", false), ("bob", true), ("dim", nil),
        ] as [(String, Bool?)])
    func `privileged accounts are linked, and named as such`(_ account: String, _ isPrivileged: Bool?) async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) async throws in
            guard case .linked(let found) = try world.administer().ask(link("zoe", account)) else {
                Issue.record("nothing was linked")
                return
            }
            #expect(found.isPrivileged == isPrivileged)
        }
    }

    @Test func `what cannot be linked is refused`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper, KeptUserTests.sharedKeeper)) {
            (world) async throws in
            let client = try world.administer()
            #expect(try client.ask(link("zoe", "carol")).refusalCode == .unknownAccount)
            #expect(try client.ask(link("zoe", "limbo")).refusalCode == .busy)
            #expect(try client.ask(link("a:b", "alice")).refusalCode == .badParameter)
            func code(_ username: String, at provider: String) throws -> AdminRefusal.Kind? {
                let reference = ProviderReference(type: provider)
                return try client.ask(.link(username: username, provider: reference, account: "alice")).refusalCode
            }
            #expect(try code("zoe", at: "keeper") == .unknownProvider)
            // Its users are the accounts themselves.
            #expect(try code("alice", at: "stubborn") == .badParameter)
            #expect(try code("zoe", at: "shared") == .unknownUser)
            #expect(try code("HomeAssistant", at: "shared") == nil)
            #expect(try world.store.allCredentials().count == 1)
        }
    }

    @Test func `credentials of a provider that is gone can be listed and unlinked`() async throws {
        try await withWorld(KeptUserTests.world(isBroken: true)) { (world) async throws in
            let client = try world.administer()
            let gone = UserKey(try #require(AccountName("Max")), at: ProviderID("gone"))
            _ = try world.store.link(gone, to: try #require(AccountName("alice")), at: world.clock.now)
            guard case .credentials(let listing) = try client.ask(.credentials()) else {
                Issue.record("nothing was listed")
                return
            }
            #expect(listing.credentials.map(\.username) == ["Max"])
            let unlink = AdminRequest.unlink(username: "Max", provider: ProviderReference(type: "gone"))
            #expect(try client.ask(unlink).refusalCode == nil)
            #expect(try client.ask(link("zoe", "alice")).refusalCode == .misconfigured)
            #expect(try client.ask(.user(username: "zoe", provider: nil)).refusalCode == .misconfigured)
            #expect(try client.ask(.users(provider: nil)).refusalCode == .misconfigured)
        }
    }

    @Test(arguments: [
        KeptUserTests.set("alice", .change), .removeUser(username: "Alice", provider: KeptUserTests.home),
    ])
    func `a password that is taken away while it is judged proves nothing`(_ taking: AdminRequest) async throws {
        let pause = Pause()
        var keeper = KeptUserTests.homeKeeper
        keeper.createsCredentials = true
        keeper.pause = pause
        try await withWorld(KeptUserTests.world(keeper)) { (world) throws in
            let admin = try world.administer()
            try admin.ask(KeptUserTests.set("alice", .add), "old")
            defer { pause.end() }
            let client = try beginJudging(pause, in: world)
            if case .setPassword = taking { try admin.ask(taking, "new") } else { try admin.ask(taking) }
            pause.end()
            // It was right when it was read.
            #expect(try client.receive() == .verdict(.denied, "Login refused."))
            #expect(try world.store.allCredentials().isEmpty)
            #expect(world.journal.messages.last?.contains("was changed since it was judged") == true)
        }
    }

    /// The store is all that daemons have in common.
    @Test func `a password that another daemon has replaced since it was judged opens nothing`() async throws {
        try await withWorld(KeptUserTests.world(KeptUserTests.homeKeeper)) { (world) throws in
            var keeper = KeptUserTests.homeKeeper
            let user = try world.keptUser("alice", "old", at: keeper)
            #expect(try world.store.add(user))
            #expect(try world.store.link(user.key, to: user.key.username, at: world.clock.now) == .linked)
            #expect(try logIn("alice", "old", to: world))
            let pause = Pause()
            keeper.pause = pause
            world.follow { $0.providers[keeper.id] = keeper }
            defer { pause.end() }
            let client = try beginJudging(pause, in: world)
            #expect(try world.store.change(world.keptUser("alice", "new", at: keeper)))
            pause.end()
            #expect(try client.receive() == .verdict(.denied, "Login refused."))
        }
    }

    /// Begins a login of alice with the password `old`; returns once that has been judged, and nobody has heard of it.
    private func beginJudging(_ pause: Pause, in world: LoginWorld) throws -> WireClient {
        let client = try world.connect()
        try client.begin("alice", service: "sshd", methods: [], arguments: ["provider=keeper:home"])
        #expect(try client.receive() == .prompt(.authtok, "Password: "))
        try client.answer("old")
        #expect(pause.isReached())
        return client
    }

    /// Whether a password gets into an account.
    private func logIn(_ account: String, _ password: String, to world: LoginWorld) throws -> Bool {
        let client = try world.connect()
        try client.begin(account, service: "sudo", methods: [], arguments: ["provider=keeper:home"])
        guard case .prompt = try client.receive() else { return false }
        try client.answer(password)
        guard case .verdict(.granted, _) = try client.verdict() else { return false }
        return true
    }
}

/// root, alice, bob who is in the group sudo, and dim of whom no group can be told.
struct FakeGroups: AccountDirectory {
    func account(named name: AccountName) -> Lookup {
        switch name.text {
        case "root": .found(AccountFacts(uid: 0, gid: 0))
        case "alice": .found(AccountFacts(uid: 1001, gid: 1001))
        case "bob": .found(AccountFacts(uid: 1002, gid: 1002))
        case "dim": .found(AccountFacts(uid: 1003, gid: 1003))
        case "limbo": .cannotTell
        case _: .notFound
        }
    }

    func hasGroup(named name: String) -> Bool? { true }
    func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? {
        switch name.text {
        case "dim": nil
        case "bob": group == "sudo"
        case _: false
        }
    }
}
