import Administration
import Authentication
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

    /// Everybody is asked for password and code in one answer.
    static let inOne: Policy = {
        var rule = Rule(Match(services: ["sshd"]), provider: ProviderID("linux"), line: 3)
        rule.single = CombinedAnswer()
        let chain = ProviderChain(
            provider: ProviderID("linux"), livesOnEvidence: false, steps: [Step(ModuleID("totp"))])
        return Policy(chains: [chain], rules: [rule])
    }()

    @Test(arguments: [
        ("PasswordAuthentication yes\nPubkeyAuthentication no\n", 0),
        ("PasswordAuthentication yes\nPubkeyAuthentication no\nKbdInteractiveAuthentication no\n", 0),
        ("PasswordAuthentication yes\nAuthenticationMethods password\n", 0),
        ("PasswordAuthentication yes\nAuthenticationMethods password keyboard-interactive:pam\n", 0),
        ("PasswordAuthentication yes\nAuthenticationMethods publickey,password\n", 0),
        ("PasswordAuthentication no\nPubkeyAuthentication no\nKbdInteractiveAuthentication no\n", 1),
        // A key is enough.
        ("PasswordAuthentication yes\n", 1),
        // The code is spent by the first of them.
        ("PasswordAuthentication yes\nAuthenticationMethods password,keyboard-interactive:pam\n", 1),
    ])
    func `sshd's password is good where it is asked for with the code in it`(_ config: String, _ problems: Int) {
        func found(_ stack: String, _ policy: Policy?) -> Int {
            let files = SSHDFindingTests.tree(stack, config)
            return SSHDFindings(
                tree: StackTree(InMemoryTree(files: files)), program: ScriptedSSHD(files: files), isRoot: true,
                policy: policy
            ).findings().count { $0.severity == .problem }
        }
        #expect(found(SSHDFindingTests.key, SSHDFindingTests.inOne) == problems)
        // Not where others are asked otherwise, nor where a line above takes the password.
        var mixed = SSHDFindingTests.inOne
        mixed.rules.insert(Rule(Match(services: ["sshd"], groups: ["staff"]), line: 2), at: 0)
        if config.contains("PasswordAuthentication yes") {
            #expect(found(SSHDFindingTests.key, mixed) > 0)
            #expect(found(SSHDFindingTests.password, SSHDFindingTests.inOne) > 0)
        }
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

    @Test(arguments: [(1_000, true), (1_500, false)])
    func `whom nobody has asked about is said to be unseen, and nothing is good`(_ count: Int, _ isSeen: Bool) {
        let blocks = (0..<count).map { "Match User cust\($0)\n  PermitRootLogin no\n" }.joined()
        let files = [
            "/etc/pam.d/sshd": Self.key,
            Self.path: Self.both + blocks + "Match User ann\n  AuthenticationMethods publickey\n",
            "/etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n", "/etc/group": "ann:x:1000:\n",
        ]
        let findings = SSHDFindings(
            tree: StackTree(InMemoryTree(files: files)), program: ScriptedSSHD(files: files), isRoot: true, policy: nil
        ).findings()
        #expect(findings.contains { $0.found.contains("for user ann") } == isSeen)
        let unseen = findings.filter(\.isUnseen)
        #expect(unseen.isEmpty == isSeen)
        #expect(unseen.contains { $0.found.contains("'Match User ann'") } == !isSeen)
    }

    /// A rule that counts security keys, for those whom it is for.
    static func counting(_ match: Match) -> Policy {
        var rule = Rule(match, line: 9)
        rule.countsSecurityKey = true
        let chain = ProviderChain(provider: ProviderID("pam"), livesOnEvidence: true, steps: [Step(ModuleID("totp"))])
        return Policy(chains: [chain], rules: [rule])
    }

    static func findings(_ config: String, _ policy: Policy) -> [CheckFinding] {
        let files = tree(key, config)
        return SSHDFindings(
            tree: StackTree(InMemoryTree(files: files)), program: ScriptedSSHD(files: files), isRoot: true,
            policy: policy
        ) { $0.hasPrefix("/etc/") ? nil : "\($0) belongs to uid 1000" }.findings()
    }

    static let touched = both + "PubkeyAuthOptions touch-required\nAuthorizedKeysFile /etc/ssh/keys/%u\n"

    @Test(arguments: [
        (touched, []), (both + "PubkeyAuthOptions verify-required\nAuthorizedKeysFile none\n", []),
        (both, ["sshd_config:1 insert PubkeyAuthOptions touch-required", "sshd_config:1 -"]),
        (both + "PubkeyAuthOptions touch-required\n", ["sshd_config:1 -"]),
        (
            both + "AuthorizedKeysFile /etc/ssh/keys/%u\nPubkeyAuthOptions none\n",
            ["sshd_config:3 PubkeyAuthOptions touch-required"]
        ),
        (touched + "Match User ann\n  AuthorizedKeysFile .ssh/authorized_keys\n", ["sshd_config:5 -"]),
        (touched + "Match User ann\n  PubkeyAuthOptions none\n", ["sshd_config:5   PubkeyAuthOptions touch-required"]),
        (touched + "AuthorizedKeysCommand /usr/bin/keys\n", ["sshd_config:4 -"]),
    ]) func `a rule that counts security keys is refused where sshd is not strict`(
        _ config: String, _ expected: [String]
    ) {
        let problems = Self.findings(config, Self.counting(Match(services: ["sshd"]))).filter {
            $0.severity == .problem
        }
        let found = problems.map { problem in
            let name = problem.file.split(separator: "/").last ?? ""
            return switch problem.mend {
            case .replace(_, let lines, let text)?: "\(name):\(lines.lowerBound) \(text)"
            case .insert(_, let line, let text)?: "\(name):\(line) insert \(text)"
            case _: "\(name):\(problem.line ?? 0) -"
            }
        }
        #expect(found == expected)
        for problem in problems { #expect(problem.found.contains("rule in line 9")) }
        // Where no rule counts keys nothing is said of them.
        var policy = Self.counting(Match(services: ["sshd"]))
        policy.rules[0].countsSecurityKey = false
        #expect(!Self.findings(config, policy).contains { $0.severity == .problem })
    }

    @Test func `what is in force for those alone whom the rule is not for says nothing against it`() throws {
        let ann = try #require(AccountName("ann"))
        let policy = Self.counting(Match(services: ["sshd"], accounts: [ann]))
        let config = Self.touched + "Match User backup\n  PubkeyAuthOptions none\n"
        #expect(Self.findings(config, policy).filter { $0.severity == .problem } == [])
        let other = Self.touched + "Match User ann\n  PubkeyAuthOptions none\n"
        let problem = try #require(Self.findings(other, policy).first { $0.severity == .problem })
        #expect(problem.line == 5)
    }

    @Test func `a rule for a network or for certain hours is held against sshd, too`() throws {
        let network = try #require(Network("10.1.2.0/24"))
        let hours = try #require(TimeWindow("Mon-Fri 08:00-18:00"))
        for match in [
            Match(services: ["sshd"], networks: [network]), Match(services: ["sshd"], times: [hours]),
            Match(services: ["sshd"], groups: ["ann"]),
        ] {
            let problems = Self.findings(Self.both, Self.counting(match)).filter { $0.severity == .problem }
            #expect(problems.count == 2, "\(match)")
        }
    }
}
