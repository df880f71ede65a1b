import PAMStacks
import Testing

@Suite struct GoodStackTests {
    @Test(arguments: [false, true]) func `Debian's own stacks are not guarded, and nothing is said of them`(
        _ exempts: Bool
    ) {
        let tree = StackTree(Debian.tree())
        #expect(StackReview(tree, exempts: { _ in exempts }).findings == [])
        #expect(DoorReview(tree).findings == [])
    }

    @Test func `each file of pam.d is good, alone and with the others`() throws {
        let shipped = try Debian.shipped()
        #expect(shipped.count >= 8)
        for (name, text) in shipped {
            let files = [name == "sshd-password" ? "sshd" : name: text].merging(
                // su-l includes su.
                name == "su-l" ? ["su": shipped["su"] ?? ""] : [:]
            ) { $1 }
            #expect(StackReview(StackTree(Debian.tree(files))).findings == [], "\(name)")
        }
        let all = StackTree(Debian.tree(shipped))
        #expect(StackReview(all).findings == [])
        #expect(DoorReview(all).findings == [])
    }

    @Test func `alternatives that all come to our line are good`() {
        let text = """
            auth [success=2 default=ignore] pam_unix.so
            auth [success=1 default=ignore] pam_sss.so use_first_pass
            auth requisite pam_deny.so
            auth required pam_permit.so
            auth requisite pam_twostep.so
            auth optional pam_cap.so

            """
        let tree = StackTree(Debian.tree(["common-auth": text]))
        #expect(StackReview(tree, exempts: { _ in true }).findings.map(\.severity) == [.advice])
    }

    @Test func `our line in what many services include is told with their names`() throws {
        let tree = StackTree(Debian.tree(["common-auth": (Debian.stacks["common-auth"] ?? "") + BrokenStackTests.ours]))
        let finding = try #require(StackReview(tree).findings.first)
        #expect(finding.severity == .advice)
        #expect(finding.line == 5)
        #expect(finding.found.contains("login, other, sshd, su, su-l, sudo, sudo-i"))
        #expect(DoorReview(tree).findings == [])
    }

    @Test(arguments: [
        "auth requisite pam_unix.so\nauth [success=1 default=ignore] pam_succeed_if.so quiet user ingroup nocode\n"
            + "auth required pam_twostep.so\nauth required pam_permit.so\n",
        "auth requisite pam_unix.so\nauth [success=1 default=ignore] pam_succeed_if.so quiet uid = 0\n"
            + "auth required pam_twostep.so\nauth required pam_permit.so\n",
    ]) func `whom a condition lets past is worth a warning`(_ text: String) {
        let findings = StackReview(StackTree(Debian.tree(["sshd": text]))).findings
        #expect(findings.map(\.severity) == [.warning])
        #expect(findings.map(\.line) == [2])
    }

    @Test func `root's way past our line at the console must not be a way past the password`() {
        let text =
            "auth [success=2 default=ignore] pam_succeed_if.so uid = 0\n" + BrokenStackTests.unix
            + BrokenStackTests.ours + "auth required pam_permit.so\n"
        #expect(StackReview(StackTree(Debian.tree(["login": text]))).findings.map(\.severity) == [.problem])
    }

    @Test func `doors that are shut, missing or at the machine are no problems`() {
        let guarded = ["sshd": BrokenStackTests.unix + BrokenStackTests.ours]
        let cockpit = ["/usr/lib/cockpit/cockpit-session": "", "cockpit": "auth required pam_deny.so\n"]
        #expect(
            DoorReview(StackTree(Debian.tree(guarded.merging(cockpit) { $1 }))).findings.map(\.severity) == [.warning])
        let login = DoorReview(StackTree(Debian.tree(guarded))).findings
        #expect(login.map(\.path) == ["/etc/pam.d/login"])
        let none = DoorReview(StackTree(Debian.tree(guarded, without: ["/bin/login"]))).findings
        #expect(none == [])
    }

    @Test(arguments: [
        ("/usr/sbin/gdm3", "gdm-fingerprint", "auth required pam_fprintd.so\n"),
        ("/usr/sbin/gdm3", "gdm-smartcard", "auth required pam_sss.so\n"),
        ("/usr/sbin/gdm3", "gdm-autologin", "auth required pam_permit.so\n"),
        ("/usr/sbin/lightdm", "lightdm-autologin", "auth required pam_permit.so\n"),
        ("/usr/bin/sddm", "sddm-autologin", "auth required pam_permit.so\n"),
    ])
    func `another way through the same desktop's login is a door of its own`(
        _ program: String, _ service: String, _ lines: String
    ) {
        let ours = BrokenStackTests.unix + BrokenStackTests.ours
        var files = ["gdm-password": ours, "lightdm": ours, "sddm": ours, "login": ours, program: ""]
        #expect(DoorReview(StackTree(Debian.tree(files))).findings.allSatisfy { !$0.path.hasSuffix(service) })
        files[service] = lines
        let found = DoorReview(StackTree(Debian.tree(files))).findings.filter { $0.path.hasSuffix("/\(service)") }
        #expect(found.map(\.severity) == [.warning])
        files[service] = lines + "auth required pam_twostep.so\n"
        #expect(DoorReview(StackTree(Debian.tree(files))).findings.allSatisfy { !$0.path.hasSuffix("/\(service)") })
    }

    static let guardedSudo = ["sudo": BrokenStackTests.unix + BrokenStackTests.ours]

    @Test(arguments: [
        ("vmtoolsd", "auth required pam_unix.so\n", true), ("vmtoolsd", "@include common-auth\n", true),
        ("vmtoolsd", "auth required pam_deny.so\n", false), ("vmtoolsd", "session required pam_env.so\n", false),
        ("vmtoolsd", BrokenStackTests.unix + BrokenStackTests.ours, false),
        ("cron", "@include common-auth\n", false), ("sudo.dpkg-old", "auth required pam_unix.so\n", false),
        ("sudo~", "auth required pam_unix.so\n", false),
    ])
    func `a service that lets people in and is not known is worth a warning`(
        _ service: String, _ text: String, _ isTold: Bool
    ) {
        let tree = StackTree(Debian.tree(Self.guardedSudo.merging([service: text]) { $1 }))
        #expect(UnknownServices(tree).findings.map(\.severity) == (isTold ? [.warning] : []))
        // Nobody has begun to ask for codes: there is nothing that it would let people past.
        #expect(UnknownServices(StackTree(Debian.tree([service: text]))).findings == [])
    }

    @Test func `what other services include is no service`() {
        let files = ["ours-auth": "auth required pam_unix.so\n", "vmtoolsd": "auth substack ours-auth\n"]
        let tree = StackTree(Debian.tree(Self.guardedSudo.merging(files) { $1 }))
        #expect(UnknownServices(tree).findings.map(\.path) == ["/etc/pam.d/vmtoolsd"])
    }

    @Test func `a door without a file of its own is what other makes of it`() {
        let files = ["sshd": BrokenStackTests.unix + BrokenStackTests.ours, "/usr/sbin/xrdp-sesman": ""]
        let finding = DoorReview(StackTree(Debian.tree(files))).findings.first { $0.path.hasSuffix("xrdp-sesman") }
        #expect(finding?.severity == .problem)
        #expect(finding?.found.contains("other") == true)
    }
}
