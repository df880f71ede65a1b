import AdminProtocol
import Authentication
import AuthenticationTesting
import Daemon
import Testing

/// Devices from the first word to the row in the store, over admin.sock.
@Suite struct EnrollingTests {
    static let app = ModuleReference(type: "app")
    static let paper = ModuleReference(type: "paper")
    static let word = ModuleReference(type: "word")

    static func world(_ kinds: ScriptedEnrollable.Kind...) throws -> LoginWorld {
        let all: [(String, ScriptedEnrollable.Kind)] = [("app", .app), ("paper", .paper), ("word", .choice)]
        return try LoginWorld(
            extra: all.filter { kinds.contains($0.1) }.map { ScriptedEnrollable(ModuleID($0.0), $0.1) })
    }

    static func begin(
        _ module: ModuleReference, account: String = "alice", device: String? = nil,
        parameters: [String: String] = [:], issuesNothing: Bool? = nil
    ) -> AdminRequest {
        .beginEnrollment(
            account: account, module: module, device: device, parameters: parameters, issuesNothing: issuesNothing)
    }

    /// The names of an account's devices.
    private func devices(_ world: LoginWorld, of account: String = "alice") throws -> [String] {
        try world.store.devices(of: AccountName(account)).map { "\($0.key.module) \($0.key.device)" }.sorted()
    }

    @Test func `the status counts who has devices, and says nothing of it without a store`() async throws {
        try await withWorld(EnrollingTests.world(.app)) { world in
            try world.enroll("alice")
            try world.enroll("alice", device: "key")
            guard case .status(let status) = try world.administer().ask(.status) else {
                Issue.record("no status")
                return
            }
            #expect(status.accounts == 1 && status.devices == 2)
            world.store.failure = .unreachable("gone")
            guard case .status(let without) = try world.administer().ask(.status) else { return }
            #expect(without.accounts == nil && without.devices == nil)
            world.store.failure = nil
        }
    }

    @Test func `an app is shown its secret, and stored once its first code was right`() async throws {
        try await withWorld(EnrollingTests.world(.app)) { (world) async throws in
            let client = try world.administer()
            let begun = EnrollmentBegun(
                account: "alice", module: EnrollingTests.app, device: "phone", description: "1 left", replaces: false,
                form: [FormField(label: "Code", isHidden: false)])
            #expect(try client.ask(EnrollingTests.begin(EnrollingTests.app)) == .enrollmentBegun(begun))
            #expect(client.secrets == ["otpauth://x/alice?device=phone", "KEY", ""])
            #expect(try devices(world) == [])
            #expect(try client.ask(.finishEnrollment, "nonsense").refusalCode == .wrongCode)
            #expect(try devices(world) == [])
            let done = EnrollmentDone(
                account: "alice", module: EnrollingTests.app, device: "phone", replaced: false, description: "0 left")
            #expect(try client.ask(.finishEnrollment, "right") == .enrollmentDone(done))
            #expect(client.secrets == [])
            #expect(try devices(world) == ["app phone"])
            #expect(world.journal.messages == [#"device added user="alice" module=app device="phone""#])
        }
    }

    @Test func `a device that was set up while the code was waited for is not replaced unasked`() async throws {
        try await withWorld(EnrollingTests.world(.app, .paper)) { (world) async throws in
            let (late, early) = (try world.administer(), try world.administer())
            try late.ask(EnrollingTests.begin(EnrollingTests.app))
            try early.ask(EnrollingTests.begin(EnrollingTests.app))
            #expect(try early.ask(.finishEnrollment, "right").refusalCode == nil)
            let kept = try world.store.devices(of: nil)
            world.clock.advance(seconds: 1)
            #expect(try late.ask(.finishEnrollment, "right").refusalCode == .deviceExists)
            #expect(try late.ask(.storeWithoutConfirmation).refusalCode == .deviceExists)
            #expect(try Set(world.store.devices(of: nil).map(\.device.createdAt)) == Set(kept.map(\.device.createdAt)))
            // Who is told that there is one may replace it.
            guard case .enrollmentBegun(let begun) = try late.ask(EnrollingTests.begin(EnrollingTests.app)) else {
                throw WorldFailure("not begun")
            }
            #expect(begun.replaces)
            guard case .enrollmentDone(let done) = try late.ask(.finishEnrollment, "right") else {
                throw WorldFailure("not replaced")
            }
            #expect(done.replaced)
        }
    }

    @Test func `a set-up that is abandoned leaves nothing, and its connection nothing to finish`() async throws {
        try await withWorld(EnrollingTests.world(.app)) { (world) async throws in
            try world.administer().ask(EnrollingTests.begin(EnrollingTests.app))
            let other = try world.administer()
            #expect(try other.ask(.finishEnrollment, "right").refusalCode == .badParameter)
            #expect(try other.ask(.storeWithoutConfirmation).refusalCode == .badParameter)
            try other.ask(EnrollingTests.begin(EnrollingTests.app))
            #expect(try other.ask(.finishEnrollment).refusalCode == .badParameter)
            #expect(try other.ask(.finishEnrollment, "right", "right").refusalCode == .badParameter)
            #expect(try devices(world) == [])
            // The set-up outlives forms that were filled in wrongly.
            #expect(try other.ask(.finishEnrollment, "right").refusalCode == nil)
            #expect(try other.ask(.finishEnrollment, "right").refusalCode == .badParameter)
        }
    }

    @Test func `what a person chooses is asked for unseen, stretched, and may be chosen again`() async throws {
        try await withWorld(EnrollingTests.world(.choice)) { (world) async throws in
            let client = try world.administer()
            guard case .enrollmentBegun(let begun) = try client.ask(EnrollingTests.begin(EnrollingTests.word)) else {
                Issue.record("nothing was begun")
                return
            }
            #expect(begun.description == "")
            #expect(
                begun.form == [
                    FormField(label: "New word", isHidden: true), FormField(label: "The same again", isHidden: true),
                ])
            #expect(client.secrets == ["", "", ""])
            let short = try client.ask(.finishEnrollment, "abc", "abc")
            #expect(short.refusalCode == .unacceptable)
            #expect(short.refusalText == "A word has four letters or more.")
            #expect(try client.ask(.finishEnrollment, "abcd", "abce").refusalText == "The two differ.")
            #expect(try client.ask(.finishEnrollment, "", "").refusalCode == .unacceptable)
            #expect(try client.ask(.storeWithoutConfirmation).refusalCode == .badParameter)
            #expect(try devices(world) == [])
            #expect(try client.ask(.finishEnrollment, "abcd", "abcd").refusalCode == nil)
            let listing = try #require(try world.store.devices(of: AccountName("alice")).first)
            let payload = try world.store.sealing.open(listing.device.sealed, at: listing.key)
            #expect(payload.withBytes { bytes in bytes.indices.map { bytes[$0] } } == Array("stretched abcd".utf8))
        }
    }

    @Test func `the first device brings recovery codes along, and no other does`() async throws {
        try await withWorld(EnrollingTests.world(.app, .paper)) { (world) async throws in
            let client = try world.administer()
            try client.ask(EnrollingTests.begin(EnrollingTests.app))
            let done = EnrollmentDone(
                account: "alice", module: EnrollingTests.app, device: "phone", replaced: false, description: "0 left",
                issued: IssuedDevice(module: EnrollingTests.paper, device: "codes"))
            #expect(try client.ask(.finishEnrollment, "right") == .enrollmentDone(done))
            #expect(client.secrets == ["one\ntwo"])
            #expect(try devices(world) == ["app phone", "paper codes"])
            #expect(world.journal.messages.last == #"device issued user="alice" module=paper device="codes""#)

            try client.ask(EnrollingTests.begin(EnrollingTests.app, device: "key"))
            guard case .enrollmentDone(let second) = try client.ask(.finishEnrollment, "right") else {
                Issue.record("the second device was not stored")
                return
            }
            #expect(second.issued == nil)
            #expect(client.secrets == [])
        }
    }

    @Test(arguments: [true, nil])
    func `recovery codes are left out where that is said, and come without a confirmation too`(
        _ issuesNothing: Bool?
    ) async throws {
        try await withWorld(EnrollingTests.world(.app, .paper)) { (world) async throws in
            let client = try world.administer()
            try client.ask(EnrollingTests.begin(EnrollingTests.app, issuesNothing: issuesNothing))
            #expect(try client.ask(.storeWithoutConfirmation).refusalCode == nil)
            #expect(client.secrets == (issuesNothing == true ? [] : ["one\ntwo"]))
            #expect(try devices(world) == (issuesNothing == true ? ["app phone"] : ["app phone", "paper codes"]))
        }
    }

    @Test func `recovery codes alone are stored at once, and renewed in place`() async throws {
        try await withWorld(EnrollingTests.world(.app, .paper)) { (world) async throws in
            let client = try world.administer()
            for isAgain in [false, true] {
                guard case .enrollmentBegun(let begun) = try client.ask(EnrollingTests.begin(EnrollingTests.paper))
                else {
                    Issue.record("nothing was begun")
                    return
                }
                #expect(begun.form == [])
                #expect(begun.replaces == isAgain)
                #expect(client.secrets == ["", "", "one\ntwo"])
                guard case .enrollmentDone(let done) = try client.ask(.finishEnrollment) else {
                    Issue.record("nothing was stored")
                    return
                }
                #expect(done.replaced == isAgain)
                #expect(done.issued == nil)
            }
            #expect(try devices(world) == ["paper codes"])
        }
    }

    @Test func `of a module with one device an account has no second one`() async throws {
        try await withWorld(EnrollingTests.world(.paper)) { (world) async throws in
            let client = try world.administer()
            let refused = try client.ask(EnrollingTests.begin(EnrollingTests.paper, device: "drawer"))
            #expect(refused.refusalCode == .badParameter)
            #expect(refused.refusalText.contains("'codes'"))
            #expect(try client.ask(EnrollingTests.begin(EnrollingTests.paper, device: "codes")).refusalCode == nil)
        }
    }

    struct Refused: Sendable {
        let request: AdminRequest
        let code: AdminRefusal.Kind
    }

    @Test(arguments: [
        Refused(request: begin(app, account: "carol"), code: .unknownAccount),
        Refused(request: begin(app, account: "a/b"), code: .unknownAccount),
        Refused(request: begin(app, account: "limbo"), code: .busy),
        Refused(request: begin(ModuleReference(type: "app", id: "x")), code: .unknownModule),
        Refused(request: begin(ModuleReference(type: "scripted")), code: .unknownModule),
        Refused(request: begin(app, device: ""), code: .badParameter),
        Refused(request: begin(app, device: " phone"), code: .badParameter),
        Refused(request: begin(app, device: "a\u{1B}b"), code: .badParameter),
        Refused(request: begin(app, device: String(repeating: "x", count: 65)), code: .badParameter),
        Refused(request: begin(app, parameters: ["colour": "blue"]), code: .badParameter),
    ]) func `what cannot be begun is refused`(refused: Refused) async throws {
        try await withWorld(EnrollingTests.world(.app)) { (world) async throws in
            let client = try world.administer()
            #expect(try client.ask(refused.request).refusalCode == refused.code)
            #expect(try client.ask(.finishEnrollment, "right").refusalCode == .badParameter)
        }
    }

    @Test func `a device that cannot be made durable may be finished once it can`() async throws {
        try await withWorld(EnrollingTests.world(.app)) { (world) async throws in
            let client = try world.administer()
            try client.ask(EnrollingTests.begin(EnrollingTests.app))
            world.store.failure = .notDurable("disk full")
            #expect(try client.ask(.finishEnrollment, "right").refusalCode == .storeUnavailable)
            world.store.failure = nil
            #expect(try client.ask(.finishEnrollment, "right").refusalCode == nil)
        }
    }

    @Test func `the last device is refused without force, and recovery codes are no substitute`() async throws {
        try await withWorld(EnrollingTests.world(.app, .paper)) { (world) async throws in
            let client = try world.administer()
            try client.ask(EnrollingTests.begin(EnrollingTests.app))
            try client.ask(.finishEnrollment, "right")
            func remove(_ device: String, force: Bool = false) throws -> AdminReply {
                try client.ask(.remove(account: "alice", device: device, module: nil, force: force))
            }
            let check = AdminRequest.checkRemoval(account: "alice", device: "phone", module: nil, force: false)
            #expect(try client.ask(check).refusalCode == .lastDevice)
            let forced = AdminRequest.checkRemoval(account: "alice", device: "phone", module: nil, force: true)
            #expect(try client.ask(forced).refusalCode == nil)
            let last = try remove("phone")
            #expect(last.refusalCode == .lastDevice)
            #expect(last.refusalText.contains("would be left with paper"))
            #expect(
                try remove("codes")
                    == .removed(Removal(account: "alice", module: EnrollingTests.paper, device: "codes", remaining: 1)))
            #expect(try remove("phone").refusalCode == .lastDevice)
            #expect(try remove("phone", force: true).refusalCode == nil)
        }
    }

    @Test func `the listing says what is left, in the module's words`() async throws {
        try await withWorld(EnrollingTests.world(.app, .paper)) { (world) async throws in
            let client = try world.administer()
            try client.ask(EnrollingTests.begin(EnrollingTests.app))
            try client.ask(.finishEnrollment, "right")
            guard case .listing(let listing) = try client.ask(.list(account: "alice")) else {
                Issue.record("nothing was listed")
                return
            }
            let found = Dictionary(uniqueKeysWithValues: listing.devices.map { ($0.device, $0.description) })
            #expect(found == ["phone": "0 left", "codes": "2 left"])
        }
    }

    @Test func `a code on paper is verified without being spent, and a word is stretched first`() async throws {
        try await withWorld(EnrollingTests.world(.app, .paper, .choice)) { (world) async throws in
            let client = try world.administer()
            try client.ask(EnrollingTests.begin(EnrollingTests.word))
            try client.ask(.finishEnrollment, "abcd", "abcd")
            func match(_ code: String) throws -> CodeDiagnosis.Match? {
                guard case .verified(let diagnosis) = try client.ask(.verify(account: "alice"), code) else {
                    return nil
                }
                return diagnosis.match
            }
            for _ in 1...2 {
                let paper = try match("one")
                #expect(paper?.module == EnrollingTests.paper)
                #expect(paper?.isAcceptable == true && paper?.isSpent == false)
            }
            #expect(try match("abcd")?.module == EnrollingTests.word)
            #expect(try match("abcd")?.isAcceptable == true)
            #expect(try match("far") == nil)
            try client.ask(EnrollingTests.begin(EnrollingTests.app))
            try client.ask(.storeWithoutConfirmation)
            let far = try match("far")
            #expect(far?.offset == -3 && far?.isAcceptable == false)
            #expect(try client.ask(.verify(account: "alice")).refusalCode == .badParameter)
            #expect(try client.ask(.verify(account: "bob"), "one").refusalCode == .unknownDevice)
            #expect(try world.store.counters(of: nil).isEmpty)
        }
    }
}
