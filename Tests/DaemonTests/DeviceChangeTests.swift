import AdminProtocol
import AuthModules
import Authentication
import AuthenticationTesting
import Configuration
import Daemon
import Testing
import Wire

/// A further device within pam_chauthtok(3): what the daemon answers at its two stages.
@Suite struct DeviceChangeTests {
    private static let app = SelfServiceTests.app
    private static let consent = WireClient.Said.prompt(
        .visible, "Set up a further device for logins? Answer yes, or press Enter to leave it: ")
    private static let code = WireClient.Said.prompt(.secret, "Code: ")

    private func world(_ settings: SelfServiceSettings? = SelfServiceTests.all, holding: Bool = true) throws
        -> LoginWorld
    {
        try SelfServiceTests.world(settings, holding: holding)
    }

    private func begin(_ world: LoginWorld, _ stage: Stage, user: String = "alice", flags: UInt32 = 0) throws
        -> WireClient
    {
        let client = try world.connect()
        try client.begin(user, service: "passwd", methods: [], authtok: true, stage: stage, flags: flags)
        return client
    }

    private func code(_ said: WireClient.Said) -> VerdictCode? {
        if case .verdict(let code, _) = said { code } else { nil }
    }

    @Test func `nothing is written and nothing is asked by the check`() async throws {
        try await withWorld(world()) { (world) async throws in
            #expect(try begin(world, .changeCheck).receive() == .verdict(.granted, ""))
            #expect(world.journal.messages == [])
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone"])
            #expect(try world.store.allCredentials().isEmpty)
        }
    }

    @Test func `after an answer of the phone a further device is set up`() async throws {
        try await withWorld(world()) { world in
            let client = try begin(world, .changeUpdate)
            #expect(try client.receive() == Self.consent)
            try client.answer("Yes")
            #expect(try client.receive() == Self.code)
            try client.answer("right")
            guard case .prompt(.visible, let text) = try client.receive() else {
                Issue.record("nothing was shown")
                return
            }
            #expect(text.hasPrefix("A further device. Scan this with an authenticator app:\n"))
            #expect(text.hasSuffix("First code: ") && text.utf8.count <= Wire.maximumText)
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone"])
            try client.answer("plain")
            #expect(
                try client.receive()
                    == .prompt(
                        .visible, "A further device. Type this key into an authenticator app: KEY\nFirst code: "))
            try client.answer("right")
            // No variable of a login is set.
            #expect(try client.receive() == .verdict(.granted, ""))
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone", "alice app phone-2"])
            #expect(
                world.journal.messages.last?.hasPrefix(
                    #"change proved reason=enrolled service=passwd rhost=192.0.2.7 user="alice""#) == true)
        }
    }

    @Test(arguments: ["", "no", "n", "nein", "right"])
    func `whoever wants no device leaves everything as it is`(_ answer: String) async throws {
        try await withWorld(world()) { world in
            let client = try begin(world, .changeUpdate)
            _ = try client.receive()
            try client.answer(answer)
            #expect(try client.receive() == .verdict(.granted, ""))
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone"])
            #expect(try world.store.counters(of: nil).isEmpty)
            #expect(world.journal.messages.last?.hasPrefix("change declined service=passwd") == true)
        }
    }

    @Test func `a wrong answer is charged, and sets up nothing`() async throws {
        try await withWorld(world()) { world in
            let client = try begin(world, .changeUpdate)
            _ = try client.receive()
            try client.answer("y")
            _ = try client.receive()
            for answer in ["no", "nor this"] {
                try client.answer(answer)
                #expect(try client.receive() == .prompt(.secret, "No.\nCode: "))
            }
            try client.answer("nor that")
            #expect(try client.receive() == .verdict(.triesUsedUp, "No."))
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [3])
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone"])
        }
    }

    @Test func `a ticket sets up the first device, and recovery codes come with it`() async throws {
        try await withWorld(world(holding: false)) { world in
            let ticket = try SelfServiceTests.issue(.ticket, in: world)
            #expect(try begin(world, .changeCheck).receive() == .verdict(.granted, ""))
            let client = try begin(world, .changeUpdate)
            _ = try client.receive()
            try client.answer("yes")
            #expect(try client.receive() == .prompt(.secret, "Enrolment ticket: "))
            try client.answer(ticket)
            guard case .prompt(.visible, let text) = try client.receive() else {
                Issue.record("the ticket was not taken")
                return
            }
            #expect(text.hasPrefix("The first device. Scan"))
            try client.answer("right")
            guard case .prompt(.visible, let codes) = try client.receive() else {
                Issue.record("no codes were shown")
                return
            }
            #expect(codes.contains("\n  one\n  two\n"))
            try client.answer("")
            #expect(try client.receive() == .verdict(.granted, ""))
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var settings: SelfServiceSettings? = SelfServiceTests.all
        var holding = true
        var user = "alice"
        let text: String
        var testDescription: String { text }
    }

    static let refusals = [
        Refusal(
            settings: nil, text: "Devices cannot be changed here. The administrator adds one with: twostep enroll"),
        Refusal(
            settings: SelfServiceSettings(mayEnroll: false, mayRemove: true),
            text: "Devices cannot be changed here. The administrator adds one with: twostep enroll"),
        Refusal(
            holding: false,
            text: "alice has no device yet. The administrator issues a ticket for the first one: twostep ticket alice"),
        Refusal(user: "stranger", text: "Login refused."),
    ]

    @Test(arguments: refusals)
    func `the check says once why there is no change, and the change itself only that there is none`(
        _ row: Refusal
    ) async throws {
        try await withWorld(world(row.settings, holding: row.holding)) { (world) async throws in
            #expect(try begin(world, .changeCheck, user: row.user).receive() == .verdict(.denied, row.text))
            #expect(try begin(world, .changeUpdate, user: row.user).receive() == .verdict(.denied, ""))
            #expect(world.journal.messages.count == 1)
            #expect(world.journal.messages.first?.hasPrefix("change denied ") == true)
        }
    }

    @Test func `the word alone sets up no phone here either, and with a ticket it does`() async throws {
        try await withWorld(SelfServiceTests.worldOfTheWord()) { world in
            guard case .verdict(.denied, let text) = try begin(world, .changeCheck).receive() else {
                Issue.record("the word alone is enough")
                return
            }
            #expect(text.hasSuffix("Ask the administrator for a ticket: twostep ticket alice"))
            #expect(try begin(world, .changeUpdate).receive() == .verdict(.denied, ""))
            let ticket = try SelfServiceTests.issue(.ticket, in: world)
            let client = try begin(world, .changeUpdate)
            _ = try client.receive()
            for answer in ["yes", "open"] {
                try client.answer(answer)
                _ = try client.receive()
            }
            try client.answer(ticket)
            guard case .prompt(.visible, let shown) = try client.receive() else {
                Issue.record("the ticket was not taken")
                return
            }
            #expect(shown.contains("First code: "))
            try client.answer("right")
            #expect(code(try client.receive()) == .granted)
            #expect(try SelfServiceTests.devices(of: world).contains("alice app phone"))
        }
    }

    @Test(arguments: [Stage.changeCheck, .changeUpdate])
    func `no device grows too old`(_ stage: Stage) async throws {
        try await withWorld(world(nil)) { (world) async throws in
            #expect(try begin(world, stage, flags: 0x20).receive() == .verdict(.granted, ""))
        }
    }

    @Test(arguments: [Stage.changeCheck, .changeUpdate])
    func `only an application of root's changes anything here`(_ stage: Stage) async throws {
        try await withWorld(world()) { world in
            let client = try ThreadIdentity.with(uid: 1001) { try world.connect() }
            try client.begin("alice", service: "passwd", methods: [], authtok: true, stage: stage)
            #expect(code(try client.receive()) == .denied)
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone"])
        }
    }

    @Test func `a change that is left leaves nothing, and grants nothing`() async throws {
        try await withWorld(world()) { world in
            let client = try begin(world, .changeUpdate)
            _ = try client.receive()
            try client.answer("yes")
            _ = try client.receive()
            try client.answer("right")
            _ = try client.receive()
            try client.say(.cancel)
            #expect(code(try client.receive()) == .conversationFailed)
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone"])
        }
    }

    @Test func `the question itself waits no longer than a step`() async throws {
        try await withWorld(world()) { world in
            let client = try begin(world, .changeUpdate)
            _ = try client.receive()
            world.clock.advance(seconds: 301)
            try client.answer("yes")
            #expect(code(try client.receive()) == .denied)
        }
    }

    @Test func `a device that was removed in the meantime has proved nothing`() async throws {
        try await withWorld(world()) { world in
            let client = try begin(world, .changeUpdate)
            _ = try client.receive()
            try client.answer("yes")
            _ = try client.receive()
            try client.answer("right")
            _ = try client.receive()
            let removal = AdminRequest.remove(account: "alice", device: "phone", module: nil, force: true)
            #expect(try world.administer().ask(removal).refusalCode == nil)
            try client.answer("right")
            #expect(code(try client.receive()) == .denied)
            #expect(try SelfServiceTests.devices(of: world) == [])
        }
    }

    @Test func `while nothing can be judged nothing is changed`() async throws {
        try await withWorld(world()) { world in
            world.store.failure = .notDurable("the disk is full")
            let client = try begin(world, .changeUpdate)
            let said = try client.receive()
            if said == Self.consent {
                try client.answer("yes")
                _ = try client.receive()
                try client.answer("right")
                #expect(code(try client.receive()) == .unavailable)
            } else {
                #expect(code(said) == .unavailable)
            }
            world.store.failure = nil
            #expect(try SelfServiceTests.devices(of: world) == ["alice app phone"])
        }
    }
}
