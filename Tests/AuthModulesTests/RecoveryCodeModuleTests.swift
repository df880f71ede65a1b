import AuthModules
import Authentication
import AuthenticationTesting
import Testing

@Suite struct RecoveryCodeModuleTests {
    /// A set as an account gets it, and its codes as they stand on paper.
    struct Paper {
        var scene: Scene<RecoveryCodeModule>
        let codes: [String]

        init(count: Int? = nil, settings: Settings = Settings()) throws {
            scene = try Scene(of: try RecoveryCodeModule(ModuleID("recovery_code"), settings))
            let setup = try scene.module.beginSetup(
                RecoveryCodeModuleTests.request(count.map { ["count": String($0)] } ?? [:]))
            let printed = text(setup.codes)
            codes = printed.split(separator: "\n").map(String.init)
            try scene.add("codes", payload: setup.payload, state: setup.initialState)
        }

        mutating func refusal(of code: String) -> InvalidAuth? { scene.refusal(of: code) }

        var notice: String? { scene.module.notice(after: scene.devices) }
    }

    static func request(_ parameters: [String: String] = [:]) throws -> SetupRequest {
        SetupRequest(
            account: try #require(AccountName("alice")), device: "codes", issuer: "host", parameters: parameters)
    }

    /// One digit or letter of base32 for another.
    private static func changed(_ code: String, at place: Int = 0) -> String {
        var characters = Array(code)
        characters[place] = characters[place] == "A" ? "C" : "A"
        return String(characters)
    }

    // MARK: Once

    @Test func `accepts each code once, in any order`() throws {
        var paper = try Paper()
        var schedule = SeededGenerator(seed: 10)
        var spent: Int64 = 0
        for index in paper.codes.indices.shuffled(using: &schedule) {
            #expect(paper.refusal(of: paper.codes[index]) == nil)
            spent |= 1 << Int64(index)
            #expect(paper.scene.list[0].state == spent)
            for other in paper.codes.indices where spent >> Int64(other) & 1 == 1 {
                #expect(paper.refusal(of: paper.codes[other]) == .replayed)
            }
        }
    }

    @Test func `accepts one of two hundred with one code`() throws {
        var paper = try Paper()
        let accepted = (0..<200).count { _ in paper.refusal(of: paper.codes[4]) == nil }
        #expect(accepted == 1)
    }

    @Test func `voids the old set where a new one takes its place`() throws {
        let old = try Paper()
        var new = try Paper()
        for code in old.codes { #expect(new.refusal(of: code) == .wrong) }
        #expect(new.scene.list[0].state == 0)
        for code in new.codes { #expect(new.refusal(of: code) == nil) }
    }

    @Test func `refuses a code of another account's set`() throws {
        let theirs = try Paper()
        var own = try Paper()
        #expect(own.refusal(of: theirs.codes[0]) == .wrong)
        // Nor does their row open in another account's place.
        own.scene.list = theirs.scene.list.map {
            Device(name: "other", sealed: $0.sealed, state: $0.state, createdAt: $0.createdAt)
        }
        #expect(own.refusal(of: theirs.codes[0]) == .unavailable)
    }

    // MARK: How a code is typed

    @Test func `takes a code in either case, with spaces and hyphens anywhere`() throws {
        let forms: [(String) -> String] = [
            { $0.lowercased() }, { $0.filter { $0 != "-" } }, { $0.map { $0 == "-" ? " " : String($0) }.joined() },
            { " " + $0 + " " }, { $0.filter { $0 != "-" }.map { "\($0) " }.joined() },
            { $0.map { $0 == "-" ? " - " : String($0) }.joined() }, { $0.prefix(7).lowercased() + $0.dropFirst(7) },
        ]
        for form in forms {
            var paper = try Paper()
            let code = form(paper.codes[3])
            #expect(paper.scene.module.recognizes(typed(code)))
            #expect(paper.refusal(of: code) == nil)
            #expect(paper.refusal(of: paper.codes[3]) == .replayed)
        }
    }

    /// The set whose codes have an O, an I and a B is found, not made: one in a few does.
    @Test func `reads 0, 1 and 8, which base32 has not, as the letters they look like`() throws {
        let look = ["O": "0", "I": "1", "B": "8"]
        var seen: Set<String> = []
        while seen.count < look.count {
            var paper = try Paper()
            for code in paper.codes {
                let alike = code.map { look[String($0)] ?? String($0) }.joined()
                seen.formUnion(code.map { String($0) }.filter { look[$0] != nil })
                #expect(paper.refusal(of: alike) == nil)
            }
        }
    }

    @Test(arguments: [
        "", " ", "-", "123456", "AAAA-AAAA-AAAA-AAAA-AAAA-AAA", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-A",
        "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AA", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA=", "AAAA-AAAA-AAAA-AAAA-AAAA-AAA9",
        "AAAA-AAAA-AAAA-AAAA-AAAA-AAAÄ", "AAAA_AAAA_AAAA_AAAA_AAAA_AAAA", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA\0",
        "\0AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", "AAAA-AAAA-AAAA-AAAA-AAAA\n-AAAA", "\u{8}\n\r\u{7F}INCORRECT",
        "ＡAAA-AAAA-AAAA-AAAA-AAAA-AAAA", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA" + String(repeating: " ", count: 44),
    ])
    func `does not recognise what is no code, nor judge it`(answer: String) throws {
        var paper = try Paper()
        #expect(!paper.scene.module.recognizes(typed(answer)))
        #expect(paper.refusal(of: answer) == .malformed)
        #expect(paper.scene.diagnosis(of: answer) == nil)
    }

    @Test func `refuses a code that differs in one character`() throws {
        var paper = try Paper()
        let code = paper.codes[9]
        for place in code.indices where code[place] != "-" {
            let changed = Self.changed(code, at: code.distance(from: code.startIndex, to: place))
            #expect(paper.refusal(of: changed) == .wrong)
        }
        #expect(paper.scene.list[0].state == 0)
        #expect(paper.refusal(of: code) == nil)
    }

    // MARK: What is left

    @Test func `tells after each code how many are left, and what to do after the last`() throws {
        var paper = try Paper(count: 3)
        let expected = [
            "2 recovery codes are left.", "1 recovery code is left.",
            "That was your last recovery code. Ask the administrator for new ones: twostep enroll alice recovery_code",
        ]
        for (code, notice) in zip(paper.codes, expected) {
            #expect(paper.refusal(of: code) == nil)
            #expect(paper.notice == notice)
        }
        var ten = try Paper()
        #expect(ten.refusal(of: ten.codes[0]) == nil)
        #expect(ten.notice == "9 recovery codes are left.")
    }

    @Test func `describes a set by what is left of it`() throws {
        var paper = try Paper()
        let module = paper.scene.module
        let sealed = paper.scene.devices
        for spent in 0...10 {
            let state = paper.scene.list[0].state
            let description = try sealed.withPayload(of: 0) { module.describe($0, state: state) }
            #expect(description == "\(10 - spent) of 10 left")
            let left = try sealed.withPayload(of: 0) { module.answersLeft($0, state: state) }
            #expect(left == 10 - spent)
            let standing = try sealed.withPayload(of: 0) { module.standing(of: $0, state: state, at: moment(0)) }
            #expect(standing == (spent < 10 ? .usable : .usedUp))
            if spent < 10 { #expect(paper.refusal(of: paper.codes[spent]) == nil) }
        }
    }

    @Test func `says of a code whether it is spent, and spends none`() throws {
        var paper = try Paper()
        #expect(paper.refusal(of: paper.codes[2]) == nil)
        let state = paper.scene.list[0].state
        for (index, code) in paper.codes.enumerated() {
            let expected = Diagnosis(device: "codes", offset: 0, secondsPerUnit: 0, isSpent: index == 2)
            #expect(paper.scene.diagnosis(of: code.lowercased()) == expected)
        }
        #expect(paper.scene.diagnosis(of: Self.changed(paper.codes[0])) == nil)
        #expect(paper.scene.list[0].state == state)
    }

    // MARK: The throttle

    @Test func `is usable while the code factor is locked, and lowers its count`() throws {
        let paper = try Paper()
        let totp = ModuleID("totp")
        let now = moment(1_800_000_000)
        var record = AccountRecord(
            uid: 1000, counters: [totp: FailureCounter(failures: 50, last: now)], devices: paper.scene.list)
        var host = HostCounter()
        let session = ValidationSession(
            id: ValidationSession.ID(high: 1, low: 2), account: paper.scene.account, provider: ProviderID("pam"),
            step: Step(paper.scene.module.id), deadline: .max, triesLeft: 3)
        func outcome(_ code: String) -> Outcome {
            Attempt(
                .answer(.typed(code), session: session, module: paper.scene.module), account: paper.scene.account,
                standing: .known(uid: 1000), host: nil, throttle: Throttle(), now: now
            ).judge(in: &record, host: &host, sealing: PlainSealing())
        }
        #expect(Throttle().standing(of: record, at: now) == .locked)
        // A wrong one is no guess that counts, and lowers nothing.
        let wrong = Self.changed(paper.codes[0])
        #expect(outcome(wrong) == .locked(after: .wrongAnswer))
        #expect(record.counters[totp]?.failures == 50 && record.counters.count == 1)
        #expect(outcome(paper.codes[0]) == .accepted(paper.scene.account, notice: "9 recovery codes are left."))
        #expect(record.counters.isEmpty)
        #expect(Throttle().standing(of: record, at: now) == .open)
        #expect(outcome(paper.codes[0]) == .rejected(.replayed))
    }

    // MARK: Damage

    @Test(arguments: [-1, .min, .max, 1 << 10, 1 << 62] as [Int64])
    func `cannot tell with a state that has bits for no code`(state: Int64) throws {
        var paper = try Paper()
        paper.scene.list[0].state = state
        for code in [paper.codes[0], Self.changed(paper.codes[0])] {
            #expect(paper.refusal(of: code) == .unavailable)
        }
        #expect(paper.notice == nil)
        let module = paper.scene.module
        let description = try paper.scene.devices.withPayload(of: 0) { module.describe($0, state: state) }
        #expect(description == "damaged")
    }

    @Test(
        arguments: [
            [], [1], [1, 1], [1, 0], Array(repeating: 1, count: 65), Array(repeating: 1, count: 67),
            [2, 1] + Array(repeating: 1, count: 64), [1, 2] + Array(repeating: 1, count: 64),
            [1, 0] + Array(repeating: 1, count: 32), [1, 21] + Array(repeating: 1, count: 22 * 32),
        ] as [[UInt8]])
    func `cannot tell with a damaged payload`(payload: [UInt8]) throws {
        var scene = try Scene(of: try RecoveryCodeModule(ModuleID("recovery_code")))
        try scene.add("codes", payload: Secret(copying: payload.span), state: 0)
        #expect(scene.refusal(of: "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA") == .unavailable)
        let description = scene.module.describe(payload.span, state: 0)
        #expect(description == "damaged")
    }

    // MARK: The contract

    @Test(arguments: AuthModuleContract.rules)
    func `keeps the contract`(rule: AuthModuleContract.Rule) throws {
        let module = try RecoveryCodeModule(ModuleID("recovery_code"))
        var payloads: [[UInt8]] = []
        var codes: [[String]] = []
        for _ in 0..<3 {
            let setup = try module.beginSetup(try Self.request())
            payloads.append(bytes(setup.payload))
            codes.append(text(setup.codes).split(separator: "\n").map(String.init))
        }
        let printed = codes
        let subject = AuthModuleContract.Subject(
            module: module, payloads: payloads, initialState: 0, isOneTime: true, now: moment(1_800_000_000),
            next: { $0 },
            // The first that is not spent; there is always one.
            right: { device, state, _ in Array(printed[device][min((~state).trailingZeroBitCount, 9)].utf8) },
            wrong: Array("AAAA-BBBB-CCCC-DDDD-EEEE-FFFF".utf8))
        try rule.check(subject)
    }
}
