import AuthModules
import Authentication
import Testing

@Suite struct PINSetupTests {
    private static func rejection(
        of first: String, _ second: String? = nil, _ settings: [String: String] = [:], account: String = "alice"
    ) throws -> SetupRejection? {
        let module = try PINModuleTests.module(settings)
        let setup = try PINModuleTests.setup(module, account)
        let input = try PINModuleTests.fields(first, second ?? first)
        do throws(SetupRejection) {
            _ = try module.finishSetup(setup, input, at: moment(0))
            return nil
        } catch {
            return error
        }
    }

    @Test func `asks for the new PIN twice, without showing it`() throws {
        let setup = try PINModuleTests.setup(try PINModuleTests.module())
        let form = setup.confirmation
        #expect(
            form
                == InputSchema([
                    InputField(name: "pin", label: "New PIN", kind: .secret),
                    InputField(name: "again", label: "New PIN again", kind: .secret),
                ]))
        #expect(!setup.canGoUnconfirmed && setup.payload.count == 0 && setup.codes.count == 0)
    }

    @Test func `lets a PIN be chosen again after one that was not good enough`() throws {
        let module = try PINModuleTests.module()
        let setup = try PINModuleTests.setup(module)
        for bad in [
            try PINModuleTests.fields("294817", "294818"), try PINModuleTests.twice("123456"),
            try PINModuleTests.twice(""),
        ] {
            #expect(throws: SetupRejection.self) { _ = try module.finishSetup(setup, bad, at: moment(0)).state }
        }
        let finished = try module.finishSetup(setup, try PINModuleTests.twice("294817"), at: moment(0))
        var scene = try Scene(of: module)
        try scene.add("pin", payload: finished.payload, state: finished.state)
        #expect(scene.refusal(of: "294817") == nil)
    }

    @Test(arguments: [
        ("294817", "294818"), ("294817", ""), ("", "294817"), ("294817", "2948170"), ("29481", "7294817"),
    ])
    func `refuses two different ones`(first: String, second: String) throws {
        #expect(
            try Self.rejection(of: first, second)
                == .unacceptable("Those were two different PINs. Type the same one twice."))
    }

    @Test(arguments: ["", "29481", "29481a", "294 817", "２９４８１７", String(repeating: "29", count: 33)])
    func `refuses what is no PIN`(pin: String) throws {
        #expect(try Self.rejection(of: pin) == .unacceptable("A PIN has 6 to 64 digits."))
    }

    @Test func `says how long a PIN must be`() throws {
        #expect(try Self.rejection(of: "2948", nil, ["minimum_length": "4"]) == nil)
        #expect(
            try Self.rejection(of: "2948173", nil, ["minimum_length": "8"])
                == .unacceptable("A PIN has 8 to 64 digits."))
        #expect(
            try Self.rejection(of: "horse", nil, ["alphabet": "any"])
                == .unacceptable("A PIN has 6 to 64 characters."))
        #expect(try Self.rejection(of: "horses", nil, ["alphabet": "any"]) == nil)
    }

    @Test(arguments: ["123456", "654321", "012345", "987654", "345678", "890123", "210987", "1234567890", "0987654321"])
    func `refuses sequences`(pin: String) throws {
        #expect(
            try Self.rejection(of: pin)
                == .unacceptable("That PIN is a sequence, which is guessed first. Choose another."))
    }

    @Test(arguments: [
        "111111", "000000", "00000000", "121212", "12121", "123123", "456456456", "29482948", "999999999",
    ])
    func `refuses one character or a few, over and over`(pin: String) throws {
        #expect(
            try Self.rejection(of: pin, nil, ["minimum_length": "4"])
                == .unacceptable("That PIN repeats itself, which is guessed first. Choose another."))
    }

    @Test(arguments: ["abcdef", "ZYXWVU", "aaaaaa", "ÄÄÄÄÄÄ", "😀😀😀😀😀😀", "ababab"])
    func `refuses the same of letters`(pin: String) throws {
        let rejection = try Self.rejection(of: pin, nil, ["alphabet": "any"])
        guard case .unacceptable = rejection else {
            Issue.record("\(pin) was \(String(describing: rejection))")
            return
        }
    }

    @Test(arguments: [
        ("margaret", "margaret"), ("MARGARET", "margaret"), ("margaret", "Margaret"), ("730264", "730264"),
    ])
    func `refuses the account's name`(pin: String, account: String) throws {
        #expect(
            try Self.rejection(of: pin, nil, ["alphabet": "any"], account: account)
                == .unacceptable("That PIN is the account's name, which is guessed first. Choose another."))
    }

    @Test(arguments: ["112358", "123457", "024680", "193746", "135790", "111112", "123321", "1234568"])
    func `refuses nothing else`(pin: String) throws { #expect(try Self.rejection(of: pin) == nil) }

    @Test func `takes no answer of one field, nor a set-up that is not a choice`() throws {
        let module = try PINModuleTests.module()
        let setup = try PINModuleTests.setup(module)
        #expect(throws: SetupRejection.malformed) {
            _ = try module.finishSetup(setup, typed("294817"), at: moment(0)).state
        }
    }

    @Test func `has no parameters`() throws {
        let module = try PINModuleTests.module()
        let request = SetupRequest(
            account: try #require(AccountName("alice")), device: "pin", issuer: "host", parameters: ["digits": "6"])
        #expect(throws: SetupFailure("'digits' is no parameter of pin, which has none")) {
            _ = try module.beginSetup(request).initialState
        }
    }
}
