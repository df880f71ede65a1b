import PAMStacks
import Testing

/// Trees that are wrong in one way or several: each is found, with its line and what to write there, and good after it.
@Suite struct BrokenStackTests {
    struct BrokenTree: Sendable, CustomTestStringConvertible {
        let name: String
        let files: [String: String]
        /// `FILE:LINE: what is written there`, for each problem in the order in which they are mended.
        let mends: [String]
        var missing: Set<String> = []
        var exempts = false
        var testDescription: String { name }
    }

    static let unix = "auth requisite pam_unix.so\n"
    static let ours = "auth required pam_twostep.so\n"
    static let account = "@include common-account\n"

    static let trees = [
        BrokenTree(
            name: "a sufficient password before ours",
            files: ["sshd": "auth sufficient pam_unix.so\n" + ours],
            mends: ["sshd:1: auth requisite pam_unix.so"]),
        BrokenTree(
            name: "two sufficient ones before ours",
            files: ["sshd": "auth sufficient pam_unix.so\nauth sufficient pam_sss.so use_first_pass\n" + ours],
            mends: [
                "sshd:1: auth [success=1 default=ignore] pam_unix.so",
                "sshd:2: auth requisite pam_sss.so use_first_pass",
            ]),
        BrokenTree(
            name: "two sufficient ones and a deny before ours",
            files: [
                "sshd": "auth sufficient pam_unix.so\nauth sufficient pam_sss.so\nauth required pam_deny.so\n" + ours
            ],
            mends: [
                "sshd:1: auth [success=2 default=ignore] pam_unix.so",
                "sshd:2: auth [success=1 default=ignore] pam_sss.so", "sshd:3: auth requisite pam_deny.so",
            ]),
        BrokenTree(
            name: "a sufficient finger before the password",
            files: ["sshd": "auth sufficient pam_fprintd.so\n" + unix + ours],
            mends: ["sshd:1: auth [success=1 default=ignore] pam_fprintd.so"]),
        BrokenTree(
            name: "done in brackets",
            files: ["sshd": "auth [success=done new_authtok_reqd=done default=die] pam_unix.so nullok # x\n" + ours],
            mends: ["sshd:1: auth requisite pam_unix.so nullok"]),
        BrokenTree(
            name: "a jump past ours",
            files: [
                "sshd": "auth [success=2 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n" + ours
                    + "auth required pam_permit.so\n"
            ],
            mends: ["sshd:1: auth [success=1 default=ignore] pam_unix.so"]),
        BrokenTree(
            name: "a jump right past ours",
            files: ["sshd": "auth [success=1 default=bad] pam_unix.so\n" + ours + "auth required pam_permit.so\n"],
            mends: ["sshd:1: auth requisite pam_unix.so"]),
        BrokenTree(
            name: "a jump out of common-auth",
            files: [
                "common-auth": "auth [success=3 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
                    + "auth required pam_permit.so\n",
                "sshd": "@include common-auth\n" + ours + "auth required pam_permit.so\n",
            ], mends: ["common-auth:1: auth [success=2 default=ignore] pam_unix.so"]),
        BrokenTree(
            name: "a sufficient permit before ours",
            files: ["sshd": unix + "auth sufficient pam_permit.so\n" + ours],
            mends: ["sshd:2: auth optional pam_permit.so"]),
        BrokenTree(
            name: "ours is optional",
            files: ["sshd": unix + "auth optional pam_twostep.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "ours is sufficient before a permit",
            files: ["sshd": unix + "auth sufficient pam_twostep.so\nauth required pam_permit.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "default=ignore on ours",
            files: ["sshd": unix + "auth [success=ok default=ignore] pam_twostep.so socket=/run/x/login.sock\n"],
            mends: ["sshd:2: auth required pam_twostep.so socket=/run/x/login.sock"]),
        BrokenTree(
            name: "no daemon, no code",
            files: ["sshd": unix + "auth [success=ok authinfo_unavail=ignore default=die] pam_twostep.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "no module, no code",
            files: ["sshd": unix + "auth [success=ok module_unknown=ignore default=bad] pam_twostep.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "a jump of ours after a refusal",
            files: ["sshd": unix + "auth [success=ok default=1] pam_twostep.so\nauth optional pam_group.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "a reset behind ours",
            files: ["sshd": unix + ours + "auth [default=reset] pam_group.so\nauth required pam_permit.so\n"],
            mends: ["sshd:3: auth optional pam_group.so"]),
        BrokenTree(
            name: "the code in place of the password",
            files: [
                "sshd": "auth [success=1 default=ignore] pam_twostep.so\n" + unix + "auth required pam_permit.so\n"
            ],
            mends: ["sshd:1: auth required pam_twostep.so"]),
        BrokenTree(
            name: "required before ours",
            files: ["sudo": "auth required pam_unix.so\n" + ours, "sudo-i": unix + ours],
            mends: ["sudo:1: auth requisite pam_unix.so"]),
        BrokenTree(
            name: "required in brackets and on two lines",
            files: ["sudo": "auth [success=ok \\\n  default=bad] pam_unix.so nullok\n" + ours, "sudo-i": unix + ours],
            mends: ["sudo:1: auth requisite pam_unix.so nullok"]),
        BrokenTree(
            name: "a required deny before ours",
            files: [
                "sudo": "auth [success=1 default=ignore] pam_unix.so\nauth required pam_deny.so\n" + ours,
                "sudo-i": unix + ours,
            ],
            mends: ["sudo:2: auth requisite pam_deny.so"]),
        BrokenTree(
            name: "a required key before ours",
            files: ["sudo": unix + "auth required pam_u2f.so\n" + ours, "sudo-i": unix + ours],
            mends: ["sudo:2: auth requisite pam_u2f.so"]),
        BrokenTree(
            name: "the password in a substack",
            files: ["password-auth": unix, "sshd": "auth substack password-auth\n" + ours],
            mends: ["password-auth:1: auth include password-auth"].map { _ in "sshd:1: auth include password-auth" }),
        BrokenTree(
            name: "the password is optional",
            files: ["sudo": "auth optional pam_unix.so\n" + ours, "sudo-i": unix + ours],
            mends: ["sudo:1: auth requisite pam_unix.so"]),
        BrokenTree(
            name: "asked twice",
            files: ["sudo": unix + ours + "auth required pam_twostep.so provider=pam\n", "sudo-i": unix + ours],
            mends: ["sudo:3: #auth required pam_twostep.so provider=pam"]),
        BrokenTree(
            name: "in common-auth and in sshd",
            files: ["common-auth": unix + ours, "sshd": "@include common-auth\n" + ours],
            mends: ["sshd:2: #auth required pam_twostep.so"]),
        BrokenTree(
            name: "exempt=success on a jump",
            files: [
                "sshd": "auth [success=1 default=die] pam_twostep.so exempt=success\n" + unix
                    + "auth required pam_permit.so\n"
            ], mends: ["sshd:1: auth [success=1 default=die] pam_twostep.so"]),
        BrokenTree(
            name: "an argument that is none",
            files: ["sshd": unix + "auth required pam_twostep.so exempt=sucess debug\n"],
            mends: ["sshd:2: auth required pam_twostep.so exempt=success"]),
        BrokenTree(
            name: "the module elsewhere",
            files: ["sshd": unix + "auth required /lib/security/pam_twostep.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "a deny at the end",
            files: ["sshd": unix + ours + "auth required pam_deny.so\n"],
            mends: ["sshd:3: #auth required pam_deny.so"]),
        BrokenTree(
            name: "a jump beyond the end",
            files: ["sshd": unix + "auth [success=2 default=die] pam_twostep.so\nauth required pam_permit.so\n"],
            mends: ["sshd:2: auth requisite pam_twostep.so"]),
        BrokenTree(
            name: "nothing that counts",
            files: ["swaylock": "auth [success=ignore default=die] pam_twostep.so\n" + account],
            mends: ["swaylock:1: auth required pam_twostep.so"]),
        BrokenTree(
            name: "a type that is none",
            files: ["sshd": "auht requisite pam_unix.so\n" + ours],
            mends: ["sshd:1: auth requisite pam_unix.so"]),
        BrokenTree(
            name: "a control that is none",
            files: ["sshd": unix + "auth requierd pam_twostep.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "a result that is none",
            files: ["sshd": "auth [sucess=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n" + ours],
            mends: ["sshd:1: auth [success=1 default=ignore] pam_unix.so"]),
        BrokenTree(
            name: "a module that is none",
            files: ["sshd": "auth requisite pam_unx.so\n" + ours],
            mends: ["sshd:1: auth requisite pam_unix.so"]),
        BrokenTree(
            name: "lines of Windows",
            files: ["sshd": "auth requisite pam_unix.so\r\nauth required pam_twostep.so \r\n"],
            mends: [
                "sshd:1: auth requisite pam_unix.so", "sshd:2: auth required pam_twostep.so",
            ]),
        BrokenTree(
            name: "many lines of Windows",
            files: [
                "sshd": "auth [success=1 default=ignore] pam_unix.so\r\nauth requisite pam_deny.so\r\n"
                    + "auth required pam_permit.so\r\nauth requisite pam_twostep.so\r\n"
            ],
            mends: [
                "sshd: auth [success=1 default=ignore] pam_unix.so / auth requisite pam_deny.so / "
                    + "auth required pam_permit.so / auth requisite pam_twostep.so"
            ]),
        BrokenTree(
            name: "an include of nothing",
            files: ["sshd": unix + ours + "@include common-nothing\n"],
            mends: ["sshd:3: #@include common-nothing"]),
        BrokenTree(
            name: "exempt, and nothing else succeeds",
            files: ["sshd": ours],
            mends: ["sshd:1: auth required pam_twostep.so exempt=success"], exempts: true),
        BrokenTree(
            name: "whoever is in a group, without a password",
            files: [
                "su": "auth sufficient pam_rootok.so\nauth sufficient pam_wheel.so trust\n" + unix + ours,
                "su-l": "auth include su\n",
            ],
            mends: ["su:2: auth optional pam_wheel.so trust"]),
        BrokenTree(
            name: "pam_rootok where root's process asks",
            files: ["sshd": "auth sufficient pam_rootok.so\n" + unix + ours],
            mends: ["sshd:1: auth optional pam_rootok.so"]),
        BrokenTree(
            name: "an include of a name that is mistyped", files: ["sshd": "@include comon-auth\n" + ours],
            mends: ["sshd:1: @include common-auth"]),
        BrokenTree(
            name: "our name mistyped", files: ["sshd": unix + "auth required pam_twostp.so\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "our name in capitals", files: ["sshd": unix + "auth required PAM_TWOSTEP.SO\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "our name cut short", files: ["sshd": unix + "auth required pam_twostep\n"],
            mends: ["sshd:2: auth required pam_twostep.so"]),
        BrokenTree(
            name: "sudo without sudo -i", files: ["sudo": unix + ours + account],
            mends: ["sudo-i: auth include sudo"]),
        BrokenTree(
            name: "su -l without su", files: ["su-l": "auth sufficient pam_rootok.so\n" + unix + ours],
            mends: ["su: auth include su-l"]),
        BrokenTree(
            name: "ssh, and the web console beside it",
            files: [
                "sshd": unix + ours, "cockpit": "@include common-auth\n" + account,
                "/usr/lib/cockpit/cockpit-session": "",
            ],
            mends: ["cockpit:2: auth required pam_twostep.so"]),
    ]

    @Test(arguments: [
        "/opt/x/pam_twostep.so", "../pam_twostep.so", "/home/ann/lib/security/pam_twostep.so",
        "/lib/x86_64-linux-gnu/security/../../../tmp/pam_twostep.so",
    ])
    func `a file that is called like ours and lies elsewhere is none`(_ path: String) throws {
        let tree = StackTree(Debian.tree(["sshd": BrokenStackTests.unix + "auth required \(path)\n", path: ""]))
        #expect(!tree.stack(of: "sshd").isGuarded)
        let finding = try #require(StackReview(tree).findings(of: "sshd").first)
        #expect(finding.severity == .problem && finding.line == 2)
        #expect(finding.mend.map { BrokenStackTests.text($0, besides: nil) } == "sshd:2: auth required pam_twostep.so")
    }

    @Test(arguments: [
        "/lib/security/pam_twostep.so", "/usr/lib64/security/pam_twostep.so", "$ISA/pam_twostep.so",
        "/usr/lib/x86_64-linux-gnu/security/pam_twostep.so", "/lib/aarch64-linux-gnu/security/pam_twostep.so",
    ])
    func `ours may be named with a folder of modules`(_ path: String) {
        let tree = StackTree(Debian.tree(["sshd": BrokenStackTests.unix + "auth required \(path)\n"]))
        #expect(tree.stack(of: "sshd").isGuarded)
    }

    @Test(arguments: [
        "socket=", "socket=run/x.sock", "socket=/tmp/mine.sock", "socket=/run/a.sock socket=/run/b.sock",
        "socket=/" + String(repeating: "x", count: 107), "provider=", "provider=pam provider=linux",
        "exempt=success exempt=success",
    ])
    func `an argument that our module refuses is a problem`(_ arguments: String) {
        let stack = BrokenStackTests.unix + "auth required pam_twostep.so \(arguments)\n"
        let findings = StackReview(StackTree(Debian.tree(["sshd": stack]))).findings(of: "sshd")
        #expect(findings.contains { $0.severity == .problem && $0.line == 2 && $0.found.hasPrefix("the argument") })
    }

    @Test(arguments: [
        ("auth required pam_env.so\n", 400), ("auth optional pam_sss.so\n", 400), ("auth required pam_u2f.so\n", 60),
    ])
    func `however long a stack is, the way past ours is found`(_ line: String, _ count: Int) {
        let long = "auth sufficient pam_unix.so\n" + String(repeating: line, count: count) + BrokenStackTests.ours
        let findings = StackReview(StackTree(Debian.tree(["sshd": long]))).findings(of: "sshd")
        #expect(findings.contains { $0.severity == .problem && $0.line == 1 && $0.found.contains("gets in without") })
    }

    /// The problems of a tree, as `twostep check` would show them.
    static func problems(_ tree: StackTree, exempts: Bool) -> [StackFinding] {
        (StackReview(tree, exempts: { _ in exempts }).findings + DoorReview(tree).findings).filter {
            $0.severity == .problem
        }
    }

    /// A mend as the table has it: the place, and what is written there with its blanks made one.
    static func text(_ mend: Mend, besides bytes: [UInt8]?) -> String {
        func plain(_ text: String) -> String { text.split(separator: " ").joined(separator: " ") }
        let name = (mend.path ?? "").split(separator: "/").last ?? ""
        switch mend {
        case .replace(_, let lines, let text): return "\(name):\(lines.lowerBound): \(plain(text))"
        case .insert(_, let line, let text): return "\(name):\(line): \(plain(text))"
        case .command(let command): return command
        case .write(_, let text):
            // What is new in it.
            let old = Set(String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n"))
            let new = text.split(separator: "\n").filter { !old.contains($0) }
            return "\(name): \(new.map { plain(String($0)) }.joined(separator: " / "))"
        }
    }

    @Test(arguments: trees) func `is found with its line, and good with what is to be written there`(
        _ broken: BrokenTree
    ) throws {
        var tree = StackTree(Debian.tree(broken.files, without: broken.missing))
        var written: [String] = []
        var problems = BrokenStackTests.problems(tree, exempts: broken.exempts)
        #expect(!problems.isEmpty)
        while let problem = problems.first, written.count < 6 {
            let mend = try #require(problem.mend, "\(problem)")
            let path = try #require(mend.path)
            let bytes = tree.files.contents(of: path)
            written.append(BrokenStackTests.text(mend, besides: bytes))
            tree = tree.editing(path, try #require(mend.applied(to: bytes)))
            problems = BrokenStackTests.problems(tree, exempts: broken.exempts)
        }
        #expect(written == broken.mends)
        #expect(problems.isEmpty)
    }

    static let lonely = [
        (
            "ours above the password", ours + "@include common-auth\n",
            "sudo:1: @include common-auth auth required pam_twostep.so"
        ),
        ("ours alone", ours, "sudo:1: auth requisite pam_unix.so"),
    ].map { (name: $0.0, text: $0.1, mend: $0.2) }

    @Test(arguments: lonely) func `where the policy needs a password, none asked for above ours is found`(
        _ row: (name: String, text: String, mend: String)
    ) throws {
        let tree = StackTree(Debian.tree(["sudo": row.text]))
        let review = StackReview(tree, needsEvidence: { $0 == "sudo" })
        let finding = try #require(review.findings(of: "sudo").first)
        let mend = try #require(finding.mend)
        #expect(finding.found.contains("nobody gets in"))
        let text = BrokenStackTests.text(mend, besides: nil)
        #expect(text.split(whereSeparator: \.isWhitespace).joined(separator: " ") == row.mend)
        let bytes = try #require(mend.applied(to: tree.files.contents(of: "/etc/pam.d/sudo")))
        let mended = StackReview(tree.editing("/etc/pam.d/sudo", bytes), needsEvidence: { _ in true })
        #expect(mended.findings(of: "sudo") == [])
        #expect(StackReview(tree).findings(of: "sudo") == [])
    }

    @Test(arguments: [("swaylock", false), ("i3lock", false), ("vmtoolsd", true), ("httpd", true)])
    func `a locker is its user, and of what nothing is known a warning is given`(_ service: String, _ isTold: Bool) {
        let tree = StackTree(Debian.tree([service: BrokenStackTests.ours]))
        let findings = StackReview(tree, needsEvidence: { _ in true }).findings(of: service)
        #expect(findings.map(\.severity) == (isTold ? [.warning] : []))
        #expect(findings.allSatisfy { $0.mend != nil && $0.found.contains("unless its program runs as the user") })
        let behind = StackTree(Debian.tree([service: BrokenStackTests.unix + BrokenStackTests.ours]))
        #expect(StackReview(behind, needsEvidence: { _ in true }).findings(of: service) == [])
    }

    @Test func `sshd may have a key for it`() {
        let tree = StackTree(Debian.tree(["sshd": BrokenStackTests.ours]))
        #expect(StackReview(tree, needsEvidence: { _ in true }).findings(of: "sshd") == [])
    }

    @Test func `there are forty of them`() {
        #expect(BrokenStackTests.trees.count >= 40)
        #expect(Set(BrokenStackTests.trees.map(\.name)).count == BrokenStackTests.trees.count)
    }
}
