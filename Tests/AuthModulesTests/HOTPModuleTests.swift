import AuthModules
import Authentication
import AuthenticationTesting
import Cryptography
import Testing

@Suite struct HOTPModuleTests {
    static let key = vectorKey(.sha1)

    /// RFC 4226 appendix D.
    static let codes = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
    ]

    private func code(_ counter: Int64, digits: Int = 6) throws -> String {
        try AuthModulesTests.code(HOTPModuleTests.key, counter: counter, digits: digits)
    }

    @Test func `accepts the codes of RFC 4226 appendix D one after the other`() throws {
        var scene = try Scene(token: HOTPModuleTests.key)
        for (counter, code) in HOTPModuleTests.codes.enumerated() {
            #expect(scene.refusal(of: code, at: 1000) == nil, "counter \(counter)")
            #expect(scene.list[0].state == Int64(counter) + 1)
            #expect(scene.list[0].lastUsedAt == 1000)
        }
    }

    /// RFC 4226 section E.1 has more digits as an extension.
    @Test(arguments: 6...8) func `takes no other number of digits than the device's`(digits: Int) throws {
        var scene = try Scene(token: HOTPModuleTests.key, digits: digits)
        for other in 6...8 where other != digits {
            #expect(scene.refusal(of: try code(0, digits: other)) == .wrong)
        }
        #expect(scene.refusal(of: try code(0, digits: digits)) == nil)
    }

    @Test(arguments: HashAlgorithm.allCases) func `takes the device's hash function`(algorithm: HashAlgorithm) throws {
        let key = vectorKey(algorithm)
        for other in HashAlgorithm.allCases {
            var scene = try Scene(tokens: [:])
            try scene.add("token", payload: try tokenPayload(key, algorithm, digits: 8), state: 0)
            let code = try AuthModulesTests.code(key, counter: 3, other, digits: 8)
            #expect(scene.refusal(of: code) == (other == algorithm ? nil : .wrong))
        }
    }

    // MARK: The window

    @Test(
        arguments: [(nil, 10), ("0", 0), ("1", 1), ("10", 10), ("50", 50)] as [(String?, Int64)], [0, 1, 7, 1 << 32])
    func `accepts the expected counter and as many behind it as look_ahead says`(
        window: (setting: String?, counters: Int64), start: Int64
    ) throws {
        let settings = window.setting.map { ["look_ahead": $0] } ?? [:]
        for offset in -2...window.counters + 3 where start + offset >= 0 {
            var scene = try Scene(token: HOTPModuleTests.key, digits: 8, counter: start, settings)
            let refusal = scene.refusal(of: try code(start + offset, digits: 8))
            switch offset {
            case 0...window.counters:
                #expect(refusal == nil, "\(offset) ahead")
                #expect(scene.list[0].state == start + offset + 1)
            case -1: #expect(refusal == .replayed)
            case _: #expect(refusal == .wrong, "\(offset) ahead")
            }
        }
    }

    @Test func `never takes a counter that was passed over`() throws {
        var scene = try Scene(token: HOTPModuleTests.key)
        #expect(scene.refusal(of: try code(5)) == nil)
        for counter in 0..<5 as Range<Int64> { #expect(scene.refusal(of: try code(counter)) == .wrong) }
        #expect(scene.refusal(of: try code(6)) == nil)
    }

    @Test func `moves the counter by no wrong code`() throws {
        var scene = try Scene(token: HOTPModuleTests.key, counter: 20)
        for wrong in [try code(31), try code(18), "000000", "99999999", "000000 000000"] {
            #expect(scene.refusal(of: wrong) == .wrong)
            #expect(scene.list[0].state == 20)
        }
    }

    /// The window ends where it does because somebody who plays with the token would otherwise open it for ever.
    @Test func `loses a token that was pressed too often, until two codes in a row bring it back`() throws {
        var scene = try Scene(token: HOTPModuleTests.key)
        for counter in 11...40 as ClosedRange<Int64> { #expect(scene.refusal(of: try code(counter)) == .wrong) }
        #expect(scene.refusal(of: try code(41) + " " + code(42)) == nil)
        #expect(scene.list[0].state == 43)
        #expect(scene.refusal(of: try code(43)) == nil)
    }

    @Test func `takes the nearer of two counters with one code`() throws {
        // Searched for: its codes of the counters 9 and 29 are equal.
        let key = [UInt8](repeating: 0, count: 10) + [UInt8](repeating: 177, count: 10)
        let code = try AuthModulesTests.code(key, counter: 9)
        #expect(try AuthModulesTests.code(key, counter: 29) == code)
        var scene = try Scene(token: key, ["look_ahead": "50"])
        #expect(scene.refusal(of: code) == nil)
        #expect(scene.list[0].state == 10)
        // Nobody who has seen it can use it for the other.
        #expect(scene.refusal(of: code) == .replayed)
    }

    // MARK: Once

    @Test func `refuses a code the second time, as a replay`() throws {
        var scene = try Scene(token: HOTPModuleTests.key)
        let code = try code(3)
        #expect(scene.refusal(of: code) == nil)
        for _ in 0..<3 { #expect(scene.refusal(of: code) == .replayed) }
        #expect(scene.refusal(of: code.prefix(3) + " - " + code.suffix(3)) == .replayed)
        #expect(scene.list[0].state == 4)
    }

    @Test func `accepts one of two hundred with one code`() throws {
        for code in [try code(7), try code(7) + code(8)] {
            var scene = try Scene(token: HOTPModuleTests.key)
            let accepted = (0..<200).count { _ in scene.refusal(of: code) == nil }
            #expect(accepted == 1)
        }
    }

    @Test func `only ever counts on, whatever comes in whatever order`() throws {
        var schedule = SeededGenerator(seed: 4226)
        for _ in 0..<300 {
            var scene = try Scene(token: HOTPModuleTests.key, digits: 8)
            var expected: Int64 = 0
            for _ in 0..<12 {
                let counter = max(0, expected + Int64.random(in: -4...14, using: &schedule))
                let isPair = Bool.random(using: &schedule)
                let second = isPair ? try code(counter + 1, digits: 8) : ""
                let refusal = scene.refusal(of: try code(counter, digits: 8) + second)
                let count: Int64 = isPair ? 2 : 1
                let isGood = counter >= expected && (isPair || counter <= expected + 10)
                let reason: InvalidAuth = counter + count == expected ? .replayed : .wrong
                try #require(refusal == (isGood ? nil : reason), "\(count) codes from \(counter), expected \(expected)")
                if isGood { expected = counter + count }
                try #require(scene.list[0].state == expected)
            }
        }
    }

    @Test func `accepts a code once although two devices have its key`() throws {
        var scene = try Scene(token: HOTPModuleTests.key)
        try scene.add("copy", key: HOTPModuleTests.key, counter: 2)
        let code = try code(4)
        #expect(scene.refusal(of: code) == nil)
        #expect(scene.list.map(\.state) == [5, 5])
        #expect(scene.refusal(of: code) == .replayed)
        // Nor through a third that was added afterwards.
        try scene.add("third", key: HOTPModuleTests.key)
        #expect(scene.refusal(of: code) == .replayed)
    }

    @Test func `accepts each of several devices, and counts that one on`() throws {
        let keys = (0..<3).map { device in HOTPModuleTests.key.map { $0 ^ UInt8(device) } }
        for index in keys.indices {
            var scene = try Scene(tokens: [:])
            for (device, key) in keys.enumerated() {
                try scene.add("token \(device)", key: key, digits: 6 + device, counter: Int64(device) * 100)
            }
            let counter = Int64(index) * 100 + 3
            let code = try AuthModulesTests.code(keys[index], counter: counter, digits: 6 + index)
            #expect(scene.refusal(of: code) == nil)
            for other in keys.indices {
                #expect(scene.list[other].state == (other == index ? counter + 1 : Int64(other) * 100))
            }
        }
    }

    // MARK: The end of numbers

    @Test(arguments: [1 << 62, .max - 12, .max - 2, .max - 1] as [Int64])
    func `counts on to the end of numbers`(counter: Int64) throws {
        var scene = try Scene(token: HOTPModuleTests.key, digits: 8, counter: counter)
        #expect(scene.refusal(of: try code(counter, digits: 8)) == nil)
        #expect(scene.list[0].state == counter + 1)
        #expect(scene.refusal(of: try code(counter, digits: 8)) == .replayed)
    }

    @Test func `accepts nothing at 2^63, where no counter could be expected next, and does not trap`() throws {
        var scene = try Scene(token: HOTPModuleTests.key, digits: 8, counter: .max, ["look_ahead": "50"])
        let past = try [.max, .min, .min + 1, 0, 1].map { try code($0, digits: 8) }
        for first in past {
            #expect(scene.refusal(of: first) == .wrong)
            for second in past { #expect(scene.refusal(of: first + second) == .wrong) }
        }
        #expect(scene.refusal(of: try code(.max - 1, digits: 8)) == .replayed)
        #expect(scene.list[0].state == .max)
        #expect(scene.diagnosis(of: past[0]) == nil)
    }

    @Test func `accepts two in a row at the end only if a counter is left behind them`() throws {
        for (first, isGood) in [(.max - 3, true), (.max - 2, true), (.max - 1, false)] as [(Int64, Bool)] {
            var scene = try Scene(token: HOTPModuleTests.key, digits: 8, counter: .max - 4)
            let answer = try code(first, digits: 8) + code(first + 1, digits: 8)
            #expect(scene.refusal(of: answer) == (isGood ? nil : .wrong))
        }
    }

    @Test(arguments: [-1, -2, .min, .min + 1] as [Int64])
    func `cannot tell with a state that is no counter`(state: Int64) throws {
        var scene = try Scene(token: HOTPModuleTests.key, counter: state)
        #expect(scene.refusal(of: HOTPModuleTests.codes[0]) == .unavailable)
        #expect(scene.diagnosis(of: HOTPModuleTests.codes[0]) == nil)
        let description = try tokenPayload(HOTPModuleTests.key).withBytes { scene.module.describe($0, state: state) }
        #expect(description == "damaged")
    }

    // MARK: What is no code

    @Test(arguments: [
        "", " ", "12345", "123456789", "1234567890", "12345678901", "1234567890123", "123456789012345",
        "12345678901234567", "１２３４５６", "٣٤٥٦٧٨", "+12345", "123456+123456", "1e5000", "123456\0", "123456,654321",
        "123456\n654321", "123456654321\0", "123456 65432१", "\u{8}\n\r\u{7F}INCORRECT",
    ])
    func `does not recognise what is no code, nor judge it`(answer: String) throws {
        var scene = try Scene(token: HOTPModuleTests.key)
        #expect(!scene.module.recognizes(typed(answer)))
        #expect(scene.refusal(of: answer) == .malformed)
        #expect(scene.diagnosis(of: answer) == nil)
    }

    @Test(
        arguments: [
            [], [1], [1, 1, 6], [0, 1, 6, 1], [2, 1, 6, 1], [1, 0, 6, 1], [1, 4, 6, 1], [1, 1, 5, 1], [1, 1, 9, 1],
            [1, 1, 6] + Array(repeating: 1, count: 129),
        ] as [[UInt8]])
    func `cannot tell with a damaged payload`(payload: [UInt8]) throws {
        var scene = try Scene(tokens: [:])
        try scene.add("token", payload: Secret(copying: payload.span), state: 0)
        #expect(scene.refusal(of: "123456") == .unavailable)
        let description = scene.module.describe(payload.span, state: 0)
        #expect(description == "damaged")
    }

    // MARK: The contract

    static func subject(_ algorithm: HashAlgorithm, digits: Int) throws -> AuthModuleContract.Subject {
        let keys = (0..<3).map { device in vectorKey(algorithm).map { $0 ^ UInt8(device) } }
        return AuthModuleContract.Subject(
            module: try HOTPModule(ModuleID("hotp")),
            payloads: try keys.map { bytes(try tokenPayload($0, algorithm, digits: digits)) },
            initialState: 0, isOneTime: true, now: moment(1_800_000_000), next: { $0 },
            right: { device, state, _ in
                Array(
                    ((try? AuthModulesTests.code(keys[device], counter: state, algorithm, digits: digits)) ?? "").utf8)
            },
            wrong: Array(String(repeating: "7", count: digits).utf8))
    }

    @Test(arguments: AuthModuleContract.rules)
    func `keeps the contract`(rule: AuthModuleContract.Rule) throws {
        try rule.check(try HOTPModuleTests.subject(.sha1, digits: 6))
        try rule.check(try HOTPModuleTests.subject(.sha512, digits: 8))
    }
}
