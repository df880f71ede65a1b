import Configuration
import Glibc
import Testing

/// A file that is refused, and why.
struct BrokenFile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Nil for no file at all.
    var text: String? = "auth_providers: [{type: pam, modules: totp}]\n"
    var mode: mode_t = 0o640
    /// Behind the file's path.
    let problem: String
}

/// Whatever is wrong, it is said with the file, with the line where there is one, and with the reason.
@Suite struct BrokenFileTests {
    static let files = [
        BrokenFile(
            testDescription: "an unknown provider type", text: "auth_providers:\n  - type: ldap\n",
            problem: ":2:11: the type 'ldap' for a provider, expected one of broken, linux, pam"),
        BrokenFile(
            testDescription: "an unknown module type",
            text: "auth_providers:\n  - type: pam\n    modules:\n      - yubikey\n",
            problem: ":4:9: the type 'yubikey' for a module, expected one of broken, pins, recovery_code, totp"),
        BrokenFile(
            testDescription: "a provider without a type", text: "auth_providers:\n  - modules: totp\n",
            problem: ":2:5: a provider without a type, expected type: one of broken, linux, pam"),
        BrokenFile(
            testDescription: "a module without a type", text: "auth_providers:\n  - type: pam\n    modules: {id: a}\n",
            problem: ":3:14: a module without a type, expected type: one of broken, pins, recovery_code, totp"),
        BrokenFile(
            testDescription: "a provider of one type and id twice",
            text: "auth_providers:\n  - {type: linux, id: a}\n  - {type: linux}\n  - {type: linux, id: a}\n",
            problem: ":4:5: the provider linux:a again, expected it once: it stands in line 2"),
        BrokenFile(
            testDescription: "a module of one type and id twice in a chain",
            text: "auth_providers:\n  - type: pam\n    modules:\n      - {type: totp, id: a}\n      - totp\n"
                + "      - {type: totp, id: a}\n",
            problem: ":6:9: the module totp:a again, expected it once in a chain: it stands in line 4"),
        BrokenFile(
            testDescription: "a key that the provider's type does not know",
            text: "auth_providers:\n  - type: pam\n    group: wheel\n    modules: totp\n",
            problem: ":3:5: the key 'group' in the provider pam, expected one of id, modules, name, type"),
        BrokenFile(
            testDescription: "a key that the module's type does not know",
            text: "auth_providers:\n  - type: pam\n    modules:\n      type: totp\n      users: []\n",
            problem: ":5:7: the key 'users' in the module totp, expected one of digits, id, type, window"),
        BrokenFile(
            testDescription: "a PIN without quotes",
            text:
                "auth_providers:\n  - type: pam\n    modules:\n      type: pins\n      users:\n        - pin: 123456\n",
            problem: ":6:11: pin is no quoted text, expected one like '007'"),
        BrokenFile(
            testDescription: "no YAML", text: "auth_providers:\n  - {type: pam\npolicy: []\n",
            problem: ":3:7: not YAML: did not find expected ',' or '}' while parsing a flow mapping"),
        BrokenFile(
            testDescription: "an empty file", text: "", problem: ": an empty file, expected a configuration"),
        BrokenFile(
            testDescription: "a file of comments", text: "# Nothing yet.\n",
            problem: ": nothing, expected a map with auth_providers"),
        BrokenFile(
            testDescription: "a list in place of the map", text: "- type: pam\n",
            problem: ":1:1: the configuration is a list, expected a map of one of allow_insecure_example, auth, "
                + "auth_providers, callers, homeassistant, hub, issuer, notices, policy, self_service, sessions, store, "
                + "throttle, upstream"
        ),
        BrokenFile(testDescription: "no file", text: nil, problem: ": no such file"),
        BrokenFile(
            testDescription: "a file that others can write", mode: 0o642,
            problem: ": a file of mode 0642, expected one that its owner alone can write (0640)"),
        BrokenFile(
            testDescription: "a file that its group can write", mode: 0o660,
            problem: ": a file of mode 0660, expected one that its owner alone can write (0640)"),
    ]

    @Test(arguments: files) func `is refused with file, line and reason`(_ file: BrokenFile) throws {
        let folder = try Folder()
        if let text = file.text { folder.write(text, mode: file.mode) }
        guard case .failure(let problems) = Fakes.reader.load(folder.file) else {
            Issue.record("accepted")
            return
        }
        #expect(problems.all.map(\.description) == [folder.file + file.problem])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func `of a file that is somebody else's and open to others both are said`() throws {
        let folder = try Folder()
        folder.write("auth_providers: []\n", mode: 0o646)
        #expect(folder.giveAway(to: 12_345))
        guard case .failure(let problems) = Fakes.reader.load(folder.file) else {
            Issue.record("accepted")
            return
        }
        #expect(
            problems.all.map(\.found) == ["a file of uid 12345", "a file of mode 0646"], "and it was not read at all")
    }

    @Test func `problems take no warning away`() throws {
        let folder = try Folder()
        folder.write("auth_providers: [{type: pam}, {type: linus}]\n", mode: 0o644)
        guard case .failure(let problems) = Fakes.reader.load(folder.file) else {
            Issue.record("accepted")
            return
        }
        #expect(problems.all.count == 1)
        #expect(
            problems.warnings.map(\.found) == [
                "a file that everybody can read",
                "the provider pam without modules: whoever has a first factor is let in",
            ])
    }
}
