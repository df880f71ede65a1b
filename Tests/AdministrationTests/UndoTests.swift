import AdminProtocol
import Administration
import Authentication
import Foundation
import Testing

@Suite struct UndoTests {
    func waiting(_ host: ScriptedStackHost) throws {
        let run = try Performance(
            ["enable", "sudo", "--yes", "--confirm-within", "5m"], against: EnableTests.ready + [EnableTests.newest],
            host: host)
        #expect(run.status == .done, "\(run.errors)")
        #expect(host.runs == ["systemctl cat twostep-undo.timer", "systemctl enable --now twostep-undo.timer"])
    }

    func undo(_ host: ScriptedStackHost) -> Performance { Performance(["enable", "--undo-overdue"], host: host) }

    struct Later: Sendable {
        let name: String
        /// Seconds by either clock.
        var wall: Int64 = 0
        var boottime: Int64 = 0
        var boot: Int64 = 77
        let isDue: Bool
    }

    @Test(arguments: [
        Later(name: "at once", isDue: false),
        Later(name: "a second early", wall: 299, boottime: 299, isDue: false),
        Later(name: "in time", wall: 300, boottime: 300, isDue: true),
        Later(name: "the wall clock was set on", wall: 86_400, boottime: 10, isDue: false),
        Later(name: "the wall clock was set back", wall: -86_400, boottime: 300, isDue: true),
        Later(name: "after a reboot, early", wall: 299, boottime: -900, boot: 78, isDue: false),
        Later(name: "after a reboot, late", wall: 300, boottime: -900, boot: 78, isDue: true),
        Later(name: "after a reboot without a clock", wall: -1, boottime: -900, boot: 78, isDue: true),
        Later(name: "after a reboot, long up", wall: 299, boottime: 5000, boot: 78, isDue: false),
        Later(name: "a boot that cannot be told", wall: 10, boottime: 900, boot: 0, isDue: false),
    ]) func `is undone when its time is up, and not before`(_ later: Later) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        host.moment = Moment(
            wall: host.moment.wall + later.wall, boottime: host.moment.boottime + 1000 * later.boottime,
            boot: later.boot)
        #expect(undo(host).status == .done)
        #expect((host.stacks == DebianStacks.all) == later.isDue, "\(later.name)")
        #expect((host.runs.last == "systemctl disable --now twostep-undo.timer") == later.isDue)
    }

    @Test func `only what still is as it was written is put back`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        try host.write("# mine\n", "etc/pam.d/sudo-i")
        host.moment.boottime += 400_000
        let run = undo(host)
        #expect(run.status == .refused)
        #expect(run.output.contains("As before: /etc/pam.d/sudo\n"))
        #expect(run.output.contains("Left alone: /etc/pam.d/sudo-i"))
        #expect(host.stacks["sudo"] == DebianStacks.sudo)
        #expect(host.stacks["sudo-i"] == "# mine\n")
        // Nothing is waited for any more.
        #expect(host.runs.last == "systemctl disable --now twostep-undo.timer")
        #expect(undo(host).output == "")
    }

    @Test func `what was kept and changed since is put nowhere`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        try host.write("auth sufficient pam_permit.so\n", "var/lib/twostep-undo/1-0.before")
        try host.write("auth sufficient pam_permit.so\n", "etc/pam.d/.sudo.twostep-undo")
        host.moment.boottime += 400_000
        let run = undo(host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("is not the file that was kept there"))
        // What was kept is lost, so our lines alone are taken out.
        #expect(host.stacks == DebianStacks.all)
    }

    @Test func `one undo that fails keeps no other from being done`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        let second = try Performance(
            ["enable", "su", "--yes", "--confirm-within", "5m"], against: EnableTests.ready + [EnableTests.newest],
            host: host)
        #expect(second.status == .done)
        try host.write("", "var/lib/twostep-undo/2-0.before")
        try FileManager.default.removeItem(atPath: "\(host.root)/etc/pam.d/.su.twostep-undo")
        try host.write(
            "# mine\nauth [success=1 default=ignore] pam_x.so\nauth required pam_twostep.so\n", "etc/pam.d/su")
        try host.write("{}", "var/lib/twostep-undo/3.json")
        host.moment.boottime += 400_000
        let run = undo(host)
        #expect(run.status == .refused)
        #expect(run.output.contains("Not put back: /etc/pam.d/su, because: /etc/pam.d/su:2 counts the lines"))
        #expect(run.errors.contains("/var/lib/twostep-undo/3.json cannot be read"))
        #expect(host.stacks["sudo"] == DebianStacks.sudo && host.stacks["sudo-i"] == DebianStacks.sudo)
    }

    @Test func `settings of sshd that somebody has edited go with the stack that needs them`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        host.answers["sshd"] = EnableTests().sshd("publickey,keyboard-interactive:pam")
        let enabled = try Performance(
            ["enable", "sshd", "--yes", "--confirm-within", "5m"], against: EnableTests.ready + [EnableTests.newest],
            host: host)
        #expect(enabled.status == .done, "\(enabled.errors)")
        let path = "etc/ssh/sshd_config.d/twostep.conf"
        let text = host.read(path) ?? ""
        try host.write(text.replacingOccurrences(of: "#PermitRootLogin", with: "PermitRootLogin"), path)
        host.moment.boottime += 400_000
        let run = undo(host)
        #expect(run.status == .done, "\(run.errors)")
        #expect(run.output.contains("Without our lines: /\(path)"))
        #expect(host.stacks == DebianStacks.all)
        #expect(host.read(path) == nil)
        #expect(host.runs.contains("systemctl reload ssh.service"))
    }

    @Test func `somebody looks after a change that need not be confirmed while it is being written`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        let run = try Performance(
            ["enable", "sudo", "--yes"], against: EnableTests.ready + [EnableTests.newest], host: host)
        #expect(run.status == .done)
        #expect(
            host.runs == ["systemctl enable --now twostep-undo.timer", "systemctl disable --now twostep-undo.timer"])
        #expect(host.stacks.keys.allSatisfy { !$0.hasPrefix(".") })
        host.answers["systemctl"] = ProgramResult(succeeded: false)
        #expect(Performance(["disable", "sudo", "--yes"], host: host).status == .done)
    }

    @Test func `a record that cannot be read is named, and nothing is guessed`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        let enabled = host.stacks
        try host.write("{}", "var/lib/twostep-undo/1.json")
        let run = undo(host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("/var/lib/twostep-undo/1.json cannot be read"))
        #expect(host.stacks == enabled)
    }

    @Test func `records in a folder that others can write to are not believed`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o770], ofItemAtPath: "\(host.root)/var/lib/twostep-undo")
        host.moment.boottime += 400_000
        #expect(undo(host).errors.contains("is not root's alone"))
        #expect(host.stacks != DebianStacks.all)
    }

    @Test(arguments: [
        ProgramResult(succeeded: false, output: "no such unit")
    ]) func `no undo is promised that nobody would do`(_ answer: ProgramResult) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        host.answers["systemctl"] = answer
        let run = try Performance(
            ["enable", "sudo", "--yes", "--confirm-within", "5m"],
            against: [.exchange(.status, reply: .status(Samples.status))], host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("Nothing would undo the change"))
        #expect(host.stacks == DebianStacks.all)
    }

    @Test func `a timer that does not start leaves everything as it was`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        host.answers["systemctl enable --now twostep-undo.timer"] = ProgramResult(succeeded: false)
        let run = try Performance(
            ["enable", "sudo", "--yes", "--confirm-within", "5m"], against: EnableTests.ready + [EnableTests.newest],
            host: host)
        #expect(run.status == .refused)
        #expect(host.stacks == DebianStacks.all)
        #expect(host.records == ["lock"])
    }

    // MARK: The confirmation

    struct Claim: Sendable {
        let name: String
        /// By their names, and when they were started: seconds after the change.
        var ancestors: [(String, Int64)] = [("bash", 50), ("sudo", 40), ("bash", 30), ("sshd", 20), ("sshd", -900)]
        var fields = Claim.login
        var at: Int64 = 45
        var number: Int64 = 41
        var run: Int64 = 5
        let isProven: Bool

        static let login = [
            "TWOSTEP_RESULT": "granted", "TWOSTEP_USER": "alice", "TWOSTEP_SERVICE": "sudo",
            "TWOSTEP_MODULES": "totp",
        ]
        static func login(_ name: String, _ value: String) -> [String: String] {
            login.merging([name: value]) { $1 }
        }
    }

    @Test(arguments: [
        Claim(name: "a sudo that asked", isProven: true),
        Claim(name: "sudo -i", fields: Claim.login("TWOSTEP_SERVICE", "sudo-i"), isProven: true),
        Claim(
            name: "a new sudo in an old session", ancestors: [("sudo", 40), ("bash", -100), ("sshd", -200)],
            isProven: true),
        Claim(
            name: "the shell that was open", ancestors: [("bash", -10), ("sudo", -20), ("bash", -30)], isProven: false),
        Claim(name: "a session leader of its own", ancestors: [("bash", 40), ("sudo", -20)], isProven: false),
        Claim(name: "nobody's child", ancestors: [], isProven: false),
        Claim(name: "an old sudo within a new one", ancestors: [("sudo", -5), ("sudo", 40)], isProven: false),
        Claim(name: "another service", fields: Claim.login("TWOSTEP_SERVICE", "sshd"), isProven: false),
        Claim(name: "somebody else", fields: Claim.login("TWOSTEP_USER", "bob"), isProven: false),
        Claim(name: "refused", fields: Claim.login("TWOSTEP_RESULT", "denied"), isProven: false),
        Claim(name: "exempt", fields: Claim.login("TWOSTEP_RESULT", "exempt"), isProven: false),
        Claim(name: "no module", fields: Claim.login("TWOSTEP_MODULES", ""), isProven: false),
        Claim(name: "remembered", fields: Claim.login("TWOSTEP_REASON", "remembered"), isProven: false),
        Claim(name: "a bypass code", fields: Claim.login("TWOSTEP_REASON", "bypass"), isProven: false),
        Claim(name: "the process itself", fields: Claim.login("TWOSTEP_PEER_PID", "101"), isProven: true),
        Claim(name: "another process", fields: Claim.login("TWOSTEP_PEER_PID", "4711"), isProven: false),
        Claim(name: "a login before the change", number: 40, isProven: false),
        Claim(name: "a daemon that was started since", number: 3, run: 6, isProven: true),
        Claim(name: "another terminal's sudo", at: 20, isProven: false),
    ]) func `is confirmed by a login through it, from a session that began with that`(_ claim: Claim) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        let change = host.moment
        host.ancestors = claim.ancestors.enumerated().map { index, one in
            RunningProgram(process: 100 + Int32(index), name: one.0, start: change.boottime + 1000 * one.1)
        }
        host.moment = Moment(wall: change.wall + 60, boottime: change.boottime + 60_000, boot: change.boot)
        let record = LoggedRecord(
            number: claim.number, at: change.wall + claim.at, priority: 6, message: "", fields: claim.fields)
        let start: Int64 = claim.run == 5 ? 40 : 0
        let listing = RecordListing(
            run: claim.run, records: [record], cursor: max(claim.number, start), newest: max(claim.number, start))
        let turns: [ScriptedDaemon.Turn] = [
            .exchange(
                .records(after: .max, atMost: 0),
                reply: .records(
                    RecordListing(run: claim.run, records: [], cursor: listing.newest, newest: listing.newest))),
            .exchange(.records(after: start, atMost: 100), reply: .records(listing)),
        ]
        let run = try Performance(["enable", "--confirm"], against: turns, host: host)
        #expect((run.status == .done) == claim.isProven, "\(claim.name): \(run.output)\(run.errors)")
        if !claim.isProven { #expect(run.errors.contains("sudo -k twostep enable --confirm")) }
        host.moment.boottime += 1_000_000
        #expect(undo(host).status == .done)
        #expect((host.stacks != DebianStacks.all) == claim.isProven, "\(claim.name)")
    }

    @Test(
        arguments: [
            ("a new login with ssh", [("sudo", 40), ("bash", 30), ("sshd", 20), ("sshd", -900)], true),
            ("at the console", [("sudo", 40), ("bash", 30), ("login", 20)], true),
            ("a new sudo in an old session", [("sudo", 40), ("bash", -100), ("sshd", -200)], false),
            ("an old sudo", [("sudo", -5), ("bash", -100), ("sshd", 20)], false),
            ("a new session without sudo", [("bash", 30), ("sshd", 20)], false),
        ] as [(String, [(String, Int64)], Bool)])
    func `disabling is confirmed from a session that nobody comes by for nothing`(
        _ name: String, _ ancestors: [(String, Int64)], _ isProven: Bool
    ) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        host.moment.boottime += 400_000
        #expect(undo(host).status == .done)
        let enabled = try Performance(
            ["enable", "sudo", "--yes"], against: EnableTests.ready + [EnableTests.newest], host: host)
        #expect(enabled.status == .done)
        #expect(Performance(["disable", "sudo", "--yes", "--confirm-within", "5m"], host: host).status == .done)
        let change = host.moment
        host.ancestors = ancestors.map { RunningProgram(name: $0.0, start: change.boottime + 1000 * $0.1) }
        host.moment.boottime += 60_000
        let run = Performance(["enable", "--confirm"], host: host)
        #expect((run.status == .done) == isProven, "\(name): \(run.output)\(run.errors)")
    }

    @Test(arguments: [
        ("after the connection", Int64(25), "900", true), ("before it", Int64(10), "900", false),
        ("a trial", Int64(25), "4711", false),
    ]) func `sshd is confirmed by a login of the session, and by no trial`(
        _ name: String, _ at: Int64, _ process: String, _ isProven: Bool
    ) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        host.answers["sshd"] = EnableTests().sshd("publickey,keyboard-interactive:pam")
        let enabled = try Performance(
            ["enable", "sshd", "--yes", "--confirm-within", "5m"], against: EnableTests.ready + [EnableTests.newest],
            host: host)
        #expect(enabled.status == .done, "\(enabled.errors)")
        let change = host.moment
        try host.write("", "var/lib/twostep-undo/trial-4711")
        host.ancestors = [("sudo", 40), ("bash", 30), ("sshd", 28), ("sshd", 20), ("sshd", -900)].map {
            RunningProgram(name: $0.0, start: change.boottime + 1000 * $0.1)
        }
        host.moment = Moment(wall: change.wall + 60, boottime: change.boottime + 60_000, boot: change.boot)
        var fields = Claim.login("TWOSTEP_SERVICE", "sshd")
        fields["TWOSTEP_PEER_PID"] = process
        let record = LoggedRecord(number: 41, at: change.wall + at, priority: 6, message: "", fields: fields)
        let run = try Performance(
            ["enable", "--confirm"],
            against: [
                .exchange(
                    .records(after: .max, atMost: 0),
                    reply: .records(RecordListing(run: 5, records: [], cursor: 41, newest: 41))),
                .exchange(
                    .records(after: 40, atMost: 100),
                    reply: .records(RecordListing(run: 5, records: [record], cursor: 41, newest: 41))),
            ], host: host)
        #expect((run.status == .done) == isProven, "\(name): \(run.output)\(run.errors)")
    }

    @Test func `after its time nothing is confirmed`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try waiting(host)
        host.moment.boottime += 300_000
        let run = Performance(["enable", "--confirm"], host: host)
        #expect(run.status == .refused)
        #expect(run.errors.contains("It is too late"))
    }
}
