import AdminProtocol
import AuthModules
import Authentication
import AuthenticationTesting
import Configuration
import Daemon
import Glibc
import Testing
import Wire

/// What users do about their own devices, over self.sock.
@Suite struct SelfServiceTests {
    static let app = ScriptedEnrollable(ModuleID("app"), .app)
    static let paper = ScriptedEnrollable(ModuleID("paper"), .paper)
    static let all = SelfServiceSettings(mayEnroll: true, mayRemove: true)

    /// alice has an app on her phone, whose code is `right`, once.
    static func world(
        _ settings: SelfServiceSettings? = all, holding: Bool = true, modules: [any AuthModule] = [paper],
        throttle: Throttle = Throttle(), chain: [Step] = [Step(app.id)]
    ) throws -> LoginWorld {
        let issued = IssuedCodeModule.all.map { $0 as any AuthModule }
        let world = try LoginWorld(
            chain: chain, extra: [app] + modules + issued, throttle: throttle, selfService: settings)
        if holding { try world.enroll("alice", module: app.id, payload: "right") }
        return world
    }

    static func devices(of world: LoginWorld) throws -> [String] {
        try world.store.devices(of: nil).map { "\($0.key.account) \($0.key.module) \($0.key.device)" }.sorted()
    }

    /// Proves with the code of the phone.
    static func prove(_ client: AdminClient, _ code: String = "right") throws {
        let question = try client.ask(own: .prove)
        #expect(question == .question(ProofQuestion(text: "Code: ", isHidden: true)))
        guard case .proved(let proof) = try client.ask(own: .answer, code) else {
            throw WorldFailure("the proof was not accepted")
        }
        #expect(proof.account == "alice")
    }

    /// The set-up of a further app, up to its form.
    static func begin(_ client: AdminClient, device: String? = nil) throws -> AdminReply {
        try client.ask(
            own: .beginEnrollment(module: ModuleReference(app.id), device: device, parameters: [:]))
    }

    // MARK: What is possible

    @Test func `after an answer of the phone a further device is set up, under a name that is free`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            guard case .enrollmentBegun(let begun) = try Self.begin(client) else {
                Issue.record("nothing was begun")
                return
            }
            #expect(begun.account == "alice" && begun.device == "phone-2" && !begun.replaces)
            #expect(client.secrets[0] == "otpauth://x/alice?device=phone-2")
            #expect(try Self.devices(of: world) == ["alice app phone"])
            guard case .enrollmentDone(let done) = try client.ask(own: .finishEnrollment, "right") else {
                Issue.record("nothing was stored")
                return
            }
            #expect(!done.replaced && done.issued == nil)
            #expect(try Self.devices(of: world) == ["alice app phone", "alice app phone-2"])
            #expect(
                world.journal.messages == [
                    #"claimed change proved service=twostep uid=1001 user="alice" modules=app module=app config=1"#,
                    #"device added user="alice" module=app device="phone-2" by=owner"#,
                ])
            #expect(world.journal.messages.allSatisfy { !$0.contains("right") && !$0.contains("KEY") })
        }
    }

    @Test func `a proof lets nobody in, and is counted as no login`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            guard case .status(let status) = try world.administer().ask(.status) else { return }
            #expect(status.granted == 0 && status.refused == 0 && status.openSessions == 0)
            #expect(try world.administer().ask(.grants()) == .grants(GrantListing(grants: [])))
            #expect(try world.store.allCredentials().isEmpty)
            #expect(try world.store.activities().isEmpty)
        }
    }

    @Test func `recovery codes are renewed, which voids the old ones`() async throws {
        let settings = SelfServiceSettings(mayEnroll: true, mayRemove: false)
        let either = try #require(Step(anyOf: [Self.app.id, Self.paper.id]))
        try await withWorld(Self.world(settings, chain: [either])) { world in
            try world.enroll("alice", module: Self.paper.id, device: "codes", payload: "old")
            let client = try world.own()
            guard case .question(let menu) = try client.ask(own: .prove) else {
                Issue.record("nothing was asked")
                return
            }
            #expect(menu.text == "What do you want to use?\n  1  app\n  2  paper\nNumber: ")
            _ = try client.ask(own: .answer, "2")
            guard case .proved = try client.ask(own: .answer, "old") else {
                Issue.record("the old code was not accepted")
                return
            }
            let renewal = SelfServiceRequest.beginEnrollment(
                module: ModuleReference(Self.paper.id), device: nil, parameters: [:])
            guard case .enrollmentBegun(let begun) = try client.ask(own: renewal) else {
                Issue.record("nothing was begun")
                return
            }
            #expect(begun.replaces && client.secrets[2] == "one\ntwo")
            guard case .enrollmentDone(let done) = try client.ask(own: .finishEnrollment) else {
                Issue.record("nothing was stored")
                return
            }
            #expect(done.replaced)
        }
    }

    @Test func `a device is removed that is not the last`() async throws {
        try await withWorld(Self.world()) { world in
            try world.enroll("alice", module: Self.app.id, device: "tablet", payload: "other")
            let client = try world.own()
            try Self.prove(client)
            let removal = SelfServiceRequest.remove(device: "tablet", module: nil)
            guard case .removed(let removed) = try client.ask(own: removal) else {
                Issue.record("nothing was removed")
                return
            }
            #expect(removed.remaining == 1)
            #expect(world.journal.messages.last == #"device removed user="alice" module=app device="tablet" by=owner"#)
            // The proof is used up.
            #expect(try client.ask(own: .remove(device: "phone", module: nil)).refusalCode == .notProved)
        }
    }

    @Test func `everybody sees what is their own, and no more`() async throws {
        try await withWorld(Self.world()) { world in
            try world.enroll("bob", module: Self.app.id, uid: 1002)
            guard case .listing(let listing) = try world.own().ask(own: .list) else {
                Issue.record("nothing was listed")
                return
            }
            #expect(listing.devices.map(\.account) == ["alice"])
            guard case .listing(let other) = try world.own(uid: 1002).ask(own: .list) else { return }
            #expect(other.devices.map(\.account) == ["bob"])
        }
    }

    // MARK: How much is proved

    static let word = ScriptedEnrollable(ModuleID("word"), .choice)

    /// alice has an app and a word, which her logins ask for in turn.
    static func worldOfBoth(_ chain: [Step] = [Step(app.id), Step(word.id)]) throws -> LoginWorld {
        let world = try world(modules: [word, paper], chain: chain)
        try world.enroll("alice", module: word.id, device: "word", payload: "stretched open")
        return world
    }

    @Test func `who logs in with two things changes nothing with one of them`() async throws {
        try await withWorld(Self.worldOfBoth()) { world in
            try world.enroll("alice", module: Self.app.id, device: "tablet", payload: "other")
            let client = try world.own()
            _ = try client.ask(own: .prove)
            #expect(try client.ask(own: .answer, "right") == .question(ProofQuestion(text: "Code: ", isHidden: true)))
            let removal = SelfServiceRequest.remove(device: "tablet", module: nil)
            #expect(try client.ask(own: removal).refusalCode == .notProved)
            #expect(try Self.begin(client).refusalCode == .notProved)
            guard case .proved = try client.ask(own: .answer, "open") else {
                Issue.record("both together proved nothing")
                return
            }
            #expect(try client.ask(own: removal).refusalCode == nil)
            #expect(try Self.devices(of: world) == ["alice app phone", "alice word word"])
        }
    }

    @Test func `the word alone neither enrols nor removes a phone`() async throws {
        try await withWorld(Self.worldOfBoth()) { world in
            let client = try world.own()
            _ = try client.ask(own: .prove)
            guard case .question = try client.ask(own: .answer, "open") else {
                Issue.record("the weaker of two things was enough")
                return
            }
            #expect(try Self.begin(client).refusalCode == .notProved)
            #expect(try client.ask(own: .remove(device: "phone", module: nil)).refusalCode == .notProved)
        }
    }

    @Test func `what another step asks for is no substitute for the last device of one`() async throws {
        try await withWorld(Self.worldOfBoth()) { world in
            let client = try world.own()
            _ = try client.ask(own: .prove)
            _ = try client.ask(own: .answer, "right")
            _ = try client.ask(own: .answer, "open")
            #expect(try client.ask(own: .remove(device: "phone", module: nil)).refusalCode == .lastDevice)
            let removal = AdminRequest.remove(account: "alice", device: "phone", module: nil, force: false)
            #expect(try world.administer().ask(removal).refusalCode == .lastDevice)
        }
    }

    @Test func `what any one step takes in the place of another is one`() async throws {
        let either = try #require(Step(anyOf: [Self.app.id, Self.word.id]))
        try await withWorld(Self.worldOfBoth([either])) { (world) async throws in
            let removal = AdminRequest.remove(account: "alice", device: "phone", module: nil, force: false)
            #expect(try world.administer().ask(removal).refusalCode == nil)
        }
    }

    // MARK: Who may not

    @Test(arguments: [0, 65534, 4711, 1003] as [UInt32])
    func `who is nobody here, or root, is refused at the door`(_ uid: UInt32) async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own(uid: uid)
            #expect(try client.receive().refusalCode != nil)
            #expect(throws: WireError.self) { try client.receive() }
            #expect(try world.store.counters(of: nil).isEmpty)
        }
    }

    @Test(arguments: [1001, 65534] as [UInt32]) func `no user administers`(_ uid: UInt32) async throws {
        try await withWorld(Self.world()) { world in
            // As if the socket's own mode had let them in.
            unsafe #expect(chmod(world.adminPath, 0o666) == 0)
            let client = try ThreadIdentity.with(uid: uid) { try AdminClient(world.adminPath) }
            #expect(try client.receive().refusalCode == .notPermitted)
        }
    }

    static let requests: [SelfServiceRequest] = [
        .list, .prove, .answer, .beginEnrollment(module: ModuleReference(app.id), device: nil, parameters: [:]),
        .finishEnrollment, .remove(device: "phone", module: nil),
    ]
    /// What changes nothing, and needs no proof.
    static let questions: [SelfServiceRequest] = [.checkRemoval(device: "phone", module: nil)]

    @Test func `a device that would be the last one is told so without a proof, and nothing is removed`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            let check = SelfServiceRequest.checkRemoval(device: "phone", module: nil)
            #expect(try client.ask(own: check).refusalCode == .lastDevice)
            try world.enroll("alice", module: Self.app.id, device: "tablet")
            #expect(try client.ask(own: check).refusalCode == nil)
            #expect(try Self.devices(of: world) == ["alice app phone", "alice app tablet"])
            #expect(try client.ask(own: .remove(device: "phone", module: nil)).refusalCode == .notProved)
        }
    }

    @Test(arguments: requests + questions)
    func `where the configuration says nothing, nothing is offered`(_ request: SelfServiceRequest) async throws {
        try await withWorld(Self.world(nil)) { world in
            let reply = try world.own().ask(own: request, "right")
            #expect(reply.refusalCode == .notPermitted)
            #expect(reply.refusalText.hasSuffix("Ask the administrator: twostep enroll alice"))
            #expect(try world.store.counters(of: nil).isEmpty)
        }
    }

    @Test(arguments: requests.dropFirst(3))
    func `nothing is changed before something was proved`(_ request: SelfServiceRequest) async throws {
        try await withWorld(Self.world()) { world in
            try world.enroll("alice", module: Self.app.id, device: "tablet")
            #expect(try world.own().ask(own: request, "right").refusalCode == .notProved)
            #expect(try Self.devices(of: world) == ["alice app phone", "alice app tablet"])
        }
    }

    @Test(arguments: [(true, false), (false, true), (false, false)])
    func `each kind of change is allowed by itself`(_ mayEnroll: Bool, _ mayRemove: Bool) async throws {
        try await withWorld(Self.world(SelfServiceSettings(mayEnroll: mayEnroll, mayRemove: mayRemove))) { world in
            try world.enroll("alice", module: Self.app.id, device: "tablet", payload: "other")
            let client = try world.own()
            try Self.prove(client)
            #expect((try Self.begin(client).refusalCode == nil) == mayEnroll)
            let removal = SelfServiceRequest.remove(device: "tablet", module: nil)
            #expect((try client.ask(own: removal).refusalCode == nil) == mayRemove)
        }
    }

    @Test func `who may not remove puts nothing in the place of what is there`() async throws {
        try await withWorld(Self.world(SelfServiceSettings(mayEnroll: true, mayRemove: false))) { world in
            let client = try world.own()
            try Self.prove(client)
            #expect(try Self.begin(client, device: "phone").refusalCode == .deviceExists)
        }
    }

    @Test(arguments: ["bypass", "ticket"])
    func `nobody issues an administrator's code to themselves`(_ module: String) async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            let request = SelfServiceRequest.beginEnrollment(
                module: ModuleReference(type: module), device: nil, parameters: ["until": "9999999999"])
            #expect(try client.ask(own: request).refusalCode == .unknownModule)
            #expect(client.secrets.isEmpty)
        }
    }

    @Test func `the last device stays`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            #expect(try client.ask(own: .remove(device: "phone", module: nil)).refusalCode == .lastDevice)
        }
    }

    // MARK: Proofs

    @Test func `a wrong answer is charged as at a login, and proves nothing`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            _ = try client.ask(own: .prove)
            #expect(try client.ask(own: .answer, "no") == .question(ProofQuestion(text: "No.\nCode: ", isHidden: true)))
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [1])
            _ = try client.ask(own: .answer, "nor this")
            #expect(try client.ask(own: .answer, "nor that").refusalCode == .wrongCode)
            #expect(try world.store.counters(of: nil).map(\.counter.failures) == [3])
            #expect(try Self.begin(client).refusalCode == .notProved)
            #expect(world.journal.messages.last?.hasPrefix("claimed change denied reason=too_many_retry") == true)
        }
    }

    @Test func `the throttle is one for logins and for proofs`() async throws {
        var throttle = Throttle()
        throttle.freeFailures = 1
        try await withWorld(Self.world(throttle: throttle)) { world in
            for _ in 1...2 {
                let client = try world.connect()
                try client.begin("alice")
                _ = try client.receive()
                try client.answer("no")
                _ = try client.receive()
                // The second answer has ended it.
                try? client.say(.cancel)
            }
            let client = try world.own()
            _ = try client.ask(own: .prove)
            #expect(try client.ask(own: .answer, "right").refusalCode == .throttled)
            #expect(try Self.begin(client).refusalCode == .notProved)
        }
    }

    @Test func `a code that a login has taken proves nothing, and the other way round`() async throws {
        try await withWorld(Self.world()) { world in
            try Self.prove(try world.own())
            let login = try world.connect()
            try login.begin("alice")
            _ = try login.receive()
            try login.answer("right")
            guard case .prompt = try login.receive() else {
                Issue.record("a login took a code that had proved something")
                return
            }
            let client = try world.own()
            _ = try client.ask(own: .prove)
            guard case .question = try client.ask(own: .answer, "right") else {
                Issue.record("a code proved something twice")
                return
            }
        }
    }

    @Test func `a proof is good for one change, on its own connection, and for as long as a step`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            #expect(try Self.begin(try world.own()).refusalCode == .notProved)
            world.clock.advance(seconds: 301)
            #expect(try Self.begin(client).refusalCode == .notProved)
        }
    }

    @Test func `a set-up that was begun in time is not finished too late`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            _ = try Self.begin(client)
            world.clock.advance(seconds: 301)
            #expect(try client.ask(own: .finishEnrollment, "right").refusalCode == .notProved)
            #expect(try Self.devices(of: world) == ["alice app phone"])
        }
    }

    @Test func `a second change needs a second proof`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            _ = try Self.begin(client)
            _ = try client.ask(own: .finishEnrollment, "right")
            #expect(try Self.begin(client).refusalCode == .notProved)
        }
    }

    @Test func `a device that an administrator has removed in the meantime has proved nothing`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            _ = try Self.begin(client)
            let removal = AdminRequest.remove(account: "alice", device: "phone", module: nil, force: true)
            #expect(try world.administer().ask(removal).refusalCode == nil)
            #expect(try client.ask(own: .finishEnrollment, "right").refusalCode == .notProved)
            #expect(try Self.devices(of: world) == [])
        }
    }

    @Test func `a device that was replaced since has proved nothing, whatever others there are`() async throws {
        try await withWorld(Self.world()) { world in
            try world.enroll("alice", module: Self.app.id, device: "tablet", payload: "other")
            let client = try world.own()
            try Self.prove(client)
            let root = try world.administer()
            let renewal = AdminRequest.beginEnrollment(
                account: "alice", module: ModuleReference(Self.app.id), device: "phone", parameters: [:],
                issuesNothing: true)
            #expect(try root.ask(renewal).refusalCode == nil)
            #expect(try root.ask(.finishEnrollment, "right").refusalCode == nil)
            #expect(try client.ask(own: .remove(device: "tablet", module: nil)).refusalCode == .notProved)
        }
    }

    @Test func `a device is no proof once it is gone, though another of its module is there`() async throws {
        try await withWorld(Self.world()) { world in
            try world.enroll("alice", module: Self.app.id, device: "tablet", payload: "other")
            let client = try world.own()
            try Self.prove(client)
            let removal = AdminRequest.remove(account: "alice", device: "phone", module: nil, force: false)
            #expect(try world.administer().ask(removal).refusalCode == nil)
            #expect(try Self.begin(client).refusalCode == .notProved)
            #expect(try Self.devices(of: world) == ["alice app tablet"])
        }
    }

    @Test func `a bypass code proves nothing`() async throws {
        try await withWorld(Self.world()) { world in
            let code = try Self.issue(.bypass, in: world)
            let client = try world.own()
            _ = try client.ask(own: .prove)
            guard case .question = try client.ask(own: .answer, code) else {
                Issue.record("a code for one login led to a device")
                return
            }
        }
    }

    @Test func `a proof that is left waits for nobody, and its answer is told`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            _ = try client.ask(own: .prove)
            world.clock.advance(seconds: 301)
            try await world.server.sweep()
            let reply = try client.ask(own: .answer, "right")
            #expect(reply.refusalText.contains("took too long"))
            #expect(try Self.begin(client).refusalCode == .notProved)
        }
    }

    @Test func `who is blocked changes nothing, proved or not`() async throws {
        try await withWorld(Self.world()) { world in
            let client = try world.own()
            try Self.prove(client)
            #expect(try world.administer().ask(.block(account: "alice", reason: nil)).refusalCode == nil)
            #expect(throws: WireError.self) { try client.receive() }
            #expect(try world.own().ask(own: .prove).refusalCode == .notPermitted)
        }
    }

    @Test func `an account whose uid has changed proves nothing`() async throws {
        try await withWorld(Self.world(holding: false)) { world in
            try world.enroll("alice", module: Self.app.id, payload: "right", uid: 4711)
            #expect(try world.own().ask(own: .prove).refusalCode == .storeUnavailable)
        }
    }

    // MARK: Tickets

    static func issue(_ kind: ModuleID, in world: LoginWorld) throws -> String {
        let client = try world.administer()
        let request = AdminRequest.beginEnrollment(
            account: "alice", module: ModuleReference(kind), device: nil, parameters: ["until": "1700000900"],
            issuesNothing: true)
        #expect(try client.ask(request).refusalCode == nil)
        let code = try #require(client.secrets.last)
        #expect(try client.ask(.storeWithoutConfirmation).refusalCode == nil)
        return code
    }

    @Test func `being that user gives nobody a first device`() async throws {
        try await withWorld(Self.world(holding: false)) { world in
            let client = try world.own()
            let reply = try client.ask(own: .prove)
            #expect(reply.refusalCode == .notProved)
            #expect(reply.refusalText.hasSuffix("twostep ticket alice"))
            #expect(try Self.begin(client).refusalCode == .notProved)
        }
    }

    @Test func `a ticket gives a first device, with recovery codes, once`() async throws {
        try await withWorld(Self.world(holding: false)) { world in
            let ticket = try Self.issue(.ticket, in: world)
            let client = try world.own()
            #expect(
                try client.ask(own: .prove) == .question(ProofQuestion(text: "Enrolment ticket: ", isHidden: true)))
            guard case .proved = try client.ask(own: .answer, ticket) else {
                Issue.record("the ticket was not taken")
                return
            }
            guard case .enrollmentBegun(let begun) = try Self.begin(client) else { return }
            #expect(begun.device == "phone")
            guard case .enrollmentDone(let done) = try client.ask(own: .finishEnrollment, "right") else {
                Issue.record("nothing was stored")
                return
            }
            #expect(done.issued?.device == "codes" && client.secrets == ["one\ntwo"])
            // Whoever has a device by now proves with that.
            let other = try world.own()
            guard case .question(let question) = try other.ask(own: .prove) else { return }
            #expect(!question.text.contains("ticket"))
        }
    }

    @Test func `a ticket is no proof for who has a device`() async throws {
        try await withWorld(Self.world()) { world in
            let ticket = try Self.issue(.ticket, in: world)
            let client = try world.own()
            _ = try client.ask(own: .prove)
            guard case .question = try client.ask(own: .answer, ticket) else {
                Issue.record("the ticket was taken")
                return
            }
        }
    }

    /// Of the two things that alice logs in with she has the word alone: an administrator has removed her phone.
    static func worldOfTheWord() throws -> LoginWorld {
        let world = try world(holding: false, modules: [word, paper], chain: [Step(app.id), Step(word.id)])
        try world.enroll("alice", module: word.id, device: "word", payload: "stretched open")
        return world
    }

    @Test func `the word alone sets up no phone where a login owes both, and a ticket is what to ask for`() async throws
    {
        try await withWorld(Self.worldOfTheWord()) { world in
            let client = try world.own()
            _ = try client.ask(own: .prove)
            guard case .proved = try client.ask(own: .answer, "open") else {
                Issue.record("the word was not taken")
                return
            }
            let reply = try Self.begin(client)
            #expect(reply.refusalCode == .notProved)
            #expect(reply.refusalText.hasSuffix("Ask the administrator for a ticket: twostep ticket alice"))
            #expect(try client.ask(own: .finishEnrollment, "right").refusalCode != nil)
            #expect(try Self.devices(of: world) == ["alice word word"])
        }
    }

    @Test func `the word and a ticket set up the phone, once`() async throws {
        try await withWorld(Self.worldOfTheWord()) { world in
            let ticket = try Self.issue(.ticket, in: world)
            let client = try world.own()
            _ = try client.ask(own: .prove)
            #expect(
                try client.ask(own: .answer, "open")
                    == .question(ProofQuestion(text: "Enrolment ticket: ", isHidden: true)))
            #expect(try Self.begin(client).refusalCode == .notProved)
            guard case .proved = try client.ask(own: .answer, ticket) else {
                Issue.record("the ticket was not taken")
                return
            }
            #expect(try Self.begin(client).refusalCode == nil)
            #expect(try client.ask(own: .finishEnrollment, "right").refusalCode == nil)
            #expect(try Self.devices(of: world).contains("alice app phone"))
            // From now on both are owed, and no ticket.
            let other = try world.own()
            guard case .question(let question) = try other.ask(own: .prove) else { return }
            #expect(!question.text.contains("ticket"))
        }
    }

    @Test func `a ticket alone is not enough for who has the word`() async throws {
        try await withWorld(Self.worldOfTheWord()) { world in
            let ticket = try Self.issue(.ticket, in: world)
            let client = try world.own()
            _ = try client.ask(own: .prove)
            guard case .question(let question) = try client.ask(own: .answer, ticket) else {
                Issue.record("the ticket was taken for the word")
                return
            }
            #expect(!question.text.contains("ticket"))
        }
    }

    // MARK: Limits

    @Test func `the ninth connection of one uid is refused at once, and others are not`() async throws {
        try await withWorld(Self.world()) { world in
            let clients = try (1...8).map { _ in try world.own() }
            for client in clients { #expect(try client.ask(own: .list).refusalCode == nil) }
            #expect(try world.own().receive().refusalCode == .busy)
            #expect(try world.own(uid: 1002).ask(own: .list).refusalCode == nil)
            #expect(try clients[0].ask(own: .list).refusalCode == nil)
        }
    }

    @Test func `who says nothing is sent away`() async throws {
        try await withWorld(Self.world()) { world in
            let silent = try world.own()
            let other = try world.own()
            #expect(try other.ask(own: .list).refusalCode == nil)
            world.clock.advance(seconds: 11)
            try await world.server.sweep()
            #expect(throws: WireError.self) { try silent.receive() }
            #expect(try other.ask(own: .list).refusalCode == nil)
        }
    }
}
