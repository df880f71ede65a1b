import Administration
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

    @Test(arguments: ["", ".", "..", "../shadow", "a/b", "-x", "a b", "ünknown", String(repeating: "a", count: 65)])
    func `what cannot be a file's name in pam.d is no service`(_ name: String) {
        let run = Performance(["trial", "--", name, "alice"])
        #expect(run.status == .usage)
    }
}
