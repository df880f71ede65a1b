import Administration
import Foundation
import Testing

/// `twostep check --root`: another system as a whole.
@Suite struct CheckedSystemTests {
    /// A folder with files in it, each of a mode of its own.
    final class System {
        let root: String

        init(_ files: [String: String], mode: [String: Int] = [:]) throws {
            root = try TemporaryFolder.make()
            for (path, text) in files {
                let place = URL(fileURLWithPath: root + path)
                try FileManager.default.createDirectory(
                    at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: place)
                try FileManager.default.setAttributes(
                    [.posixPermissions: mode[path] ?? 0o640], ofItemAtPath: place.path)
            }
        }

        deinit { TemporaryFolder.remove(root) }
    }

    static let good = [
        "/etc/twostep/config.yaml": CheckTests.good,
        "/etc/pam.d/sudo": "auth requisite pam_unix.so\nauth required pam_twostep.so\n",
        "/etc/pam.d/su": "auth sufficient pam_rootok.so\nauth required pam_unix.so\n",
        "/etc/passwd": "root:x:\(getuid()):0::/:/bin/sh\n",
    ]

    @Test func `a system without a mistake is called good, subject by subject`() throws {
        let system = try System(CheckedSystemTests.good)
        let run = Performance(["check", "--root", system.root])
        #expect(run.output == "The configuration, permissions, stacks, sshd, doors are good.\n")
        #expect(run.status == .done)
    }

    @Test func `what is only worth a warning is counted in the last line`() throws {
        let more = ["/usr/bin/sudo": "", "/usr/bin/su": ""]
        let system = try System(CheckedSystemTests.good.merging(more) { $1 })
        let run = Performance(["check", "--root", system.root, "--only", "stacks,doors"])
        #expect(run.output.hasSuffix("\nThe stacks, doors are good, but for 1 warning.\n"))
        #expect(run.status == .done)
    }

    @Test func `a system that nobody asks for a code is told so, and what to type there`() throws {
        let none = [
            "/etc/pam.d/sudo": "auth requisite pam_unix.so\n", "/etc/pam.d/httpd": "auth required pam_unix.so\n",
        ]
        let system = try System(CheckedSystemTests.good.merging(none) { $1 })
        let run = Performance(["check", "--root", system.root, "--only", "stacks,doors"])
        #expect(run.status == .done)
        #expect(
            run.output == """
                \(system.root)/etc/pam.d: advice: no service asks for a code, expected pam_twostep.so in the stack of \
                one: twostep enable SERVICE
                The stacks, doors are good, but for 1 piece of advice.

                """)
    }

    @Test func `a service that is not known is worth a warning where others ask for a code`() throws {
        let more = [
            "/usr/bin/sudo": "", "/etc/pam.d/httpd": "session optional pam_env.so\nauth required pam_unix.so\n",
        ]
        let system = try System(CheckedSystemTests.good.merging(more) { $1 })
        let run = Performance(["check", "--root", system.root, "--only", "doors"])
        #expect(run.output.contains("/etc/pam.d/httpd:2: warning: twostep does not know what 'httpd' is for"))
        #expect(run.status == .done)
    }

    @Test func `a code that is asked for above the password is found, for the configuration that is there`() throws {
        let broken = ["/etc/pam.d/sudo": "auth required pam_twostep.so\nauth requisite pam_unix.so\n"]
        let system = try System(CheckedSystemTests.good.merging(broken) { $1 })
        let run = Performance(["check", "--root", system.root, "--only", "stacks"])
        #expect(run.status == .refused)
        #expect(
            run.output.hasSuffix(
                """
                    write \(system.root)/etc/pam.d/sudo:1, in place of lines 1 to 2:
                        auth requisite pam_unix.so
                        auth required pam_twostep.so
                stacks: 1 problem

                """))
    }

    @Test func `what could not be looked at is not called good`() throws {
        let more = ["/etc/pam.d/sshd": "auth required pam_twostep.so\n", "/etc/ssh/sshd_config": "UsePAM no\n"]
        let system = try System(CheckedSystemTests.good.merging(more) { $1 })
        let run = Performance(["check", "--root", system.root])
        #expect(run.status == .done)
        #expect(run.output.contains("sshd_config: advice: not looked at: there is no sshd to be asked\n"))
        #expect(
            run.output.hasSuffix("\nThe configuration, permissions, stacks, doors are good.\nNot looked at: sshd\n"))
    }

    @Test func `what is to be written stands below what was found`() throws {
        let broken = ["/etc/pam.d/sudo": "auth required pam_unix.so\nauth required pam_twostep.so\n"]
        let system = try System(CheckedSystemTests.good.merging(broken) { $1 })
        let run = Performance(["check", "--root", system.root, "--only", "stacks"])
        #expect(run.status == .refused)
        #expect(
            run.output == """
                \(system.root)/etc/pam.d/sudo:1: problem: after a refusal of pam_unix.so a code is asked for all the \
                same, expected a line that ends the login before it comes to pam_twostep.so (/etc/pam.d/sudo:2)
                    write \(system.root)/etc/pam.d/sudo:1: auth requisite pam_unix.so
                stacks: 1 problem

                """)
    }

    @Test func `with --json a program can write it`() throws {
        let broken = ["/etc/pam.d/sudo": "auth required pam_unix.so\nauth required pam_twostep.so\n"]
        let system = try System(CheckedSystemTests.good.merging(broken) { $1 })
        let run = Performance(["check", "--root", system.root, "--json"])
        let findings = try #require(try run.document()["findings"] as? [NSDictionary])
        #expect(findings.map { $0["source"] as? String } == ["stacks"])
        let mend = try #require(findings.first?["mend"] as? NSDictionary)
        #expect(
            mend == [
                "action": "replace", "file": "\(system.root)/etc/pam.d/sudo", "first_line": 1, "last_line": 1,
                "text": "auth requisite pam_unix.so",
            ])
    }

    @Test(arguments: [("/etc/pam.d/sudo", 0o666, "0644"), ("/etc/twostep/twostep.key", 0o644, "0640")])
    func `what others can change or read is told with what to type`(_ path: String, _ mode: Int, _ good: String) throws
    {
        let files = CheckedSystemTests.good.merging(["/etc/twostep/twostep.key": "x"]) { $1 }
        let system = try System(files, mode: [path: mode])
        let run = Performance(["check", "--root", system.root, "--only", "permissions"])
        #expect(run.status == .refused)
        #expect(run.output.contains("\(path): problem: its mode is 0\(String(mode, radix: 8)), expected \(good)"))
        #expect(run.output.contains("    type: chmod \(good) '\(system.root)\(path)'\n"))
    }

    @Test func `a policy that lets people off asks for a stack that lets them in`() throws {
        let more = [
            "/etc/twostep/config.yaml": CheckTests.good + "policy: [{match: {service: swaylock}, exempt: true}]\n",
            "/etc/pam.d/swaylock": "auth required pam_twostep.so\n",
        ]
        let system = try System(CheckedSystemTests.good.merging(more) { $1 })
        let run = Performance(["check", "--root", system.root, "--only", "stacks"])
        #expect(run.output.contains("/etc/pam.d/swaylock:1: auth required pam_twostep.so exempt=success\n"))
    }

    @Test(arguments: [["--only", "stack"], ["--only", ""], ["--root", "relative"], ["--root", "/no/such/folder"]])
    func `what cannot be looked at is a mistake of the command line`(_ arguments: [String]) {
        #expect(Performance(["check"] + arguments).status == .usage)
    }
}
