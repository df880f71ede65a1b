import AuthModules
import Authentication
import AuthenticationTesting
import Testing

/// `bypass` and `ticket`.
@Suite struct IssuedCodeModuleTests {
    private static func module(_ id: ModuleID) throws -> IssuedCodeModule {
        try #require(IssuedCodeModule.all.first { $0.id == id })
    }

    private static func request(_ parameters: [String: String]) throws -> SetupRequest {
        SetupRequest(
            account: try #require(AccountName("alice")), device: "bypass", issuer: "host", parameters: parameters)
    }

    /// alice with a code that is good until the second 1000, and the code.
    private static func scene(_ id: ModuleID = .bypass) throws -> (Scene<IssuedCodeModule>, String) {
        var scene = try Scene(of: try module(id))
        let setup = try scene.module.beginSetup(try request(["until": "1000", "reason": "phone lost"]))
        try scene.add("bypass", payload: setup.payload, state: setup.initialState)
        return (scene, text(setup.codes))
    }

    @Test(arguments: [ModuleID.bypass, .ticket])
    func `a code has 80 bits in four groups, is good once, and then a replay`(_ id: ModuleID) throws {
        var (scene, code) = try Self.scene(id)
        #expect(code.split(separator: "-", omittingEmptySubsequences: false).map(\.count) == [4, 4, 4, 4])
        #expect(code != (try Self.scene(id)).1)
        #expect(scene.refusal(of: code, at: 1000) == nil)
        #expect(scene.list[0].state == 1)
        #expect(scene.refusal(of: code, at: 1000) == .replayed)
    }

    @Test func `however it is typed, it is the same code`() throws {
        for change: (String) -> String in [
            { $0.lowercased() }, { $0.replacing("-", with: "") }, { $0.replacing("-", with: " ") },
            { $0.replacing("O", with: "0").replacing("I", with: "1") },
        ] {
            var (scene, code) = try Self.scene()
            #expect(scene.refusal(of: change(code), at: 0) == nil)
        }
    }

    @Test func `a second after its end it is wrong, and nothing is spent`() throws {
        var (scene, code) = try Self.scene()
        #expect(scene.refusal(of: code, at: 1001) == .wrong)
        #expect(scene.list[0].state == 0)
    }

    @Test func `is usable until its end, unless it is spent, and damaged otherwise`() throws {
        let (scene, _) = try Self.scene()
        let module = scene.module
        func standing(_ state: Int64, at wall: Int64) throws -> DeviceStanding {
            try scene.devices.withPayload(of: 0) {
                module.standing(of: $0, state: state, at: moment(wall))
            }
        }
        #expect(try standing(0, at: 1000) == .usable)
        #expect(try standing(0, at: 1001) == .usedUp)
        #expect(try standing(1, at: 0) == .usedUp)
        let nothing: [UInt8] = []
        let damaged = module.standing(of: nothing.span, state: 0, at: moment(0))
        #expect(damaged == .damaged)
    }

    @Test(arguments: ["", "AAAA-AAAA-AAAA", "AAAA-AAAA-AAAA-AAAA-AAAA", "123456", "AAAA-AAAA-AAAA-AAA!"])
    func `what is no code is not recognised`(_ typed: String) throws {
        let input = AuthModulesTests.typed(typed)
        var (scene, _) = try Self.scene()
        #expect(!scene.module.recognizes(input))
        #expect(scene.refusal(of: typed, at: 0) == .malformed)
    }

    @Test func `another's code is wrong, and without one nobody is enrolled`() throws {
        var (scene, _) = try Self.scene()
        let (_, other) = try Self.scene()
        #expect(scene.refusal(of: other, at: 0) == .wrong)
        scene.list = []
        #expect(scene.refusal(of: other, at: 0) == .notEnrolled)
    }

    @Test func `a payload that is damaged is no code's`() throws {
        let (_, code) = try Self.scene()
        let setup = try Self.module(.bypass).beginSetup(try Self.request(["until": "1000"]))
        let whole = bytes(setup.payload)
        for payload in [[], Array(whole.dropLast()), [2] + whole.dropFirst()] {
            var scene = try Scene(of: try Self.module(.bypass))
            try scene.add("bypass", payload: Secret(copying: payload.span), state: 0)
            #expect(scene.refusal(of: code, at: 0) == .unavailable)
        }
    }

    @Test func `is described by its end and its reason, and the journal is told why it was used`() throws {
        let module = try Self.module(.bypass)
        let words: [(until: String, reason: String, state: Int64, description: String)] = [
            ("0", "", 0, "until 1970-01-01 00:00 UTC"), ("951782399", "x", 0, "until 2000-02-28 23:59 UTC: x"),
            ("951782400", "x", 0, "until 2000-02-29 00:00 UTC: x"),
            ("1798761599", "x y", 0, "until 2026-12-31 23:59 UTC: x y"),
            ("1000", "x", 1, "used: x"),
        ]
        for word in words {
            let setup = try module.beginSetup(try Self.request(["until": word.until, "reason": word.reason]))
            let description = setup.payload.withBytes { module.describe($0, state: word.state) }
            #expect(description == word.description)
        }
        let (scene, _) = try Self.scene()
        #expect(module.notice(after: scene.devices) == "That bypass code is used up now. It was for: phone lost.")
    }

    @Test(arguments: [
        [:], ["reason": "x"], ["until": "soon"], ["until": "-1"], ["until": "1", "reason": "a\nb"],
        ["until": "1", "count": "3"],
        ["until": "1", "reason": String(repeating: "x", count: 121)],
    ]) func `refuses other parameters`(_ parameters: [String: String]) throws {
        let request = try Self.request(parameters)
        let module = try Self.module(.ticket)
        #expect(throws: SetupFailure.self) { _ = try module.beginSetup(request) }
    }

    @Test(arguments: [(ModuleID.bypass, 86_400), (.ticket, 30 * 86_400)] as [(ModuleID, Int64)])
    func `ends within its bound, and not before it begins`(_ id: ModuleID, _ longest: Int64) throws {
        let module = try Self.module(id)
        let now = Moment(wall: 1_700_000_000, boottime: 0, boot: 0)
        for (seconds, isGood) in [(-1, false), (0, true), (longest, true), (longest + 1, false)] as [(Int64, Bool)] {
            let request = try Self.request(["until": String(now.wall + seconds)])
            if isGood {
                try module.checkEnd(of: request, at: now)
            } else {
                #expect(throws: SetupFailure.self) { try module.checkEnd(of: request, at: now) }
            }
        }
        let request = try Self.request([:])
        #expect(throws: SetupFailure.self) { try module.checkEnd(of: request, at: now) }
    }

    @Test func `cannot be configured, and only tickets are counted as guesses`() throws {
        for module in IssuedCodeModule.all { #expect(!ModuleRegistry.types.map(\.name).contains(module.id.type)) }
        #expect(IssuedCodeModule.all.map(\.id) == [.bypass, .ticket])
        #expect(IssuedCodeModule.all.map(\.isLowEntropy) == [false, true])
        let shape = try Self.module(.bypass).answerShape
        // Two codes of hotp in a row may have sixteen digits; its own answers go before a bypass code.
        for name in ["totp", "recovery_code"] {
            let type = try #require(ModuleRegistry.types.first { $0.name == name })
            #expect(shape.isDistinct(from: try type.make(ModuleID(name), Settings()).answerShape))
        }
    }

    // MARK: The contract

    @Test(arguments: [ModuleID.bypass, .ticket], AuthModuleContract.rules)
    func `keeps the contract`(_ id: ModuleID, rule: AuthModuleContract.Rule) throws {
        let module = try Self.module(id)
        var payloads: [[UInt8]] = []
        var codes: [String] = []
        for _ in 0..<3 {
            let setup = try module.beginSetup(try Self.request(["until": "1800000900", "reason": "phone lost"]))
            payloads.append(bytes(setup.payload))
            codes.append(text(setup.codes))
        }
        let issued = codes
        let subject = AuthModuleContract.Subject(
            module: module, payloads: payloads, initialState: 0, isOneTime: true, answers: 1,
            now: moment(1_800_000_000), next: { $0 }, right: { device, _, _ in Array(issued[device].utf8) },
            wrong: Array("AAAA-BBBB-CCCC-DDDD".utf8))
        try rule.check(subject)
    }
}
