import AdminProtocol
import AuthModules
import Authentication
import AuthenticationTesting
import AuthProviders
import Daemon
import Synchronization
import Testing
import Wire

/// Being let off a code at a terminal where it was passed not long ago.
@Suite struct GrantTests {
    /// sudo and su remember for a minute.
    private static let rules = [Rule(Match(services: ["sudo", "su"]), rememberFor: 60_000, line: 4)]

    private func world(_ rules: [Rule] = rules, providers: [any AuthProvider] = [PamProvider(ProviderID("pam"))]) throws
        -> LoginWorld
    {
        let world = try LoginWorld(rules: rules, providers: providers)
        for name in ["alice", "bob"] { try world.enroll(name, uid: name == "alice" ? 1001 : 1002) }
        world.processes.begin(at: "pts/3", leader: 300)
        world.processes.begin(at: "pts/4", leader: 400)
        return world
    }

    /// Logs in by password and, if it is asked for, a code; returns whether one was asked for.
    @discardableResult
    private func logIn(
        _ world: LoginWorld, _ user: String = "alice", service: String = "sudo", terminal: String = "/dev/pts/3",
        remoteHost: String = "", answer: String = "right", authtok: Bool = true, arguments: [String] = []
    ) throws -> Bool {
        let client = try world.connect()
        try client.begin(
            user, service: service, methods: [], authtok: authtok, remoteHost: remoteHost, terminal: terminal,
            arguments: arguments)
        var wasAsked = false
        while true {
            switch try client.receive() {
            case .prompt:
                wasAsked = true
                try client.answer(answer)
            case .set: continue
            case .verdict(let code, _):
                #expect(code == .granted || answer != "right" || !authtok)
                return wasAsked
            case .closed: throw WorldFailure("no verdict")
            }
        }
    }

    @Test func `a code passed at a terminal is not asked for again until its time is over`() async throws {
        try await withWorld(world()) { (world) async throws in
            #expect(try logIn(world))
            #expect(try !logIn(world))
            #expect(
                world.journal.messages.last
                    == #"login granted reason=remembered service=sudo user="alice" tty=/dev/pts/3 provider=pam rule="line 4" config=1"#
            )
            world.clock.advance(seconds: 59)
            #expect(try !logIn(world))
            world.clock.advance(seconds: 1)
            #expect(try logIn(world))
        }
    }

    @Test func `without a rule that says so nothing is remembered`() async throws {
        try await withWorld(world([])) { (world) async throws in
            for _ in 0..<2 { #expect(try logIn(world)) }
            #expect(try grants(world).isEmpty)
        }
    }

    @Test func `another account, service, terminal or session is asked`() async throws {
        try await withWorld(world()) { (world) async throws in
            #expect(try logIn(world))
            #expect(try logIn(world, "bob"))
            #expect(try logIn(world, service: "sudo-i"))
            #expect(try logIn(world, service: "su"))
            #expect(try logIn(world, terminal: "/dev/pts/4"))
            #expect(try !logIn(world))
            // The session ends, and another begins at the same terminal, even under the same number.
            world.processes.begin(at: "pts/3", leader: 301)
            #expect(try logIn(world))
        }
    }

    @Test(arguments: ["", "ssh", "pts/9", "/dev/pts/99", "unknown", "tty1"])
    func `where there is no terminal, nothing is remembered`(terminal: String) async throws {
        try await withWorld(world()) { (world) async throws in
            for _ in 0..<2 { #expect(try logIn(world, terminal: terminal)) }
            #expect(try grants(world).isEmpty)
        }
    }

    @Test func `a remote host plays no part`() async throws {
        try await withWorld(world()) { (world) async throws in
            #expect(try logIn(world, remoteHost: "192.0.2.7"))
            #expect(try !logIn(world, remoteHost: "198.51.100.9"))
            #expect(try logIn(world, terminal: "", remoteHost: "192.0.2.7"))
        }
    }

    @Test func `nothing is remembered without the first factor`() async throws {
        try await withWorld(world()) { (world) async throws in
            #expect(try logIn(world))
            let client = try world.connect()
            try client.begin("alice", service: "sudo", methods: [], remoteHost: "", terminal: "/dev/pts/3")
            guard case .verdict(.denied, _) = try client.receive() else {
                Issue.record("let in on a grant alone")
                return
            }
            #expect(world.journal.messages.last?.contains("reason=no_evidence") == true)
        }
    }

    @Test func `whoever was let off the first factor makes no grant and uses none`() async throws {
        let rules = [
            Rule(
                Match(accounts: [try StoreBench.account("bob")]), isFirstFactorWaived: true, rememberFor: 60_000,
                line: 3),
            Self.rules[0],
        ]
        try await withWorld(world(rules)) { (world) async throws in
            for _ in 0..<2 { #expect(try logIn(world, "bob", authtok: false)) }
            #expect(try grants(world).isEmpty)
        }
    }

    @Test func `a wrong answer makes no grant`() async throws {
        try await withWorld(world()) { (world) async throws in
            #expect(try logIn(world, answer: "wrong"))
            #expect(try grants(world).isEmpty)
        }
    }

    @Test func `a provider's password is asked for all the same`() async throws {
        let providers: [any AuthProvider] = [PamProvider(ProviderID("pam")), NamingProvider(createsCredentials: true)]
        let rules = [Rule(Match(), provider: ProviderID("naming"), rememberFor: 60_000, line: 2)]
        try await withWorld(world(rules, providers: providers)) { (world) async throws in
            for round in 0..<3 {
                let client = try world.connect()
                try client.begin("bob", service: "sudo", methods: [], remoteHost: "", terminal: "/dev/pts/3")
                guard case .prompt(_, "Password: ") = try client.receive() else {
                    Issue.record("no password was asked for in round \(round)")
                    return
                }
                try client.answer(round == 2 ? "wrong" : "as bob")
                if round == 0 {
                    guard case .prompt(_, "Code: ") = try client.receive() else {
                        Issue.record("no code was asked for")
                        return
                    }
                    try client.answer("right")
                }
                guard case .verdict(let code, _) = try client.verdict() else { throw WorldFailure("no verdict") }
                #expect(code == (round == 2 ? .denied : .granted))
            }
            #expect(world.journal.messages.contains { $0.hasPrefix("login granted reason=remembered") })
        }
    }

    private func grants(_ world: LoginWorld) throws -> [RememberedLogin] {
        guard case .grants(let listing) = try world.administer().ask(.grants()) else {
            throw WorldFailure("no listing")
        }
        return listing.grants
    }

    @Test func `grants are listed with all that is to be known of them, while they last`() async throws {
        try await withWorld(world()) { (world) async throws in
            try logIn(world)
            world.clock.advance(seconds: 13)
            try logIn(world, "bob", terminal: "/dev/pts/4")
            let steps = [[ModuleReference(LoginWorld.module)]]
            let bobs = RememberedLogin(
                id: 2, account: "bob", service: "sudo", terminal: "pts/4", leader: 400, steps: steps, secondsLeft: 60)
            let alices = RememberedLogin(
                id: 1, account: "alice", service: "sudo", terminal: "pts/3", leader: 300, steps: steps, secondsLeft: 47)
            #expect(try grants(world) == [bobs, alices])
            world.processes.end(at: "pts/4")
            #expect(try grants(world) == [alices])
            world.clock.advance(seconds: 47)
            #expect(try grants(world).isEmpty)
        }
    }

    @Test func `more grants than one answer has are listed page by page, and counted where they are revoked`()
        async throws
    {
        try await withWorld(world()) { (world) async throws in
            for number in 1...203 {
                world.processes.begin(at: "pts/\(number)", leader: Int32(1000 + number))
                try logIn(world, number == 1 ? "bob" : "alice", terminal: "/dev/pts/\(number)")
            }
            let client = try world.administer()
            var pages: [[Int]] = []
            for (before, account, others) in [(nil, nil, 3), (4, nil, 0), (nil, "bob", 0), (nil, "alice", 2)]
                as [(
                    Int?, String?, Int
                )]
            {
                guard case .grants(let page) = try client.ask(.grants(before: before, account: account)) else {
                    throw WorldFailure("no listing")
                }
                #expect(page.others == others)
                pages.append(page.grants.map(\.id))
            }
            #expect(pages[0] == Array((4...203).reversed()) && pages[1] == [3, 2, 1])
            #expect(pages[2] == [1] && pages[3] == pages[0])
            guard case .grantsRevoked(let revoked) = try client.ask(.revokeGrants(id: nil, account: nil)) else {
                throw WorldFailure("no answer")
            }
            #expect(revoked.grants.count == 200 && revoked.others == 3)
            #expect(try grants(world).isEmpty)
        }
    }

    /// What takes a grant from alice, and leaves bob his.
    private static let revocations: [AdminRequest] = [
        .revokeGrants(id: 1, account: nil), .revokeGrants(id: nil, account: "alice"), .unlock(account: "alice"),
        .block(account: "alice", reason: nil), .adopt(account: "alice", uid: 1001),
        .remove(account: "alice", device: "phone", module: nil, force: true),
    ]

    @Test(arguments: revocations) func `what is decided of an account takes its grants`(
        _ request: AdminRequest
    ) async throws {
        try await withWorld(world()) { (world) async throws in
            try logIn(world)
            try logIn(world, "bob")
            #expect(try world.administer().ask(request).refusalCode == nil)
            #expect(try grants(world).map(\.account) == ["bob"])
            #expect(try !logIn(world, "bob"))
            // To be sure that it is the grant that is missing.
            _ = try world.administer().ask(.unblock(account: "alice"))
            try world.enroll("alice", uid: 1001)
            #expect(try logIn(world))
        }
    }

    @Test func `looking at what could be adopted takes nothing`() async throws {
        try await withWorld(world()) { (world) async throws in
            try logIn(world)
            _ = try world.administer().ask(.adopt(account: "alice", uid: nil))
            #expect(try grants(world).count == 1)
        }
    }

    /// A world in which alice has passed a code, with modules that she can enrol with.
    private func rememberingWorld() throws -> LoginWorld {
        let extra: [any AuthModule] =
            [
                ScriptedEnrollable(ModuleID("app"), .app), try TOTPModule(ModuleID("totp")),
            ] + IssuedCodeModule.all.map { $0 as any AuthModule }
        let world = try LoginWorld(rules: Self.rules, extra: extra)
        try world.enroll("alice")
        world.processes.begin(at: "pts/3", leader: 300)
        try logIn(world)
        return world
    }

    @Test func `the grant of a session that is over is dropped by itself`() async throws {
        try await withWorld(world([Rule(Match(services: ["sudo"]), rememberFor: 3_600_000, line: 4)])) {
            (world) async throws in
            try logIn(world)
            try logIn(world, "bob", terminal: "/dev/pts/3")
            world.processes.end(at: "pts/3")
            let barrier = Barrier()
            world.processes.answering.withLock { $0 = barrier }
            world.clock.advance(seconds: 61)
            try await world.server.sweep()
            barrier.waitForArrival()
            world.processes.answering.withLock { $0 = nil }
            // No listing drops them now: they are dropped for what was seen before.
            world.processes.begin(at: "pts/3", leader: 300)
            barrier.open()
            for _ in 0..<1000 where try !grants(world).isEmpty {}
            #expect(try grants(world).isEmpty)
        }
    }

    @Test func `a device that replaces another takes the account's grants, and a further one leaves them`() async throws
    {
        try await withWorld(rememberingWorld()) { (world) async throws in
            func enroll() throws {
                let client = try world.administer()
                try client.ask(EnrollingTests.begin(EnrollingTests.app))
                #expect(try client.ask(.finishEnrollment, "right").refusalCode == nil)
            }
            try enroll()
            #expect(try !logIn(world))
            try enroll()
            #expect(try grants(world).isEmpty)
            #expect(try logIn(world))
        }
    }

    @Test func `an import that replaces a device takes the account's grants`() async throws {
        try await withWorld(rememberingWorld()) { (world) async throws in
            func load() throws {
                let client = try world.administer()
                let staged = ImportingTests.device("alice")
                _ = try client.ask(.stageDevices(devices: [staged]), secrets: [ImportingTests.key])
                guard case .imported = try client.ask(.commitImport(replace: true)) else {
                    throw WorldFailure("nothing was imported")
                }
            }
            try load()
            #expect(try !logIn(world))
            try load()
            #expect(try logIn(world))
        }
    }

    @Test func `a grant that is none cannot be revoked, all can`() async throws {
        try await withWorld(world()) { (world) async throws in
            try logIn(world)
            try logIn(world, "bob")
            let admin = try world.administer()
            #expect(try admin.ask(.revokeGrants(id: 9, account: nil)).refusalCode == .unknownGrant)
            guard case .grantsRevoked(let listing) = try admin.ask(.revokeGrants(id: nil, account: nil)) else {
                Issue.record("nothing was revoked")
                return
            }
            #expect(listing.grants.map(\.account) == ["bob", "alice"])
            #expect(world.journal.messages.contains(#"grant revoked user="alice" service=sudo tty=pts/3"#))
            #expect(try logIn(world))
        }
    }

    @Test func `who was at the prompt when grants were revoked is not remembered`() async throws {
        try await withWorld(world()) { (world) async throws in
            let client = try world.connect()
            try client.begin(
                "alice", service: "sudo", methods: [], authtok: true, remoteHost: "", terminal: "/dev/pts/3")
            _ = try client.receive()
            _ = try world.administer().ask(.revokeGrants(id: nil, account: "alice"))
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
            #expect(try grants(world).isEmpty)
        }
    }

    @Test func `another configuration remembers nothing of before, nor for who began before`() async throws {
        try await withWorld(world()) { (world) async throws in
            try logIn(world)
            let client = try world.connect()
            try client.begin(
                "bob", service: "sudo", methods: [], authtok: true, remoteHost: "", terminal: "/dev/pts/3")
            _ = try client.receive()
            world.follow { $0.number = 2 }
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
            #expect(try grants(world).isEmpty)
            for name in ["alice", "bob"] {
                #expect(try logIn(world, name))
                #expect(try !logIn(world, name))
            }
        }
    }
}
