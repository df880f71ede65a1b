import Authentication
import AuthenticationTesting
import Configuration
import Foundation
import Testing

/// The document of the old design, as it was written: `configuration.xml` in its comment, and blanks behind `auth:`.
@Suite struct SeedDocumentTests {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("EndToEnd/seed.yaml").path

    private func bytes() throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: SeedDocumentTests.path)))
    }

    private func read(_ bytes: [UInt8], allowsInsecure: Bool) -> Result<Configuration, Problems> {
        ConfigurationReader(
            modules: SeedTypes.modules, providers: SeedTypes.providers, allowsInsecure: allowsInsecure
        ).read(bytes, file: "seed.yaml")
    }

    @Test func `the document is there byte for byte, the blanks behind its last key included`() throws {
        let text = String(decoding: try bytes(), as: UTF8.self)
        #expect(text.hasPrefix("# configuration.xml\nhomeassistant:\n  auth_providers:\n    - type: homeassistant\n"))
        #expect(text.contains("          users: [{'username': 'homeassistant', 'pin': '123456'}]\n"))
        #expect(text.hasSuffix("        - type: totp\nauth:        \n"))
        #expect(text.utf8.count == 296)
    }

    @Test func `the document is read, and providers and modules keep their order, types and ids`() throws {
        let configuration = try read(try bytes(), allowsInsecure: true).get()
        let totp = Step(ModuleID("totp"))
        #expect(
            configuration.policy.chains == [
                ProviderChain(
                    provider: ProviderID("homeassistant"), livesOnEvidence: false, speaksOfAccounts: false,
                    steps: [totp]),
                ProviderChain(
                    provider: ProviderID("legacy_api_password"), livesOnEvidence: false, speaksOfAccounts: false,
                    steps: [Step(ModuleID("insecure_example")), totp]),
            ])
        #expect(configuration.names.isEmpty)
        #expect(configuration.policy.rules.isEmpty)
    }

    @Test func `insecure_example is refused where nobody has allowed it`() throws {
        guard case .failure(let problems) = read(try bytes(), allowsInsecure: false) else {
            Issue.record("accepted")
            return
        }
        #expect(
            problems.description
                == "seed.yaml:9:11: the module insecure_example, which is for demonstrations and protects nothing, "
                + "expected another module; or allow_insecure_example: true, or the option --allow-insecure-example")
    }

    @Test func `insecure_example is allowed by the option or by the key, and warned of`() throws {
        let key = Array("allow_insecure_example: true\n".utf8)
        for (bytes, option, line) in [(try bytes(), true, 9), (key + (try bytes()), false, 10)] {
            let configuration = try read(bytes, allowsInsecure: option).get()
            #expect(configuration.modules.count == 2)
            #expect(
                configuration.warnings.map(\.description).contains(
                    "seed.yaml:\(line):11: the module insecure_example is for demonstrations alone and protects nothing"
                ))
        }
    }

    @Test(arguments: ["false", "'true'", "yes", ""]) func `and by nothing else`(_ value: String) throws {
        let key = Array("allow_insecure_example: \(value)\n".utf8)
        guard case .failure(let problems) = read(key + (try bytes()), allowsInsecure: false) else {
            Issue.record("accepted")
            return
        }
        #expect(problems.all.contains { $0.line == 10 && $0.found.hasPrefix("the module insecure_example, which") })
    }

    @Test func `a PIN without quotes is refused with its place, each of them`() throws {
        let text = String(decoding: try bytes(), as: UTF8.self).replacingOccurrences(
            of: "'123456'}", with: "123456}, {username: b, pin: 007}")
        guard case .failure(let problems) = read(Array(text.utf8), allowsInsecure: true) else {
            Issue.record("accepted")
            return
        }
        #expect(
            problems.all.map(\.description) == [
                "seed.yaml:10:56: pin is '123456', expected a text in quotes, like '007'",
                "seed.yaml:10:84: pin is '007', expected a text in quotes, like '007'",
            ])
    }
}
