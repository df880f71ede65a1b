import Administration
import Daemon
import Testing

@Suite struct TrialCommandTests {
    @Test func `only root may, and nobody is asked anything`() {
        let run = Performance(["trial", "sshd", "alice"], accounts: ScriptedAccounts(isPrivileged: false))
        #expect(run.status == .refused)
        #expect(run.errors.contains("Only root can ask PAM about others. Nobody was asked anything."))
        #expect(run.errors.contains("sudo"))
    }

    @Test func `no service but sshd is told of a key`() {
        let run = Performance(["trial", "sudo", "alice", "--ssh-key"])
        #expect(run.status == .usage)
        #expect(run.errors.contains("--ssh-key is for sshd"))
    }

    struct Row {
        var isRoot = false
        var hasKey = true
        let lines: [String]
        var refusal: String?
        var remark: String?
    }
    static let both = "authenticationmethods publickey,keyboard-interactive:pam"

    /// What `sshd -T` says is in force beside what is usual, and what that comes to.
    static let settings: [Row] = [
        Row(lines: [both]),
        Row(hasKey: false, lines: [both], refusal: "without a key nobody is asked"),
        Row(hasKey: false, lines: ["authenticationmethods keyboard-interactive:pam"]),
        Row(lines: ["authenticationmethods keyboard-interactive:pam"], refusal: "no key comes before the questions"),
        Row(lines: ["authenticationmethods hostbased,keyboard-interactive"], refusal: "no key comes"),
        Row(lines: ["authenticationmethods any"], remark: "the key alone opens a session"),
        Row(
            lines: ["authenticationmethods \(both.split(separator: " ")[1]) publickey"],
            remark: "publickey: the key alone"),
        Row(hasKey: false, lines: ["authenticationmethods any"]),
        Row(
            hasKey: false, lines: ["authenticationmethods any", "passwordauthentication yes"],
            remark: "answered with the password"),
        Row(lines: [both, "usepam no"], refusal: "UsePAM no"),
        Row(lines: [both, "kbdinteractiveauthentication no"], refusal: "KbdInteractiveAuthentication no"),
        Row(lines: [both, "pubkeyauthentication no"], refusal: "PubkeyAuthentication no"),
        Row(lines: [both, "denyusers bob", "denyusers al*"], refusal: "DenyUsers al*"),
        Row(lines: [both, "denyusers alice@198.51.100.0/24"], refusal: "DenyUsers alice@198.51.100.0/24"),
        Row(lines: [both, "denyusers alice@192.0.2.0/24"]),
        Row(lines: [both, "allowusers bob", "allowusers alice"]),
        Row(lines: [both, "allowusers bob", "allowusers carol"], refusal: "AllowUsers bob carol"),
        Row(lines: [both, "denygroups wheel"], refusal: "DenyGroups wheel"),
        Row(lines: [both, "allowgroups staff", "allowgroups whee?"]),
        Row(lines: [both, "allowgroups staff"], refusal: "AllowGroups staff"),
        Row(isRoot: true, lines: [both, "permitrootlogin yes"]),
        Row(isRoot: true, lines: [both, "permitrootlogin no"], refusal: "PermitRootLogin no"),
        Row(
            isRoot: true, lines: [both, "permitrootlogin without-password"], refusal: "PermitRootLogin without-password"
        ),
        Row(
            isRoot: true, lines: ["authenticationmethods any", "permitrootlogin prohibit-password"],
            remark: "the key alone"),
        Row(lines: [both, "permitrootlogin no"]),
    ]

    @Test(arguments: settings.indices) func `what sshd's own settings do to a login is said`(_ index: Int) {
        let row = Self.settings[index]
        let usual = ["usepam yes", "kbdinteractiveauthentication yes", "pubkeyauthentication yes"].filter { line in
            !row.lines.contains { $0.split(separator: " ").first == line.split(separator: " ").first }
        }
        let settings = SSHDSettings((usual + row.lines).joined(separator: "\n"))
        let login = SSHDLogin(
            user: row.isRoot ? "root" : "alice", uid: row.isRoot ? 0 : 1000, groups: ["alice", "wheel"],
            hasKey: row.hasKey, remoteHost: "198.51.100.7")
        let refusals = login.refusals(by: settings)
        #expect(refusals.count == (row.refusal == nil ? 0 : 1), "\(refusals)")
        #expect(refusals.first?.contains(row.refusal ?? "") ?? true)
        let remarks = login.remarks(on: settings)
        #expect(remarks.count == (row.remark == nil ? 0 : 1), "\(remarks)")
        #expect(remarks.first?.contains(row.remark ?? "") ?? true)
    }

    @Test(arguments: ["", ".", "..", "../shadow", "a/b", "-x", "a b", "ünknown", String(repeating: "a", count: 65)])
    func `what cannot be a file's name in pam.d is no service`(_ name: String) {
        let run = Performance(["trial", "--", name, "alice"])
        #expect(run.status == .usage)
    }
}
