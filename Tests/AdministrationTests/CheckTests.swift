import Administration
import Daemon
import Foundation
import Testing

@Suite struct CheckTests {
    static let good = "auth_providers:\n  - type: pam\n    modules: totp\n"
    static let bad = """
        auth_providers:
          - type: pam
            modlues: totp
        throttle: {free: 100}
        sessions: {lifetime: 5}

        """

    @Test func `a good configuration is called so`() throws {
        let folder = try ConfigurationFolder(CheckTests.good)
        let run = Performance(["check", "--config", folder.file])
        #expect(run.status == .done)
        #expect(run.output == "The configuration is good.\n")
        #expect(run.errors == "")
    }

    @Test func `all problems are told with their places, and counted in the last line`() throws {
        let folder = try ConfigurationFolder(CheckTests.bad)
        let run = Performance(["check", "--config", folder.file])
        #expect(run.status == .refused)
        #expect(
            run.output == """
                \(folder.file):3:5: problem: the key 'modlues' in the provider pam, expected one of id, modules, \
                name, type; did you mean 'modules'?
                \(folder.file):4:18: problem: free is '100', expected a whole number from 0 to 99
                \(folder.file):5:22: problem: lifetime is '5', expected a whole number from 30 to 3600
                configuration: 3 problems

                """)
        #expect(run.errors == "")
    }

    @Test func `warnings come last and leave the configuration good`() throws {
        let folder = try ConfigurationFolder("auth_providers: [{type: pam}]\n", mode: 0o644)
        let run = Performance(["check", "--config", folder.file])
        #expect(run.status == .done)
        #expect(
            run.output == """
                \(folder.file): warning: a file that everybody can read, expected mode 0640: it may hold secrets
                \(folder.file):1:18: warning: the provider pam without modules: whoever has a first factor is let in
                The configuration is good, but for 2 warnings.

                """)
    }

    @Test func `warnings stand in the order of the file`() throws {
        let folder = try ConfigurationFolder(
            """
            policy: [{match: {}}, {match: {user: ann}}]
            auth_providers: [{type: pam}]

            """)
        let run = Performance(["check", "--config", folder.file])
        let places = run.output.split(separator: "\n").dropLast().map { $0.dropFirst(folder.file.count).prefix(6) }
        #expect(places == [":1:23:", ":2:18:"])
    }

    @Test func `problems and warnings stand beside each other`() throws {
        let folder = try ConfigurationFolder("sessions: 5\nauth_providers: [{type: pam}]\n")
        let run = Performance(["check", "--config", folder.file])
        #expect(run.status == .refused)
        #expect(
            run.output == """
                \(folder.file):1:11: problem: sessions is '5', expected a map of one of capacity, lifetime
                \(folder.file):2:18: warning: the provider pam without modules: whoever has a first factor is let in
                configuration: 1 problem

                """)
    }

    @Test func `with --json the same is one document`() throws {
        let folder = try ConfigurationFolder(CheckTests.bad, mode: 0o644)
        let run = Performance(["check", "--config", folder.file, "--json"])
        #expect(run.status == .refused)
        #expect(run.errors == "")
        let document = try run.document()
        #expect(document["good"] as? Bool == false)
        let findings = try #require(document["findings"] as? [NSDictionary])
        #expect(findings.map { $0["severity"] as? String } == ["problem", "problem", "problem", "warning"])
        #expect(findings.map { $0["source"] as? String } == Array(repeating: "configuration", count: 4))
        #expect(findings.map { $0["file"] as? String } == Array(repeating: folder.file, count: 4))
        #expect(findings.map { $0["line"] as? Int } == [3, 4, 5, nil])
        #expect(findings.map { $0["column"] as? Int } == [5, 18, 22, nil])
        #expect(findings.map { $0["found"] as? String }[1] == "free is '100'")
        #expect(findings.map { $0["expected"] as? String }[1] == "a whole number from 0 to 99")
        #expect(findings.map { $0["replacement"] as? String } == ["modules", nil, nil, nil])
        let good = try ConfigurationFolder(CheckTests.good)
        #expect(
            Performance(["check", "--config", good.file, "--json"]).output == "{\"good\": true, \"findings\": []}\n")
    }

    @Test func `a file that is not there or open to others is a problem of its own`() throws {
        let folder = try ConfigurationFolder(CheckTests.good, mode: 0o666)
        #expect(
            Performance(["check", "--config", folder.file]).output == """
                \(folder.file): problem: a file of mode 0666, expected one that its owner alone can write (0640)
                configuration: 1 problem

                """)
        let absent = Performance(["check", "--config", folder.file + "x"])
        #expect(absent.status == .refused)
        #expect(absent.output == "\(folder.file)x: problem: no such file\nconfiguration: 1 problem\n")
    }

    @Test func `what only this machine can tell is told with its line`() throws {
        let folder = try ConfigurationFolder(
            CheckTests.good + "callers:\n  no-such-account-here: {services: [a], groups: [b]}\n")
        #expect(
            Performance(["check", "--config", folder.file]).output == """
                \(folder.file):5:3: problem: the caller 'no-such-account-here', expected a service account of this \
                machine
                configuration: 1 problem

                """)
    }

    @Test func `nothing in a configuration can steer the terminal`() throws {
        let folder = try ConfigurationFolder("auth_providers: [{type: \"\\e]0;x\\a\"}]\n\"a\\x9bb\": 1\n")
        for arguments in [["check", "--config", folder.file], ["check", "--config", folder.file, "--json"]] {
            let run = Performance(arguments)
            #expect(run.status == .refused)
            #expect(
                !run.output.unicodeScalars.contains {
                    $0 != "\n" && ($0.value < 0x20 || (0x7F...0x9F).contains($0.value))
                })
        }
    }

    @Test(arguments: [
        (CheckFinding(.problem, file: "f", found: "x"), "f: problem: x"),
        (
            CheckFinding(.warning, file: "f", line: 3, column: 7, found: "x", expected: "y"),
            "f:3:7: warning: x, expected y"
        ),
        (
            CheckFinding(.advice, file: "f", line: 3, found: "x", expected: "y", replacement: "z"),
            "f:3: advice: x, expected y; did you mean 'z'?"
        ),
    ]) func `a finding is one line`(_ finding: CheckFinding, _ line: String) { #expect(finding.description == line) }
}
