import AdminProtocol
import Authentication
import AuthenticationTesting
import AuthProviders
import Configuration
import Daemon
import Testing
import Wire

/// What `explain` says of a login, and what the login then does.
@Suite struct ExplainTests {
    private func explain(_ world: LoginWorld, _ login: SupposedLogin) throws -> Explanation {
        let reply = try world.administer().ask(.explain(login: login))
        guard case .explained(let explanation) = reply else { throw WorldFailure("not explained: \(reply)") }
        return explanation
    }

    // MARK: Against real logins

    private static let modules: [any AuthModule] = [
        RepeatingModule("a"), RepeatingModule("b", shape: .digits([6])),
        RepeatingModule("c", shape: .base32(24), isLowEntropy: false),
    ]

    private func randomWorld() throws -> LoginWorld {
        let world = try LoginWorld(
            extra: Self.modules,
            providers: [PamProvider(ProviderID("pam")), PasswordProvider(), NamingProvider(createsCredentials: true)])
        world.processes.begin(at: "pts/3", leader: 300)
        world.processes.begin(at: "pts/4", leader: 400)
        return world
    }

    /// Something happens between two logins.
    private func happen(_ hat: inout RandomLogins, _ world: LoginWorld) throws {
        let name = hat.one(of: ["alice", "bob"], else: "alice")
        let module = hat.one(of: Self.modules.map(\.id), else: ModuleID("a"))
        let uid: UInt32 = name == "alice" ? 1001 : 1002
        let admin = try world.administer()
        switch hat.one(of: Array(0...9), else: 0) {
        case 0...2: try world.enroll(name, module: module, uid: uid)
        case 3: try world.enroll(name, module: module, uid: 999)
        case 4: _ = try admin.ask(.adopt(account: name, uid: uid))
        case 5:
            _ = try admin.ask(
                .remove(account: name, device: "phone", module: ModuleReference(module), force: true))
        case 6: _ = try admin.ask(hat.isOnce(in: 2) ? .block(account: name, reason: nil) : .unblock(account: name))
        case 7: world.clock.advance(seconds: hat.one(of: [20, 61, 40_000, 130_000], else: 20))
        case 8: for name in ["alice", "bob"] { _ = try admin.ask(.unlock(account: name)) }
        case _: world.processes.begin(at: "pts/3", leader: Int32(hat.one(of: Array(301...399), else: 301)))
        }
        if hat.isOnce(in: 3) { _ = try admin.ask(.unblock(account: name)) }
    }

    @Test func `over random policies and logins it foresees how each of them ends, and which rule it is`() async throws
    {
        try await withWorld(randomWorld()) { (world) async throws in
            var hat = RandomLogins(seed: 20_261_122)
            var endings: [String: Int] = [:]
            var reasons: [String: Int] = [:]
            for number in 2...121 {
                let policy = hat.policy([
                    (RandomLogins.providers[0], true, true), (RandomLogins.providers[1], false, true),
                    (RandomLogins.providers[2], false, false),
                ])
                world.follow {
                    $0.number = number
                    $0.policy = policy
                }
                var login = hat.login()
                for _ in 0..<6 {
                    // The same again, now and then: what was granted may be remembered.
                    if !hat.isOnce(in: 3) { login = hat.login() }
                    // What is known of names that nobody has is kept apart, and shown to nobody.
                    _ = try world.administer().ask(.unlock(account: "mallory"))
                    let foreseen = try explain(world, login)
                    let choice = foreseen.ways.isEmpty ? 0 : hat.one(of: Array(foreseen.ways.indices), else: 0)
                    let way = foreseen.ways.indices.contains(choice) ? foreseen.ways[choice] : nil
                    let ending = try #require(way?.ending ?? foreseen.ending)
                    let person = Person(world: world, login: login, way: way, number: choice)
                    let before = world.journal.messages.count
                    let real = try person.logIn()
                    let words = "\(policy)\n\(login)\n\(foreseen)"
                    let record = world.journal.messages.dropFirst(before).last { $0.hasPrefix("login ") } ?? ""
                    #expect(ending.code == Self.name(of: real.code), "\(words)\n\(record)")
                    #expect(way.map(\.asked) ?? 0 == real.steps, "\(words)\n\(record)")
                    #expect(record.hasPrefix("login \(ending.result) "), "\(words)\n\(record)")
                    #expect(
                        ending.reason.map { record.contains(" reason=\($0) ") } ?? !record.contains(" reason="),
                        "\(words)\n\(record)")
                    if let terms = foreseen.terms {
                        #expect(
                            terms.rule.map { record.contains(#" rule="line \#($0)""#) } ?? !record.contains(" rule="),
                            "\(words)\n\(record)")
                        #expect(foreseen.rules.last { $0.mismatch == nil }?.line == terms.rule)
                    }
                    endings[ending.result, default: 0] += 1
                    reasons[ending.reason ?? "-", default: 0] += 1
                    if hat.isOnce(in: 3) { try happen(&hat, world) }
                    if hat.isOnce(in: 12) { for _ in 0..<4 { _ = try person.logIn(isRight: false) } }
                }
            }
            // The test is worth as much as what it has come across.
            for key in [
                "service", "user", "group", "network", "from", "ssh", "time", "provider", "modules", "exempt",
                "first_factor", "unenrolled", "remember", "tries", "session", "echo", "prompt",
            ] {
                #expect(hat.counts[key, default: 0] >= 20, "\(key): \(hat.counts)")
            }
            for result in ["granted", "denied", "exempt", "skipped", "unavailable", "misconfigured"] {
                #expect(endings[result, default: 0] >= 5, "\(result): \(endings)")
            }
            for reason in [
                "remembered", "first_factor_waived", "no_evidence", "blocked", "not_enrolled", "too_many_retry",
                "delayed", "account_changed", "directory_unavailable",
            ] {
                #expect(reasons[reason, default: 0] >= 2, "\(reason): \(reasons)")
            }
        }
    }

    private static func name(of code: VerdictCode) -> String {
        switch code {
        case .granted: "PAM_SUCCESS"
        case .exempt: "PAM_IGNORE"
        case .denied: "PAM_AUTH_ERR"
        case .triesUsedUp: "PAM_MAXTRIES"
        case .unavailable: "PAM_AUTHINFO_UNAVAIL"
        case .badArgument: "PAM_SERVICE_ERR"
        case .conversationFailed, .noOpinion, .blocked: "?"
        }
    }

    // MARK: One by one

    @Test func `explaining charges nothing, spends nothing and opens no session`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try world.enroll("alice")
            let login = SupposedLogin(service: "sshd", account: "alice", ssh: ["publickey ssh-ed25519"])
            for _ in 0..<20 { _ = try explain(world, login) }
            #expect(try world.store.counters(of: nil).isEmpty)
            #expect(world.store.commits == 0)
            #expect(world.journal.messages.isEmpty)
            guard case .sessions(let listing) = try world.administer().ask(.sessions) else { return }
            #expect(listing.sessions.isEmpty)
        }
    }

    @Test func `every rule before the one that matches says which of its keys does not`() async throws {
        let bob = try StoreBench.account("bob")
        let rules = [
            Rule(Match(services: ["sudo"]), line: 3), Rule(Match(accounts: [bob]), line: 5),
            Rule(Match(groups: ["dbusers"]), line: 7), Rule(Match(services: ["sshd"]), tries: 2, line: 9),
            Rule(Match(), line: 11),
        ]
        try await withWorld(LoginWorld(rules: rules)) { (world) async throws in
            let found = try explain(world, SupposedLogin(service: "sshd", account: "alice"))
            #expect(
                found.rules == [
                    Explanation.Rule(line: 3, mismatch: "service"), Explanation.Rule(line: 5, mismatch: "user"),
                    Explanation.Rule(line: 7, mismatch: "group"), Explanation.Rule(line: 9, mismatch: nil),
                ])
            #expect(found.terms?.rule == 9 && found.terms?.tries == 2)
            #expect(found.ways.map(\.ending.reason) == ["no_evidence"])
        }
    }

    @Test func `a time that is yet to come is judged by its own rules, delays and grants`() async throws {
        let night = try #require(TimeWindow("22:00-06:00"))
        let rules = [
            Rule(Match(times: [night]), isExempt: true, line: 2), Rule(Match(), rememberFor: 60_000, line: 4),
        ]
        try await withWorld(LoginWorld(rules: rules)) { (world) async throws in
            try world.enroll("alice")
            world.processes.begin(at: "pts/3", leader: 300)
            // 2023-11-14, 22:13 in UTC.
            let now = world.clock.now.wall
            func login(after seconds: Int64) -> SupposedLogin {
                SupposedLogin(
                    service: "sudo", account: "alice", terminal: "/dev/pts/3", hasAuthtok: true, moment: now + seconds)
            }
            #expect(try explain(world, login(after: 0)).terms?.rule == 2)
            #expect(try explain(world, login(after: 36_000)).terms?.rule == 4)
            world.clock.advance(seconds: 36_000)
            let person = Person(
                world: world, login: login(after: 36_000),
                way: try explain(world, login(after: 36_000)).ways.first, number: 0)
            let client = try world.connect()
            try client.begin(
                "alice", service: "sudo", methods: [], authtok: true, remoteHost: "", terminal: "/dev/pts/3")
            _ = try client.receive()
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
            #expect(try person.logIn() == RealEnding(code: .granted, steps: 0))
            let soon = try explain(world, login(after: 36_059))
            #expect(soon.ways.first?.ending.reason == "remembered" && soon.grant?.terminal == "pts/3")
            let late = try explain(world, login(after: 36_060))
            #expect(late.ways.first?.asked == 1 && late.grant == nil)
        }
    }

    struct Asker: Sendable {
        let uid: UInt32?
        let account: String
        let service: String
        let caller: Explanation.Caller
        let reason: String?
    }

    @Test(arguments: [
        Asker(uid: nil, account: "alice", service: "mysql", caller: .root, reason: "no_evidence"),
        Asker(uid: 1001, account: "alice", service: "swaylock", caller: .user, reason: nil),
        Asker(uid: 1001, account: "bob", service: "swaylock", caller: .user, reason: "not_permitted"),
        Asker(uid: 65_534, account: "alice", service: "swaylock", caller: .user, reason: "not_permitted"),
        Asker(uid: 1001, account: "limbo", service: "swaylock", caller: .user, reason: "directory_unavailable"),
        Asker(uid: 33, account: "bob", service: "mysql", caller: .listed, reason: "no_evidence"),
        Asker(uid: 33, account: "bob", service: "sshd", caller: .listed, reason: "not_permitted"),
        Asker(uid: 33, account: "alice", service: "mysql", caller: .listed, reason: "not_permitted"),
        Asker(uid: 33, account: "root", service: "mysql", caller: .listed, reason: "not_permitted"),
    ]) func `who asks decides what may be asked`(asker: Asker) async throws {
        let callers: [UInt32: CallerRule] = [33: CallerRule(services: ["mysql"], groups: ["dbusers"])]
        try await withWorld(LoginWorld(callers: callers)) { (world) async throws in
            try world.enroll("alice")
            let found = try explain(
                world, SupposedLogin(service: asker.service, account: asker.account, caller: asker.uid))
            #expect(found.caller == asker.caller)
            #expect((found.ending ?? found.ways.first?.ending)?.reason == asker.reason)
        }
    }

    @Test func `a broken configuration and a broken store are what a login would come to`() async throws {
        let login = SupposedLogin(service: "sshd", account: "alice")
        try await withWorld(LoginWorld(isBroken: true)) { (world) async throws in
            #expect(try explain(world, login).ending?.reason == "misconfigured")
        }
        try await withWorld(LoginWorld()) { (world) async throws in
            world.store.failure = .unreachable("gone")
            #expect(try explain(world, login).ending?.reason == "store_unavailable")
        }
    }

    @Test func `what is no account's name, or lies beyond all time, is refused`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            let admin = try world.administer()
            #expect(
                try admin.ask(.explain(login: SupposedLogin(service: "sshd", account: "a/b"))).refusalCode
                    == .unknownAccount)
            #expect(
                try admin.ask(.explain(login: SupposedLogin(service: "sshd", account: "alice", moment: .max)))
                    .refusalCode == .badParameter)
        }
    }
}
