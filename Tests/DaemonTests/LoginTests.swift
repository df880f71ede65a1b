import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Whole logins over a socket: what a module says, and what it is told.
@Suite struct LoginTests {
    private static let prompt = WireClient.Said.prompt(.secret, "Code: ")
    private static let refused = "That was not right."

    private func verdict(_ code: VerdictCode, _ text: String = "") -> WireClient.Said { .verdict(code, text) }

    @Test func `a key and a right answer are granted, with the factors in the environment`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.prompt)
            try client.answer("right 7")
            #expect(try client.receive() == .set("TWOSTEP_PROVIDER", "pam"))
            #expect(try client.receive() == .set("TWOSTEP_MODULES", "scripted"))
            #expect(try client.receive() == verdict(.granted))
            #expect(try client.receive() == .closed)
            #expect(
                world.journal.messages == [
                    #"login granted service=sshd rhost=192.0.2.7 user="alice" tty=ssh provider=pam modules=scripted config=1"#
                ])
        }
    }

    @Test func `without evidence nothing is asked, and the journal names what is missing`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice", methods: ["keyboard-interactive"])
            #expect(
                try client.receive()
                    == verdict(.denied, "Login refused: no key or password was accepted before this step."))
            #expect(world.journal.messages.first?.contains("reason=no_evidence") == true)
            #expect(world.journal.messages.first?.contains("AuthenticationMethods") == true)
        }
    }

    @Test func `the reason rides in the next prompt, and the third wrong answer ends with MAXTRIES`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.prompt)
            try client.answer("wrong 1")
            #expect(try client.receive() == .prompt(.secret, "\(Self.refused)\nCode: "))
            try client.answer("wrong 2")
            #expect(try client.receive() == .prompt(.secret, "\(Self.refused)\nCode: "))
            try client.answer("wrong 3")
            #expect(try client.receive() == verdict(.triesUsedUp, Self.refused))
            #expect(world.journal.messages.last?.contains("reason=too_many_retry last=invalid_code") == true)
        }
    }

    @Test func `sudo gets one answer a call, since it calls again by itself`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice", service: "sudo", methods: [], authtok: true)
            #expect(try client.receive() == Self.prompt)
            try client.answer("wrong")
            #expect(try client.receive() == verdict(.denied, Self.refused))
        }
    }

    @Test func `the same wrong answer again ends the flow and is no guess`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("wrong")
            _ = try client.receive()
            try client.answer("wrong")
            #expect(try client.receive() == verdict(.denied, Self.refused))
            let counters = try world.store.counters(of: nil)
            #expect(counters.map(\.counter.failures) == [1])
        }
    }

    @Test func `the sixth wrong answer delays, and says so; the right one is refused until then`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            for attempt in 1...5 {
                let client = try world.connect()
                try client.begin("alice", service: "sudo", methods: [], authtok: true)
                _ = try client.receive()
                try client.answer("wrong \(attempt)")
                #expect(try client.receive() == verdict(.denied, Self.refused))
            }
            let sixth = try world.connect()
            try sixth.begin("alice")
            _ = try sixth.receive()
            try sixth.answer("wrong 6")
            #expect(try sixth.receive() == verdict(.triesUsedUp, "Too many wrong answers. Try again in 30 seconds."))
            world.clock.advance(seconds: 29)
            let early = try world.connect()
            try early.begin("alice")
            _ = try early.receive()
            try early.answer("right 1")
            #expect(try early.receive() == verdict(.triesUsedUp, "Too many wrong answers. Try again in 1 second."))
            world.clock.advance(seconds: 1)
            let inTime = try world.connect()
            try inTime.begin("alice")
            _ = try inTime.receive()
            try inTime.answer("right 1")
            #expect(try inTime.verdict() == verdict(.granted))
        }
    }

    @Test func `wrong answers to a module that was taken out of the configuration delay nobody`() async throws {
        let old = ScriptedModule(ModuleID("old"))
        try await withWorld(LoginWorld(chain: [Step(old.id)], extra: [old])) { world in
            try world.enroll("alice")
            try world.enroll("alice", module: old.id)
            func logIn(_ answer: String) throws -> WireClient.Said {
                let client = try world.connect()
                try client.begin("alice", service: "sudo", methods: [], authtok: true)
                _ = try client.receive()
                try client.answer(answer)
                return try client.verdict()
            }
            for number in 1...6 { _ = try logIn("wrong \(number)") }
            #expect(try logIn("right 1") != verdict(.granted))
            let chain = ProviderChain(
                provider: ProviderID("pam"), livesOnEvidence: true, steps: [Step(LoginWorld.module)])
            world.follow {
                $0 = ActiveConfiguration(
                    number: 2, policy: Policy(chains: [chain]), providers: $0.providers,
                    modules: $0.modules.filter { $0.key != old.id }, issuer: "test")
            }
            #expect(try logIn("right 1") == verdict(.granted))
        }
    }

    @Test(arguments: [0, 300]) func `an answer at the deadline is still in time`(_ seconds: Int64) async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            world.clock.advance(seconds: seconds)
            try client.answer("right 1")
            #expect(try client.verdict() == verdict(.granted))
        }
    }

    @Test func `an answer a second late ends the flow with login_expired, though it is right`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            world.clock.advance(seconds: 301)
            try client.answer("right 1")
            #expect(try client.receive() == verdict(.denied, "The login took too long. Please start again."))
            #expect(world.journal.messages.last?.contains("reason=login_expired") == true)
        }
    }

    @Test func `the sweep ends what is over, and tells the module`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            world.clock.advance(seconds: 301)
            try await world.server.sweep()
            #expect(try client.receive() == verdict(.denied, "The login took too long. Please start again."))
        }
    }

    @Test func `setting the wall clock changes nothing for a session`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            world.clock.set(wall: 4_000_000_000)
            try client.answer("right 1")
            #expect(try client.verdict() == verdict(.granted))
        }
    }

    @Test(arguments: ["alice", "bob", "nobody-here"])
    func `who has nothing, or does not exist, is asked and refused like everybody`(_ name: String) async throws {
        try await withWorld(LoginWorld()) { world in
            let client = try world.connect()
            try client.begin(name)
            #expect(try client.receive() == Self.prompt)
            try client.answer("right 1")
            #expect(try client.receive() == .prompt(.secret, "\(Self.refused)\nCode: "))
        }
    }

    @Test func `an account that the directory cannot tell is unavailable, not unknown`() async throws {
        try await withWorld(LoginWorld()) { world in
            let client = try world.connect()
            try client.begin("limbo")
            _ = try client.receive()
            try client.answer("right 1")
            guard case .verdict(.unavailable, _) = try client.receive() else {
                Issue.record("an account that cannot be told was not unavailable")
                return
            }
        }
    }

    @Test func `an account whose uid has changed is unavailable`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice", uid: 4711)
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("right 1")
            guard case .verdict(.unavailable, _) = try client.receive() else {
                Issue.record("a recycled account was not unavailable")
                return
            }
            #expect(world.journal.messages.last?.contains("account_changed") == true)
        }
    }

    @Test func `all steps of a chain are owed, in their order`() async throws {
        let second = ModuleID("scripted", id: "second")
        let world = try LoginWorld(chain: [Step(LoginWorld.module), Step(second)], extra: [ScriptedModule(second)])
        try await withWorld(world) { world in
            try world.enroll("alice")
            try world.enroll("alice", module: second)
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.prompt)
            try client.answer("right 1")
            #expect(try client.receive() == Self.prompt)
            try client.answer("right 1")
            #expect(try client.receive() == .set("TWOSTEP_PROVIDER", "pam"))
            #expect(try client.receive() == .set("TWOSTEP_MODULES", "scripted,scripted:second"))
            #expect(try client.receive() == verdict(.granted))
        }
    }

    @Test func `a step with alternatives offers them by number and takes any one`() async throws {
        let second = ModuleID("scripted", id: "second")
        let step = try #require(Step(anyOf: [LoginWorld.module, second]))
        try await withWorld(LoginWorld(chain: [step], extra: [ScriptedModule(second)])) { world in
            try world.enroll("alice", module: second)
            let client = try world.connect()
            try client.begin("alice")
            let menu = WireClient.Said.prompt(
                .visible, "What do you want to use?\n  1  scripted\n  2  scripted:second\nNumber: ")
            #expect(try client.receive() == menu)
            try client.answer("3")
            #expect(try client.receive() == menu)
            try client.answer("2")
            #expect(try client.receive() == .prompt(.secret, "Code (r goes back): "))
            try client.answer("right 1")
            #expect(try client.verdict() == verdict(.granted))
        }
    }

    @Test func `a module that names somebody else lets nobody in`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("as bob")
            guard case .verdict(.denied, _) = try client.receive() else {
                Issue.record("another username passed")
                return
            }
        }
    }

    @Test func `a module that cannot tell makes the login unavailable`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("broken")
            guard case .verdict(.unavailable, _) = try client.receive() else {
                Issue.record("a broken module was not unavailable")
                return
            }
        }
    }

    @Test func `an exempt login says so in words, where its evidence is there`() async throws {
        let rule = Rule(services: ["sshd"], isExempt: true, line: 9)
        try await withWorld(LoginWorld(rules: [rule])) { world in
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == verdict(.exempt))
            let without = try world.connect()
            try without.begin("alice", methods: [])
            guard case .verdict(.denied, _) = try without.receive() else {
                Issue.record("an exemption waived the evidence")
                return
            }
        }
    }

    @Test func `a waived first factor is a warning at each use`() async throws {
        let rule = Rule(services: ["sshd"], isFirstFactorWaived: true, line: 9)
        try await withWorld(LoginWorld(rules: [rule])) { world in
            try world.enroll("alice")
            let client = try world.connect()
            try client.begin("alice", methods: [])
            _ = try client.receive()
            try client.answer("right 1")
            #expect(try client.verdict() == verdict(.granted))
            #expect(world.journal.all.last?.level == .warning)
            #expect(world.journal.messages.last?.contains("reason=first_factor_waived") == true)
        }
    }

    @Test func `a waived first factor where no module is owed lets nobody in`() async throws {
        let rule = Rule(services: ["sshd"], isFirstFactorWaived: true, line: 9)
        try await withWorld(LoginWorld(rules: [rule], chain: [])) { world in
            let client = try world.connect()
            try client.begin("alice", methods: [])
            guard case .verdict(.denied, _) = try client.receive() else {
                Issue.record("somebody was let in without any factor")
                return
            }
            let evident = try world.connect()
            try evident.begin("alice")
            #expect(try evident.verdict() == verdict(.granted))
        }
    }

    @Test func `a menu that is answered wrongly for ever comes to an end`() async throws {
        let second = ModuleID("scripted", id: "second")
        let step = try #require(Step(anyOf: [LoginWorld.module, second]))
        try await withWorld(LoginWorld(chain: [step], extra: [ScriptedModule(second)])) { world in
            let client = try world.connect()
            try client.begin("alice")
            var prompts = 0
            while case .prompt = try client.receive() {
                prompts += 1
                try client.answer("9")
            }
            #expect(prompts == Wire.maximumPrompts)
        }
    }

    @Test func `refused passwords of a login that is broken off are in its record`() async throws {
        let world = try LoginWorld(providers: [StubbornProvider()])
        try await withWorld(world) { world in
            let client = try world.connect()
            try client.begin("alice", methods: [])
            #expect(try client.receive() == .prompt(.authtok, "Password: "))
            try client.answer("guess")
            #expect(try client.receive() == .prompt(.authtok, "No.\nPassword: "))
            try client.say(.cancel)
            _ = try client.receive()
            #expect(world.journal.messages.last?.contains("abandoned reason=conversation last=invalid_auth") == true)
        }
    }

    @Test func `thirty wrong passwords from a host refuse it, with or without evidence beside them`() async throws {
        let world = try LoginWorld(providers: [StubbornProvider()])
        try await withWorld(world) { world in
            for attempt in 0..<30 {
                let client = try world.connect()
                try client.begin("alice", service: "sudo", methods: attempt < 15 ? ["publickey ssh-rsa"] : [])
                _ = try client.receive()
                try client.answer("guess")
                _ = try client.verdict()
            }
            let client = try world.connect()
            try client.begin("alice", methods: [])
            _ = try client.receive()
            try client.answer("guess")
            _ = try client.verdict()
            #expect(world.journal.messages.last?.contains("reason=host_refused") == true)
        }
    }

    @Test func `a broken configuration admits nobody and says where it is broken`() async throws {
        try await withWorld(LoginWorld(isBroken: true)) { world in
            let client = try world.connect()
            try client.begin("alice")
            guard case .verdict(.unavailable, let text) = try client.receive() else {
                Issue.record("a broken configuration let somebody ask")
                return
            }
            #expect(text.contains("not possible right now"))
            #expect(world.journal.messages.last?.contains("config.yaml:1:1") == true)
        }
    }

    @Test func `a store that is away is unavailable, and the next login works when it is back`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            world.store.failure = .notDurable("disk full")
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("right 1")
            guard case .verdict(.unavailable, _) = try client.receive() else {
                Issue.record("a login was judged that could not be made durable")
                return
            }
            world.store.failure = nil
            let again = try world.connect()
            try again.begin("alice")
            _ = try again.receive()
            try again.answer("right 1")
            #expect(try again.verdict() == verdict(.granted))
        }
    }

    @Test func `an unknown provider on the PAM line is a bad argument`() async throws {
        try await withWorld(LoginWorld()) { world in
            for argument in ["provider=nosuch", "provider=", "colour=blue"] {
                let client = try world.connect()
                try client.begin("alice", arguments: [argument])
                guard case .verdict(.badArgument, _) = try client.receive() else {
                    Issue.record("\(argument) was accepted")
                    return
                }
            }
        }
    }

    @Test func `an answer that never left the host is refused and is no guess`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            for _ in 1...20 {
                let client = try world.connect()
                try client.begin("alice", service: "sudo", methods: [], authtok: true)
                _ = try client.receive()
                try client.say(.unusable)
                #expect(try client.receive() == verdict(.denied, Self.refused))
            }
            #expect(try world.store.counters(of: nil).isEmpty)
        }
    }

    @Test func `64 logins with one answer at once: one is granted`() async throws {
        try await withWorld(LoginWorld()) { world in
            try world.enroll("alice")
            let clients = try (0..<64).map { _ in try world.connect() }
            for client in clients {
                try client.begin("alice")
                _ = try client.receive()
            }
            for client in clients { try client.answer("right 5") }
            var granted = 0
            for client in clients {
                // The others are asked again, or told that it was used.
                switch try client.receive() {
                case .set: granted += 1
                case .prompt, .verdict, .closed: continue
                }
            }
            #expect(granted == 1)
        }
    }

    @Test func `the stages other than authenticate have their own verdicts`() async throws {
        try await withWorld(LoginWorld()) { world in
            let account = try world.connect()
            try account.begin("alice", stage: .account)
            #expect(try account.receive() == verdict(.noOpinion))
            let change = try world.connect()
            try change.begin("alice", stage: .changeUpdate)
            guard case .verdict(.denied, _) = try change.receive() else {
                Issue.record("a change of devices was let through")
                return
            }
        }
    }
}
