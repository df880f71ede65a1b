import AdminProtocol
import Administration
import Authentication
import Foundation
import Testing

@Suite struct EnableTests {
    static let ready: [ScriptedDaemon.Turn] = [
        .exchange(.status, reply: .status(Samples.status)),
        .exchange(.report(after: nil), reply: .report(ReportPage(accounts: [account("alice", codes: 10)], next: nil))),
    ]
    static let newest = ScriptedDaemon.Turn.exchange(
        .records(after: .max, atMost: 0),
        reply: .records(RecordListing(run: 5, records: [], cursor: 40, newest: 40)))

    static func account(_ name: String, codes: Int?, hasPhone: Bool = true) -> ReportedAccount {
        func device(_ type: String) -> EnrolledDevice {
            EnrolledDevice(
                account: name, module: ModuleReference(type: type), device: type, description: nil, createdAt: 0,
                lastUsedAt: nil)
        }
        return ReportedAccount(
            account: name,
            devices: (hasPhone ? [device("totp")] : []) + (codes == nil ? [] : [device("recovery_code")]),
            codesLeft: codes, failures: 0, standing: .open, delaySeconds: 0, visit: nil, refusedUnenrolledAt: nil)
    }

    func enable(_ host: ScriptedStackHost, _ arguments: String...) throws -> Performance {
        try Performance(["enable", "--yes"] + arguments, against: Self.ready + [Self.newest], host: host)
    }

    // MARK: Lines

    @Test func `the line comes behind what checks the password, and every other byte stays`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        #expect(try enable(host, "sudo").status == .done)
        let expected = DebianStacks.sudo.replacingOccurrences(
            of: "@include common-auth\n",
            with: """
                @include common-auth
                # Written by "twostep enable sudo"; "twostep disable sudo" takes it back.
                auth       required     pam_twostep.so

                """)
        #expect(host.stacks["sudo"] == expected)
        #expect(host.stacks["sudo-i"] == expected)
        #expect(Performance(["disable", "sudo", "--yes"], host: host).status == .done)
        #expect(host.stacks == DebianStacks.all)
        #expect(host.records == ["lock"])
    }

    struct Kept {
        let text: String
        let enabled: String
    }
    static let ours = """
        # Written by "twostep enable sudo"; "twostep disable sudo" takes it back.
        auth       required     pam_twostep.so
        """

    @Test(arguments: [
        Kept(text: "auth requisite pam_unix.so", enabled: "auth requisite pam_unix.so\n\(ours)"),
        Kept(
            text: "auth \\\n  requisite \\\n  pam_unix.so\n",
            enabled: "auth \\\n  requisite \\\n  pam_unix.so\n\(ours)\n"
        ),
        Kept(text: "auth requisite pam_sss.so # why\r\n", enabled: "auth requisite pam_sss.so # why\r\n\(ours)\n"),
        Kept(text: "AUTH include common-auth\n\n\n", enabled: "AUTH include common-auth\n\(ours)\n\n\n"),
        Kept(
            text: "auth requisite pam_unix.so\nauth [success=1 default=ignore] pam_x.so\nauth required pam_y.so\n",
            enabled:
                "auth requisite pam_unix.so\n\(ours)\nauth [success=1 default=ignore] pam_x.so\nauth required pam_y.so\n"
        ),
    ]) func `a stack of any form keeps its bytes`(_ row: Kept) throws {
        let host = try ScriptedStackHost(["sudo": row.text, "common-auth": DebianStacks.commonAuth])
        #expect(try enable(host, "sudo").status == .done)
        #expect(host.stacks["sudo"] == row.enabled)
        #expect(Performance(["disable", "sudo", "--yes"], host: host).status == .done)
        #expect(host.stacks["sudo"] == row.text)
    }

    @Test(arguments: [
        "session required pam_limits.so\n", "auth required pam_permit.so\n", "",
        "auth [success=2 default=ignore] pam_x.so\n@include common-auth\n", "auth required pam_unix.so \\\n",
    ]) func `a stack without a safe place is refused, with the lines to write`(_ text: String) throws {
        let host = try ScriptedStackHost(["sudo": text, "common-auth": DebianStacks.commonAuth])
        let run = try Performance(["enable", "sudo", "--yes"], against: Self.ready, host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("Nothing was changed."))
        #expect(run.errors.contains("    auth       required     pam_twostep.so"))
        #expect(host.stacks["sudo"] == text)
    }

    @Test func `a vendor's stack is copied to where the administrator's stand, and the copy goes again`() throws {
        let host = try ScriptedStackHost(["common-auth": DebianStacks.commonAuth, "common-account": ""])
        try host.write(DebianStacks.sudo, "usr/lib/pam.d/sudo")
        #expect(try enable(host, "sudo").status == .done)
        #expect(host.stacks["sudo"]?.contains("pam_twostep.so") == true)
        #expect(host.read("usr/lib/pam.d/sudo") == DebianStacks.sudo)
        #expect(Performance(["disable", "sudo", "--yes"], host: host).status == .done)
        #expect(host.stacks["sudo"] == nil)
    }

    @Test func `what asks for a code already, by itself or by what it includes, is said so`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write(DebianStacks.commonAuth + "auth required pam_twostep.so\n", "etc/pam.d/common-auth")
        let run = try Performance(["enable", "sudo", "--yes"], against: Self.ready, host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("sudo asks for a code already."))
    }

    @Test func `su-l is nothing but su`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        #expect(try enable(host, "su-l").status == .done)
        #expect(host.stacks["su"]?.contains("pam_twostep.so") == true)
        #expect(host.stacks["su-l"] == DebianStacks.all["su-l"])
    }

    @Test(arguments: [
        ("auth sufficient pam_unix.so\n", "1"), ("auth [success=done default=bad] pam_unix.so\n", "1"),
        ("auth sufficient pam_x.so\nauth include common-auth\n", "1"),
    ]) func `a stack that would let people past our line is refused before anything is written`(
        _ text: String, _ line: String
    ) throws {
        let host = try ScriptedStackHost(["sudo": text, "common-auth": "auth requisite pam_unix.so\n"])
        let run = try Performance(["enable", "sudo", "--yes"], against: Self.ready, host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("With our line in it the stack would not hold. Nothing was changed."))
        #expect(run.errors.contains("/etc/pam.d/sudo:\(line): problem: "))
        #expect(host.stacks["sudo"] == text)
        #expect(host.records == [])
    }

    @Test func `nothing is enabled while the configuration would not outlive a restart`() throws {
        let serving = ServiceStatus(
            version: "0.1.0", isServing: true, problems: Samples.broken.problems,
            configuration: Samples.status.configuration, store: Samples.status.store, sockets: [], openSessions: 0,
            accounts: 0, devices: 0, granted: 0, refused: 0, uptime: 60, isClockSane: true)
        let host = try ScriptedStackHost(DebianStacks.all)
        let run = try Performance(
            ["enable", "sudo", "--yes"], against: [.exchange(.status, reply: .status(serving))], host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("will refuse every login when it is started anew. Nothing was changed."))
        #expect(host.stacks == DebianStacks.all)
    }

    @Test func `a locker that nobody could open is not enabled`() throws {
        let stacks = DebianStacks.all.merging(["swaylock": "auth include common-auth\n"]) { $1 }
        let host = try ScriptedStackHost(stacks)
        let run = try Performance(
            ["enable", "swaylock", "--yes"],
            against: Self.ready + [
                .exchange(
                    .explain(login: SupposedLogin(service: "swaylock", account: "alice", caller: 1000)),
                    reply: .explained(Samples.withoutEvidence))
            ], host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("Nobody would get in by swaylock"))
        #expect(run.errors.contains("policy: [{match: {service: swaylock}, first_factor: none}]\n"))
        #expect(host.stacks == stacks)
    }

    static let exempt =
        "policy: [{match: {service: sudo, user: [bob]}, tries: 3}, {match: {service: sudo}, exempt: true}]"

    @Test(arguments: [
        ("policy: [{match: {service: sudo}, exempt: true}]", " in sudo and sudo-i: nobody would be asked for a code"),
        ("policy: [{match: {}, exempt: true}]", " in sudo and sudo-i: nobody would be asked for a code"),
        (exempt, " in sudo and sudo-i but for whom line 5 is for"),
        ("policy: [{match: {service: sudo, user: [bob]}, exempt: true}]", nil),
        ("policy: [{match: {service: sshd}, exempt: true}]", nil),
        ("policy: [{match: {service: sudo}, tries: 3}, {match: {}, exempt: true}]", nil),
    ])
    func `a policy that lets everybody off is told before the service is enabled`(_ rules: String, _ said: String?)
        throws
    {
        let folder = try ConfigurationFolder(
            "auth_providers:\n  - type: pam\n    modules:\n      - type: totp\n\(rules)\n")
        let status = ServiceStatus(
            version: "0.1.0", isServing: true, problems: [],
            configuration: LoadedConfiguration(path: folder.file, generation: 2, loadedAt: nil),
            store: Samples.status.store, sockets: [], openSessions: 0, accounts: 0, devices: 0, granted: 0, refused: 0,
            uptime: 60, isClockSane: true)
        let host = try ScriptedStackHost(DebianStacks.all)
        let run = try Performance(
            ["enable", "sudo", "--yes"],
            against: [.exchange(.status, reply: .status(status))] + Self.ready.dropFirst() + [Self.newest], host: host)
        #expect(run.status == .done, "\(run.errors)")
        #expect(run.errors.contains("lets everybody off") == (said != nil))
        if let said {
            #expect(run.errors.contains("\(folder.file):5: warning: exempt: true lets everybody off\(said)"))
        }
    }

    @Test func `a service that has no stack is said to have none`() throws {
        let run = Performance(["disable", "sduo", "--yes"], host: try ScriptedStackHost(DebianStacks.all))
        #expect(run.status == .refused)
        #expect(run.errors.contains("There is no stack of sduo: no /etc/pam.d/sduo. Nothing was changed.\n"))
    }

    @Test func `who needs a device and codes is told so in a sentence`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        host.administrator = "root"
        let run = try Performance(
            ["enable", "sudo", "--yes"],
            against: [
                .exchange(.status, reply: .status(Samples.status)),
                .exchange(.report(after: nil), reply: .report(ReportPage(accounts: [], next: nil))),
            ], host: host)
        #expect(run.errors.contains("without a phone: root does not have a device and recovery codes."))
    }

    // MARK: sshd

    @Test(arguments: [("without-password", true), ("yes", false), ("no", false)])
    func `that root is kept out of ssh is said before it is so`(_ value: String, _ isSaid: Bool) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        let settings = sshd("publickey,keyboard-interactive:pam").output + "permitrootlogin \(value)\n"
        host.answers["sshd"] = ProgramResult(succeeded: true, output: settings)
        let run = try enable(host, "sshd")
        #expect(run.status == .done)
        #expect(run.errors.contains("root will not get in by ssh any more") == isSaid)
    }

    func sshd(_ methods: String) -> ProgramResult {
        ProgramResult(
            succeeded: true,
            output: """
                usepam yes
                pubkeyauthentication yes
                passwordauthentication no
                kbdinteractiveauthentication yes
                authenticationmethods \(methods)

                """)
    }

    static let sshdForms = [
        ("--key", "publickey,keyboard-interactive:pam", "twostep.conf"),
        ("--password", "keyboard-interactive:pam", "twostep-password.conf"),
    ]

    @Test(arguments: sshdForms) func `sshd is given the settings that ship`(
        _ option: String, _ methods: String, _ example: String
    ) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        host.answers["sshd"] = sshd(methods)
        #expect(try enable(host, "sshd", option).status == .done)
        let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../packaging/sshd_config.d/\(example)")
        #expect(host.read("etc/ssh/sshd_config.d/twostep.conf") == (try String(contentsOf: shipped, encoding: .utf8)))
        let silenced = host.stacks["sshd"]?.contains("#twostep# @include common-auth\n")
        #expect(silenced == (option == "--key"))
        #expect(Performance(["disable", "sshd", "--yes"], host: host).status == .done)
        #expect(host.stacks == DebianStacks.all)
        #expect(host.read("etc/ssh/sshd_config.d/twostep.conf") == nil)
    }

    @Test(arguments: [("--key", "--password"), ("--password", "--key")])
    func `sshd's other form is refused while one is there, and goes back to what was there before`(
        _ first: String, _ second: String
    ) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        for (option, methods, _) in Self.sshdForms where option == first { host.answers["sshd"] = sshd(methods) }
        #expect(try enable(host, "sshd", first).status == .done)
        let enabled = host.stacks
        let run = try Performance(["enable", "sshd", second, "--yes"], against: Self.ready, host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("asks for a code already") && run.errors.contains("twostep disable sshd"))
        #expect(host.stacks == enabled)
        #expect(Performance(["disable", "sshd", "--yes"], host: host).status == .done)
        #expect(host.stacks == DebianStacks.all)
        #expect(host.read("etc/ssh/sshd_config.d/twostep.conf") == nil)
    }

    @Test func `sshd is not changed where it cannot be told what it would do for everybody`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        let blocks = (0..<1_100).map { "Match User cust\($0)\n  PermitRootLogin no\n" }.joined()
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n" + blocks, "etc/ssh/sshd_config")
        host.answers["sshd"] = sshd("publickey,keyboard-interactive:pam")
        let run = try Performance(["enable", "sshd", "--yes"], against: Self.ready, host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("It cannot be told what sshd would do for everybody. Nothing was changed."))
        #expect(run.errors.contains("among those left out"))
        #expect(host.stacks == DebianStacks.all)
    }

    @Test func `a second change of a service forgets no file of the first`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        host.answers["sshd"] = sshd("publickey,keyboard-interactive:pam")
        #expect(try enable(host, "sshd").status == .done)
        let settings = host.read("etc/ssh/sshd_config.d/twostep.conf")
        try FileManager.default.removeItem(atPath: "\(host.root)/etc/ssh/sshd_config.d/twostep.conf")
        #expect(try enable(host, "sshd").status == .done)
        #expect(host.read("etc/ssh/sshd_config.d/twostep.conf") == settings)
        #expect(Performance(["disable", "sshd", "--yes"], host: host).status == .done)
        #expect(host.stacks == DebianStacks.all)
        #expect(host.read("etc/ssh/sshd_config.d/twostep.conf") == nil)
        #expect(host.records == ["lock"])
    }

    @Test func `what is left of edited settings of ours is what somebody else has written`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        host.answers["sshd"] = sshd("publickey,keyboard-interactive:pam")
        #expect(try enable(host, "sshd").status == .done)
        let path = "etc/ssh/sshd_config.d/twostep.conf"
        let edited = (host.read(path) ?? "").replacingOccurrences(of: "#PermitRootLogin", with: "PermitRootLogin")
        try host.write(edited + "Banner none\nMatch User backup\n  AuthenticationMethods publickey\n", path)
        #expect(Performance(["disable", "sshd", "--yes"], host: host).status == .done)
        #expect(host.stacks == DebianStacks.all)
        #expect(host.read(path) == "Banner none\nMatch User backup\n  AuthenticationMethods publickey\n")
    }

    @Test func `settings of somebody else are not overwritten`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        try host.write("Banner none\n", "etc/ssh/sshd_config.d/twostep.conf")
        let run = try Performance(["enable", "sshd", "--yes"], against: Self.ready, host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("twostep has not written it"))
        #expect(host.stacks == DebianStacks.all)
    }

    @Test func `a key that was taken away by hand comes back with its line`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        host.answers["sshd"] = sshd("publickey,keyboard-interactive:pam")
        #expect(try enable(host, "sshd").status == .done)
        try host.write((host.stacks["sshd"] ?? "") + "# mine\n", "etc/pam.d/sshd")
        #expect(Performance(["disable", "sshd", "--yes"], host: host).status == .done)
        #expect(host.stacks["sshd"] == (DebianStacks.all["sshd"] ?? "") + "# mine\n")
    }

    // MARK: Who could come back in

    @Test(arguments: [
        account("alice", codes: 0), account("alice", codes: nil), account("alice", codes: 9, hasPhone: false),
        account("bob", codes: 10),
    ]) func `nothing is enabled while nobody could come back in`(_ account: ReportedAccount) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        let run = try Performance(
            ["enable", "sudo", "--yes"],
            against: [
                .exchange(.status, reply: .status(Samples.status)),
                .exchange(.report(after: nil), reply: .report(ReportPage(accounts: [account], next: nil))),
            ], host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("neither alice nor root has a device and recovery codes"))
        #expect(host.stacks == DebianStacks.all)
    }

    @Test func `root's codes will do, on whatever page they stand`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        let run = try Performance(
            ["enable", "sudo", "--yes"],
            against: [
                .exchange(.status, reply: .status(Samples.status)),
                .exchange(
                    .report(after: nil),
                    reply: .report(ReportPage(accounts: [Self.account("alice", codes: nil)], next: "alice"))),
                .exchange(
                    .report(after: "alice"),
                    reply: .report(ReportPage(accounts: [Self.account("root", codes: 1)], next: nil))),
                Self.newest,
            ], host: host)
        #expect(run.status == .done, "\(run.errors)")
    }

    @Test func `a daemon that refuses everybody is no time to ask for codes`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        let run = try Performance(
            ["enable", "sudo", "--yes"], against: [.exchange(.status, reply: .status(Samples.broken))], host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("twostepd refuses every login at present"))
    }

    @Test(arguments: [
        ["enable"], ["enable", "sudo", "--confirm"], ["enable", "--confirm", "--undo-overdue"],
        ["enable", "sudo", "--key"], ["enable", "sudo", "--console"], ["enable", "sshd", "--key", "--password"],
        ["enable", "login"], ["enable", "sudo", "--confirm-within", "1s"],
        ["enable", "sudo", "--confirm-within", "8d"],
        ["enable", "../sudo"], ["disable"], ["disable", "sudo", "--all"],
        ["disable", "--all", "--confirm-within", "5m"],
    ]) func `what makes no sense is wrong usage`(_ arguments: [String]) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        #expect(Performance(arguments + ["--yes"], host: host).status == .usage)
        #expect(host.stacks == DebianStacks.all)
    }
}
