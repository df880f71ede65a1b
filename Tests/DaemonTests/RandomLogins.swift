import AuthenticationTesting
import AdminProtocol
import Authentication

/// Policies and logins out of a hat: every match key and every action.
struct RandomLogins {
    private var hat: SeededGenerator
    /// How often each match key and each action has stood in a rule.
    private(set) var counts: [String: Int] = [:]

    init(seed: UInt64) { hat = SeededGenerator(seed: seed) }

    mutating func isOnce(in count: Int) -> Bool { Int.random(in: 0..<count, using: &hat) == 0 }

    mutating func one<Value>(of values: [Value], else fallback: Value) -> Value {
        values.randomElement(using: &hat) ?? fallback
    }

    private mutating func some<Value>(_ key: String, once count: Int = 7, _ values: [Value]) -> [Value] {
        guard isOnce(in: count) else { return [] }
        counts[key, default: 0] += 1
        let chosen = values.filter { _ in Bool.random(using: &hat) }
        return chosen.isEmpty ? Array(values.prefix(1)) : chosen
    }

    private mutating func action<Value>(_ name: String, once count: Int = 4, _ values: [Value]) -> Value? {
        guard isOnce(in: count) else { return nil }
        counts[name, default: 0] += 1
        return values.randomElement(using: &hat)
    }

    // MARK: Policies

    static let providers = ["pam", "passwords", "naming"].map { ProviderID($0) }

    mutating func policy(_ chains: [(ProviderID, livesOnEvidence: Bool, speaksOfAccounts: Bool)]) -> Policy {
        // The first alone, now and then: with others beside it what lives on evidence is chosen by name alone.
        let chosen = isOnce(in: 3) ? Array(chains.prefix(1)) : chains.filter { _ in !isOnce(in: 4) }
        let made = chosen.map { chain in
            ProviderChain(
                provider: chain.0, livesOnEvidence: chain.livesOnEvidence, speaksOfAccounts: chain.speaksOfAccounts,
                steps: steps())
        }
        let rules = (0..<Int.random(in: 0...6, using: &hat)).map { rule(line: 10 + $0, made) }
        return Policy(chains: made, rules: rules, sessionLifetime: 300_000)
    }

    private mutating func steps() -> [Step] {
        let (a, b, c) = (ModuleID("a"), ModuleID("b"), ModuleID("c"))
        let choices = [[a, b], [b, c], [a, b, c]].compactMap { Step(anyOf: $0) }
        return one(
            of: [[], [Step(a)], [Step(b)], [Step(a), Step(c)], [Step(b), Step(a)]] + choices.map { [$0] }
                + choices.map { [Step(a), $0] }, else: [])
    }

    private mutating func rule(line: Int, _ chains: [ProviderChain]) -> Rule {
        let match = Match(
            services: Set(some("service", ["sshd", "sudo", "su", "login"])),
            accounts: Set(some("user", ["alice", "bob", "mallory", "limbo"].compactMap { AccountName($0) })),
            groups: Set(some("group", ["dbusers", "staff"])),
            networks: some("network", ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"].compactMap { Network($0) }),
            place: some("from", once: 7, [Match.Place.local, .remote].shuffled(using: &hat)).first,
            methods: Set(some("ssh", ["publickey", "publickey ssh-ed25519", "password"])),
            times: some("time", ["Mon-Fri 08:00-18:00", "Sat,Sun", "22:00-06:00"].compactMap { TimeWindow($0) }))
        var rule = Rule(match, line: line)
        let isMeant = action("modules", [true]) ?? false
        let steps = isMeant ? steps() : nil
        rule = Rule(
            match, provider: action("provider", chains.map(\.provider)), steps: steps,
            isExempt: action("exempt", once: 5, [true]) ?? false,
            isFirstFactorWaived: action("first_factor", once: 3, [true]) ?? false,
            unenrolled: action("unenrolled", [.skip, .skip, .enroll]) ?? .deny,
            rememberFor: action("remember", once: 2, [60_000, 900_000]), tries: action("tries", [1, 2, 3, 5]),
            sessionLifetime: action("session", [30_000, 600_000]), echo: action("echo", [true, false]),
            prompt: action("prompt", ["Say it"]), line: line)
        return rule
    }

    // MARK: Logins

    mutating func login() -> SupposedLogin {
        let service = one(of: ["sshd", "sudo", "sudo", "sudo-i", "su", "login", "x"], else: "x")
        return SupposedLogin(
            service: service,
            account: one(of: ["alice", "alice", "alice", "bob", "bob", "root", "mallory", "limbo"], else: "alice"),
            remoteHost: one(of: [nil, "10.1.2.3", "192.0.2.7", "2001:db8::5", "host.example"], else: nil),
            terminal: one(of: ["/dev/pts/3", "/dev/pts/3", "pts/4", "ssh", "tty1", nil], else: nil),
            ssh: one(
                of: [[], ["publickey ssh-ed25519"], ["publickey ssh-rsa"], ["password"], ["keyboard-interactive"]],
                else: []),
            hasAuthtok: isOnce(in: 2),
            provider: isOnce(in: 6)
                ? ProviderReference(one(of: RandomLogins.providers + [ProviderID("nobody's")], else: ProviderID("pam")))
                : nil)
    }
}
