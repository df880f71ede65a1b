import Authentication
import CPAMApplication

/// What the program that a login goes through tells PAM of it, as far as modules look at it.
struct TrialSurroundings: Equatable {
    let remoteHost: String?
    let terminal: String?
    let remoteUser: String?
    /// NAME=value.
    let environment: [String]
    /// PAM's flags.
    let flags: Int32

    /// Where a login by ssh comes from unless something else is said.
    static let usualHost = "127.0.0.1"

    /// As the service's own program does it. `terminal` and `remoteHost` are what was asked for, `ownTerminal` is where
    /// this process runs.
    init(
        service: String, user: String, hasKey: Bool, remoteHost: String?, terminal: String?, ownTerminal: String?,
        caller: String
    ) {
        var environment: [String] = []
        switch service {
        case "sshd":
            let host = remoteHost ?? TrialSurroundings.usualHost
            self.remoteHost = host
            self.terminal = terminal ?? "ssh"
            remoteUser = nil
            // A name is none of sshd's own: SSH_CONNECTION has addresses.
            if IPAddress(host) != nil { environment.append("SSH_CONNECTION=\(host) 50022 127.0.0.1 22") }
            flags = Int32(PAM_DISALLOW_NULL_AUTHTOK)
        case "sudo", "sudo-i":
            self.remoteHost = remoteHost
            self.terminal = terminal ?? ownTerminal
            remoteUser = user
            flags = Int32(bitPattern: PAM_SILENT)
        case _:
            self.remoteHost = remoteHost
            self.terminal = terminal ?? ownTerminal
            remoteUser = service.hasPrefix("su") ? caller : nil
            flags = 0
        }
        if hasKey { environment.append("SSH_AUTH_INFO_0=publickey ssh-ed25519") }
        self.environment = environment
    }
}
