import AuthModules
import Authentication
import Testing

@Suite struct ModuleRegistryTests {
    private static func make(_ name: String, _ settings: [String: Setting]) throws -> any AuthModule {
        let type = try #require(ModuleRegistry.types.first { $0.name == name })
        return try type.make(ModuleID(name, id: "work"), Settings(settings))
    }

    @Test func `names each module once`() {
        #expect(Set(ModuleRegistry.types.map(\.name)).count == ModuleRegistry.types.count)
    }

    /// What a module needs that has no default.
    private static let needed: [String: [String: Setting]] = [
        "insecure_example": [
            "users": Setting(
                .list([
                    Setting(
                        .map([
                            Setting.Entry(
                                key: "username", line: 8, column: 3, value: setting("alice", isQuoted: true)),
                            Setting.Entry(key: "pin", line: 9, column: 3, value: setting("007", isQuoted: true)),
                        ]), line: 8, column: 1)
                ]), line: 7, column: 3)
        ]
    ]

    @Test func `has a row for each module of the design`() {
        #expect(ModuleRegistry.types.map(\.name) == ["totp", "hotp", "recovery_code", "pin", "insecure_example"])
    }

    @Test(arguments: ModuleRegistry.types.map(\.name))
    func `makes modules of the identity they were asked for`(name: String) throws {
        #expect(try Self.make(name, Self.needed[name] ?? [:]).id == ModuleID(name, id: "work"))
    }

    @Test(arguments: ModuleRegistry.types.map(\.name))
    func `marks what is for demonstrations alike in its row and in the module`(name: String) throws {
        let type = try #require(ModuleRegistry.types.first { $0.name == name })
        #expect(type.isInsecure == (name == "insecure_example"))
        #expect(try Self.make(name, Self.needed[name] ?? [:]).isInsecure == type.isInsecure)
    }

    @Test func `asks once for the codes that tell themselves apart from those on paper`() throws {
        let paper = try Self.make("recovery_code", [:]).answerShape
        #expect(paper.isDistinct(from: try Self.make("totp", [:]).answerShape))
        #expect(paper.isDistinct(from: try Self.make("hotp", [:]).answerShape))
        // Twenty-four digits from 2 to 7 may be either.
        #expect(!paper.isDistinct(from: try Self.make("pin", [:]).answerShape))
        #expect(!(try Self.make("totp", [:]).answerShape.isDistinct(from: try Self.make("hotp", [:]).answerShape)))
    }

    @Test func `asks for a TOTP code without showing it`() throws {
        let module = try Self.make("totp", [:])
        #expect(module.inputSchema.fields == [InputField(name: "code", label: "Verification code", kind: .secret)])
        #expect(module.isLowEntropy && !module.resetsThrottle)
        #expect(module.refusal == "That code is wrong or was used before. Wait for the next one.")
    }

    @Test func `shows the code and changes the prompt where the configuration says so`() throws {
        let module = try Self.make("totp", ["echo_code": setting("true"), "prompt": setting("Code vom Telefon")])
        #expect(module.inputSchema.fields == [InputField(name: "code", label: "Code vom Telefon", kind: .visible)])
    }

    @Test(arguments: [
        ("hotp", "Token code"), ("recovery_code", "Recovery code"),
    ])
    func `asks for the other codes in the same way`(name: String, label: String) throws {
        #expect(
            try Self.make(name, [:]).inputSchema.fields == [InputField(name: "code", label: label, kind: .secret)])
        let module = try Self.make(name, ["echo_code": setting("true"), "prompt": setting("Zahl")])
        #expect(module.inputSchema.fields == [InputField(name: "code", label: "Zahl", kind: .visible)])
    }

    @Test func `never shows a PIN`() throws {
        let module = try Self.make("pin", ["prompt": setting("Geheimzahl")])
        #expect(module.inputSchema.fields == [InputField(name: "pin", label: "Geheimzahl", kind: .secret)])
        for type in ModuleRegistry.types where ["pin", "insecure_example"].contains(type.name) {
            #expect(!type.keys.contains("echo_code"))
        }
    }

    @Test(arguments: [
        ("totp", "window", "2", "window is '2', expected a whole number from 0 to 1"),
        ("totp", "window", "-1", "window is '-1', expected a whole number from 0 to 1"),
        ("totp", "echo_code", "yes", "echo_code is 'yes', expected true or false"),
        ("totp", "prompt", "", "prompt is '', expected text"),
        ("hotp", "look_ahead", "51", "look_ahead is '51', expected a whole number from 0 to 50"),
        ("hotp", "look_ahead", "-1", "look_ahead is '-1', expected a whole number from 0 to 50"),
        ("hotp", "resync_window", "1001", "resync_window is '1001', expected a whole number from 0 to 1000"),
        ("totp", "max_devices", "0", "max_devices is '0', expected a whole number from 1 to 100"),
        ("hotp", "max_devices", "101", "max_devices is '101', expected a whole number from 1 to 100"),
        ("recovery_code", "echo_code", "no", "echo_code is 'no', expected true or false"),
        ("pin", "minimum_length", "3", "minimum_length is '3', expected a whole number from 4 to 32"),
        ("pin", "minimum_length", "33", "minimum_length is '33', expected a whole number from 4 to 32"),
        ("pin", "alphabet", "letters", "alphabet is 'letters', expected digits or any"),
        ("pin", "alphabet", "Digits", "alphabet is 'Digits', expected digits or any"),
        ("pin", "prompt", "", "prompt is '', expected text"),
    ])
    func `refuses other settings, and says what was expected`(
        name: String, key: String, value: String, expected: String
    ) throws {
        let type = try #require(ModuleRegistry.types.first { $0.name == name })
        #expect(type.keys.contains(key))
        let failure = SettingFailure(at: setting(value), expected)
        #expect(throws: failure) { try Self.make(name, [key: setting(value)]) }
    }
}
