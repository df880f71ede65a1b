import AuthModules
import Authentication
import AuthenticationTesting
import Cryptography
import Testing

@Suite struct TOTPModuleTests {
    /// A row of RFC 6238 appendix B.
    struct Vector: Sendable {
        let time: Int64
        let codes: [HashAlgorithm: String]

        init(_ time: Int64, _ sha1: String, _ sha256: String, _ sha512: String) {
            self.time = time
            codes = [.sha1: sha1, .sha256: sha256, .sha512: sha512]
        }
    }

    static let vectors = [
        Vector(59, "94287082", "46119246", "90693936"),
        Vector(1_111_111_109, "07081804", "68084774", "25091201"),
        Vector(1_111_111_111, "14050471", "67062674", "99943326"),
        Vector(1_234_567_890, "89005924", "91819424", "93441116"),
        Vector(2_000_000_000, "69279037", "90698825", "38618901"),
        Vector(20_000_000_000, "65353130", "77737706", "47863826"),
    ]

    @Test(arguments: vectors, HashAlgorithm.allCases)
    func `accepts the codes of RFC 6238 appendix B`(vector: Vector, algorithm: HashAlgorithm) throws {
        for digits in 6...8 {
            // Fewer digits are the last ones of more.
            let code = String(try #require(vector.codes[algorithm]).suffix(digits))
            var scene = try Scene(key: vectorKey(algorithm), try parameters(algorithm, digits: digits), window: 0)
            #expect(scene.refusal(of: code, at: vector.time) == nil, "\(digits) digits")
            #expect(scene.list[0].state == vector.time / 30)
            #expect(scene.list[0].lastUsedAt == vector.time)
        }
    }

    @Test(arguments: TOTPParameters.periods)
    func `accepts codes of every period from 15 to 120 seconds`(period: Int64) throws {
        let parameters = try parameters(.sha256, digits: 8, period: period)
        let key = vectorKey(.sha256)
        var scene = try Scene(key: key, parameters)
        #expect(
            scene.refusal(of: try code(key, at: TOTPModuleTests.start, parameters), at: TOTPModuleTests.start) == nil)
        #expect(scene.list[0].state == TOTPModuleTests.start / period)
    }

    @Test func `knows no period below 15 seconds or above 120`() {
        for period in [.min, -30, 0, 14, 121, .max] as [Int64] { #expect(TOTPParameters(period: period) == nil) }
        for digits in [.min, 0, 5, 9, .max] { #expect(TOTPParameters(digits: digits) == nil) }
    }

    @Test(arguments: HashAlgorithm.allCases, 6...8)
    func `takes no other number of digits than the device's`(algorithm: HashAlgorithm, digits: Int) throws {
        let long = try #require(TOTPModuleTests.vectors[0].codes[algorithm])
        var scene = try Scene(key: vectorKey(algorithm), try parameters(algorithm, digits: digits))
        for other in 6...8 where other != digits {
            #expect(scene.refusal(of: String(long.suffix(other)), at: 59) == .wrong)
        }
    }

    // MARK: The window

    static let start: Int64 = 1_800_000_000

    @Test(arguments: [15, 20, 29, 30, 45, 60, 90, 119, 120] as [Int64])
    func `accepts the steps next to the present and none beyond`(period: Int64) throws {
        let parameters = try parameters(period: period)
        let key = vectorKey(.sha1)
        for offset in -3...3 as ClosedRange<Int64> {
            var scene = try Scene(key: key, parameters)
            let code = try code(key, at: TOTPModuleTests.start, parameters, stepsAhead: offset)
            let refusal = scene.refusal(of: code, at: TOTPModuleTests.start)
            #expect(refusal == (abs(offset) <= 1 ? nil : .wrong), "\(offset) steps of \(period) s")
        }
    }

    @Test func `accepts the present alone with a window of 0`() throws {
        let parameters = try parameters()
        let key = vectorKey(.sha1)
        for offset in -2...2 as ClosedRange<Int64> {
            var scene = try Scene(key: key, parameters, window: 0)
            let code = try code(key, at: TOTPModuleTests.start, parameters, stepsAhead: offset)
            #expect(scene.refusal(of: code, at: TOTPModuleTests.start) == (offset == 0 ? nil : .wrong))
        }
    }

    @Test(
        arguments: [(-31, false), (-30, true), (0, true), (29, true), (30, true), (59, true), (60, false)]
            as [(Int64, Bool)])
    func `changes its mind at the second where a step begins`(second: Int64, isAccepted: Bool) throws {
        let parameters = try parameters()
        let key = vectorKey(.sha1)
        var scene = try Scene(key: key, parameters)
        let code = try code(key, at: TOTPModuleTests.start, parameters)
        #expect(scene.refusal(of: code, at: TOTPModuleTests.start + second) == (isAccepted ? nil : .wrong))
    }

    @Test(arguments: [0, 1, 29, 30, 59] as [Int64])
    func `accepts the codes of the first minute of time`(wall: Int64) throws {
        let key = vectorKey(.sha1)
        var scene = try Scene(key: key, try parameters())
        #expect(scene.refusal(of: try code(key, at: wall, try parameters()), at: wall) == nil)
    }

    @Test(
        arguments: [
            2_147_483_647, 2_147_483_648,  // 2038-01-19
            4_294_967_295, 4_294_967_296,  // 2106-02-07
            253_402_300_799,  // the end of 9999
            128_849_018_880, 128_849_018_910,  // step 2^32
            .max - 1, .max,
        ] as [Int64])
    func `accepts codes in every later age`(wall: Int64) throws {
        for period in [15, 30, 120] as [Int64] {
            let parameters = try parameters(period: period)
            let key = vectorKey(.sha1)
            var scene = try Scene(key: key, parameters)
            let code = try code(key, at: wall, parameters)
            #expect(scene.refusal(of: code, at: wall) == nil)
            #expect(scene.refusal(of: code, at: wall) == .replayed)
        }
    }

    @Test(arguments: [-1, -30, -31, -2_147_483_649, .min + 1, .min] as [Int64])
    func `accepts no code before 1970, and does not trap`(wall: Int64) throws {
        for period in [15, 30, 120] as [Int64] {
            let parameters = try parameters(period: period)
            let key = vectorKey(.sha1)
            for state in [-1, 0, .min, .max] as [Int64] {
                var scene = try Scene(key: key, parameters, state: state)
                let refusal = scene.refusal(of: try code(key, at: wall, parameters), at: wall)
                #expect(refusal == .wrong)
            }
        }
    }

    @Test func `accepts the first step from the second before it`() throws {
        let key = vectorKey(.sha1)
        var scene = try Scene(key: key, try parameters())
        #expect(scene.refusal(of: try code(key, at: 0, try parameters()), at: -1) == nil)
        #expect(scene.list[0].state == 0)
    }

    // MARK: Once

    @Test func `refuses a code the second time, as a replay`() throws {
        let key = vectorKey(.sha1)
        var scene = try Scene(key: key, try parameters())
        let code = try code(key, at: TOTPModuleTests.start, try parameters())
        #expect(scene.refusal(of: code, at: TOTPModuleTests.start) == nil)
        for second in [0, 1, 29, 30, 59, 60, 3600, -30, -3600, -TOTPModuleTests.start] as [Int64] {
            // It stays a replay where the clock has left the window: nobody guessed it.
            #expect(scene.refusal(of: code, at: TOTPModuleTests.start + second) == .replayed, "\(second) s later")
        }
        #expect(scene.refusal(of: code.prefix(3) + " - " + code.suffix(3), at: TOTPModuleTests.start) == .replayed)
    }

    @Test func `refuses the code of a step before the accepted one as wrong`() throws {
        let key = vectorKey(.sha1)
        let parameters = try parameters()
        var scene = try Scene(key: key, parameters)
        let start = TOTPModuleTests.start
        #expect(scene.refusal(of: try code(key, at: start, parameters), at: start) == nil)
        #expect(scene.refusal(of: try code(key, at: start, parameters, stepsAhead: -1), at: start) == .wrong)
        #expect(scene.refusal(of: try code(key, at: start, parameters, stepsAhead: 1), at: start) == nil)
        #expect(scene.refusal(of: try code(key, at: start, parameters), at: start) == .wrong)
    }

    /// CVE-2015-7225 and CVE-2021-43177: a comparison for equality left a step of the window open.
    @Test func `accepts neither the step nor the one before it after a code from ahead`() throws {
        let key = vectorKey(.sha1)
        let parameters = try parameters()
        var scene = try Scene(key: key, parameters)
        let start = TOTPModuleTests.start
        #expect(scene.refusal(of: try code(key, at: start, parameters, stepsAhead: 1), at: start) == nil)
        #expect(scene.refusal(of: try code(key, at: start, parameters), at: start) == .wrong)
        #expect(scene.refusal(of: try code(key, at: start, parameters, stepsAhead: 1), at: start) == .replayed)
    }

    @Test func `accepts no step twice, whatever comes in whatever order`() throws {
        let parameters = try parameters(digits: 8)
        let key = vectorKey(.sha1)
        var schedule = SeededGenerator(seed: 6238)
        for _ in 0..<500 {
            var scene = try Scene(key: key, parameters)
            var last: Int64 = -1
            var wall = TOTPModuleTests.start
            for _ in 0..<20 {
                wall += Int64.random(in: -45...60, using: &schedule)
                let offset = Int64.random(in: -2...2, using: &schedule)
                let step = parameters.step(at: wall) + offset
                let refusal = scene.refusal(of: try code(key, at: wall, parameters, stepsAhead: offset), at: wall)
                let isGood = abs(offset) <= 1 && step > last
                try #require(
                    refusal == (isGood ? nil : step == last ? .replayed : .wrong), "step \(step) after \(last)")
                if isGood { last = step }
                try #require(scene.list[0].state == last)
            }
        }
    }

    @Test func `accepts no used step again when the clock is set back`() throws {
        let key = vectorKey(.sha1)
        let parameters = try parameters()
        var scene = try Scene(key: key, parameters)
        let start = TOTPModuleTests.start
        #expect(scene.refusal(of: try code(key, at: start, parameters), at: start) == nil)
        for back in [30, 60, 3600, start] {
            #expect(scene.refusal(of: try code(key, at: start - back, parameters), at: start - back) == .wrong)
        }
        #expect(scene.refusal(of: try code(key, at: start + 30, parameters), at: start + 30) == nil)
    }

    @Test func `accepts one of two hundred with one code`() throws {
        let key = vectorKey(.sha1)
        var scene = try Scene(key: key, try parameters())
        let code = try code(key, at: TOTPModuleTests.start, try parameters())
        let accepted = (0..<200).count { scene.refusal(of: code, at: TOTPModuleTests.start + Int64($0 % 30)) == nil }
        #expect(accepted == 1)
    }

    @Test func `accepts a code once although two devices have its key`() throws {
        let key = vectorKey(.sha1)
        var scene = try Scene(key: key, try parameters())
        try scene.add("tablet", key: key, try parameters())
        let code = try code(key, at: TOTPModuleTests.start, try parameters())
        #expect(scene.refusal(of: code, at: TOTPModuleTests.start) == nil)
        #expect(scene.list.map(\.state) == [TOTPModuleTests.start / 30, TOTPModuleTests.start / 30])
        #expect(scene.refusal(of: code, at: TOTPModuleTests.start) == .replayed)
        // Nor through a third that was added afterwards.
        try scene.add("copy", key: key, try parameters())
        #expect(scene.refusal(of: code, at: TOTPModuleTests.start) == .replayed)
    }

    // MARK: Devices

    @Test func `accepts each of several devices, whatever their parameters`() throws {
        let all = try [
            parameters(), parameters(.sha256, digits: 8, period: 60), parameters(.sha512, digits: 7, period: 15),
        ]
        for index in all.indices {
            var scene = try Scene()
            for (name, parameters) in zip(["one", "two", "three"], all) {
                try scene.add(name, key: vectorKey(parameters.algorithm), parameters)
            }
            let code = try code(vectorKey(all[index].algorithm), at: TOTPModuleTests.start, all[index])
            #expect(scene.refusal(of: code, at: TOTPModuleTests.start) == nil)
            for other in all.indices {
                let spent = other == index ? TOTPModuleTests.start / all[index].period : -1
                #expect(scene.list[other].state == spent)
            }
        }
    }

    @Test(
        arguments: [
            [], [1], [1, 1, 6, 0, 30], [0, 1, 6, 0, 30, 1], [2, 1, 6, 0, 30, 1], [1, 0, 6, 0, 30, 1],
            [1, 4, 6, 0, 30, 1],
            [1, 1, 5, 0, 30, 1], [1, 1, 9, 0, 30, 1], [1, 1, 6, 0, 14, 1], [1, 1, 6, 0, 121, 1], [1, 1, 6, 1, 30, 1],
            [1, 1, 6, 0, 0, 1], [1, 1, 6, 255, 255, 1], [1, 1, 6, 0, 30] + Array(repeating: 1, count: 129),
        ] as [[UInt8]])
    func `cannot tell with a damaged payload`(payload: [UInt8]) throws {
        var scene = try Scene()
        try scene.add("phone", payload: Secret(copying: payload.span))
        #expect(scene.refusal(of: "123456", at: TOTPModuleTests.start) == .unavailable)
        let description = scene.module.describe(payload.span, state: 0)
        #expect(description == "damaged")
    }

    @Test func `reads back the payloads that it writes`() throws {
        for algorithm in HashAlgorithm.allCases {
            for digits in 6...8 {
                for period in TOTPParameters.periods {
                    let parameters = try parameters(algorithm, digits: digits, period: period)
                    let payload = parameters.payload(key: vectorKey(algorithm).span)
                    let read = payload.withBytes { TOTPParameters(payload: $0) }
                    #expect(read == parameters)
                }
            }
        }
        let payload = try parameters(.sha256, digits: 8, period: 60).payload(key: [1, 2, 3].span)
        let written = bytes(payload)
        #expect(written == [1, 2, 8, 0, 60, 1, 2, 3])
        let module = try TOTPModule(ModuleID("totp"))
        let description = module.describe(written.span, state: 0)
        #expect(description == "SHA256, 8 digits, 60 s")
    }

    // MARK: What is no code

    @Test(arguments: ["", "12345", "１２３４５６", "٣٤٥٦٧٨", "+12345", "1e5000", "123456\0", "123456789"])
    func `does not recognise what is no code, nor judge it`(answer: String) throws {
        var scene = try Scene(key: vectorKey(.sha1), try parameters())
        #expect(!scene.module.recognizes(typed(answer)))
        #expect(scene.refusal(of: answer, at: TOTPModuleTests.start) == .malformed)
    }

    @Test func `judges a code of full-width digits to be none, although it is right`() throws {
        let key = vectorKey(.sha1)
        var scene = try Scene(key: key, try parameters())
        let code = try code(key, at: TOTPModuleTests.start, try parameters())
        let wide = String(
            String.UnicodeScalarView(code.unicodeScalars.compactMap { Unicode.Scalar($0.value + 0xFEE0) }))
        #expect(scene.refusal(of: wide, at: TOTPModuleTests.start) == .malformed)
        #expect(scene.refusal(of: code, at: TOTPModuleTests.start) == nil)
    }

    // MARK: The contract

    static func subject(_ algorithm: HashAlgorithm, digits: Int, period: Int64) throws -> AuthModuleContract.Subject {
        let parameters = try parameters(algorithm, digits: digits, period: period)
        let keys = (0..<3).map { device in vectorKey(algorithm).map { $0 ^ UInt8(device) } }
        return AuthModuleContract.Subject(
            module: try TOTPModule(ModuleID("totp")),
            payloads: keys.map { bytes(parameters.payload(key: $0.span)) },
            initialState: -1, isOneTime: true, now: moment(start),
            next: { Moment(wall: $0.wall + period, boottime: $0.boottime + period * 1000, boot: $0.boot) },
            right: { device, _, now in Array(((try? code(keys[device], at: now.wall, parameters)) ?? "").utf8) },
            wrong: Array(String(repeating: "7", count: digits).utf8))
    }

    @Test(arguments: AuthModuleContract.rules)
    func `keeps the contract`(rule: AuthModuleContract.Rule) throws {
        try rule.check(try TOTPModuleTests.subject(.sha1, digits: 6, period: 30))
        try rule.check(try TOTPModuleTests.subject(.sha512, digits: 8, period: 15))
    }
}
