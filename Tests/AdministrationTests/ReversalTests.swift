import AdminProtocol
import Administration
import Authentication
import Foundation
import Testing

/// What is undone where somebody has changed the files meanwhile: all that goes together, or nothing of it.
@Suite struct ReversalTests {
    static let settings = "etc/ssh/sshd_config.d/twostep.conf"
    static let exempt = "auth [success=1 default=ignore] pam_succeed_if.so quiet user ingroup x\n"

    /// A machine on which sshd was enabled, and has to be undone by now.
    static func overdue(_ form: String, _ stacks: [String: String] = DebianStacks.all) throws -> ScriptedStackHost {
        let host = try ScriptedStackHost(stacks)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        for (option, methods, _) in EnableTests.sshdForms where option == form {
            host.answers["sshd"] = EnableTests().sshd(methods)
        }
        let run = try Performance(
            ["enable", "sshd", form, "--yes", "--confirm-within", "5m"],
            against: EnableTests.ready + [EnableTests.newest], host: host)
        #expect(run.status == .done, "\(run.errors)")
        host.moment.boottime += 400_000
        return host
    }

    static func undo(_ host: ScriptedStackHost) -> Performance {
        Performance(["enable", "--undo-overdue"], host: host)
    }

    /// Changes sshd's stack by hand.
    static func edit(_ host: ScriptedStackHost, _ change: (String) -> String) throws {
        try host.write(change(host.stacks["sshd"] ?? ""), "etc/pam.d/sshd")
    }

    static func isWaitedFor(_ host: ScriptedStackHost) -> Bool {
        host.runs.last != "systemctl disable --now twostep-undo.timer" && host.records.contains("1.json")
    }

    @Test func `where lines are counted another takes the place of ours, and no line goes`() throws {
        let host = try Self.overdue("--password")
        let ours = "auth       required     pam_twostep.so\n"
        try Self.edit(host) { $0.replacingOccurrences(of: ours, with: Self.exempt + ours) }
        let run = Self.undo(host)
        #expect(run.status == .done, "\(run.errors)")
        #expect(run.output.contains("Undone: enabling sshd"))
        #expect(run.output.contains("Without our lines: /etc/pam.d/sshd"))
        #expect(
            host.stacks["sshd"]
                == """
                @include common-auth
                \(Self.exempt)# The line of Twostep stood here. Lines above count the one below, so there is one.
                auth       [default=ignore]  pam_permit.so
                account required pam_nologin.so

                """)
        #expect(host.read(Self.settings) == nil)
        #expect(!Self.isWaitedFor(host))
    }

    @Test func `behind a key the password takes the place of ours where lines are counted`() throws {
        let host = try Self.overdue("--key")
        try Self.edit(host) {
            Self.exempt.replacingOccurrences(of: "success=1", with: "success=2") + $0 + "auth optional pam_group.so\n"
        }
        let run = Self.undo(host)
        #expect(run.status == .done, "\(run.errors)")
        let lines = (host.stacks["sshd"] ?? "").split(separator: "\n")
        #expect(lines.contains("auth       substack     common-auth"))
        #expect(!lines.contains { $0.contains("pam_twostep.so") })
        #expect(host.read(Self.settings) == nil)
    }

    @Test func `what somebody has taken out that enable had silenced comes back`() throws {
        let host = try Self.overdue("--key")
        try Self.edit(host) { text in
            text.split(separator: "\n").filter { !$0.hasPrefix("#twostep#") }.joined(separator: "\n") + "\n"
        }
        let run = Self.undo(host)
        #expect(run.status == .done, "\(run.errors)")
        #expect(host.stacks == DebianStacks.all)
        #expect(host.read(Self.settings) == nil)
    }

    struct Obstacle: Sendable, CustomTestStringConvertible {
        let name: String
        let form: String
        /// What is done to the machine, and how it is taken back.
        let happens: @Sendable (ScriptedStackHost) throws -> Void
        let ends: @Sendable (ScriptedStackHost) throws -> Void
        let reason: String
        var testDescription: String { name }
    }

    static let stack = "etc/pam.d/sshd"
    static let obstacles = [
        Obstacle(
            name: "a stack that would not hold", form: "--key",
            happens: { host in
                // Whoever is exempt would need no key any more.
                try edit(host) { exempt + $0 + "auth required pam_permit.so\n" }
            },
            ends: { host in
                try edit(host) {
                    $0.replacingOccurrences(of: exempt, with: "")
                        .replacingOccurrences(of: "auth required pam_permit.so\n", with: "")
                }
            }, reason: "counts the lines that it passes over"),
        Obstacle(
            name: "a stack behind a link", form: "--key",
            happens: { host in
                try FileManager.default.moveItem(atPath: "\(host.root)/\(stack)", toPath: "\(host.root)/etc/elsewhere")
                try FileManager.default.createSymbolicLink(
                    atPath: "\(host.root)/\(stack)", withDestinationPath: "../elsewhere")
            },
            ends: { host in
                try FileManager.default.removeItem(atPath: "\(host.root)/\(stack)")
                try FileManager.default.moveItem(atPath: "\(host.root)/etc/elsewhere", toPath: "\(host.root)/\(stack)")
            }, reason: "is a link by now"),
        Obstacle(
            name: "a stack that cannot be read for now", form: "--password",
            happens: { host in
                try FileManager.default.moveItem(atPath: "\(host.root)/\(stack)", toPath: "\(host.root)/etc/elsewhere")
                try FileManager.default.createDirectory(
                    atPath: "\(host.root)/\(stack)", withIntermediateDirectories: false)
            },
            ends: { host in
                try FileManager.default.removeItem(atPath: "\(host.root)/\(stack)")
                try FileManager.default.moveItem(atPath: "\(host.root)/etc/elsewhere", toPath: "\(host.root)/\(stack)")
            }, reason: "is no file"),
        Obstacle(
            name: "settings that cannot be read for now", form: "--password",
            happens: { host in
                try FileManager.default.moveItem(
                    atPath: "\(host.root)/\(settings)", toPath: "\(host.root)/etc/elsewhere")
                try FileManager.default.createDirectory(
                    atPath: "\(host.root)/\(settings)", withIntermediateDirectories: false)
            },
            ends: { host in
                try FileManager.default.removeItem(atPath: "\(host.root)/\(settings)")
                try FileManager.default.moveItem(
                    atPath: "\(host.root)/etc/elsewhere", toPath: "\(host.root)/\(settings)")
            }, reason: "is no file"),
        Obstacle(
            name: "a code that was moved to what is included", form: "--password",
            happens: { host in
                try host.write(DebianStacks.commonAuth + "auth required pam_twostep.so\n", "etc/pam.d/common-auth")
                try host.write(DebianStacks.all["sshd"] ?? "", stack)
                try edit(host) { "# mine\n" + $0 }
            },
            ends: { host in try host.write(DebianStacks.commonAuth, "etc/pam.d/common-auth") },
            reason: "asks for a code still, by what it includes"),
    ]

    @Test(arguments: obstacles) func `sshd keeps both or neither, and what is not undone is due still`(
        _ obstacle: Obstacle
    ) throws {
        let host = try Self.overdue(obstacle.form)
        try obstacle.happens(host)
        let stack = host.read(Self.stack)
        let settings = host.read(Self.settings)
        for _ in 0..<2 {
            let run = Self.undo(host)
            #expect(run.status == .refused)
            #expect(run.output.hasPrefix("NOT undone: enabling sshd"), "\(run.output)")
            #expect(run.output.contains("Not put back: /etc/"))
            #expect(!run.output.contains("Left alone"))
            #expect(run.errors.contains(obstacle.reason), "\(run.errors)")
            #expect(host.read(Self.stack) == stack && host.read(Self.settings) == settings)
            #expect(!host.runs.contains("systemctl reload ssh.service"))
            #expect(Self.isWaitedFor(host))
        }
        try obstacle.ends(host)
        let run = Self.undo(host)
        #expect(run.output.hasPrefix("Undone: enabling sshd"), "\(run.output) \(run.errors)")
        #expect(host.stacks["sshd"]?.contains("pam_twostep.so") == false)
        #expect(
            host.stacks["sshd"]?.contains("\n@include common-auth\n") ?? false
                || host.stacks["sshd"] == DebianStacks.all["sshd"])
        #expect(host.read(Self.settings) == nil)
        #expect(!Self.isWaitedFor(host))
    }

    // MARK: A code that is to come back

    @Test(arguments: EnableTests.sshdForms)
    func `a code that nobody has confirmed away comes back into a stack that was edited since`(
        _ form: String, _ methods: String, _ example: String
    ) throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        try host.write("Include /etc/ssh/sshd_config.d/*.conf\n", "etc/ssh/sshd_config")
        host.answers["sshd"] = EnableTests().sshd(methods)
        let enabled = try Performance(
            ["enable", "sshd", form, "--yes"], against: EnableTests.ready + [EnableTests.newest], host: host)
        #expect(enabled.status == .done)
        let (stack, settings) = (host.stacks["sshd"], host.read(Self.settings))
        #expect(Performance(["disable", "sshd", "--yes", "--confirm-within", "5m"], host: host).status == .done)
        try Self.edit(host) { $0 + "# by hand\n" }
        host.moment.boottime += 400_000
        let run = Self.undo(host)
        #expect(run.status == .done, "\(run.errors)")
        #expect(run.output.contains("With our line again: /etc/pam.d/sshd"))
        #expect(host.stacks["sshd"] == (stack ?? "") + "# by hand\n")
        #expect(host.read(Self.settings) == settings)
    }

    @Test func `a code that cannot come back is missed aloud, and again`() throws {
        let host = try ScriptedStackHost(DebianStacks.all)
        let enabled = try Performance(
            ["enable", "sudo", "--yes"], against: EnableTests.ready + [EnableTests.newest], host: host)
        #expect(enabled.status == .done)
        #expect(Performance(["disable", "sudo", "--yes", "--confirm-within", "5m"], host: host).status == .done)
        try host.write("auth sufficient pam_unix.so\n", "etc/pam.d/sudo")
        host.moment.boottime += 400_000
        for _ in 0..<2 {
            let run = Self.undo(host)
            #expect(run.status == .refused)
            #expect(run.output.hasPrefix("NOT undone as a whole: disabling sudo"))
            #expect(run.output.contains("Not put back: /etc/pam.d/sudo, because: With our line"))
            #expect(host.stacks["sudo"] == "auth sufficient pam_unix.so\n")
            #expect(host.stacks["sudo-i"]?.contains("pam_twostep.so") == true)
        }
    }
}
