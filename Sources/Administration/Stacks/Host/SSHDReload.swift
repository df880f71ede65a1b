/// Has sshd read its settings: it does so when it is told to.
struct SSHDReload {
    let host: any StackHost

    /// What to type where nobody does it.
    static let command = "systemctl reload ssh"

    /// Whether it was told. Debian calls the unit ssh, others sshd.
    func perform() -> Bool {
        guard host.runsSystemd else { return false }
        return ["ssh.service", "sshd.service"].contains { host.run("systemctl", ["reload", $0])?.succeeded ?? false }
    }
}
