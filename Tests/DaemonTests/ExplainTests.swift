import AdminProtocol
import AuthModules
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

    private func randomWorld() throws -> LoginWorld {
        let world = try LoginWorld(
            extra: RandomRun.modules,
            providers: [PamProvider(ProviderID("pam")), PasswordProvider(), NamingProvider(createsCredentials: true)])
        world.processes.begin(at: "pts/3", leader: 300)
        world.processes.begin(at: "pts/4", leader: 400)
        return world
    }

    @Test func `over random policies and logins it foresees how each of them ends, and which rule it is`() async throws
    {
        try await withWorld(randomWorld()) { (world) async throws in
            var run = RandomRun(world, seed: 20_261_122)
            try run.perform(policies: 300, logins: 6)
            #expect(run.differences == [])
            // The test is worth as much as what it has come across.
            #expect(run.rareKeys(below: 20) == [])
            #expect(run.rareEndings == [])
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
            guard case .sessions(let listing) = try world.administer().ask(.sessions()) else { return }
            #expect(listing.sessions.isEmpty)
        }
    }

    @Test func `of somebody who is blocked and has failed too often it says that, and what the delay makes of it`()
        async throws
    {
        try await withWorld(LoginWorld()) { (world) async throws in
            try world.enroll("alice")
            for number in 1...6 {
                let client = try world.connect()
                try client.begin("alice")
                _ = try client.receive()
                try client.answer("wrong \(number)")
                _ = try client.receive()
            }
            _ = try world.administer().ask(.block(account: "alice", reason: "left"))
            let login = SupposedLogin(service: "sshd", account: "alice", ssh: ["publickey ssh-ed25519"])
            let ending = try explain(world, login).ways.first?.ending
            #expect(ending?.reason == "blocked" && ending?.code == "PAM_MAXTRIES" && ending?.delaySeconds == 30)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("right")
            guard case .verdict(.triesUsedUp, _) = try client.receive() else {
                Issue.record("the login itself says something else")
                return
            }
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

    // MARK: What is left

    /// alice owes one of these, and may be set up behind a ticket at sshd.
    private func worldOfCodes() throws -> LoginWorld {
        let app = RepeatingModule("app", shape: .digits(6...6))
        let paper = try RecoveryCodeModule(ModuleID("recovery_code"))
        let step = try #require(Step(anyOf: [app.id, paper.id]))
        var rule = Rule(services: ["sshd"], line: 5)
        rule.unenrolled = .enroll
        rule.needsTicket = true
        return try LoginWorld(
            rules: [rule], chain: [step],
            extra: [app as any AuthModule, paper] + IssuedCodeModule.all.map { $0 as any AuthModule })
    }

    private func issue(_ module: String, _ parameters: [String: String], in world: LoginWorld) throws {
        let client = try world.administer()
        let begun = try client.ask(
            .beginEnrollment(
                account: "alice", module: ModuleReference(type: module), device: nil, parameters: parameters,
                issuesNothing: true))
        #expect(begun.refusalCode == nil)
        #expect(try client.ask(.storeWithoutConfirmation).refusalCode == nil)
    }

    /// How a login of alice is said to end, and with what.
    private func way(_ world: LoginWorld, service: String = "sudo") throws -> (ending: String, answered: [String]) {
        let found = try explain(
            world, SupposedLogin(service: service, account: "alice", ssh: ["publickey"], hasAuthtok: service == "sudo"))
        let way = try #require(found.ways.first)
        return ("\(way.ending.result) \(way.ending.reason ?? "-")", way.answered.map(\.type))
    }

    /// Has the state of alice's device with a module be another.
    private func change(_ module: String, in world: LoginWorld, _ change: (Device) -> Device) throws {
        let found = try #require(try world.store.devices(of: nil).first { $0.key.module.type == module })
        _ = try world.store.add(change(found.device), at: found.key, uid: found.uid)
    }

    @Test func `a ticket that is spent or over lets nobody be set up`() async throws {
        try await withWorld(worldOfCodes()) { (world) async throws in
            #expect(try way(world, service: "sshd").ending == "denied too_many_retry")
            try issue("ticket", ["until": "1700000900"], in: world)
            #expect(try way(world, service: "sshd").ending == "granted enrolled")
            world.clock.set(wall: 1_700_000_901)
            #expect(try way(world, service: "sshd").ending == "denied too_many_retry")
            try issue("ticket", ["until": "1700009000"], in: world)
            try change("ticket", in: world) {
                Device(name: $0.name, sealed: $0.sealed, state: 1, createdAt: $0.createdAt)
            }
            #expect(try way(world, service: "sshd").ending == "denied too_many_retry")
        }
    }

    @Test func `recovery codes that are used up let nobody in, and damaged ones say so`() async throws {
        try await withWorld(worldOfCodes()) { (world) async throws in
            try issue("recovery_code", ["count": "1"], in: world)
            #expect(try way(world) == ("granted -", ["recovery_code"]))
            try change("recovery_code", in: world) {
                Device(name: $0.name, sealed: $0.sealed, state: 1, createdAt: $0.createdAt)
            }
            #expect(try way(world).ending == "denied invalid_code")
            try change("recovery_code", in: world) {
                Device(name: $0.name, sealed: [1, 2, 3], state: 0, createdAt: $0.createdAt)
            }
            #expect(try way(world).ending == "unavailable module_failed")
            let found = try explain(world, SupposedLogin(service: "sudo", account: "alice", hasAuthtok: true))
            #expect(found.ways.first?.owed.first?.map(\.standing) == [nil, .damaged])
        }
    }

    @Test func `a delayed account gets in with a recovery code, and that is what it says`() async throws {
        try await withWorld(worldOfCodes()) { (world) async throws in
            try world.enroll("alice", module: ModuleID("app"))
            #expect(try way(world) == ("granted -", ["app"]))
            for number in 1...6 {
                let client = try world.connect()
                try client.begin("alice", service: "sudo", methods: [], authtok: true)
                _ = try client.receive()
                try client.answer("app wrong \(number)")
                _ = try client.verdict()
            }
            #expect(try way(world) == ("denied delayed", ["app"]))
            try issue("recovery_code", [:], in: world)
            #expect(try way(world) == ("granted -", ["recovery_code"]))
        }
    }

    @Test func `an outstanding bypass code lets in who has nothing else, also where a device would be set up`()
        async throws
    {
        try await withWorld(worldOfCodes()) { (world) async throws in
            #expect(try way(world).ending == "denied not_enrolled")
            try issue("bypass", ["until": "1700000900", "reason": "phone lost"], in: world)
            for service in ["sudo", "sshd"] {
                #expect(try way(world, service: service) == ("granted bypass", ["bypass"]))
            }
            let login = SupposedLogin(service: "sudo", account: "alice", hasAuthtok: true)
            #expect(try explain(world, login).bypass == "until 2023-11-14 22:28 UTC: phone lost")
            world.clock.set(wall: 1_700_000_901)
            #expect(try way(world).ending == "denied not_enrolled")
            #expect(try explain(world, login).bypass == nil)
        }
    }
}
