import AuthProviders
import Authentication
import AuthenticationTesting
import Testing

@Suite("Providers that ask for a password keep the contract") struct ProviderContractTests {
    private static let password = Array("correct horse \u{1F511}".utf8)
    private static let broken = NoUserDatabase(.unreachable("the disk is gone"))

    private static func hash(_ password: [UInt8]) throws -> String { try newHash(password, prefix: "$6$", cost: 1000) }

    @Test(arguments: AuthProviderContract.rules)
    func `linux keeps the rule`(rule: AuthProviderContract.Rule) throws {
        let crypt = CountingCrypt()
        let hash = try Self.hash(Self.password)
        let shadow = ScriptedShadow(entries: [
            "alice": hash, "bob": try Self.hash([0x62]), "locked": "!" + hash, "empty": "", "odd": "$99$a$b",
        ])
        try rule.check(
            AuthProviderContract.Subject(
                users: noUsers, account: account("alice"), username: account("alice"), password: Self.password,
                others: ["bob", "locked", "empty", "odd", "Alice", "unknown"].map(account), hashes: { crypt.hashes },
                outage: {
                    let away = ScriptedShadow(failure: .notReadable)
                    return (LinuxProvider(ProviderID("linux"), shadow: away, hashing: crypt), noUsers)
                },
                make: { LinuxProvider(ProviderID("linux"), shadow: shadow, hashing: crypt) }))
    }

    /// homeassistant, where `username` has the password and `links` say who opens what.
    private static func homeassistant(
        _ username: String, for name: String, links: [(String, String)], others: [String]
    ) throws -> AuthProviderContract.Subject {
        let crypt = CountingCrypt()
        let id = ProviderID("homeassistant")
        let people = try People(HomeAssistantProvider(id, hashing: crypt))
        try people.add(username, String(decoding: password, as: UTF8.self))
        try people.add("bob", "b")
        for (user, account) in links { try people.link(user, to: account) }
        return AuthProviderContract.Subject(
            users: people.store.userDatabase, account: try account(name), username: try account(username),
            password: password, others: try others.map(account), hashes: { crypt.hashes },
            outage: { (HomeAssistantProvider(id, hashing: crypt), broken) },
            make: { HomeAssistantProvider(id, hashing: crypt) })
    }

    @Test(arguments: AuthProviderContract.rules)
    func `homeassistant keeps the rule`(rule: AuthProviderContract.Rule) throws {
        try rule.check(
            Self.homeassistant("alice", for: "alice", links: [], others: ["bob", "unknown", "\u{1F511}", "a b"]))
    }

    @Test(arguments: AuthProviderContract.rules)
    func `homeassistant keeps the rule where credentials say who it is`(rule: AuthProviderContract.Rule) throws {
        try rule.check(
            Self.homeassistant(
                "\u{1F511}", for: "alice", links: [("\u{1F511}", "alice"), ("gone", "carol")],
                others: ["bob", "unknown", "carol"]))
    }

    /// legacy_api_password with what the configuration has, or with the password in the store.
    private static func legacy(_ configured: String?) throws -> AuthProviderContract.Subject {
        let crypt = CountingCrypt()
        let user = try account("homeassistant")
        let make: @Sendable () -> any PasswordKeeping = {
            let secret: Secret?
            if let configured { secret = Secret(copying: Array(configured.utf8).span) } else { secret = nil }
            return LegacyAPIPasswordProvider(
                ProviderID("legacy_api_password"), user: user, password: secret, hashing: crypt)
        }
        let people = try People(make())
        if configured == nil { try people.add(user.text, String(decoding: password, as: UTF8.self)) }
        return AuthProviderContract.Subject(
            users: configured == nil ? people.store.userDatabase : noUsers, account: user, username: user,
            password: password, others: try ["root", "alice", "Homeassistant", "unknown"].map(account),
            hashes: { crypt.hashes }, outage: { configured == nil ? (make(), broken) : nil }, make: make)
    }

    @Test(arguments: AuthProviderContract.rules)
    func `legacy_api_password keeps the rule with a plain password`(rule: AuthProviderContract.Rule) throws {
        try rule.check(Self.legacy(String(decoding: Self.password, as: UTF8.self)))
    }

    @Test(arguments: AuthProviderContract.rules)
    func `legacy_api_password keeps the rule with a hash`(rule: AuthProviderContract.Rule) throws {
        try rule.check(Self.legacy(Self.hash(Self.password)))
    }

    @Test(arguments: AuthProviderContract.rules)
    func `legacy_api_password keeps the rule with the store's password`(rule: AuthProviderContract.Rule) throws {
        try rule.check(Self.legacy(nil))
    }

    @Test(arguments: [Int32(12), 22])
    func `none of them judges while crypt(3) fails`(code: Int32) throws {
        // It fails from the beginning: then nothing is ready, and nobody passes.
        let crypt = CountingCrypt(failure: .failed(code))
        let providers: [any AuthProvider] = [
            LinuxProvider(ProviderID("linux"), shadow: ScriptedShadow(), hashing: crypt),
            HomeAssistantProvider(ProviderID("homeassistant"), hashing: crypt),
            LegacyAPIPasswordProvider(
                ProviderID("legacy_api_password"), user: try account("homeassistant"), hashing: crypt),
        ]
        for provider in providers { #expect(throws: ProviderFailure.self) { try provider.initialize() } }
    }
}
