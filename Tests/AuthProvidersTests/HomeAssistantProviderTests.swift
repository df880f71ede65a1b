import AuthProviders
import Authentication
import AuthenticationTesting
import Testing

@Suite("homeassistant (cases 6 and 7)") struct HomeAssistantProviderTests {
    let people: People

    init() throws { people = try People() }

    // MARK: Case 6

    @Test func `case 6: a user who was added passes with the password, and with no other`() throws {
        #expect(try people.add("alice", "correct horse"))
        #expect(try people.prove("alice", "correct horse") == People.proved("alice"))
        for wrong in ["correct horse ", " correct horse", "Correct horse", "correct", "x", "homeassistant"] {
            #expect(try people.prove("alice", wrong) == .rejected(.wrongPassword))
        }
    }

    @Test func `case 6: a user cannot be added twice, and the first password stays`() throws {
        #expect(try people.add("alice", "first"))
        for name in ["alice", "Alice", " ALICE\t"] { #expect(try !people.add(name, "second")) }
        #expect(try people.prove("alice", "first") == People.proved("alice"))
        #expect(try people.prove("alice", "second") == .rejected(.wrongPassword))
    }

    @Test(arguments: ["alice", "Alice", "ALICE"])
    func `case 6: names that differ in case are the same`(name: String) throws {
        #expect(try people.add("aLICE", "password"))
        #expect(try people.prove(name, "password") == People.proved("alice"))
    }

    @Test func `case 6: a wrong password and an unknown user are told the same`() throws {
        #expect(try people.add("alice", "password"))
        #expect(try people.prove("alice", "wrong") == .rejected(.wrongPassword))
        #expect(try people.prove("bob", "password") == .rejected(.unknownAccount))
        #expect(people.provider.refusal == "That password is wrong.")
    }

    @Test func `case 6: after a change the old password fails and the new one works`() throws {
        #expect(try people.add("alice", "old"))
        #expect(try people.change(" Alice ", "new"))
        #expect(try people.prove("alice", "old") == .rejected(.wrongPassword))
        #expect(try people.prove("alice", "new") == People.proved("alice"))
    }

    @Test func `case 6: a change for an unknown user writes nothing`() throws {
        #expect(try people.add("alice", "password"))
        let before = try people.store.users(of: nil)
        #expect(try !people.change("bob", "password"))
        #expect(try people.store.users(of: nil) == before)
        #expect(try people.prove("bob", "password") == .rejected(.unknownAccount))
    }

    @Test func `case 6: a user who was removed is unknown`() throws {
        #expect(try people.add("alice", "password"))
        #expect(try people.store.removeUser(UserKey(account("alice"), at: people.provider.id)))
        #expect(try people.prove("alice", "password") == .rejected(.unknownAccount))
    }

    // MARK: Case 7

    @Test(arguments: [
        ("жанна", "пароль"), ("山田", "パスワード"), ("\u{1F511}", "\u{1F469}\u{200D}\u{1F4BB}"), ("zo\u{eb}", "\u{eb}"),
    ])
    func `case 7: UTF-8 and emoji work in names and passwords`(name: String, password: String) throws {
        #expect(try people.add(name, password))
        #expect(try people.prove(name, password) == People.proved(name))
        #expect(try people.prove(name, password + "\u{301}") == .rejected(.wrongPassword))
    }

    @Test func `case 7: two users pass after a restart`() throws {
        let names = [("alice", "one"), ("\u{1F511}", "two")]
        for (name, password) in names { #expect(try people.add(name, password)) }
        // Another provider, with another stand-in, over what was kept.
        let next = HomeAssistantProvider(people.provider.id, hashing: CountingCrypt())
        try next.initialize()
        for (name, password) in names {
            let proof = next.prove(
                LoginRequest(service: "sshd", account: try account(name)),
                UserInput(Secret(copying: Array(password.utf8).span)), users: people.store.userDatabase,
                isWaived: false)
            #expect(try proof == People.proved(name))
        }
    }

    @Test func `a password is taken byte for byte, unlike a name`() throws {
        #expect(try people.add("zo\u{eb}", "\u{eb}"))
        #expect(try people.prove("zoe\u{308}", "\u{eb}") == People.proved("zo\u{eb}"))
        #expect(try people.prove("zoe\u{308}", "e\u{308}") == .rejected(.wrongPassword))
    }

    // MARK: Whose password it is

    @Test func `asks for the password of the user whose credentials open the account`() throws {
        try people.add("alice", "alice's")
        try people.add("bob", "bob's")
        #expect(try people.link("bob", to: "alice") == .linked)
        #expect(try people.prove("alice", "bob's") == People.proved("bob"))
        // A user of the account's name is somebody else then.
        #expect(try people.prove("alice", "alice's") == .rejected(.wrongPassword))
    }

    @Test func `proves a user, and never an account that the user may not open`() throws {
        try people.add("bob", "bob's")
        try people.link("bob", to: "alice")
        // The flow then finds that bob's credentials open alice.
        #expect(try people.prove("bob", "bob's") == People.proved("bob"))
    }

    @Test func `knows nobody whose credentials are there and whose password is not`() throws {
        try people.link("bob", to: "alice")
        try people.add("alice", "password")
        #expect(try people.prove("alice", "password") == .rejected(.unknownAccount))
    }

    @Test func `keeps the users of two providers apart`() throws {
        let other = HomeAssistantProvider(ProviderID("homeassistant", id: "other"), hashing: CountingCrypt())
        try other.initialize()
        try people.add("alice", "password")
        let request = LoginRequest(service: "sshd", account: try account("alice"))
        let input = UserInput(Secret(copying: Array("password".utf8).span))
        #expect(
            other.prove(request, input, users: people.store.userDatabase, isWaived: false)
                == .rejected(.unknownAccount))
    }

    // MARK: What cannot be told

    @Test func `cannot tell while the store is away, and says why`() throws {
        try people.add("alice", "password")
        people.store.failure = .unreachable("the disk is gone")
        for name in ["alice", "bob"] {
            #expect(try people.prove(name, "password") == .unavailable("the disk is gone"))
        }
    }

    @Test func `cannot tell of a user whose hash does not open`() throws {
        try people.add("alice", "password")
        let key = UserKey(try account("bob"), at: people.provider.id)
        let sealed = try #require(try people.store.users(of: nil).first).sealedHash
        #expect(try people.store.add(ProviderUser(key: key, sealedHash: sealed, changedAt: 0)))
        guard case .unavailable = try people.prove("bob", "password") else {
            Issue.record("a hash of alice's let bob pass, or was taken for a wrong one")
            return
        }
        #expect(try people.prove("alice", "password") == People.proved("alice"))
    }

    @Test(arguments: ["", "!", "plain", "$", "$6$", "$99$a$b"])
    func `passes nobody whose kept hash is none`(hash: String) throws {
        let key = UserKey(try account("alice"), at: people.provider.id)
        let sealed = try people.store.sealing.seal(Secret(copying: Array(hash.utf8).span), at: key)
        #expect(try people.store.add(ProviderUser(key: key, sealedHash: sealed, changedAt: 0)))
        for password in ["password", hash] where !password.isEmpty {
            #expect(try people.prove("alice", password) == .rejected(.wrongPassword))
        }
    }

    // MARK: New passwords

    @Test func `keeps a new password as yescrypt`() throws {
        let provider = HomeAssistantProvider(ProviderID("homeassistant"))
        let hashes = try (0..<2).map { _ in
            try provider.hash(Array("password".utf8).span).withBytes { span in
                String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
            }
        }
        #expect(hashes.allSatisfy { $0.hasPrefix("$y$") })
        // Each with a salt of its own.
        #expect(Set(hashes).count == 2)
    }

    @Test(arguments: [[], [0], Array("a\0b".utf8), [UInt8](repeating: 0x61, count: 512)])
    func `keeps no password that nobody could give`(password: [UInt8]) throws {
        #expect(throws: ProviderFailure("a password has 1 to 511 bytes, and no NUL among them")) {
            _ = try people.provider.hash(password.span)
        }
    }

    // MARK: Settings

    @Test func `creates credentials only where it is told to`() throws {
        func made(_ value: Setting.Value?) throws -> any AuthProvider {
            let setting = value.map { Setting($0, line: 3, column: 5) }
            return try HomeAssistantProvider.type.make(
                ProviderID("homeassistant"), Settings(setting.map { ["create_credentials": $0] } ?? [:]))
        }
        #expect(try !made(nil).createsCredentials)
        #expect(try !made(.text("false", isQuoted: false)).createsCredentials)
        #expect(try made(.text("true", isQuoted: false)).createsCredentials)
        #expect(throws: SettingFailure.self) { try made(.text("true", isQuoted: true)) }
        #expect(throws: SettingFailure.self) { try made(.text("yes", isQuoted: false)) }
    }

    @Test func `asks for a password, of any number of users, and does not speak of accounts`() throws {
        let provider = HomeAssistantProvider(ProviderID("homeassistant"))
        #expect(provider.inputSchema.fields == [InputField(name: "password", label: "Password", kind: .password)])
        #expect(!provider.speaksOfAccounts && !provider.livesOnEvidence && provider.onlyUsername == nil)
        #expect(HomeAssistantProvider.type.keys == ["create_credentials"])
    }
}
