import AuthProviders
import Authentication
import AuthenticationTesting
import Testing

@Suite("legacy_api_password (case 8)") struct LegacyAPIPasswordProviderTests {
    private static let id = ProviderID("legacy_api_password")

    private static func people(
        _ password: String? = nil, user: String = "homeassistant", hashing: CountingCrypt = CountingCrypt()
    ) throws -> People {
        let secret: Secret?
        if let password { secret = Secret(copying: Array(password.utf8).span) } else { secret = nil }
        return try People(
            LegacyAPIPasswordProvider(id, user: account(user), password: secret, hashing: hashing))
    }

    // MARK: Case 8

    @Test func `case 8: the right password proves the user homeassistant, and a wrong one nobody`() throws {
        let people = try Self.people("letmein")
        #expect(try people.prove("homeassistant", "letmein") == People.proved("homeassistant"))
        for wrong in ["letmein ", "Letmein", "letmei", "x"] {
            #expect(try people.prove("homeassistant", wrong) == .rejected(.wrongPassword))
        }
    }

    @Test func `case 8: the credentials are always those of homeassistant, made once and found again`() throws {
        let people = try Self.people("letmein")
        for linking in [Linking.linked, .unchanged, .unchanged] {
            guard case .proved(let username, _) = try people.prove("homeassistant", "letmein") else {
                Issue.record("the right password was refused")
                return
            }
            #expect(try people.link(username.text, to: "homeassistant") == linking)
        }
        #expect(try people.store.allCredentials().map(\.account) == [account("homeassistant")])
    }

    @Test func `case 8: without a password anywhere nothing can be told, and the remedy is named`() throws {
        let people = try Self.people()
        for name in ["homeassistant", "root"] {
            for password in ["letmein", ""] {
                #expect(
                    try people.prove(name, password)
                        == .unavailable("no API password is set; twostep legacy passwd"))
            }
        }
    }

    @Test(arguments: ["root", "alice", "Homeassistant", "homeassistant2", "homeassistan"])
    func `case 8: any other PAM_USER is refused with the right password, after the same work`(name: String) throws {
        let crypt = CountingCrypt()
        let people = try Self.people("letmein", hashing: crypt)
        let before = crypt.hashes
        #expect(try people.prove(name, "letmein") == .rejected(.unknownAccount))
        #expect(crypt.hashes == before + 1)
        #expect(try people.prove(name, "wrong") == .rejected(.unknownAccount))
        #expect(crypt.hashes == before + 2)
        #expect(try people.prove("homeassistant", "wrong") == .rejected(.wrongPassword))
        #expect(crypt.hashes == before + 3)
    }

    // MARK: Where the password comes from

    @Test(arguments: LinuxProviderTests.methods)
    func `takes a hash of any method in the configuration`(method: LinuxProviderTests.Method) throws {
        let hash = try newHash(Array("letmein".utf8), prefix: method.prefix, cost: method.cost)
        let people = try Self.people(hash)
        #expect(try people.prove("homeassistant", "letmein") == People.proved("homeassistant"))
        // The hash itself is no password.
        for wrong in ["wrong", hash] {
            #expect(try people.prove("homeassistant", wrong) == .rejected(.wrongPassword))
        }
    }

    @Test func `takes the password of the store where the configuration has none`() throws {
        let people = try Self.people()
        #expect(try people.add("homeassistant", "kept"))
        #expect(try people.prove("homeassistant", "kept") == People.proved("homeassistant"))
        #expect(try people.prove("homeassistant", "wrong") == .rejected(.wrongPassword))
        #expect(try people.prove("root", "kept") == .rejected(.unknownAccount))
        #expect(try people.change("homeassistant", "changed"))
        #expect(try people.prove("homeassistant", "kept") == .rejected(.wrongPassword))
        #expect(try people.prove("homeassistant", "changed") == People.proved("homeassistant"))
    }

    @Test func `takes the configuration's password before the store's, and needs no store then`() throws {
        let people = try Self.people("configured")
        #expect(try people.add("homeassistant", "kept"))
        #expect(try people.prove("homeassistant", "configured") == People.proved("homeassistant"))
        #expect(try people.prove("homeassistant", "kept") == .rejected(.wrongPassword))
        people.store.failure = .unreachable("the disk is gone")
        #expect(try people.prove("homeassistant", "configured") == People.proved("homeassistant"))
    }

    @Test func `cannot tell while the store that has the password is away`() throws {
        let people = try Self.people()
        try people.add("homeassistant", "kept")
        people.store.failure = .damaged("the file is damaged")
        for name in ["homeassistant", "root"] {
            #expect(try people.prove(name, "kept") == .unavailable("the file is damaged"))
        }
    }

    @Test func `proves the user that legacy_user names, and no other`() throws {
        let people = try Self.people("letmein", user: "door")
        #expect(try people.prove("door", "letmein") == People.proved("door"))
        #expect(try people.prove("homeassistant", "letmein") == .rejected(.unknownAccount))
        #expect(people.provider.onlyUsername == (try account("door")))
    }

    @Test func `opens no other account for credentials that say so`() throws {
        let people = try Self.people("letmein")
        #expect(try people.link("homeassistant", to: "root") == .linked)
        #expect(try people.prove("root", "letmein") == .rejected(.unknownAccount))
    }

    // MARK: Settings

    private static func make(_ values: [String: Setting.Value]) throws -> any AuthProvider {
        try LegacyAPIPasswordProvider.type.make(id, Settings(values.mapValues { Setting($0, line: 4, column: 9) }))
    }

    private static func explanation(_ values: [String: Setting.Value]) -> String? {
        do {
            _ = try make(values)
            return nil
        } catch {
            return (error as? SettingFailure)?.explanation
        }
    }

    @Test(arguments: [
        "123456", "007", "0", "-5", "+5", "1.5", ".5", "1.", "1e9", "1E-9", "6.02e+23", "0x1F", "0o17", "0b101",
        "1_000",
        "12:30", "1:30:00", ".inf", "-.INF", ".NaN",
    ])
    func `refuses an API password that YAML would make a number, without repeating it`(text: String) throws {
        let expected = "api_password is a number, expected text: put it in quotes ('…'), or better, use its hash"
        #expect(Self.explanation(["api_password": .text(text, isQuoted: false)]) == expected)
        // In quotes it is what it looks like.
        _ = try Self.make(["api_password": .text(text, isQuoted: true)])
    }

    @Test(arguments: [
        "letmein", "12ab", "e9", "1e", "1e+", "0x", "0xfg", "_1", "+", "-", ".", ":", "1-2", "a1", "12 34", "\u{661}",
        "true", "info",
    ])
    func `takes for text what is none`(text: String) throws {
        _ = try Self.make(["api_password": .text(text, isQuoted: false)])
    }

    @Test func `refuses an API password that is empty, or none at all`() {
        for value in [
            Setting.Value.nothing, .list([]), .map([]), .text("", isQuoted: true), .text("", isQuoted: false),
        ] {
            let words = Self.explanation(["api_password": value])
            #expect(words?.hasPrefix("api_password is ") == true, "\(value)")
            #expect(words?.hasSuffix(", expected a password or its hash") == true, "\(value)")
        }
    }

    @Test(arguments: [String(repeating: "a", count: 512), "a\0b", "\0"])
    func `refuses an API password that nobody could give, without repeating it`(text: String) throws {
        let words = try #require(Self.explanation(["api_password": .text(text, isQuoted: true)]))
        #expect(words.contains("expected 1 to 511 and no NUL among them") && !words.contains("a\0b"))
    }

    @Test(arguments: ["$", "$ecret", "$99$a$b", "$$"])
    func `refuses what begins like a hash and is none, without repeating it`(text: String) {
        #expect(
            Self.explanation(["api_password": .text(text, isQuoted: false)])
                == "api_password begins with '$', and is no hash that crypt(3) knows (see crypt(5))")
    }

    @Test(arguments: LinuxProviderTests.methods)
    func `does not start with a hash that was cut, and so would be nobody's`(method: LinuxProviderTests.Method) throws {
        let hash = try newHash(Array("letmein".utf8), prefix: method.prefix, cost: method.cost)
        for text in [String(hash.dropLast()), hash + "a"] {
            let provider = LegacyAPIPasswordProvider(
                Self.id, user: try account("homeassistant"), password: Secret(copying: Array(text.utf8).span),
                hashing: CountingCrypt())
            #expect(throws: ProviderFailure("api_password begins with '$', and is no whole hash of crypt(3)")) {
                try provider.initialize()
            }
            let request = LoginRequest(service: "sshd", account: try account("homeassistant"))
            let input = UserInput(Secret(copying: Array("letmein".utf8).span))
            #expect(
                provider.prove(request, input, users: noUsers, isWaived: false)
                    == .unavailable("legacy_api_password has not been initialised"))
        }
    }

    @Test func `refuses a legacy_user that is no name`() {
        for text in ["a/b", "a:b", " a", "a\n"] {
            let words = Self.explanation(["legacy_user": .text(text, isQuoted: true)])
            #expect(words?.hasSuffix("expected the name of an account") == true)
        }
        #expect(Self.explanation(["legacy_user": .nothing]) == "legacy_user is nothing, expected text")
    }

    @Test func `reads its password under http as well`() {
        #expect(LegacyAPIPasswordProvider.type.sections == ["api_password": "http"])
        #expect(LegacyAPIPasswordProvider.type.keys == ["api_password", "create_credentials", "legacy_user"])
    }

    @Test func `asks at a prompt of its own, and never for the account's password`() throws {
        let provider = try Self.make(["create_credentials": .text("true", isQuoted: false)])
        #expect(
            provider.inputSchema.fields == [InputField(name: "api_password", label: "API password", kind: .secret)])
        #expect(!provider.speaksOfAccounts && !provider.livesOnEvidence && provider.createsCredentials)
        #expect(try !Self.make([:]).createsCredentials)
    }
}
