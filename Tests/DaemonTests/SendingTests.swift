import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Dispatch
import Synchronization
import Testing
import Wire

/// Messages that go out before there is anything to answer: when, how many, and what becomes of the login without them.
@Suite struct SendingTests {
    private static let onItsWay = WireClient.Said.prompt(.info, "A message is on its way.")
    private static let question = WireClient.Said.prompt(.secret, "Code sent to phone (s sends another): ")

    private func world(
        _ module: ScriptedSender, beside others: [any AuthModule] = [], rules: [Rule] = [],
        throttle: Throttle = Throttle()
    ) throws -> LoginWorld {
        let step = try #require(Step(anyOf: others.map(\.id) + [module.id]))
        return try LoginWorld(rules: rules, chain: [step], extra: others + [module], throttle: throttle)
    }

    /// A login of alice's that has been told of the message and is asked about it.
    private func asked(_ world: LoginWorld) throws -> WireClient {
        let client = try world.connect()
        try client.begin("alice")
        _ = try client.receive()
        _ = try client.receive()
        return client
    }

    @Test func `a message is on its way before anything is asked, and its code is right`() async throws {
        let module = ScriptedSender()
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice", remoteHost: "192.0.2.9")
            #expect(try client.receive() == Self.onItsWay)
            #expect(try client.receive() == Self.question)
            try client.answer("wrong")
            // Nothing is sent for another try.
            #expect(
                try client.receive()
                    == .prompt(.secret, "That was not right.\nCode sent to phone (s sends another): "))
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
            #expect(module.asked.map(\.host) == ["192.0.2.9"] && module.asked.map(\.service) == ["sshd"])
            #expect(
                world.journal.messages.contains(
                    #"login message service=sshd rhost=192.0.2.9 user="alice" module=sender device="phone""#))
            #expect(module.withdrawn == module.asked.map(\.session.id))
        }
    }

    @Test func `nothing is sent to a name for which nothing was proved`() async throws {
        let module = ScriptedSender()
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice", methods: [])
            guard case .verdict(.denied, _) = try client.verdict() else {
                Issue.record("not refused")
                return
            }
            #expect(module.asked.isEmpty)
        }
    }

    @Test func `nothing is sent where a rule waives the first factor, and after a first module it is`() async throws {
        let module = ScriptedSender()
        let sender = ModuleID("sender")
        let rules = [
            Rule(services: ["web"], isFirstFactorWaived: true, line: 4),
            Rule(
                services: ["app"], steps: [Step(LoginWorld.module), Step(sender)], isFirstFactorWaived: true, line: 5),
        ]
        try await withWorld(world(module, rules: rules)) { world in
            let client = try world.connect()
            try client.begin("alice", service: "web", methods: [])
            #expect(
                try client.receive()
                    == .verdict(.denied, "Login refused: no key or password was accepted before this step."))
            #expect(module.asked.isEmpty)
            try world.enroll("alice")
            let other = try world.connect()
            try other.begin("alice", service: "app", methods: [])
            #expect(try other.receive() == .prompt(.secret, "Code: "))
            #expect(module.asked.isEmpty)
            try other.answer("right")
            #expect(try other.receive() == Self.onItsWay)
            #expect(try other.receive() == Self.question)
            #expect(module.asked.count == 1)
        }
    }

    @Test func `s sends another message, three in all for one login`() async throws {
        let module = ScriptedSender()
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            for count in 1...3 {
                #expect(try client.receive() == Self.onItsWay)
                #expect(try client.receive() == Self.question)
                #expect(module.asked.count == count)
                try client.answer(count == 2 ? "S" : "s")
            }
            #expect(
                try client.receive()
                    == .prompt(
                        .secret,
                        "No more messages are sent for this login.\nCode sent to phone (s sends another): "))
            #expect(module.asked.count == 3)
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `another message that cannot be sent leaves the one before it`() async throws {
        let module = ScriptedSender { _, before in before == 0 ? ScriptedSender.sent() : .failed(["it hangs"]) }
        try await withWorld(world(module)) { world in
            let client = try asked(world)
            try client.answer("s")
            _ = try client.receive()
            #expect(
                try client.receive()
                    == .prompt(.secret, "No other message could be sent.\nCode sent to phone (s sends another): "))
            #expect(world.journal.messages.contains("module sender: it hangs"))
        }
    }

    @Test func `where nothing can be sent the login is unavailable, and the journal says why`() async throws {
        let module = ScriptedSender { _, _ in .failed(["it hangs", "it is gone"]) }
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.onItsWay)
            guard case .verdict(.unavailable, _) = try client.receive() else {
                Issue.record("not unavailable")
                return
            }
            #expect(world.journal.messages.contains("module sender: it hangs"))
            #expect(world.journal.messages.contains("module sender: it is gone"))
        }
    }

    @Test(arguments: [Sending.failed(["it hangs"]), .limited(seconds: 90)])
    func `where nothing can be sent the other modules of the menu still let in`(_ sending: Sending) async throws {
        let module = ScriptedSender { _, _ in sending }
        try await withWorld(world(module, beside: [ShapedModule("word")])) { world in
            try world.enroll("alice", module: ModuleID("word"))
            let client = try world.connect()
            try client.begin("alice")
            let menu = "What do you want to use?\n  1  word\n  2  sender\nNumber: "
            #expect(try client.receive() == .prompt(.visible, menu))
            #expect(module.asked.isEmpty, "nobody has asked for a message yet")
            try client.answer("2")
            #expect(try client.receive() == Self.onItsWay)
            let notice =
                sending == .limited(seconds: 90)
                ? "Too many messages were sent lately. Try again in 90 seconds." : "No message could be sent."
            #expect(try client.receive() == .prompt(.visible, "\(notice)\n\(menu)"))
            try client.answer("1")
            #expect(try client.receive() == .prompt(.secret, "Code (r goes back): "))
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `whoever goes back to the menu finds the message that was sent`() async throws {
        let module = ScriptedSender()
        try await withWorld(world(module, beside: [ShapedModule("word")])) { world in
            try world.enroll("alice", module: ModuleID("word"))
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("2")
            _ = try client.receive()
            let question = WireClient.Said.prompt(.secret, "Code sent to phone (s sends another, r goes back): ")
            #expect(try client.receive() == question)
            try client.answer("r")
            _ = try client.receive()
            try client.answer("2")
            #expect(try client.receive() == question)
            #expect(module.asked.count == 1)
            try client.answer("right")
            #expect(try client.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `as much as may be was sent: the login is told when to try again`() async throws {
        let module = ScriptedSender { _, _ in .limited(seconds: 300) }
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            #expect(
                try client.receive()
                    == .verdict(.unavailable, "Too many messages were sent lately. Try again in 5 minutes."))
            #expect(world.journal.messages.contains { $0.contains("reason=too_many_messages") })
        }
    }

    @Test func `an account that is locked or blocked is sent nothing`() async throws {
        let module = ScriptedSender()
        var throttle = Throttle()
        throttle.freeFailures = 1
        try await withWorld(world(module, throttle: throttle)) { world in
            try world.enroll("bob", module: module.id, uid: 1002)
            let client = try asked(world)
            try client.answer("wrong")
            _ = try client.receive()
            try client.answer("wronger")
            _ = try client.verdict()
            let other = try world.connect()
            try other.begin("alice")
            guard case .verdict(.triesUsedUp, _) = try other.verdict() else {
                Issue.record("an account that is delayed was asked")
                return
            }
            #expect(module.asked.count == 1)
            _ = try world.administer().ask(.block(account: "bob", reason: nil))
            let blocked = try world.connect()
            try blocked.begin("bob", service: "sudo")
            // It is asked what others are asked, and what is on its way is for nobody: the errand has no device.
            #expect(try blocked.receive() == Self.onItsWay)
            _ = try blocked.receive()
            #expect(module.asked.count == 2 && module.asked.last?.devices.isEmpty == true)
            try blocked.answer("right")
            guard case .verdict(.denied, _) = try blocked.verdict() else {
                Issue.record("a blocked account was let in")
                return
            }
        }
    }

    @Test(arguments: [false, true])
    func `who is sent nothing for being delayed is refused once for the host, unless there is a menu`(
        _ hasMenu: Bool
    ) async throws {
        let module = ScriptedSender()
        let key = ScriptedModule(ModuleID("key"), isLowEntropy: false)
        var throttle = Throttle()
        throttle.freeFailures = 1
        let last = try #require(Step(anyOf: hasMenu ? [LoginWorld.module, module.id] : [module.id]))
        let rule = Rule(services: ["web"], steps: [Step(key.id), last], isFirstFactorWaived: true, line: 4)
        try await withWorld(world(module, beside: [key], rules: [rule], throttle: throttle)) { world in
            for module in [key.id, module.id, LoginWorld.module] { try world.enroll("alice", module: module) }
            for wrong in ["wrong", "wronger"] {
                let client = try world.connect()
                try client.begin("alice")
                // Of the menu it is the second.
                for answer in ["2", wrong] {
                    while case .prompt(.info, _) = try client.receive() {}
                    try client.answer(answer)
                }
                while case .prompt(let style, _) = try client.receive() {
                    if style != .info { try client.answer("r") }
                }
            }
            let client = try world.connect()
            try client.begin("alice", service: "web", methods: [], remoteHost: "192.0.2.50")
            _ = try client.receive()
            try client.answer("right")
            if hasMenu {
                _ = try client.receive()
                try client.answer("2")
                #expect(try client.receive() == Self.onItsWay)
                guard case .prompt(.visible, _) = try client.receive() else {
                    Issue.record("no menu")
                    return
                }
                try client.say(.cancel)
            }
            guard case .verdict(let code, _) = try client.verdict() else {
                Issue.record("no verdict")
                return
            }
            #expect(code == (hasMenu ? .conversationFailed : .triesUsedUp))
            #expect(try world.store.hostCounter(of: "c0000232/32").failures == (hasMenu ? 0 : 1))
        }
    }

    @Test func `somebody who has no device is asked, and told nothing`() async throws {
        let module = ScriptedSender { _, _ in .nobody }
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            #expect(try client.receive() == Self.onItsWay)
            #expect(try client.receive() == .prompt(.secret, "Code: "))
        }
    }

    @Test func `nobody waits while a message is sent but whoever it is for`() async throws {
        let mayEnd = DispatchSemaphore(value: 0)
        let isAsked = DispatchSemaphore(value: 0)
        let module = ScriptedSender { _, _ in
            isAsked.signal()
            mayEnd.wait()
            return ScriptedSender.sent()
        }
        let rule = Rule(services: ["other"], steps: [Step(LoginWorld.module)], line: 3)
        try await withWorld(world(module, rules: [rule])) { world in
            try world.enroll("bob", uid: 1002)
            do {
                let client = try world.connect()
                try client.begin("alice")
                _ = try client.receive()
                isAsked.wait()
                let other = try world.connect()
                try other.begin("bob", service: "other")
                _ = try other.receive()
                try other.answer("right")
                #expect(try other.verdict() == .verdict(.granted, ""))
                // What is answered before anything was asked is out of turn.
                try client.answer("right")
                guard case .verdict(.denied, _) = try client.verdict() else {
                    Issue.record("let in")
                    return
                }
            }
            mayEnd.signal()
            // The message came too late for its login: it is good for nothing.
            while module.withdrawn.isEmpty { await Task.yield() }
            #expect(module.withdrawn == module.asked.map(\.session.id))
        }
    }

    @Test func `Enter asks whether it was approved, and costs no try until it was answered`() async throws {
        let answers = Mutex<[Authentication.Confirmation]>([
            .pending, .unavailable("it hangs"), .pending, .pending, .answered(ScriptedSender.typed("right")),
        ])
        let module = ScriptedSender { _, _ in
            ScriptedSender.sent(awaitingApproval: true)
        } confirming: { _ in
            answers.withLock { $0.removeFirst() }
        }
        try await withWorld(world(module)) { world in
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            #expect(try client.receive() == Self.question)
            for notice in [
                "That was not approved yet.", "It cannot be told right now whether that was approved.",
                "That was not approved yet.", "That was not approved yet.",
            ] {
                try client.answer("")
                #expect(
                    try client.receive() == .prompt(.secret, "\(notice)\nCode sent to phone (s sends another): "))
            }
            try client.answer("")
            #expect(try client.verdict() == .verdict(.granted, ""))
            #expect(module.asked.count == 1)
            #expect(world.journal.messages.contains("module sender: it hangs"))
        }
    }

    @Test func `an approval that comes after the session's end lets nobody in`() async throws {
        let place = Mutex<UncheckedBox<LoginWorld>?>(nil)
        let module = ScriptedSender { _, _ in
            ScriptedSender.sent(awaitingApproval: true)
        } confirming: { _ in
            place.withLock { $0?.value.clock.advance(seconds: 301) }
            return .answered(ScriptedSender.typed("right"))
        }
        try await withWorld(world(module)) { world in
            place.withLock { $0 = UncheckedBox(world) }
            defer { place.withLock { $0 = nil } }
            let client = try asked(world)
            try client.answer("")
            #expect(
                try client.verdict() == .verdict(.denied, "The login took too long. Please start again."))
        }
    }

    @Test func `what was not approved is a wrong answer`() async throws {
        let module = ScriptedSender { _, _ in
            ScriptedSender.sent(awaitingApproval: true)
        } confirming: { _ in
            .answered(ScriptedSender.typed("wrong"))
        }
        try await withWorld(world(module)) { world in
            let client = try asked(world)
            try client.answer("")
            #expect(
                try client.receive()
                    == .prompt(.secret, "That was not right.\nCode sent to phone (s sends another): "))
            let failures = try world.store.counters(of: AccountName("alice"))
            #expect(failures.map(\.counter.failures) == [1])
        }
    }

    @Test func `Enter is no answer where a code is waited for`() async throws {
        let module = ScriptedSender(confirming: { _ in .answered(ScriptedSender.typed("right")) })
        try await withWorld(world(module)) { world in
            let client = try asked(world)
            try client.answer("")
            #expect(
                try client.receive()
                    == .prompt(.secret, "That was not right.\nCode sent to phone (s sends another): "))
        }
    }
}
