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

    @Test(arguments: ModuleRegistry.types.map(\.name))
    func `makes modules of the identity they were asked for`(name: String) throws {
        #expect(try Self.make(name, [:]).id == ModuleID(name, id: "work"))
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
        ("window", "2", "window is '2', expected a whole number from 0 to 1"),
        ("window", "-1", "window is '-1', expected a whole number from 0 to 1"),
        ("echo_code", "yes", "echo_code is 'yes', expected true or false"),
        ("prompt", "", "prompt is '', expected text"),
    ])
    func `refuses other settings, and says what was expected`(key: String, value: String, expected: String) {
        let failure = SettingFailure(at: setting(value), expected)
        #expect(throws: failure) { try Self.make("totp", [key: setting(value)]) }
    }
}
