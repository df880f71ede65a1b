import AdminProtocol
import AuthModules
import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Codes that an administrator hands out: in place of a step, and before a device is set up within a login.
@Suite struct IssuedCodeTests {
    private static let app = ScriptedEnrollable(ModuleID("app"), .app)
    /// When the world's clock stands a quarter of an hour later.
    private static let end: Int64 = 1_700_000_900

    /// Issues a code over admin.sock, and returns it.
    private func issue(_ kind: ModuleID, in world: LoginWorld) throws -> String {
        let client = try world.administer()
        let begun = try client.ask(
            .beginEnrollment(
                account: "alice", module: ModuleReference(kind), device: nil,
                parameters: ["until": String(Self.end), "reason": "phone lost"], issuesNothing: true))
        #expect(begun.refusalCode == nil)
        let code = try #require(client.secrets.last)
        #expect(try client.ask(.storeWithoutConfirmation).refusalCode == nil)
        return code
    }

    private static let locked =
        "Too many wrong answers: this factor is locked. Use a recovery code or ask the administrator."

    private func world(needsTicket: Bool? = nil, throttle: Throttle = Throttle()) throws -> LoginWorld {
        var rules: [Rule] = []
        if let needsTicket {
            var rule = Rule(services: ["sshd"], line: 5)
            rule.unenrolled = .enroll
            rule.needsTicket = needsTicket
            rules = [rule]
        }
        return try LoginWorld(
            rules: rules, chain: [Step(needsTicket == nil ? LoginWorld.module : Self.app.id)],
            extra: [Self.app as any AuthModule] + IssuedCodeModule.all.map { $0 as any AuthModule },
            throttle: throttle)
    }

    private func answer(_ code: String, in world: LoginWorld) throws -> VerdictCode? {
        let client = try world.connect()
        try client.begin("alice", service: "sudo", methods: [], authtok: true)
        _ = try client.receive()
        try client.answer(code)
        guard case .verdict(let verdict, _) = try client.verdict() else { return nil }
        return verdict
    }

    // MARK: Bypass

    @Test func `a bypass code lets in once in place of the step, and the journal says so with its reason`() async throws
    {
        try await withWorld(world()) { world in
            let code = try issue(.bypass, in: world)
            #expect(code.count == 19)
            let issued =
                #"device added user="alice" module=bypass device="bypass" until 2023-11-14 22:28 UTC: phone lost"#
            #expect(world.journal.messages == [issued])
            #expect(try answer(code.lowercased(), in: world) == .granted)
            let record = try #require(world.journal.all.last)
            #expect(record.level == .warning)
            #expect(record.message.hasPrefix("login granted reason=bypass service=sudo"))
            #expect(record.message.contains(" modules=bypass ") && record.message.contains("phone lost"))
            #expect(!world.journal.messages.contains { $0.contains(code) })
            #expect(try answer(code, in: world) == .denied)
            #expect(world.journal.messages.last?.contains("reason=replayed") == true)
        }
    }

    @Test(
        arguments: [
            (ModuleID.bypass, [:]), (.bypass, ["until": "1700086401"]), (.bypass, ["until": "1699999999"]),
            (.ticket, [:]), (.ticket, ["until": "1702592001"]),
        ] as [(ModuleID, [String: String])])
    func `without an end, or with one too far away, nothing is issued and the one before stays good`(
        _ kind: ModuleID, _ parameters: [String: String]
    ) async throws {
        try await withWorld(world()) { world in
            let code = try issue(.bypass, in: world)
            let client = try world.administer()
            let begun = try client.ask(
                .beginEnrollment(
                    account: "alice", module: ModuleReference(kind), device: nil, parameters: parameters,
                    issuesNothing: true))
            #expect(begun.refusalCode == .badParameter)
            #expect(try client.ask(.finishEnrollment).refusalCode == .badParameter)
            #expect(try answer(code, in: world) == .granted)
        }
    }

    @Test(arguments: [0, 1])
    func `a bypass code is good until its end and not a second longer`(_ late: Int64) async throws {
        try await withWorld(world()) { world in
            let code = try issue(.bypass, in: world)
            world.clock.set(wall: Self.end + late)
            #expect(try answer(code, in: world) == (late == 0 ? .granted : .denied))
        }
    }

    @Test func `a bypass code is good for one account alone, and void once it is taken back or replaced`() async throws
    {
        try await withWorld(world()) { world in
            let first = try issue(.bypass, in: world)
            let second = try issue(.bypass, in: world)
            #expect(try answer(first, in: world) == .denied)
            let other = try world.connect()
            try other.begin("bob", service: "sudo", methods: [], authtok: true)
            _ = try other.receive()
            try other.answer(second)
            guard case .verdict(.denied, _) = try other.verdict() else {
                Issue.record("somebody else's code was taken")
                return
            }
            // It is no device: nothing needs to be forced.
            let removal = AdminRequest.remove(account: "alice", device: "bypass", module: nil, force: false)
            #expect(try world.administer().ask(removal).refusalCode == nil)
            #expect(try answer(second, in: world) == .denied)
        }
    }

    @Test func `a bypass code works while the account is locked, and is no substitute for the last device`()
        async throws
    {
        try await withWorld(world()) { world in
            try world.enroll("alice")
            for number in 1...6 { #expect(try answer("wrong \(number)", in: world) != .granted) }
            let code = try issue(.bypass, in: world)
            let removal = AdminRequest.remove(account: "alice", device: "phone", module: nil, force: false)
            #expect(try world.administer().ask(removal).refusalCode == .lastDevice)
            #expect(try answer(code, in: world) == .granted)
        }
    }

    @Test(arguments: [false, true])
    func `a PIN that looks like a bypass code is good, and so is a bypass code beside it`(_ isStretched: Bool)
        async throws
    {
        var word = ShapedModule("word", label: "Word", right: "open sesame please")
        word.stretchesAnswers = isStretched
        let extra = [word as any AuthModule] + IssuedCodeModule.all.map { $0 as any AuthModule }
        try await withWorld(LoginWorld(chain: [Step(word.id)], extra: extra)) { world in
            try world.enroll("alice", module: word.id)
            #expect(try answer("open sesame please", in: world) == .granted)
            #expect(world.journal.messages.last?.contains(" modules=word ") == true)
            let code = try issue(.bypass, in: world)
            #expect(try answer("open sesame please", in: world) == .granted)
            #expect(world.journal.messages.last?.contains(" modules=word ") == true)
            #expect(try answer(code, in: world) == .granted)
            #expect(world.journal.messages.last?.contains(" modules=bypass ") == true)
        }
    }

    @Test func `a wrong answer that looks like a bypass code is one guess at the PIN, and told as one`() async throws {
        let word = ShapedModule("word", label: "Word", right: "open sesame please")
        let extra = [word as any AuthModule] + IssuedCodeModule.all.map { $0 as any AuthModule }
        try await withWorld(LoginWorld(chain: [Step(word.id)], extra: extra)) { world in
            try world.enroll("alice", module: word.id)
            _ = try issue(.bypass, in: world)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("open sesame pleasf")
            #expect(try client.receive() == .prompt(.secret, "Word: no.\nWord: "))
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [1])
            #expect(try world.store.counters(of: nil).map(\.module) == [word.id])
            // The same once more is no guess, and the end.
            try client.answer("open sesame pleasf")
            #expect(try client.receive() == .verdict(.denied, "Word: no."))
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [1])
        }
    }

    @Test(arguments: [false, true])
    func `a bypass code is asked for where a device would be set up, as long as it is good`(_ needsTicket: Bool)
        async throws
    {
        try await withWorld(world(needsTicket: needsTicket)) { world in
            let code = try issue(.bypass, in: world)
            let setUp = needsTicket ? "Enrolment ticket: " : "First code: "
            func begin() throws -> (WireClient, String) {
                let client = try world.connect()
                try client.begin("alice")
                guard case .prompt(_, let text) = try client.receive() else { throw WorldFailure("nothing was asked") }
                return (client, text)
            }
            let (client, asked) = try begin()
            #expect(asked == "Code: ")
            try client.answer(code)
            guard case .verdict(.granted, _) = try client.verdict() else {
                Issue.record("the code was not taken")
                return
            }
            #expect(world.journal.messages.last?.hasPrefix("login granted reason=bypass") == true)
            #expect(try begin().1.hasSuffix(setUp))
            _ = try issue(.bypass, in: world)
            #expect(try begin().1 == "Code: ")
            world.clock.set(wall: Self.end + 1)
            #expect(try begin().1.hasSuffix(setUp))
        }
    }

    @Test func `without evidence a bypass code is worth nothing`() async throws {
        try await withWorld(world()) { world in
            _ = try issue(.bypass, in: world)
            let client = try world.connect()
            try client.begin("alice", methods: [])
            guard case .verdict(.denied, _) = try client.receive() else {
                Issue.record("somebody without a first factor was asked something")
                return
            }
        }
    }

    // MARK: Tickets

    private static let asked = WireClient.Said.prompt(.secret, "Enrolment ticket: ")
    private static let askedAgain = WireClient.Said.prompt(
        .secret, "That ticket is wrong, used or too old. Ask the administrator for another.\nEnrolment ticket: ")

    @Test func `where a rule asks for a ticket no secret is shown before one is spent`() async throws {
        try await withWorld(world(needsTicket: true)) { world in
            let ticket = try issue(.ticket, in: world)
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.asked)
            try client.answer("AAAA-AAAA-AAAA-AAAA")
            #expect(try client.receive() == Self.askedAgain)
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [1])
            try client.answer(ticket)
            guard case .prompt(.visible, let text) = try client.receive() else {
                Issue.record("the ticket was not taken")
                return
            }
            #expect(text.hasSuffix("First code: "))
            try client.answer("right")
            guard case .verdict(.granted, _) = try client.verdict() else {
                Issue.record("the code was not taken")
                return
            }
            #expect(world.journal.messages.contains(#"ticket used user="alice""#))
        }
    }

    @Test(arguments: ["", "AAAA-AAAA-AAAA-AAAA", "right", "plain"])
    func `a first factor and no ticket set up nothing`(_ typed: String) async throws {
        try await withWorld(world(needsTicket: true)) { world in
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.asked)
            for number in 1...3 {
                try client.answer(typed)
                if number < 3 { #expect(try client.receive() == Self.askedAgain) }
            }
            let refusal = "That ticket is wrong, used or too old. Ask the administrator for another."
            #expect(try client.receive() == .verdict(.triesUsedUp, refusal))
            #expect(world.journal.messages.last?.contains("reason=too_many_retry") == true)
            #expect(try world.store.devices(of: nil).isEmpty)
        }
    }

    @Test func `wrong tickets take no tries from the first code, whose ticket is spent`() async throws {
        try await withWorld(world(needsTicket: true)) { world in
            let ticket = try issue(.ticket, in: world)
            let client = try world.connect()
            try client.begin("alice")
            for typed in ["AAAA-AAAA-AAAA-AAAA", "AAAA-AAAA-AAAA-AAAB", ticket] {
                _ = try client.receive()
                try client.answer(typed)
            }
            _ = try client.receive()
            for typed in ["wrong 1", "wrong 2"] {
                try client.answer(typed)
                #expect(try client.receive() == .prompt(.visible, "No.\nFirst code: "))
            }
            try client.answer("right")
            guard case .verdict(.granted, _) = try client.verdict() else {
                Issue.record("the ticket was burnt by wrong ones before it")
                return
            }
        }
    }

    @Test func `a ticket is good once, and is no bypass code`() async throws {
        try await withWorld(world(needsTicket: true)) { world in
            let ticket = try issue(.ticket, in: world)
            let first = try world.connect()
            try first.begin("alice")
            _ = try first.receive()
            try first.answer(ticket)
            _ = try first.receive()
            try first.say(.cancel)
            _ = try first.verdict()
            let second = try world.connect()
            try second.begin("alice")
            #expect(try second.receive() == Self.asked)
            try second.answer(ticket)
            #expect(try second.receive() == Self.askedAgain)
            #expect(try answer(ticket, in: world) == .denied)
        }
    }

    @Test(arguments: [(50, "Too many wrong answers. Try again in 30 seconds."), (6, locked)])
    func `a right ticket that is refused for wrong ones before it is told so, as codes are`(
        _ lockAt: Int, _ told: String
    ) async throws {
        var throttle = Throttle()
        throttle.lockAt = lockAt
        try await withWorld(world(needsTicket: true, throttle: throttle)) { world in
            let ticket = try issue(.ticket, in: world)
            for last in ["ABC", "DEF"] {
                let client = try world.connect()
                try client.begin("alice")
                for character in last {
                    _ = try client.receive()
                    try client.answer("AAAA-AAAA-AAAA-AAA\(character)")
                }
                _ = try client.receive()
            }
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.asked)
            try client.answer(ticket)
            #expect(try client.receive() == .verdict(.triesUsedUp, told))
            let login = SupposedLogin(service: "sshd", account: "alice", ssh: ["publickey"])
            guard case .explained(let found) = try world.administer().ask(.explain(login: login)) else { return }
            #expect(found.ways.map(\.ending.code) == ["PAM_MAXTRIES"])
        }
    }
}
