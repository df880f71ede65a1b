import AuthModules
import Authentication
import Cryptography
import Testing

@Suite struct TOTPSetupTests {
    private static func request(
        _ parameters: [String: String] = [:], account: String = "alice", issuer: String = "host.example"
    ) throws -> SetupRequest {
        SetupRequest(
            account: try #require(AccountName(account)), device: "phone", issuer: issuer, parameters: parameters)
    }

    private static func module(_ settings: Settings = Settings()) throws -> TOTPModule {
        try TOTPModule(ModuleID("totp"), settings)
    }

    /// The key of a set-up, read back from the form for typing.
    private static func key(_ setup: borrowing Setup) throws -> [UInt8] {
        let typed = bytes(setup.key)
        return try #require(decoded(typed))
    }

    // MARK: Beginning

    @Test(arguments: [("SHA1", 20), ("SHA256", 32), ("SHA512", 64), ("sha256", 32)])
    func `makes a key as long as the digest`(algorithm: String, size: Int) throws {
        let setup = try Self.module().beginSetup(try Self.request(["algorithm": algorithm]))
        #expect(try Self.key(setup).count == size)
    }

    @Test func `makes another key each time`() throws {
        let module = try Self.module()
        var keys: Set<[UInt8]> = []
        for _ in 0..<100 { keys.insert(try Self.key(try module.beginSetup(try Self.request()))) }
        #expect(keys.count == 100)
    }

    @Test func `gives one key for the store, the QR code and the fingers`() throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let key = try Self.key(setup)
        let stored = bytes(setup.payload)
        #expect(stored == [1, 1, 6, 0, 30] + key)
        let typed = text(setup.key)
        #expect(typed.split(separator: " ").map(\.count) == Array(repeating: 4, count: 8))
        let secret = typed.filter { $0 != " " }
        let uri = text(setup.uri)
        #expect(
            uri == "otpauth://totp/host.example:alice?secret=\(secret)&issuer=host.example"
                + "&algorithm=SHA1&digits=6&period=30")
        #expect(setup.initialState == -1)
    }

    @Test func `writes the parameters into the URI`() throws {
        let setup = try Self.module().beginSetup(
            try Self.request(["algorithm": "SHA512", "digits": "8", "period": "60"]))
        let uri = text(setup.uri)
        #expect(uri.hasSuffix("&issuer=host.example&algorithm=SHA512&digits=8&period=60"))
        let written = setup.payload.withBytes { TOTPParameters(payload: $0) }
        #expect(written == (try parameters(.sha512, digits: 8, period: 60)))
    }

    @Test(arguments: [
        ("jörg müller", "Haus & Hof", "Haus%20%26%20Hof:j%C3%B6rg%20m%C3%BCller", "Haus%20%26%20Hof"),
        ("a?secret=x", "b#c%", "b%23c%25:a%3Fsecret%3Dx", "b%23c%25"),
        ("a+b~c_d.e-f", "山", "%E5%B1%B1:a%2Bb~c_d.e-f", "%E5%B1%B1"),
    ])
    func `percent-encodes names in the URI`(account: String, issuer: String, label: String, parameter: String) throws {
        let setup = try Self.module().beginSetup(try Self.request(account: account, issuer: issuer))
        let uri = text(setup.uri)
        #expect(uri.hasPrefix("otpauth://totp/\(label)?secret="))
        #expect(uri.contains("&issuer=\(parameter)&"))
    }

    @Test func `leaves the issuer out where there is none`() throws {
        let uri = text(try Self.module().beginSetup(try Self.request(issuer: "")).uri)
        #expect(uri.hasPrefix("otpauth://totp/alice?secret=") && !uri.contains("issuer"))
    }

    private static func explanation(of request: SetupRequest) throws -> String? {
        let module = try module()
        do throws(SetupFailure) {
            _ = try module.beginSetup(request)
            return nil
        } catch {
            return error.explanation
        }
    }

    @Test(arguments: [
        (["algorithm": "MD5"], "algorithm is 'MD5', expected SHA1, SHA256 or SHA512"),
        (["algorithm": "SHA-256"], "algorithm is 'SHA-256', expected SHA1, SHA256 or SHA512, did you mean 'SHA256'?"),
        (["algorithm": ""], "algorithm is '', expected SHA1, SHA256 or SHA512"),
        (["digits": "5"], "digits is '5', expected a whole number from 6 to 8"),
        (["digits": "9"], "digits is '9', expected a whole number from 6 to 8"),
        (["digits": "+6"], "digits is '+6', expected a whole number from 6 to 8"),
        (["digits": "06"], "digits is '06', expected a whole number from 6 to 8"),
        (["digits": "６"], "digits is '６', expected a whole number from 6 to 8"),
        (["period": "14"], "period is '14', expected a whole number from 15 to 120"),
        (["period": "121"], "period is '121', expected a whole number from 15 to 120"),
        (["period": "30s"], "period is '30s', expected a whole number from 15 to 120"),
        (["period": "1e2"], "period is '1e2', expected a whole number from 15 to 120"),
        (
            ["period": "99999999999999999999"],
            "period is '99999999999999999999', expected a whole number from 15 to 120"
        ),
        (
            ["digit": "6"],
            "'digit' is no parameter of totp, expected algorithm, digits or period, did you mean 'digits'?"
        ),
        (
            ["Period": "30"],
            "'Period' is no parameter of totp, expected algorithm, digits or period, did you mean 'period'?"
        ),
        (
            ["algoritm": "SHA1"],
            "'algoritm' is no parameter of totp, expected algorithm, digits or period, did you mean 'algorithm'?"
        ),
        (["color": "red"], "'color' is no parameter of totp, expected algorithm, digits or period"),
        (["": ""], "'' is no parameter of totp, expected algorithm, digits or period"),
    ])
    func `refuses other parameters, and says what was expected`(typed: [String: String], expected: String) throws {
        #expect(try Self.explanation(of: try Self.request(typed)) == expected)
    }

    @Test func `refuses an issuer that would cut the label`() throws {
        #expect(
            try Self.explanation(of: try Self.request(issuer: "a:b"))
                == "the issuer is 'a:b', expected a name without a colon")
    }

    @Test(arguments: [(0, false), (10, false), (15, false), (16, true), (20, true), (128, true), (129, false)])
    func `enrols a key that is brought along if it has 128 bits`(size: Int, isEnough: Bool) throws {
        let module = try Self.module()
        let request = try Self.request()
        let key = Secret(copying: Array(repeating: 0x5A, count: size).span)
        do throws(SetupFailure) {
            let setup = try module.setup(request, try TOTPParameters([:]), key: key)
            #expect(isEnough && setup.payload.count == 5 + size)
        } catch {
            #expect(!isEnough && error.explanation == "the key has \(size * 8) bits, expected 128 to 1024")
        }
    }

    // MARK: Finishing

    private static func finish(
        _ setup: borrowing Setup, _ code: String, window: String = "1"
    ) throws -> Result<Int64, SetupRejection> {
        let module = try module(Settings(["window": setting(window)]))
        do throws(SetupRejection) {
            return .success(try module.finishSetup(setup, typed(code), at: moment(start)).state)
        } catch {
            return .failure(error)
        }
    }

    static let start = TOTPModuleTests.start

    @Test(arguments: -3...3 as ClosedRange<Int64>, ["0", "1"])
    func `takes the first code one step to either side, whatever the window`(offset: Int64, window: String) throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let code = try code(try Self.key(setup), at: Self.start, try parameters(), stepsAhead: offset)
        let result = try Self.finish(setup, code, window: window)
        #expect(result == (abs(offset) <= 1 ? .success(Self.start / 30 + offset) : .failure(.wrong)))
    }

    @Test func `lets a wrong first code be tried again`() throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let code = try code(try Self.key(setup), at: Self.start, try parameters())
        #expect(try Self.finish(setup, "") == .failure(.malformed))
        #expect(try Self.finish(setup, "１２３４５６") == .failure(.malformed))
        #expect(try Self.finish(setup, code == "000000" ? "111111" : "000000") == .failure(.wrong))
        #expect(try Self.finish(setup, code) == .success(Self.start / 30))
    }

    @Test func `counts the first code as spent`() throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let key = try Self.key(setup)
        let code = try code(key, at: Self.start, try parameters())
        let state = try Self.finish(setup, code).get()
        var scene = try Scene()
        try scene.add("phone", payload: setup.payload, state: state)
        #expect(scene.refusal(of: code, at: Self.start) == .replayed)
        let next = try AuthModulesTests.code(key, at: Self.start, try parameters(), stepsAhead: 1)
        #expect(scene.refusal(of: next, at: Self.start) == nil)
    }

    // MARK: Diagnosing

    @Test(arguments: [(15, 80), (30, 40), (60, 20), (120, 10)] as [(Int64, Int64)])
    func `finds a clock that is up to twenty minutes off`(period: Int64, reach: Int64) throws {
        let key = vectorKey(.sha256)
        let parameters = try parameters(.sha256, digits: 8, period: period)
        let scene = try Scene(key: key, parameters)
        for offset in [-reach - 1, -reach, -3, 0, 2, reach, reach + 1] {
            let code = try code(key, at: Self.start, parameters, stepsAhead: offset)
            var devices = scene.devices
            let diagnosis = scene.module.diagnose(typed(code), against: &devices, at: moment(Self.start))
            let expected = Diagnosis(device: "phone", offset: offset, secondsPerUnit: period, isSpent: false)
            #expect(diagnosis == (abs(offset) <= reach ? expected : nil))
            #expect(devices.changed.isEmpty)
        }
    }

    @Test func `says which device, and whether the code is spent`() throws {
        var scene = try Scene(key: vectorKey(.sha1), try parameters(), state: Self.start / 30)
        let other = vectorKey(.sha1).map { $0 ^ 1 }
        try scene.add("broken", payload: Secret(count: 3) { _ in })
        try scene.add("tablet", key: other, try parameters())
        var devices = scene.devices
        func diagnosis(_ key: [UInt8], _ stepsAhead: Int64) throws -> Diagnosis? {
            let code = try code(key, at: Self.start, try parameters(), stepsAhead: stepsAhead)
            return scene.module.diagnose(typed(code), against: &devices, at: moment(Self.start))
        }
        #expect(
            try diagnosis(vectorKey(.sha1), 0)
                == Diagnosis(device: "phone", offset: 0, secondsPerUnit: 30, isSpent: true))
        #expect(
            try diagnosis(vectorKey(.sha1), -5)
                == Diagnosis(device: "phone", offset: -5, secondsPerUnit: 30, isSpent: true))
        #expect(try diagnosis(other, 7) == Diagnosis(device: "tablet", offset: 7, secondsPerUnit: 30, isSpent: false))
        #expect(scene.module.diagnose(typed("12345"), against: &devices, at: moment(Self.start)) == nil)
    }

    @Test(arguments: [.min, -1, 0, .max] as [Int64])
    func `diagnoses at the ends of time`(wall: Int64) throws {
        let scene = try Scene(key: vectorKey(.sha1), try parameters())
        var devices = scene.devices
        _ = scene.module.diagnose(typed("12345678"), against: &devices, at: moment(wall))
    }
}
