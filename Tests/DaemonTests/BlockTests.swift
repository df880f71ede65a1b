import AdminProtocol
import Authentication
import AuthenticationTesting
import AuthProviders
import Daemon
import Synchronization
import Testing
import Wire

/// Accounts that are blocked, and accounts whose uid has changed.
@Suite struct BlockTests {
    private static let refused = "That was not right."

    private func blocked(_ world: LoginWorld, _ account: String = "alice") throws {
        guard case .blocked = try world.administer().ask(.block(account: account, reason: "left")) else {
            throw WorldFailure("not blocked")
        }
    }

    @Test func `a blocked account is asked, refused with the text of a wrong answer, and charged nothing`() async throws
    {
        try await withWorld(LoginWorld()) { (world) async throws in
            for (name, uid) in [("alice", 1001), ("bob", 1002)] as [(String, UInt32)] {
                try world.enroll(name, uid: uid)
            }
            try blocked(world)
            for var answer in ["right", "?"] {
                let client = try world.connect()
                try client.begin("alice")
                #expect(try client.receive() == .prompt(.secret, "Code: "))
                // sshd takes three answers of everybody.
                for _ in 1...2 {
                    try client.answer(answer)
                    #expect(try client.receive() == .prompt(.secret, Self.refused + "\nCode: "))
                    answer += "!"
                }
                try client.answer(answer)
                #expect(try client.receive() == .verdict(.triesUsedUp, Self.refused))
                #expect(
                    world.journal.messages.last
                        == #"login denied reason=blocked service=sshd rhost=192.0.2.7 user="alice" tty=ssh provider=pam module=scripted config=1"#
                )
            }
            let twice = try world.connect()
            try twice.begin("alice")
            for _ in 1...2 {
                _ = try twice.receive()
                try twice.answer("right")
            }
            #expect(try twice.receive() == .verdict(.denied, Self.refused))
            #expect(world.journal.messages.last?.hasPrefix("login denied reason=blocked service=sshd") == true)
            let sudo = try world.connect()
            try sudo.begin("alice", service: "sudo")
            _ = try sudo.receive()
            try sudo.answer("right")
            #expect(try sudo.receive() == .verdict(.denied, Self.refused))
            #expect(world.journal.messages.last?.hasPrefix("login denied reason=blocked service=sudo") == true)
            #expect(try world.store.counters(of: nil).isEmpty)
            let other = try world.connect()
            try other.begin("bob")
            _ = try other.receive()
            try other.answer("right")
            #expect(try other.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `who was blocked by another daemon a moment ago hears of an answer typed twice what others hear`()
        async throws
    {
        try await withWorld(LoginWorld()) { (world) async throws in
            for (name, uid) in [("alice", 1001), ("bob", 1002)] as [(String, UInt32)] {
                try world.enroll(name, uid: uid)
            }
            for (name, answer) in [("alice", "right"), ("bob", "wrong")] {
                let client = try world.connect()
                try client.begin(name)
                #expect(try client.receive() == .prompt(.secret, "Code: "))
                // This daemon is not told of it.
                world.store.isShared = true
                _ = try world.store.block(AccountBlock(account: StoreBench.account("alice"), reason: "", since: 1))
                try client.answer(answer)
                #expect(try client.receive() == .prompt(.secret, Self.refused + "\nCode: "))
                try client.answer(answer)
                #expect(try client.receive() == .verdict(.denied, Self.refused))
                #expect(world.journal.messages.last?.hasPrefix("login denied reason=repeated service=sshd") == true)
            }
        }
    }

    /// What becomes of a name's logins, one after the other, where a rule lets the code alone be enough: all that is heard.
    private func heard(_ world: LoginWorld, _ name: String, _ service: String, _ answers: [String]) throws
        -> [WireClient.Said]
    {
        var heard: [WireClient.Said] = []
        var answers = answers[...]
        while !answers.isEmpty {
            let client = try world.connect()
            try client.begin(name, service: service, methods: [], remoteHost: "192.0.2.\(name.utf8.count)")
            while true {
                let said = try client.receive()
                heard.append(said)
                guard case .prompt = said else { break }
                try client.answer(answers.popFirst() ?? "")
            }
        }
        return heard
    }

    @Test(
        arguments: ["web", "sshd", "pins", "either"],
        [
            ["right", "wrong 1", "wrong 2", "wrong 3", "wrong 4", "wrong 5", "wrong 6", "wrong 7", "right", "wrong 8"],
            ["wrong", "wrong", "?", "?", "?", "12345678", "123456", "654321", "654321", "1234", "4321", "r", "2", "x"],
        ])
    func `without a first factor a blocked account is told from nobody, however often it is tried`(
        _ service: String, _ answers: [String]
    ) async throws {
        var word = ShapedModule("word", label: "Word")
        word.stretchesAnswers = true
        let digits = ShapedModule("digits", label: "Digits", shape: .digits(6...6))
        let bypass = ShapedModule("bypass", label: "Bypass", shape: .digits(8...8), right: "11111111")
        let rules = [
            Rule(services: ["web"], isFirstFactorWaived: true, tries: 1, line: 3),
            Rule(services: ["pins"], steps: [Step(word.id)], isFirstFactorWaived: true, tries: 2, line: 4),
            Rule(
                services: ["either"], steps: [try #require(Step(anyOf: [word.id, digits.id]))],
                isFirstFactorWaived: true, line: 5),
            Rule(services: ["sshd"], isFirstFactorWaived: true, line: 6),
        ]
        try await withWorld(LoginWorld(rules: rules, extra: [word, digits, bypass])) { (world) async throws in
            // Names of different lengths, which is their hosts'.
            for (name, uid) in [("alice", 1001), ("guest1", 2001)] as [(String, UInt32)] {
                for module in [LoginWorld.module, word.id, digits.id, bypass.id] {
                    try world.enroll(name, module: module, uid: uid)
                }
            }
            try blocked(world)
            let nobody = try heard(world, "ghost-of-nobody", service, answers)
            #expect(nobody.count > answers.count)
            #expect(try heard(world, "alice", service, answers) == nobody)
            #expect(try heard(world, "bob", service, answers) == nobody)
            #expect(try world.store.counters(of: StoreBench.account("alice")).isEmpty)
            guard !answers.contains("right") else { return }
            #expect(try heard(world, "guest1", service, answers) == nobody)
        }
    }

    @Test func `who owes nothing is refused as well`() async throws {
        let exempt = Rule(Match(services: ["cron"]), isExempt: true, line: 1)
        let skipping = Rule(Match(services: ["sudo"]), unenrolled: .skip, line: 2)
        try await withWorld(LoginWorld(rules: [exempt, skipping])) { (world) async throws in
            try blocked(world)
            let cron = try world.connect()
            try cron.begin("alice", service: "cron")
            #expect(try cron.receive() == .verdict(.denied, "Login refused."))
            let sudo = try world.connect()
            try sudo.begin("alice", service: "sudo")
            #expect(try sudo.receive() == .prompt(.secret, "Code: "))
            try sudo.answer("right")
            #expect(try sudo.receive() == .verdict(.denied, Self.refused))
        }
        try await withWorld(LoginWorld(chain: [])) { (world) async throws in
            try blocked(world)
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == .verdict(.denied, "Login refused."))
        }
    }

    @Test func `without evidence nobody learns of a block`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try blocked(world)
            let client = try world.connect()
            try client.begin("alice", methods: [])
            guard case .verdict(.denied, let text) = try client.receive() else {
                Issue.record("no verdict")
                return
            }
            #expect(text.contains("no key or password"))
        }
    }

    @Test func `blocking ends the logins of the account that are under way, and no others`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            for (name, uid) in [("alice", 1001), ("bob", 1002)] as [(String, UInt32)] {
                try world.enroll(name, uid: uid)
            }
            let (alice, bob) = (try world.connect(), try world.connect())
            try alice.begin("alice")
            try bob.begin("bob")
            for client in [alice, bob] { _ = try client.receive() }
            try blocked(world)
            #expect(try alice.receive() == .verdict(.denied, Self.refused))
            try bob.answer("right")
            #expect(try bob.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `who is asked behind a block is asked on when there is another`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try blocked(world)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try blocked(world)
            // Whose login has ended cannot answer either.
            try? client.answer("right")
            #expect((try? client.receive()) == .prompt(.secret, Self.refused + "\nCode: "))
        }
    }

    @Test func `a block that comes while the terminal is looked up holds for the login that waits for it`() async throws
    {
        let rule = Rule(Match(services: ["sudo"]), rememberFor: 60_000, line: 4)
        try await withWorld(LoginWorld(rules: [rule])) { (world) async throws in
            try world.enroll("alice")
            world.processes.begin(at: "pts/3", leader: 300)
            let barrier = Barrier()
            world.processes.barrier.withLock { $0 = barrier }
            let client = try world.connect()
            try client.begin("alice", service: "sudo", methods: [], authtok: true, terminal: "/dev/pts/3")
            barrier.waitForArrival()
            try blocked(world)
            barrier.open()
            #expect(try client.receive() == .prompt(.secret, "Code: "))
            try client.answer("right")
            #expect(try client.receive() == .verdict(.denied, Self.refused))
        }
    }

    @Test func `the account stage says blocked to root, and has no opinion of others`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            func stage(_ user: String) throws -> WireClient.Said {
                let client = try world.connect()
                try client.begin(user, stage: .account)
                return try client.receive()
            }
            #expect(try stage("alice") == .verdict(.noOpinion, ""))
            try blocked(world)
            #expect(try stage("alice") == .verdict(.blocked, "Login refused."))
            #expect(world.journal.messages.last?.hasPrefix("login denied reason=blocked") == true)
            #expect(try stage("bob") == .verdict(.noOpinion, ""))
            #expect(try stage("nobody") == .verdict(.noOpinion, ""))
            #expect(try stage("ALICE") == .verdict(.blocked, "Login refused."))
            guard case .verdict(.unavailable, _) = try stage("limbo") else {
                Issue.record("who cannot be told may be blocked")
                return
            }
            _ = try world.administer().ask(.unblock(account: "alice"))
            for name in ["alice", "ALICE", "limbo"] { #expect(try stage(name) == .verdict(.noOpinion, "")) }
        }
    }

    @Test func `a block is listed and lifted, and one of a name that nobody has is refused`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            let admin = try world.administer()
            #expect(try admin.ask(.block(account: "mallory", reason: nil)).refusalCode == .unknownAccount)
            #expect(
                try admin.ask(.block(account: "alice", reason: String(repeating: "a", count: 201))).refusalCode
                    == .badParameter)
            #expect(try admin.ask(.block(account: "alice", reason: "a\nb")).refusalCode == .badParameter)
            let first = try admin.ask(.block(account: "alice", reason: nil))
            let since = world.clock.now.wall
            let block = BlockedAccount(account: "alice", reason: "", since: since)
            #expect(first == .blocked(Blocking(block: block, wasBlocked: false)))
            let again = BlockedAccount(account: "alice", reason: "left", since: since)
            #expect(
                try admin.ask(.block(account: "alice", reason: "left"))
                    == .blocked(Blocking(block: again, wasBlocked: true)))
            for (name, count) in [(nil, 1), ("alice", 1), ("bob", 0)] as [(String?, Int)] {
                guard case .listing(let listing) = try admin.ask(.list(account: name)) else {
                    Issue.record("nothing was listed")
                    return
                }
                #expect(listing.blocks == (count == 1 ? [again] : []))
            }
            #expect(
                try admin.ask(.unblock(account: "alice"))
                    == .unblocked(Unblocking(account: "alice", wasBlocked: true)))
            #expect(
                try admin.ask(.unblock(account: "alice"))
                    == .unblocked(Unblocking(account: "alice", wasBlocked: false)))
        }
    }

    @Test func `devices of another uid are adopted once that was agreed to, and for that uid alone`() async throws {
        try await withWorld(LoginWorld()) { (world) async throws in
            try world.enroll("alice", uid: 999)
            let admin = try world.administer()
            let login = try world.connect()
            try login.begin("alice")
            _ = try login.receive()
            try login.answer("right")
            guard case .verdict(.unavailable, _) = try login.verdict() else {
                Issue.record("the devices of another uid were taken for hers")
                return
            }
            #expect(world.journal.messages.last?.contains("twostep adopt alice") == true)
            func adoption(_ former: [UInt32], _ devices: Int, isDone: Bool) -> AdminReply {
                .adoption(
                    Adoption(account: "alice", uid: 1001, former: former, devices: devices, isDone: isDone))
            }
            #expect(try admin.ask(.adopt(account: "alice", uid: nil)) == adoption([999], 1, isDone: false))
            #expect(try admin.ask(.adopt(account: "alice", uid: 1002)).refusalCode == .badParameter)
            #expect(try world.store.devices(of: nil).map(\.uid) == [999])
            #expect(try admin.ask(.adopt(account: "alice", uid: 1001)) == adoption([999], 1, isDone: true))
            #expect(try admin.ask(.adopt(account: "alice", uid: nil)) == adoption([], 0, isDone: false))
            #expect(world.journal.messages.contains(#"devices adopted user="alice" uid=1001 former=999 devices=1"#))
            let again = try world.connect()
            try again.begin("alice")
            _ = try again.receive()
            try again.answer("right")
            #expect(try again.verdict() == .verdict(.granted, ""))
        }
    }
}
