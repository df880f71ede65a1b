import AdminProtocol
import AuthModules
import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Password and code in one answer: what is right, and that nobody learns what was wrong.
@Suite struct SingleConversationTests {
    private static let digits = ShapedModule(
        "digits", label: "Verification code", shape: .digits(6...8), right: "123456")
    private static let paper = ShapedModule(
        "paper", label: "Recovery code", shape: .base32(24), right: "ABCD-EFGH-IJKL-MNOP-QRST-UVWX")
    private static let question = "Password, and right behind it the verification code: "
    private static let prompt = WireClient.Said.prompt(.authtok, question)
    private static let refused =
        "That password or code is wrong, or the code was used before. Wait for the next code, and longer after many "
        + "wrong ones."

    private func world(
        _ modules: [ShapedModule] = [digits], codeDigits: Int = 6, provider: any AuthProvider = PasswordProvider()
    ) throws -> LoginWorld {
        var rule = Rule(Match(), line: 7)
        rule.single = CombinedAnswer(codeDigits: codeDigits)
        let step = try #require(Step(anyOf: modules.map(\.id)))
        let world = try LoginWorld(
            rules: [rule], chain: [step],
            extra: modules.map { $0 as any AuthModule } + IssuedCodeModule.all.map { $0 as any AuthModule },
            providers: [provider])
        for module in modules { try world.enroll("alice", module: module.id) }
        return world
    }

    private func begin(
        _ world: LoginWorld, _ account: String = "alice", service: String = "sshd", authtok: Bool = false
    ) throws -> WireClient {
        let client = try world.connect()
        try client.begin(account, service: service, methods: [], authtok: authtok)
        return client
    }

    // MARK: Right

    @Test func `both in one answer are granted, and the password alone is left for the lines below`() async throws {
        try await withWorld(world()) { (world) async throws in
            let client = try begin(world)
            #expect(try client.receive() == Self.prompt)
            try client.answer("good123456")
            #expect(try client.receive() == .set("TWOSTEP_PROVIDER", "passwords"))
            #expect(try client.receive() == .set("TWOSTEP_MODULES", "digits"))
            #expect(try client.receive() == .set("PAM_AUTHTOK", "4"))
            #expect(try client.receive() == .verdict(.granted, ""))
            #expect(
                world.journal.messages == [
                    #"login granted service=sshd rhost=192.0.2.7 user="alice" tty=ssh provider=passwords modules=digits rule="line 7" config=1"#
                ])
        }
    }

    @Test func `what a line above has taken is taken apart, and left as it is`() async throws {
        try await withWorld(world()) { (world) async throws in
            let client = try begin(world, authtok: true)
            #expect(try client.receive() == Self.prompt)
            try client.answer("good123456")
            var said: [WireClient.Said] = []
            while said.last != .verdict(.granted, "") { said.append(try client.receive()) }
            #expect(!said.contains(.set("PAM_AUTHTOK", "4")))
        }
    }

    @Test func `a code on paper, and an administrator's, stand behind the password as they are printed`() async throws {
        try await withWorld(world([Self.digits, Self.paper])) { (world) async throws in
            let first = try begin(world)
            #expect(
                try first.receive()
                    == .prompt(.authtok, "Password, and right behind it the verification code or recovery code: "))
            try first.answer("good" + Self.paper.right)
            #expect(try first.verdict() == .verdict(.granted, ""))
            #expect(world.journal.messages.last?.contains("modules=paper ") == true)
            let admin = try world.administer()
            _ = try admin.ask(
                .beginEnrollment(
                    account: "alice", module: ModuleReference(.bypass), device: nil,
                    parameters: ["until": "1700000900", "reason": "phone lost"], issuesNothing: true))
            let bypass = try #require(admin.secrets.last)
            _ = try admin.ask(.storeWithoutConfirmation)
            let second = try begin(world)
            _ = try second.receive()
            try second.answer("good" + bypass)
            guard case .verdict(.granted, _) = try second.verdict() else {
                Issue.record("the administrator's code was not accepted")
                return
            }
            #expect(world.journal.messages.last?.contains("modules=bypass ") == true)
        }
    }

    @Test func `the number of digits is the rule's`() async throws {
        var eight = Self.digits
        eight.right = "12345678"
        try await withWorld(world([eight], codeDigits: 8)) { (world) async throws in
            let client = try begin(world)
            _ = try client.receive()
            try client.answer("good12345678")
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }

    // MARK: Wrong

    @Test func `a password that is taken away while it is judged opens nothing, though its code is right`() async throws
    {
        let pause = Pause()
        var keeper = ScriptedKeeper(ProviderID("keeper"), createsCredentials: true)
        keeper.pause = pause
        try await withWorld(world(provider: keeper)) { (world) throws in
            let admin = try world.administer()
            let provider = ProviderReference(keeper.id)
            try admin.ask(.setPassword(username: "alice", provider: provider, intent: .add), "old")
            let client = try begin(world)
            #expect(try client.receive() == Self.prompt)
            try client.answer("old123456")
            defer { pause.end() }
            #expect(pause.isReached())
            try admin.ask(.setPassword(username: "alice", provider: provider, intent: .change), "new")
            pause.end()
            #expect(try client.receive() == .verdict(.denied, "Login refused."))
            #expect(try world.store.allCredentials().isEmpty)
            #expect(world.journal.messages.last?.contains("was changed since it was judged") == true)
        }
    }

    static let wrong = [
        "bad123456", "good654321", "bad654321", "good", "bad", "", "123456", "good123456 ", "good 123456",
        "\u{8}\n\r\u{7F}INCORRECT",
    ]

    @Test(arguments: [("sshd", VerdictCode.triesUsedUp), ("sudo", .denied)])
    func `whichever part is wrong, the same is said after the same work`(
        _ service: String, _ code: VerdictCode
    ) async throws {
        try await withWorld(world()) { (world) async throws in
            for account in ["alice", "bob", "stranger"] {
                for answer in Self.wrong {
                    let client = try begin(world, account, service: service)
                    #expect(try client.receive() == Self.prompt)
                    let commits = world.store.commits
                    try client.answer(answer)
                    let said = try client.receive()
                    #expect(world.store.commits == commits + 2, "\(account) \(answer)")
                    guard service == "sshd" else {
                        #expect(said == .verdict(code, Self.refused), "\(account) \(answer)")
                        continue
                    }
                    #expect(said == .prompt(.authtok, Self.refused + "\n" + Self.question), "\(account) \(answer)")
                    try client.answer("bad111111")
                    #expect(try client.receive() == said)
                    try client.answer("bad222222")
                    #expect(try client.receive() == .verdict(code, Self.refused))
                    // The hosts of strangers are another matter.
                    world.clock.advance(seconds: 700)
                }
                world.clock.advance(seconds: 7200)
                _ = try world.store.unlock(#require(AccountName(account)))
            }
        }
    }

    @Test func `a code is charged only behind a right password`() async throws {
        try await withWorld(world()) { (world) async throws in
            for number in 0..<9 {
                let client = try begin(world, service: "sudo")
                _ = try client.receive()
                try client.answer("bad11111\(number)")
                #expect(try client.receive() == .verdict(.denied, Self.refused))
            }
            #expect(try world.store.counters(of: nil).isEmpty)
            let client = try begin(world, service: "sudo")
            _ = try client.receive()
            try client.answer("good111111")
            #expect(try client.receive() == .verdict(.denied, Self.refused))
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [1])
        }
    }

    @Test func `an account that must wait or is locked hears what a wrong password hears`() async throws {
        try await withWorld(world()) { (world) async throws in
            for number in 0..<9 {
                for password in ["good", "bad"] {
                    let client = try begin(world, service: "sudo")
                    _ = try client.receive()
                    try client.answer("\(password)11111\(number)")
                    #expect(try client.receive() == .verdict(.denied, Self.refused))
                }
            }
            #expect(world.journal.messages.contains { $0.contains("reason=delayed") })
            let client = try begin(world)
            for answer in ["good123456", "good123456x", "good654321"] {
                guard case .prompt = try client.receive() else { break }
                try client.answer(answer)
            }
            #expect(try client.receive() == .verdict(.triesUsedUp, Self.refused))
            #expect(world.journal.messages.last?.contains("last=delayed") == true)
        }
    }

    @Test func `a blocked account hears what a wrong password hears, three times`() async throws {
        try await withWorld(world()) { (world) async throws in
            _ = try world.administer().ask(.block(account: "alice", reason: "left"))
            let client = try begin(world)
            #expect(try client.receive() == Self.prompt)
            for answer in ["good123456", "good111111"] {
                try client.answer(answer)
                #expect(try client.receive() == .prompt(.authtok, Self.refused + "\n" + Self.question))
            }
            try client.answer("bad111111")
            #expect(try client.receive() == .verdict(.triesUsedUp, Self.refused))
            #expect(try world.store.counters(of: nil).isEmpty)
        }
    }

    @Test(arguments: ["bad123456", "bad654321", "good654321", "good", "good123456 "], [0, 1])
    func `a host is held up after as many failures, whichever part was wrong`(_ wrong: String, _ short: Int)
        async throws
    {
        try await withWorld(world()) { (world) async throws in
            for _ in short..<HostCounter.limit {
                let client = try begin(world)
                _ = try client.receive()
                try client.answer(wrong)
                guard case .prompt = try client.receive() else {
                    Issue.record("held up too early")
                    return
                }
                _ = try world.store.unlock(#require(AccountName("alice")))
            }
            let client = try begin(world)
            _ = try client.receive()
            try client.answer("good123456")
            let said = try client.receive()
            #expect((said == .set("TWOSTEP_PROVIDER", "passwords")) == (short == 1), "\(said)")
        }
    }

    @Test(arguments: ["good654321", "bad123456", "good"])
    func `the same answer again ends the login, whatever was wrong with it`(_ answer: String) async throws {
        try await withWorld(world()) { (world) async throws in
            let client = try begin(world)
            _ = try client.receive()
            try client.answer(answer)
            _ = try client.receive()
            try client.answer(answer)
            #expect(try client.receive() == .verdict(.denied, Self.refused))
            #expect(world.journal.messages.last?.contains("reason=repeated") == true)
            #expect(try world.store.counters(of: nil).allSatisfy { $0.counter.failures == 1 })
        }
    }

    @Test func `after a wrong code the right answer is taken, and after a wrong password too`() async throws {
        try await withWorld(world()) { (world) async throws in
            for wrong in ["good654321", "bad123456"] {
                let client = try begin(world)
                _ = try client.receive()
                try client.answer(wrong)
                _ = try client.receive()
                try client.answer("good123456")
                #expect(try client.verdict() == .verdict(.granted, ""))
            }
        }
    }

    @Test func `no session stays open behind a wrong code`() async throws {
        try await withWorld(world()) { (world) async throws in
            let client = try begin(world)
            _ = try client.receive()
            try client.answer("good654321")
            _ = try client.receive()
            guard case .sessions(let listing) = try world.administer().ask(.sessions()) else {
                Issue.record("no sessions were listed")
                return
            }
            #expect(listing.sessions.isEmpty)
        }
    }

    @Test func `a store that cannot tell is unavailable, whatever was typed`() async throws {
        for answer in ["good123456", "bad123456", "good"] {
            try await withWorld(world()) { (world) async throws in
                let client = try begin(world)
                _ = try client.receive()
                world.store.failure = .notDurable("the disk is gone")
                try client.answer(answer)
                guard case .verdict(.unavailable, _) = try client.verdict() else {
                    Issue.record("\(answer) was judged without a store")
                    return
                }
            }
        }
    }

    // MARK: Foreseen

    @Test func `explain says that both are asked for at once`() async throws {
        try await withWorld(world()) { (world) async throws in
            func explained() throws -> Explanation? {
                let login = SupposedLogin(service: "sshd", account: "alice")
                guard case .explained(let found) = try world.administer().ask(.explain(login: login)) else {
                    return nil
                }
                return found
            }
            let open = try #require(try explained())
            #expect(open.terms?.codeDigits == 6)
            #expect(open.ways.map(\.asked) == [1] && open.ways.map(\.ending.code) == ["PAM_SUCCESS"])
            _ = try world.administer().ask(.block(account: "alice", reason: "left"))
            #expect(try explained()?.ways.map(\.ending.code) == ["PAM_MAXTRIES"])
        }
    }
}
