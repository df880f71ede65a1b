import AdminProtocol
import Administration
import Authentication
import Foundation
import Testing

/// The way out: `disable`, whatever state the records and the files are in.
@Suite struct DisableTests {
    private func enable(_ host: ScriptedStackHost, _ arguments: String...) throws {
        let run = try Performance(
            ["enable"] + arguments + ["--yes"], against: EnableTests.ready + [EnableTests.newest], host: host)
        #expect(run.status == .done, "\(run.errors)")
    }

    private func disable(_ host: ScriptedStackHost, _ arguments: String...) -> Performance {
        Performance(["disable"] + arguments + ["--yes"], host: host)
    }

    @Test(arguments: ["{}", #"{"version": 2, "service": "su"}"#])
    func `a record that cannot be read keeps no code in`(_ damaged: String) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "su")
        try enable(host, "sudo")
        try host.write(damaged, "var/lib/twostep-undo/1.json")
        let one = disable(host, "sudo")
        #expect(one.status == .done, "\(one.errors)")
        #expect(one.errors.contains("/var/lib/twostep-undo/1.json cannot be read"))
        #expect(host.stacks["sudo"] == DebianStacks.sudo)
        let all = disable(host, "--all")
        #expect(all.status == .done, "\(all.errors)\(all.output)")
        #expect(host.stacks == DebianStacks.all)
        // It is there to be looked at, and in nobody's way.
        #expect(host.records == ["1-0.before", "1.json.damaged", "lock"])
        try enable(host, "sudo")
        #expect(host.records.contains("2.json"))
    }

    @Test func `the service that a damaged record is of is rid of it`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "sudo", "--confirm-within", "5m")
        try host.write(#"{"version": 2, "service": "sudo"}"#, "var/lib/twostep-undo/1.json")
        host.moment.boottime += 400_000
        let undo = Performance(["enable", "--undo-overdue"], host: host)
        #expect(undo.status == .refused && undo.errors.contains("twostep disable sudo"))
        #expect(disable(host, "sudo").status == .done)
        #expect(host.stacks.filter { !$0.key.hasPrefix(".") } == DebianStacks.all)
        #expect(host.runs.last == "systemctl disable --now twostep-undo.timer")
        #expect(Performance(["enable", "--undo-overdue"], host: host).status == .done)
    }

    @Test func `one service that cannot be disabled keeps no other from it`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "login", "--console")
        try enable(host, "su")
        try enable(host, "sudo")
        try host.write(
            "auth [success=1 default=ignore] pam_x.so\nauth required pam_twostep.so\n", "etc/pam.d/login")
        let run = disable(host, "--all")
        #expect(run.status == .refused)
        #expect(run.errors.contains("login: "))
        #expect(run.output.contains("Not disabled: login"))
        #expect(run.output.contains("/etc/pam.d/login:2 names pam_twostep.so still"))
        for service in ["su", "sudo", "sudo-i"] { #expect(host.stacks[service] == DebianStacks.all[service]) }
    }

    @Test func `what somebody has cleaned by hand is done, and its records are forgotten`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "su")
        try enable(host, "sudo")
        try host.write(DebianStacks.all["su"] ?? "", "etc/pam.d/su")
        #expect(disable(host, "su").output.contains("su asks for no code: somebody has taken it out."))
        #expect(disable(host, "su").status == .refused)
        #expect(disable(host, "--all").status == .done)
        #expect(host.stacks == DebianStacks.all && host.records == ["lock"])
    }

    @Test func `what enable has not written is named, and stays`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "sudo")
        let text = (DebianStacks.all["su"] ?? "") + "auth required pam_twostep.so\n"
        try host.write(text, "etc/pam.d/su")
        // The settings of sshd as people copy them from the examples, with a stack of their own.
        let stack = "auth required pam_twostep.so\n"
        try host.write(stack, "etc/pam.d/sshd")
        let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../packaging/sshd_config.d/twostep.conf")
        let settings = try String(contentsOf: shipped, encoding: .utf8)
        try host.write(settings, "etc/ssh/sshd_config.d/twostep.conf")
        let run = disable(host, "--all")
        #expect(run.status == .done)
        #expect(run.output.contains("/etc/pam.d/su:4 names pam_twostep.so still"))
        #expect(host.stacks["su"] == text && host.stacks["sudo"] == DebianStacks.sudo)
        #expect(host.stacks["sshd"] == stack && host.read("etc/ssh/sshd_config.d/twostep.conf") == settings)
    }

    @Test func `what waits for its confirmation is taken back at once`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "sudo", "--confirm-within", "7d")
        let again = Performance(["enable", "sudo", "--yes"], host: host)
        #expect(again.errors.contains("To take it back now: twostep disable sudo"))
        let run = disable(host, "sudo")
        #expect(run.status == .done, "\(run.errors)")
        #expect(run.output.contains("Undone: enabling sudo, which waited for its confirmation."))
        #expect(host.stacks == DebianStacks.all && host.records == ["lock"])
        #expect(host.runs.last == "systemctl disable --now twostep-undo.timer")
    }

    @Test func `what is disabled and waits is not disabled again, but for all`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "sudo")
        #expect(disable(host, "sudo", "--confirm-within", "5m").status == .done)
        #expect(disable(host, "sudo").errors.contains("waits for its confirmation"))
        #expect(disable(host, "--all").status == .done)
        #expect(host.stacks == DebianStacks.all && host.records == ["lock"])
    }

    @Test func `who looks for what is overdue hears what is not yet`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "sudo", "--confirm-within", "7d")
        host.moment.boottime += 86_400_000
        let run = Performance(["enable", "--undo-overdue"], console: ScriptedConsole(isTerminal: true), host: host)
        #expect(run.output == "Nothing is overdue; sudo waits for 6 d.\n")
        // The unit asks every ten seconds.
        #expect(Performance(["enable", "--undo-overdue"], host: host).output == "")
    }

    @Test func `from a stack that counts lines none goes, and root keeps the console`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try enable(host, "login", "--console")
        try host.write((host.stacks["login"] ?? "") + "# mine\n", "etc/pam.d/login")
        let lines = host.stacks["login"]?.split(separator: "\n").count { !$0.hasPrefix("#") }
        let run = disable(host, "login")
        #expect(run.status == .done, "\(run.errors)")
        let text = host.stacks["login"] ?? ""
        #expect(text.split(separator: "\n").count { !$0.hasPrefix("#") } == lines)
        #expect(!text.contains("auth       required     pam_permit.so"))
        #expect(text.components(separatedBy: "auth       [default=ignore]  pam_permit.so").count == 3)
    }
}
