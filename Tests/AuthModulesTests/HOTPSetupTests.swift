import AuthModules
import Authentication
import Cryptography
import Testing

@Suite struct HOTPSetupTests {
    private static func request(_ parameters: [String: String] = [:]) throws -> SetupRequest {
        SetupRequest(
            account: try #require(AccountName("alice")), device: "token", issuer: "host.example",
            parameters: parameters)
    }

    private static func module(_ settings: [String: String] = [:]) throws -> HOTPModule {
        try HOTPModule(ModuleID("hotp"), Settings(settings.mapValues { setting($0) }))
    }

    private static func key(_ setup: borrowing Setup) throws -> [UInt8] {
        let typed = bytes(setup.key)
        return try #require(decoded(typed))
    }

    // MARK: Beginning

    @Test func `gives one key for the store, the QR code and the fingers`() throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let key = try Self.key(setup)
        let stored = bytes(setup.payload)
        #expect(stored == [1, 1, 6] + key)
        #expect(key.count == 20)
        let secret = text(setup.key).filter { $0 != " " }
        let uri = text(setup.uri)
        #expect(
            uri == "otpauth://hotp/host.example:alice?secret=\(secret)&issuer=host.example"
                + "&algorithm=SHA1&digits=6&counter=0")
        #expect(setup.initialState == 0)
        let module = try Self.module()
        let description = module.describe(stored.span, state: 5)
        #expect(description == "SHA1, 6 digits, counter 5")
    }

    @Test func `begins at the counter that the token has`() throws {
        let setup = try Self.module()
            .beginSetup(try Self.request(["algorithm": "SHA256", "digits": "8", "counter": "4294967295"]))
        #expect(setup.initialState == 4_294_967_295)
        let uri = text(setup.uri)
        #expect(uri.hasSuffix("&algorithm=SHA256&digits=8&counter=4294967295"))
        #expect(try Self.key(setup).count == 32)
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
        (["digits": "9"], "digits is '9', expected a whole number from 6 to 8"),
        (["counter": "-1"], "counter is '-1', expected a whole number from 0 to 4294967295"),
        (["counter": "4294967296"], "counter is '4294967296', expected a whole number from 0 to 4294967295"),
        (
            ["counter": "9223372036854775808"],
            "counter is '9223372036854775808', expected a whole number from 0 to 4294967295"
        ),
        (["counter": "1e3"], "counter is '1e3', expected a whole number from 0 to 4294967295"),
        (["period": "30"], "'period' is no parameter of hotp, expected algorithm, digits or counter"),
        (
            ["count": "1"],
            "'count' is no parameter of hotp, expected algorithm, digits or counter, did you mean 'counter'?"
        ),
    ])
    func `refuses other parameters, and says what was expected`(typed: [String: String], expected: String) throws {
        #expect(try Self.explanation(of: try Self.request(typed)) == expected)
    }

    @Test(arguments: [(15, false), (16, true), (128, true), (129, false)])
    func `enrols a key that is brought along if it has 128 bits`(size: Int, isEnough: Bool) throws {
        let parameters = try #require(OTPParameters())
        let module = try Self.module()
        let request = try Self.request()
        let key = Secret(copying: Array(repeating: 0x5A, count: size).span)
        do throws(SetupFailure) {
            let setup = try module.setup(request, parameters, counter: 0, key: key)
            #expect(isEnough && setup.payload.count == 3 + size)
        } catch {
            #expect(!isEnough && error.explanation == "the key has \(size * 8) bits, expected 128 to 1024")
        }
    }

    @Test(arguments: [(-1, false), (.min, false), (0, true), (.max - 1, true), (.max, false)] as [(Int64, Bool)])
    func `takes a counter that is brought along if one can follow it`(counter: Int64, isGood: Bool) throws {
        let parameters = try #require(OTPParameters())
        let module = try Self.module()
        let request = try Self.request()
        let key = HOTPModuleTests.key
        do throws(SetupFailure) {
            let setup = try module.setup(request, parameters, counter: counter, key: Secret(copying: key.span))
            #expect(isGood && setup.initialState == counter)
        } catch {
            #expect(!isGood && error.explanation.hasPrefix("the counter is \(counter), expected"))
        }
    }

    // MARK: Finishing

    private static func finish(
        _ setup: borrowing Setup, _ code: String, _ settings: [String: String] = [:]
    ) throws -> Result<Int64, SetupRejection> {
        let module = try module(settings)
        do throws(SetupRejection) {
            return .success(try module.finishSetup(setup, typed(code), at: moment(0)).state)
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [0, 1, 10, 11] as [Int64], ["0", "1", "10"])
    func `takes a first code as far ahead as any later one`(offset: Int64, window: String) throws {
        let setup = try Self.module().beginSetup(try Self.request(["counter": "7"]))
        let code = try code(try Self.key(setup), counter: 7 + offset)
        let result = try Self.finish(setup, code, ["look_ahead": window])
        let isNear = offset <= (Int64(window) ?? -1)
        #expect(result == (isNear ? .success(8 + offset) : .failure(.wrong)))
    }

    @Test func `takes two first codes in a row from further ahead`() throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let key = try Self.key(setup)
        let codes = try code(key, counter: 80) + code(key, counter: 81)
        #expect(try Self.finish(setup, codes) == .success(82))
    }

    @Test func `lets a wrong first code be tried again`() throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let code = try code(try Self.key(setup), counter: 0)
        #expect(try Self.finish(setup, "") == .failure(.malformed))
        #expect(try Self.finish(setup, "１２３４５６") == .failure(.malformed))
        #expect(try Self.finish(setup, code == "000000" ? "111111" : "000000", ["look_ahead": "0"]) == .failure(.wrong))
        #expect(try Self.finish(setup, code) == .success(1))
    }

    @Test func `counts the first code as spent`() throws {
        let setup = try Self.module().beginSetup(try Self.request())
        let key = try Self.key(setup)
        let state = try Self.finish(setup, try code(key, counter: 2)).get()
        var scene = try Scene(tokens: [:])
        try scene.add("token", payload: setup.payload, state: state)
        #expect(scene.refusal(of: try code(key, counter: 2)) == .replayed)
        #expect(scene.refusal(of: try code(key, counter: 1)) == .wrong)
        #expect(scene.refusal(of: try code(key, counter: 3)) == nil)
    }

    // MARK: Diagnosing

    @Test(arguments: [-1001, -1000, -1, 0, 3, 11, 1000, 1001] as [Int64])
    func `finds a counter that is up to a thousand off`(offset: Int64) throws {
        let scene = try Scene(token: HOTPModuleTests.key, digits: 8, counter: 5000)
        let found = scene.diagnosis(of: try code(HOTPModuleTests.key, counter: 5000 + offset, digits: 8))
        let expected = Diagnosis(device: "token", offset: offset, secondsPerUnit: 0, isSpent: offset < 0)
        #expect(found == (abs(offset) <= 1000 ? expected : nil))
    }

    @Test func `says which token two codes in a row are of, and how far ahead the first is`() throws {
        var scene = try Scene(token: HOTPModuleTests.key.map { $0 ^ 1 })
        try scene.add("broken", payload: Secret(count: 2) { _ in }, state: 0)
        try scene.add("other", key: HOTPModuleTests.key, counter: 10)
        for (first, isSpent) in [(8, true), (9, true), (10, false), (300, false)] as [(Int64, Bool)] {
            let codes =
                try code(HOTPModuleTests.key, counter: first) + code(HOTPModuleTests.key, counter: first + 1)
            let expected = Diagnosis(device: "other", offset: first - 10, secondsPerUnit: 0, isSpent: isSpent)
            #expect(scene.diagnosis(of: codes) == expected)
        }
    }
}
