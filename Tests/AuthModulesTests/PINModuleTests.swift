import AuthModules
import Authentication
import AuthenticationTesting
import Cryptography
import Testing

/// A cost that tests can pay thousands of times.
let quick = Scrypt(cost: 16, blockSize: 1, parallelization: 1)

@Suite struct PINModuleTests {
    static func module(_ settings: [String: String] = [:], id: String? = nil) throws -> PINModule {
        try PINModule(ModuleID("pin", id: id), Settings(settings.mapValues { setting($0) }), scrypt: quick)
    }

    /// alice, who has chosen a PIN.
    static func scene(
        _ pin: String, _ settings: [String: String] = [:], account: String = "alice"
    ) throws -> Scene<PINModule> {
        var scene = try Scene(of: try module(settings), account: account)
        try scene.add("pin", payload: try payload(pin, settings, account: account), state: 0)
        return scene
    }

    static func payload(
        _ pin: String, _ settings: [String: String] = [:], account: String = "alice", id: String? = nil
    ) throws -> Secret {
        let module = try module(settings, id: id)
        let finished = try module.finishSetup(try setup(module, account), twice(pin), at: moment(0))
        return finished.payload.withBytes { Secret(copying: $0) }
    }

    static func setup(_ module: PINModule, _ account: String = "alice") throws -> Setup {
        try module.beginSetup(
            SetupRequest(
                account: try #require(AccountName(account)), device: "pin", issuer: "host", parameters: [:]))
    }

    /// Two fields of a form.
    static func fields(_ first: String, _ second: String) throws -> UserInput {
        let values = Array((first + second).utf8)
        let form = UserInput(Secret(copying: values.span), ends: [first.utf8.count, values.count])
        return try #require(form)
    }

    static func twice(_ pin: String) throws -> UserInput { try fields(pin, pin) }

    // MARK: Judging

    @Test func `accepts the right PIN again and again, and spends nothing`() throws {
        var scene = try Self.scene("294817")
        let before = scene.list
        for _ in 0..<5 { #expect(scene.refusal(of: "294817") == nil) }
        #expect(scene.list == before)
    }

    @Test(arguments: ["294818", "394817", "29481", "2948170", "0294817", "294 817", "294-817", "000000"])
    func `refuses any other`(pin: String) throws {
        var scene = try Self.scene("294817")
        let refusal = scene.refusal(of: pin)
        #expect(refusal == (pin.contains { $0 == " " || $0 == "-" } ? .malformed : .wrong))
    }

    @Test func `keeps leading zeros`() throws {
        var scene = try Self.scene("004817")
        for other in ["4817", "04817", "0004817", "0048170"] { #expect(scene.refusal(of: other) == .wrong) }
        #expect(scene.refusal(of: "004817") == nil)
    }

    @Test func `is another for each account and each module, where the digits are the same`() throws {
        let alice = try #require(AccountName("alice"))
        let names = [
            ModuleID("pin"), ModuleID("pin", id: ""), ModuleID("pin", id: "work"), ModuleID("pin", id: "workalice"),
        ]
        let accounts = try ["alice", "mallory", "workalice", "Alice"].map { try #require(AccountName($0)) }
        var stretched: [UserInput] = []
        for id in names {
            for account in accounts {
                let module = try PINModule(id, scrypt: quick)
                stretched.append(try #require(module.stretch(typed("294817"), for: account)))
            }
        }
        for (index, value) in stretched.enumerated() {
            #expect(value.withField { $0.count } == 32)
            #expect(!stretched[..<index].contains { $0.isSame(as: value) }, "\(index)")
        }
        let again = try #require(try Self.module().stretch(typed("294817"), for: alice))
        #expect(again.isSame(as: stretched[0]))
    }

    /// Two modules of one type with ids: each has its own PIN.
    @Test func `opens no module of another id`() throws {
        let own = try Self.payload("294817", id: "work")
        var scene = try Scene(of: try Self.module(id: "home"))
        try scene.add("pin", payload: own, state: 0)
        #expect(scene.refusal(of: "294817") == .wrong)
    }

    @Test func `stores another digest each time, and no PIN`() throws {
        let first = bytes(try Self.payload("29481729481729481730"))
        let second = bytes(try Self.payload("29481729481729481730"))
        #expect(first.count == 65 && first[0] == 1)
        #expect(first != second && first[33...] != second[33...])
        let alice = try #require(AccountName("alice"))
        let stretched = try #require(try Self.module().stretch(typed("29481729481729481730"), for: alice))
        let raw = stretched.withField { span in span.indices.map { span[$0] } }
        #expect(Array(first[33...]) != raw && Array(first[1..<33]) != raw)
    }

    @Test func `takes its time over every answer, as long for one as for another`() throws {
        #expect(PINModule.cost == Scrypt(cost: 16384, blockSize: 8, parallelization: 1))
        let module = try PINModule(ModuleID("pin"))
        try module.initialize()
        #expect(module.stretchesAnswers && module.isLowEntropy && !module.resetsThrottle)
        // RFC 7914's function at the cost that it says, and no cheaper one.
        let account = try #require(AccountName("alice"))
        let dear = try #require(module.stretch(typed("294817"), for: account))
        let cheap = try #require(try Self.module().stretch(typed("294817"), for: account))
        #expect(!dear.isSame(as: cheap))
    }

    @Test func `admits nobody where libcrypto stretches nothing`() throws {
        let module = try PINModule(
            ModuleID("pin"), scrypt: Scrypt(cost: 1000, blockSize: 8, parallelization: 1))
        let alice = try #require(AccountName("alice"))
        #expect(module.stretch(typed("294817"), for: alice) == nil)
        let setup = try Self.setup(module)
        do throws(SetupRejection) {
            let input = try? Self.twice("294817")
            _ = try module.finishSetup(setup, input ?? typed(""), at: moment(0))
            Issue.record("it was accepted")
        } catch {
            #expect(error == .unavailable)
        }
    }

    @Test func `stretches one field, and nothing else`() throws {
        let account = try #require(AccountName("alice"))
        #expect(try Self.module().stretch(try Self.twice("294817"), for: account) == nil)
        #expect(!(try Self.module().recognizes(try Self.twice("294817"))))
    }

    @Test func `looks at every device there is`() throws {
        var scene = try Self.scene("294817")
        try scene.add("second", payload: try Self.payload("730264"), state: 0)
        #expect(scene.refusal(of: "294817") == nil)
        #expect(scene.refusal(of: "730264") == nil)
        #expect(scene.refusal(of: "111111") == .wrong)
    }

    @Test(
        arguments: [
            [], [1], Array(repeating: 1, count: 64), Array(repeating: 1, count: 66), Array(repeating: 0, count: 65),
            Array(repeating: 2, count: 65),
        ] as [[UInt8]])
    func `cannot tell with a damaged payload`(payload: [UInt8]) throws {
        var scene = try Scene(of: try Self.module())
        try scene.add("pin", payload: Secret(copying: payload.span), state: 0)
        #expect(scene.refusal(of: "294817") == .unavailable)
        let description = scene.module.describe(payload.span, state: 0)
        #expect(description == (payload.isEmpty ? "not chosen yet" : "damaged"))
    }

    @Test func `tells nothing of a PIN but that there is one`() throws {
        let scene = try Self.scene("294817")
        let description = try Self.payload("294817").withBytes { scene.module.describe($0, state: 0) }
        #expect(description == "chosen by its owner")
        #expect(
            scene.diagnosis(of: "294817") == Diagnosis(device: "pin", offset: 0, secondsPerUnit: 0, isSpent: false))
        #expect(scene.diagnosis(of: "294818") == nil)
        #expect(scene.diagnosis(of: "29481a") == nil)
        #expect(scene.module.hasOneDevice && scene.module.usualDeviceName == "pin")
    }

    // MARK: What could be a PIN

    @Test(arguments: [
        "", "123", "１２３４５６", "٣٤٥٦٧٨", "29481a", "+294817", "294817\0", "\u{0}294817", "294817\n", " 294817",
        "\u{8}\n\r\u{7F}INCORRECT",
    ])
    func `recognises digits alone`(answer: String) throws {
        var scene = try Self.scene("294817")
        #expect(!scene.module.recognizes(typed(answer)))
        #expect(scene.refusal(of: answer) == .malformed)
    }

    @Test(arguments: [(3, false), (4, true), (6, true), (64, true), (65, false), (511, false)])
    func `recognises 4 to 64 digits, whatever new ones must have`(count: Int, isOne: Bool) throws {
        for minimum in ["4", "6", "32"] {
            let module = try Self.module(["minimum_length": minimum])
            #expect(module.recognizes(typed(String(repeating: "7", count: count))) == isOne)
        }
    }

    @Test(arguments: [
        ("correct horse", true), ("pass\u{A0}wort", true), ("ÄÖÜß", true), ("😀😀😀😀", true), ("a b", false),
        ("😀😀😀", false), ("abc\u{0}d", false), ("abc\u{1B}d", false), ("abc\u{7F}d", false), ("abc\u{9F}d", false),
        ("abc\td", false),
    ])
    func `recognises any characters but controls where the configuration says so`(answer: String, isOne: Bool) throws {
        #expect(try Self.module(["alphabet": "any"]).recognizes(typed(answer)) == isOne)
    }

    @Test(
        arguments: [
            [0x61, 0x62, 0x63, 0x64, 0xC3], [0x61, 0x62, 0x63, 0xFF, 0x64], [0x80, 0x61, 0x62, 0x63, 0x64],
            [0xC0, 0xAF, 0x61, 0x62, 0x63, 0x64], [0xED, 0xA0, 0x80, 0x61, 0x62, 0x63, 0x64],
        ] as [[UInt8]])
    func `recognises no broken UTF-8`(answer: [UInt8]) throws {
        #expect(!(try Self.module(["alphabet": "any"]).recognizes(typed(answer))))
    }

    @Test func `counts characters and not bytes`() throws {
        let module = try Self.module(["alphabet": "any"])
        #expect(module.recognizes(typed(String(repeating: "😀", count: 64))))
        #expect(!module.recognizes(typed(String(repeating: "😀", count: 65))))
        #expect(!module.recognizes(typed(String(repeating: "a", count: 65))))
    }

    @Test func `tells its digits from other answers only where it has nothing but digits`() throws {
        #expect(try Self.module().answerShape == .digits(4...64))
        #expect(try Self.module(["alphabet": "any"]).answerShape == .anything)
    }

    // MARK: The contract

    @Test(arguments: AuthModuleContract.rules)
    func `keeps the contract`(rule: AuthModuleContract.Rule) throws {
        for (settings, pins, wrong) in [
            ([:], ["294817", "004817", "73026418"], "294818"),
            (["alphabet": "any"], ["correct horse", "Grüße 42", "😀 😁 😂 😃"], "battery staple"),
        ] as [([String: String], [String], String)] {
            let subject = AuthModuleContract.Subject(
                module: try Self.module(settings),
                payloads: try pins.map { bytes(try Self.payload($0, settings)) }, initialState: 0, isOneTime: false,
                now: moment(1_800_000_000), next: { $0 }, right: { device, _, _ in Array(pins[device].utf8) },
                wrong: Array(wrong.utf8))
            try rule.check(subject)
        }
    }
}
