import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Steps with several modules, and what modules may do beside judging.
@Suite struct ModuleStepTests {
    private static let digits = ShapedModule(
        "digits", label: "Verification code", shape: .digits(6...8), right: "123456")
    private static let paper = ShapedModule(
        "paper", label: "Recovery code", shape: .base32(24), right: "ABCDABCDABCDABCDABCDABCD")
    private static let word = ShapedModule("word", label: "Word", right: "open sesame")

    private func world(
        _ modules: [ShapedModule], rules: [Rule] = [], capacity: Int = 1000
    ) throws -> LoginWorld {
        let step = try #require(Step(anyOf: modules.map(\.id)))
        return try LoginWorld(rules: rules, chain: [step], extra: modules, capacity: capacity)
    }

    private func verdict(_ code: VerdictCode, _ text: String = "") -> WireClient.Said { .verdict(code, text) }

    @Test(arguments: [("123456", "digits"), ("ABCDABCDABCDABCDABCDABCD", "paper")])
    func `answers that tell themselves apart share one prompt`(_ answer: String, _ module: String) async throws {
        try await withWorld(world([Self.digits, Self.paper])) { world in
            try world.enroll("alice", module: Self.digits.id)
            try world.enroll("alice", module: Self.paper.id)
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == .prompt(.secret, "Verification code or recovery code: "))
            try client.answer(answer)
            #expect(try client.verdict() == verdict(.granted))
            #expect(world.journal.messages.last?.contains("modules=\(module) ") == true)
        }
    }

    @Test func `a wrong answer at a shared prompt is refused in the words of its own module, and asked for again`()
        async throws
    {
        try await withWorld(world([Self.digits, Self.paper])) { world in
            try world.enroll("alice", module: Self.digits.id)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("XXXXXXXXXXXXXXXXXXXXXXXX")
            let again = "Recovery code: no.\nVerification code or recovery code: "
            #expect(try client.receive() == .prompt(.secret, again))
            try client.answer("neither of the two")
            #expect(
                try client.receive()
                    == .prompt(.secret, "Verification code: no.\nVerification code or recovery code: "))
            try client.answer("123456")
            #expect(try client.verdict() == verdict(.granted))
        }
    }

    @Test func `answers that do not tell themselves apart are chosen from a menu of what the person has`() async throws
    {
        let other = ShapedModule("other", label: "Other", right: "x")
        try await withWorld(world([Self.word, other, Self.digits])) { world in
            try world.enroll("alice", module: Self.digits.id)
            try world.enroll("alice", module: other.id)
            let client = try world.connect()
            try client.begin("alice")
            #expect(
                try client.receive()
                    == .prompt(.visible, "What do you want to use?\n  1  other\n  2  digits\nNumber: "))
            try client.answer("3")
            #expect(
                try client.receive()
                    == .prompt(.visible, "What do you want to use?\n  1  other\n  2  digits\nNumber: "))
            try client.answer("2")
            #expect(try client.receive() == .prompt(.secret, "Verification code (r goes back): "))
            try client.answer("123456")
            #expect(try client.verdict() == verdict(.granted))
        }
    }

    @Test func `who has one of them is asked for that, and who has none sees the policy's list`() async throws {
        try await withWorld(world([Self.word, Self.digits])) { world in
            try world.enroll("alice", module: Self.digits.id)
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == .prompt(.secret, "Verification code: "))
            let stranger = try world.connect()
            try stranger.begin("bob")
            #expect(
                try stranger.receive()
                    == .prompt(.visible, "What do you want to use?\n  1  word\n  2  digits\nNumber: "))
        }
    }

    @Test func `r goes back to the menu, with the same tries and in the same time`() async throws {
        try await withWorld(world([Self.word, Self.digits])) { world in
            try world.enroll("alice", module: Self.word.id)
            try world.enroll("alice", module: Self.digits.id)
            let menu = WireClient.Said.prompt(.visible, "What do you want to use?\n  1  word\n  2  digits\nNumber: ")
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == menu)
            try client.answer("2")
            #expect(try client.receive() == .prompt(.secret, "Verification code (r goes back): "))
            try client.answer("111111")
            #expect(
                try client.receive() == .prompt(.secret, "Verification code: no.\nVerification code (r goes back): "))
            for back in ["r", "R"] {
                try client.answer(back)
                #expect(try client.receive() == menu)
                try client.answer("1")
                #expect(try client.receive() == .prompt(.secret, "Word (r goes back): "))
            }
            try client.answer("open barley")
            #expect(try client.receive() == .prompt(.secret, "Word: no.\nWord (r goes back): "))
            try client.answer("r")
            #expect(try client.receive() == menu)
            try client.answer("2")
            _ = try client.receive()
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [1, 1])
            try client.answer("222222")
            #expect(try client.verdict() == verdict(.triesUsedUp, "Verification code: no."))
        }
    }

    @Test func `r is an answer like any other where there was no menu`() async throws {
        try await withWorld(world([Self.word])) { world in
            try world.enroll("alice", module: Self.word.id)
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == .prompt(.secret, "Word: "))
            try client.answer("r")
            #expect(try client.receive() == .prompt(.secret, "Word: no.\nWord: "))
        }
    }

    @Test func `going back for ever ends the login`() async throws {
        try await withWorld(world([Self.word, Self.digits])) { world in
            try world.enroll("alice", module: Self.word.id)
            try world.enroll("alice", module: Self.digits.id)
            let client = try world.connect()
            try client.begin("alice")
            var prompts = 0
            while case .prompt(let style, _) = try client.receive() {
                prompts += 1
                try client.answer(style == .visible ? "1" : "r")
            }
            #expect(prompts == Wire.maximumPrompts)
            #expect(world.journal.messages.last?.contains("reason=too_many_retry") == true)
        }
    }

    @Test func `a menu begins with what was used last, but for who has proved nothing`() async throws {
        let waived = Rule(services: ["web"], isFirstFactorWaived: true, line: 4)
        try await withWorld(world([Self.word, Self.digits], rules: [waived])) { world in
            for (module, used) in [(Self.word.id, 100), (Self.digits.id, 200)] as [(ModuleID, Int64)] {
                let account = try #require(AccountName("alice"))
                let key = DeviceKey(account: account, module: module, device: "phone")
                let sealed = try world.store.sealing.seal(Secret(copying: [1].span), at: key)
                let device = Device(name: "phone", sealed: sealed, state: 0, createdAt: 0, lastUsedAt: used)
                _ = try world.store.add(device, at: key, uid: 1001)
            }
            let client = try world.connect()
            try client.begin("alice")
            #expect(
                try client.receive() == .prompt(.visible, "What do you want to use?\n  1  digits\n  2  word\nNumber: "))
            let stranger = try world.connect()
            try stranger.begin("alice", service: "web", methods: [])
            #expect(
                try stranger.receive()
                    == .prompt(.visible, "What do you want to use?\n  1  word\n  2  digits\nNumber: "))
        }
    }

    @Test(arguments: [false, true])
    func `Enter alone is never a guess`(_ isSlow: Bool) async throws {
        var word = Self.word
        word.stretchesAnswers = isSlow
        try await withWorld(world([word])) { world in
            try world.enroll("alice", module: word.id)
            for _ in 0..<4 {
                let client = try world.connect()
                try client.begin("alice")
                for _ in 0..<3 {
                    guard case .prompt = try client.receive() else { break }
                    try client.answer("")
                }
                #expect(try client.verdict() == verdict(.triesUsedUp, "Word: no."))
            }
            #expect(try world.store.counters(of: nil).isEmpty)
            #expect(world.journal.messages.allSatisfy { $0.contains("last=malformed") })
        }
    }

    @Test func `without a first factor a menu tells nothing of what somebody has`() async throws {
        let rule = Rule(services: ["web"], isFirstFactorWaived: true, line: 4)
        try await withWorld(world([Self.word, Self.digits], rules: [rule])) { world in
            try world.enroll("alice", module: Self.digits.id)
            let client = try world.connect()
            try client.begin("alice", service: "web", methods: [])
            #expect(
                try client.receive()
                    == .prompt(.visible, "What do you want to use?\n  1  word\n  2  digits\nNumber: "))
        }
    }

    @Test func `a menu that the store cannot fill ends the login`() async throws {
        try await withWorld(world([Self.word, Self.digits])) { world in
            world.store.failure = .notDurable("the disk is gone")
            let client = try world.connect()
            try client.begin("alice")
            guard case .verdict(.unavailable, _) = try client.receive() else {
                Issue.record("somebody was asked although nothing could be told")
                return
            }
        }
    }

    @Test func `an answer is stretched before it is judged, and the same wrong one known all the same`() async throws {
        var slow = Self.word
        slow.stretchesAnswers = true
        try await withWorld(world([slow])) { world in
            try world.enroll("alice", module: slow.id)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("open sesame")
            #expect(try client.verdict() == verdict(.granted))
            let second = try world.connect()
            try second.begin("alice")
            _ = try second.receive()
            try second.answer("open barley")
            #expect(try second.receive() == .prompt(.secret, "Word: no.\nWord: "))
            try second.answer("open barley")
            #expect(try second.verdict() == verdict(.denied, "Word: no."))
            #expect(world.journal.messages.last?.contains("reason=repeated") == true)
        }
    }

    @Test func `what a module has to say after an accepted answer is said with the verdict`() async throws {
        var paper = Self.paper
        paper.notice = "3 recovery codes are left."
        try await withWorld(world([paper])) { world in
            try world.enroll("alice", module: paper.id)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("ABCDABCDABCDABCDABCDABCD")
            #expect(try client.verdict() == verdict(.granted, "3 recovery codes are left."))
        }
    }

    @Test func `each use of an insecure module is a warning`() async throws {
        var demo = Self.word
        demo.isInsecure = true
        try await withWorld(world([demo])) { world in
            try world.enroll("alice", module: demo.id)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("open sesame")
            #expect(try client.verdict() == verdict(.granted))
            #expect(world.journal.all.last?.level == .warning)
            #expect(world.journal.messages.last?.contains("reason=insecure_module") == true)
        }
    }

    // MARK: Who has nothing yet

    private var skip: Rule {
        var rule = Rule(services: ["sshd"], line: 5)
        rule.unenrolled = .skip
        return rule
    }

    @Test func `who has nothing is let off where a rule says so, and the journal says why`() async throws {
        try await withWorld(world([Self.digits], rules: [skip])) { world in
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.verdict() == verdict(.exempt))
            #expect(world.journal.messages.last?.hasPrefix("login skipped reason=not_enrolled service=sshd") == true)
            #expect(world.journal.messages.last?.contains(#"user="alice""#) == true)
        }
    }

    @Test func `who has a device is asked for it all the same`() async throws {
        try await withWorld(world([Self.digits], rules: [skip])) { world in
            try world.enroll("alice", module: Self.digits.id)
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == .prompt(.secret, "Verification code: "))
        }
    }

    @Test func `without evidence nobody is let off`() async throws {
        try await withWorld(world([Self.digits], rules: [skip])) { world in
            let client = try world.connect()
            try client.begin("alice", methods: [])
            guard case .verdict(.denied, _) = try client.verdict() else {
                Issue.record("somebody without evidence was let off")
                return
            }
        }
    }

    @Test func `an account that is not there is asked like all others`() async throws {
        try await withWorld(world([Self.digits], rules: [skip])) { world in
            let client = try world.connect()
            try client.begin("stranger")
            #expect(try client.receive() == .prompt(.secret, "Verification code: "))
        }
    }

    @Test(arguments: [StoreFailure.unreachable("gone"), .damaged("torn")])
    func `a store that cannot tell lets nobody off`(_ failure: StoreFailure) async throws {
        try await withWorld(world([Self.digits], rules: [skip])) { world in
            world.store.failure = failure
            let client = try world.connect()
            try client.begin("alice")
            guard case .verdict(.unavailable, _) = try client.verdict() else {
                Issue.record("somebody was let off by a store that does not answer")
                return
            }
        }
    }

    @Test func `devices of another uid are not nothing`() async throws {
        try await withWorld(world([Self.digits], rules: [skip])) { world in
            try world.enroll("alice", module: Self.digits.id, uid: 4711)
            let client = try world.connect()
            try client.begin("alice")
            guard case .verdict(.unavailable, _) = try client.verdict() else {
                Issue.record("an account made anew was let off")
                return
            }
        }
    }

    @Test func `a directory that cannot tell lets nobody off`() async throws {
        try await withWorld(world([Self.digits], rules: [skip])) { world in
            let client = try world.connect()
            try client.begin("limbo")
            guard case .verdict(.unavailable, _) = try client.verdict() else {
                Issue.record("somebody whom nobody knows was let off")
                return
            }
        }
    }
}
