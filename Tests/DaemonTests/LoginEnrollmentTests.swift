import Authentication
import AuthenticationTesting
import Daemon
import Testing
import Wire

/// Who has nothing yet sets up a device within the login, where a rule says so.
@Suite struct LoginEnrollmentTests {
    private static let app = ScriptedEnrollable(ModuleID("app"), .app)
    private static let paper = ScriptedEnrollable(ModuleID("paper"), .paper)
    private static let word = ScriptedEnrollable(ModuleID("word"), .choice)
    private static let again = WireClient.Said.prompt(.visible, "No.\nFirst code: ")
    private static let keyAlone = WireClient.Said.prompt(
        .visible,
        "This account needs a second factor. Type this key into an authenticator app: KEY\nFirst code: ")

    private func world(
        _ modules: [ScriptedEnrollable], steps: [Step] = [Step(LoginEnrollmentTests.app.id)],
        services: Set<String> = ["sshd"]
    ) throws -> LoginWorld {
        var rule = Rule(services: services, line: 5)
        rule.unenrolled = .enroll
        return try LoginWorld(rules: [rule], chain: steps, extra: modules)
    }

    /// A login up to its first prompt.
    private func begin(_ world: LoginWorld, service: String = "sshd") throws -> (WireClient, String) {
        let client = try world.connect()
        try client.begin("alice", service: service, authtok: service == "sudo")
        guard case .prompt(.visible, let text) = try client.receive() else {
            throw WorldFailure("no prompt that may be seen")
        }
        return (client, text)
    }

    private func devices(of world: LoginWorld) throws -> [String] {
        try world.store.devices(of: nil).map { "\($0.key.account) \($0.key.module) \($0.device.state)" }.sorted()
    }

    private func isVerdict(_ said: WireClient.Said, _ code: VerdictCode) -> Bool {
        if case .verdict(code, _) = said { true } else { false }
    }

    @Test func `the picture and the key stand in one prompt, and the first right code lets in`() async throws {
        try await withWorld(world([Self.app])) { world in
            let (client, text) = try begin(world)
            #expect(text.hasPrefix("This account needs a second factor. Scan this with an authenticator app:\n█"))
            #expect(text.contains("▄"))
            #expect(
                text.hasSuffix(
                    "▀\nOr type this key into it: KEY\n(No picture? Answer plain to see the key alone.)\nFirst code: "))
            #expect(text.utf8.count <= Wire.maximumText)
            #expect(try devices(of: world) == [])
            try client.answer("right")
            #expect(try client.receive() == .set("TWOSTEP_PROVIDER", "pam"))
            #expect(try client.receive() == .set("TWOSTEP_MODULES", "app"))
            #expect(isVerdict(try client.receive(), .granted))
            // Its state says that the code was used.
            #expect(try devices(of: world) == ["alice app 1"])
            #expect(world.journal.messages.contains(#"device enrolled user="alice" module=app device="phone""#))
            #expect(world.journal.messages.last?.hasPrefix("login granted reason=enrolled service=sshd") == true)
            #expect(!world.journal.messages.contains { $0.contains("KEY") || $0.contains("otpauth") })
        }
    }

    @Test func `the code that finished the set-up is not good for the next login, which asks for one as ever`()
        async throws
    {
        try await withWorld(world([Self.app])) { world in
            let (first, _) = try begin(world)
            try first.answer("right")
            #expect(isVerdict(try first.verdict(), .granted))
            let second = try world.connect()
            try second.begin("alice")
            #expect(try second.receive() == .prompt(.secret, "Code: "))
            try second.answer("right")
            #expect(try second.receive() == .prompt(.secret, "No.\nCode: "))
            #expect(try devices(of: world) == ["alice app 1"])
        }
    }

    @Test func `plain shows the key alone, as often as it is asked for, and takes no try`() async throws {
        try await withWorld(world([Self.app])) { world in
            let (client, _) = try begin(world)
            for _ in 1...5 {
                try client.answer("plain")
                #expect(try client.receive() == Self.keyAlone)
            }
            for wrong in ["wrong", "plainer"] {
                try client.answer(wrong)
                #expect(try client.receive() == Self.again)
            }
            try client.answer("right")
            #expect(isVerdict(try client.verdict(), .granted))
        }
    }

    @Test(arguments: ["sshd", "sudo"])
    func `a wrong code may be tried again with the same secret, three in all wherever it is`(_ service: String)
        async throws
    {
        try await withWorld(world([Self.app], services: [service])) { world in
            let (client, _) = try begin(world, service: service)
            for number in 1...2 {
                try client.answer("wrong \(number)")
                #expect(try client.receive() == Self.again)
            }
            try client.answer("wrong 3")
            let verdict = try client.receive()
            #expect(isVerdict(verdict, service == "sshd" ? .triesUsedUp : .denied))
            #expect(try devices(of: world) == [])
            // It was no guess: whoever types it sees the secret.
            #expect(try world.store.counters(of: nil).isEmpty)
        }
    }

    @Test func `a URI that makes too large a picture is shown as its key`() async throws {
        try await withWorld(world([ScriptedEnrollable(ModuleID("app"), .app, padding: 400)])) { world in
            let (client, text) = try begin(world)
            #expect(WireClient.Said.prompt(.visible, text) == Self.keyAlone)
            try client.answer("right")
            #expect(isVerdict(try client.verdict(), .granted))
        }
    }

    @Test func `recovery codes come along, are shown once, and the login goes on after them`() async throws {
        try await withWorld(world([Self.app, Self.paper])) { world in
            let (client, _) = try begin(world)
            try client.answer("right")
            guard case .prompt(.visible, let text) = try client.receive() else {
                Issue.record("no codes were shown")
                return
            }
            #expect(text.contains(":\n  one\n  two\n"))
            #expect(text.hasSuffix("Press Enter when you have kept them: "))
            #expect(try devices(of: world) == ["alice app 1", "alice paper 0"])
            try client.answer("")
            #expect(isVerdict(try client.verdict(), .granted))
            #expect(world.journal.messages.contains(#"device issued user="alice" module=paper device="codes""#))
        }
    }

    @Test func `who has a device with another module already gets no codes with the new one`() async throws {
        try await withWorld(world([Self.app, Self.paper])) { world in
            try world.enroll("alice")
            let (client, _) = try begin(world)
            try client.answer("right")
            #expect(isVerdict(try client.verdict(), .granted))
            #expect(try devices(of: world) == ["alice app 1", "alice scripted 0"])
        }
    }

    @Test func `each step is set up, one that the person chooses by its own form`() async throws {
        try await withWorld(world([Self.app, Self.word, Self.paper], steps: [Step(Self.app.id), Step(Self.word.id)])) {
            world in
            let (client, _) = try begin(world)
            try client.answer("right")
            let title = "This account needs a second factor. Choose it now."
            #expect(try client.receive() == .prompt(.secret, "\(title)\nNew word: "))
            try client.answer("sesame")
            #expect(try client.receive() == .prompt(.secret, "The same again: "))
            try client.answer("sesami")
            #expect(try client.receive() == .prompt(.secret, "The two differ.\nNew word: "))
            try client.answer("sesame")
            _ = try client.receive()
            #expect(try devices(of: world) == [])
            try client.answer("sesame")
            // Codes come once there is something that they stand in for.
            guard case .prompt(.visible, let codes) = try client.receive() else {
                Issue.record("no codes were shown")
                return
            }
            #expect(codes.contains(":\n  one\n  two\n"))
            #expect(try devices(of: world) == ["alice app 1", "alice paper 0", "alice word 0"])
            try client.answer("")
            #expect(try client.receive() == .set("TWOSTEP_PROVIDER", "pam"))
            #expect(try client.receive() == .set("TWOSTEP_MODULES", "app,word"))
            #expect(isVerdict(try client.receive(), .granted))
            #expect(try devices(of: world) == ["alice app 1", "alice paper 0", "alice word 0"])
        }
    }

    @Test func `of an any_of the first that people enrol with by themselves is set up`() async throws {
        let step = try #require(Step(anyOf: [Self.paper.id, Self.app.id]))
        try await withWorld(world([Self.app, Self.paper], steps: [step])) { world in
            let (client, text) = try begin(world)
            #expect(text.hasSuffix("First code: "))
            try client.answer("right")
            _ = try client.receive()
            try client.answer("")
            #expect(isVerdict(try client.verdict(), .granted))
        }
    }

    @Test func `a set-up that is left leaves nothing`() async throws {
        try await withWorld(world([Self.app, Self.paper])) { world in
            let (client, _) = try begin(world)
            try client.answer("wrong")
            _ = try client.receive()
            try client.say(.cancel)
            #expect(isVerdict(try client.verdict(), .conversationFailed))
            #expect(try devices(of: world) == [])
            #expect(world.journal.messages.last?.hasPrefix("login abandoned") == true)
        }
    }

    @Test func `a chain that is left behind its first step leaves nothing, and begins anew the next time`() async throws
    {
        try await withWorld(world([Self.app, Self.word], steps: [Step(Self.app.id), Step(Self.word.id)])) { world in
            let (client, _) = try begin(world)
            try client.answer("right")
            guard case .prompt(.secret, let text) = try client.receive(), text.hasSuffix("New word: ") else {
                Issue.record("the second step was not set up")
                return
            }
            try client.say(.cancel)
            #expect(isVerdict(try client.verdict(), .conversationFailed))
            #expect(try devices(of: world) == [])
            #expect(!world.journal.messages.contains { $0.hasPrefix("device ") })
            let (again, shown) = try begin(world)
            #expect(shown.hasSuffix("First code: "))
            for answer in ["right", "sesame"] {
                try again.answer(answer)
                _ = try again.receive()
            }
            try again.answer("sesame")
            #expect(isVerdict(try again.verdict(), .granted))
            #expect(try devices(of: world) == ["alice app 1", "alice word 0"])
        }
    }

    @Test func `a store that fails at the last step has nothing of the first`() async throws {
        try await withWorld(world([Self.app, Self.word], steps: [Step(Self.app.id), Step(Self.word.id)])) { world in
            let (client, _) = try begin(world)
            for answer in ["right", "sesame"] {
                try client.answer(answer)
                _ = try client.receive()
            }
            world.store.failure = .notDurable("the disk is full")
            try client.answer("sesame")
            #expect(isVerdict(try client.verdict(), .unavailable))
            world.store.failure = nil
            #expect(try devices(of: world) == [])
        }
    }

    @Test func `a code that comes a second late sets up nothing`() async throws {
        try await withWorld(world([Self.app])) { world in
            let (client, _) = try begin(world)
            world.clock.advance(seconds: 301)
            try client.answer("right")
            #expect(isVerdict(try client.verdict(), .denied))
            #expect(world.journal.messages.last?.contains("reason=login_expired") == true)
            #expect(try devices(of: world) == [])
        }
    }

    @Test func `of two logins of one account the first has set up its device, and the second is refused`() async throws
    {
        try await withWorld(world([Self.app, Self.paper])) { world in
            let (first, _) = try begin(world)
            let (second, _) = try begin(world)
            try first.answer("right")
            _ = try first.receive()
            world.clock.advance(seconds: 1)
            try second.answer("right")
            #expect(try second.verdict() == .verdict(.denied, "Login refused."))
            #expect(world.journal.messages.last?.contains("enrolled by another login") == true)
            let kept = try world.store.devices(of: nil).map(\.device.createdAt)
            #expect(kept.count == 2 && Set(kept).count == 1)
            try first.answer("")
            #expect(isVerdict(try first.verdict(), .granted))
        }
    }

    @Test func `a store that fails lets nobody in`() async throws {
        try await withWorld(world([Self.app])) { world in
            let (client, _) = try begin(world)
            world.store.failure = .notDurable("the disk is full")
            try client.answer("right")
            #expect(isVerdict(try client.verdict(), .unavailable))
            world.store.failure = nil
            #expect(try devices(of: world) == [])
        }
    }

    @Test func `an account whose uid has changed sets up nothing`() async throws {
        try await withWorld(world([Self.app])) { world in
            let (client, _) = try begin(world)
            try world.enroll("alice", uid: 4711)
            try client.answer("right")
            #expect(isVerdict(try client.verdict(), .unavailable))
            #expect(try devices(of: world) == ["alice scripted 0"])
        }
    }

    @Test(arguments: ["stranger", "limbo"]) func `nobody is set up who is not known`(_ name: String) async throws {
        try await withWorld(world([Self.app])) { world in
            let client = try world.connect()
            try client.begin(name)
            let said = try client.receive()
            #expect(said == .prompt(.secret, "Code: ") || isVerdict(said, .unavailable))
        }
    }

    @Test func `without evidence there is nothing to set up`() async throws {
        try await withWorld(world([Self.app])) { world in
            let client = try world.connect()
            try client.begin("alice", methods: [])
            #expect(isVerdict(try client.receive(), .denied))
        }
    }
}
