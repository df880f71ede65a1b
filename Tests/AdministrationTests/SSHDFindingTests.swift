import Administration
import Daemon
import PAMStacks
import PAMStacksTesting
import Testing

/// What is in force in sshd, held against its stack: each tree is wrong, and good with what is to be written.
@Suite struct SSHDFindingTests {
    static let key = "auth required pam_twostep.so\n"
    static let password = "auth requisite pam_unix.so\nauth required pam_twostep.so\n"
    static let path = "/etc/ssh/sshd_config"

    struct BrokenTree: Sendable, CustomTestStringConvertible {
        let name: String
        let stack: String
        let config: String
        var drop: String?
        /// `FILE:LINE: what is written there`, in the order in which it is.
        let mends: [String]
        var testDescription: String { name }

        var files: [String: String] {
            var files = [
                "/etc/pam.d/sshd": stack, SSHDFindingTests.path: config,
                "/etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\nbackup:x:34:34::/:/bin/sh\n",
                "/etc/group": "ann:x:1000:\nbackup:x:34:\n",
            ]
            if let drop { files["/etc/ssh/sshd_config.d/50-local.conf"] = drop }
            return files
        }
    }

    static let both = "AuthenticationMethods publickey,keyboard-interactive:pam\n"

    static let trees = [
        BrokenTree(
            name: "no PAM", stack: key, config: "UsePAM no\n" + both, mends: ["sshd_config:1: UsePAM yes"]),
        BrokenTree(
            name: "no questions", stack: key, config: both + "  KbdInteractiveAuthentication no\n",
            mends: ["sshd_config:2:   KbdInteractiveAuthentication yes"]),
        BrokenTree(
            name: "no questions, by the old name", stack: key, config: both + "ChallengeResponseAuthentication no\n",
            mends: ["sshd_config:2: KbdInteractiveAuthentication yes"]),
        BrokenTree(
            name: "any method", stack: key, config: "# nothing\n",
            mends: ["sshd_config:1: AuthenticationMethods publickey,keyboard-interactive:pam"]),
        BrokenTree(
            name: "any method, and a stack with a password", stack: password, config: "# nothing\n",
            mends: ["sshd_config:1: AuthenticationMethods keyboard-interactive:pam"]),
        BrokenTree(
            name: "a key alone", stack: key, config: "AuthenticationMethods publickey\n",
            mends: ["sshd_config:1: AuthenticationMethods publickey,keyboard-interactive:pam"]),
        BrokenTree(
            name: "a key alone, in a file that is included", stack: key,
            config: "Include /etc/ssh/sshd_config.d/*.conf\n",
            drop: "\nAuthenticationMethods publickey publickey,keyboard-interactive:pam\n",
            mends: ["50-local.conf:2: AuthenticationMethods publickey,keyboard-interactive:pam"]),
        BrokenTree(
            name: "sshd's password, then a code", stack: password,
            config: "PasswordAuthentication yes\nAuthenticationMethods password,keyboard-interactive:pam\n",
            mends: ["sshd_config:2: AuthenticationMethods keyboard-interactive:pam"]),
        BrokenTree(
            name: "sshd's password alone", stack: password,
            config: "PasswordAuthentication yes\nPubkeyAuthentication no\n",
            mends: ["sshd_config:1: PasswordAuthentication no"]),
        BrokenTree(
            name: "the ticket of a domain alone", stack: key,
            config: "GSSAPIAuthentication yes\nAuthenticationMethods gssapi-with-mic " + both.dropFirst(22),
            mends: ["sshd_config:2: AuthenticationMethods publickey,keyboard-interactive:pam"]),
        BrokenTree(
            name: "the host alone", stack: key, config: "AuthenticationMethods hostbased\n",
            mends: ["sshd_config:1: AuthenticationMethods publickey,keyboard-interactive:pam"]),
        BrokenTree(
            name: "a code without anything before it", stack: key,
            config: "AuthenticationMethods keyboard-interactive:pam\n",
            mends: ["sshd_config:1: AuthenticationMethods publickey,keyboard-interactive:pam"]),
        BrokenTree(
            name: "keys are asked for and off", stack: key, config: both + "PubkeyAuthentication no\n",
            mends: ["sshd_config:2: PubkeyAuthentication yes"]),
        BrokenTree(
            name: "a block with the host alone", stack: key,
            config: both + "Match User backup\n  AuthenticationMethods hostbased\n",
            mends: ["sshd_config:3:   AuthenticationMethods publickey,keyboard-interactive:pam"]),
        BrokenTree(
            name: "a block without questions", stack: key,
            config: both + "Match User ann\n\tKbdInteractiveAuthentication no\nMatch all\n",
            mends: ["sshd_config:3: \tKbdInteractiveAuthentication yes"]),
    ]

    static func findings(_ files: [String: String]) -> [CheckFinding] {
        SSHDFindings(
            tree: StackTree(InMemoryTree(files: files)), program: ScriptedSSHD(files: files), isRoot: true, policy: nil
        ).findings()
    }

    @Test(arguments: trees) func `is found with its line, and good with what is to be written there`(
        _ broken: BrokenTree
    ) throws {
        var files = broken.files
        var written: [String] = []
        var problems = SSHDFindingTests.findings(files).filter { $0.severity == .problem }
        #expect(!problems.isEmpty)
        while let problem = problems.first, written.count < 5 {
            let mend = try #require(problem.mend, "\(problem)")
            let path = try #require(mend.path)
            let bytes = files[path].map { Array($0.utf8) }
            files[path] = String(decoding: try #require(mend.applied(to: bytes)), as: UTF8.self)
            let name = path.split(separator: "/").last ?? ""
            switch mend {
            case .replace(_, let lines, let text): written.append("\(name):\(lines.lowerBound): \(text)")
            case .insert(_, let line, let text): written.append("\(name):\(line): \(text)")
            case .write, .command: Issue.record("\(mend)")
            }
            problems = SSHDFindingTests.findings(files).filter { $0.severity == .problem }
        }
        #expect(written == broken.mends)
        #expect(problems.isEmpty)
    }

    static func tree(_ stack: String, _ config: String) -> [String: String] {
        BrokenTree(name: "", stack: stack, config: config, mends: []).files
    }

    @Test(arguments: [
        (key, both), (password, "AuthenticationMethods keyboard-interactive:pam\n"),
        (password, both), (key + "#", "PasswordAuthentication yes\n" + both),
        // Without our module nothing could be kept from it.
        ("auth required pam_unix.so\n", "UsePAM no\n"),
        // It asks for a password itself.
        ("auth required pam_twostep.so provider=homeassistant\n", "AuthenticationMethods keyboard-interactive:pam\n"),
    ]) func `what goes together is good`(_ stack: String, _ config: String) {
        #expect(SSHDFindingTests.findings(SSHDFindingTests.tree(stack, config)) == [])
    }

    @Test func `a key alone for whom a block is for is worth a warning with its line`() {
        let config = SSHDFindingTests.both + "Match User backup\n  AuthenticationMethods publickey\n"
        let findings = SSHDFindingTests.findings(SSHDFindingTests.tree(SSHDFindingTests.key, config))
        #expect(findings.map(\.severity) == [.warning])
        #expect(findings.map(\.line) == [3])
        #expect(findings.first?.found.hasPrefix("for user backup: ") == true)
    }

    @Test func `that root's code comes to PAM as rubbish is told, and nothing is written that lets root in`() {
        let config = "PermitRootLogin prohibit-password\n" + SSHDFindingTests.both
        let findings = SSHDFindingTests.findings(SSHDFindingTests.tree(SSHDFindingTests.key, config))
        #expect(findings.map(\.severity) == [.warning])
        #expect(findings.map(\.line) == [1])
        #expect(findings.map(\.mend) == [nil])
    }

    @Test func `what was not looked at is told`() {
        let files = SSHDFindingTests.tree(SSHDFindingTests.key, SSHDFindingTests.both)
        let tree = StackTree(InMemoryTree(files: files))
        func found(_ program: (any SSHDProgram)?, isRoot: Bool) -> [CheckFinding.Severity] {
            SSHDFindings(tree: tree, program: program, isRoot: isRoot, policy: nil).findings().map(\.severity)
        }
        #expect(found(nil, isRoot: true) == [.advice])
        #expect(found(ScriptedSSHD(files: files), isRoot: false) == [.advice])
        let nobody = SSHDFindingTests.tree(SSHDFindingTests.key, SSHDFindingTests.both + "Match Group nix\nUsePAM no\n")
        #expect(SSHDFindingTests.findings(nobody).map(\.severity) == [.advice])
    }

    @Test func `a block is looked at for whomever it is for that an earlier one is not`() throws {
        let config =
            SSHDFindingTests.both + "Match User backup\n  \(SSHDFindingTests.both)"
            + "Match User backup,ann\n  AuthenticationMethods hostbased\n"
        let findings = SSHDFindingTests.findings(SSHDFindingTests.tree(SSHDFindingTests.key, config))
        let problem = try #require(findings.first { $0.severity == .problem })
        #expect(problem.line == 5 && problem.found.hasPrefix("for user ann: "))
    }

    @Test func `a block that others hide altogether was not looked at`() {
        let config =
            SSHDFindingTests.both + "Match User backup\n  \(SSHDFindingTests.both)"
            + "Match User backup\n  AuthenticationMethods hostbased\n"
        let findings = SSHDFindingTests.findings(SSHDFindingTests.tree(SSHDFindingTests.key, config))
        #expect(findings.map(\.severity) == [.advice])
        #expect(findings.map(\.line) == [4])
        #expect(findings.first?.found.hasPrefix("not looked at: ") == true)
    }

    @Test func `what sshd itself does not take is a problem with its line`() {
        let files = SSHDFindingTests.tree(SSHDFindingTests.key, "UsePAM2 yes\n")
        let findings = SSHDFindingTests.findings(files)
        #expect(findings.map(\.severity) == [.problem])
        #expect(findings.map(\.line) == [1])
    }
}
