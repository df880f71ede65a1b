/// Where the daemon finds and keeps things.
package struct DaemonOptions: Equatable, Sendable {
    package var configuration: String
    package var stateDirectory: String
    package var runtimeDirectory: String
    /// The sealing key where systemd passes none; beside the configuration if it is not said.
    package var keyFile: String
    /// Modules for demonstrations are let in, as `allow_insecure_example: true` in the configuration does.
    package var allowsInsecure: Bool

    package init(
        configuration: String = "/etc/twostep/config.yaml", stateDirectory: String = "/var/lib/twostep",
        runtimeDirectory: String = "/run/twostep", keyFile: String? = nil, allowsInsecure: Bool = false
    ) {
        self.allowsInsecure = allowsInsecure
        self.configuration = configuration
        self.stateDirectory = stateDirectory
        self.runtimeDirectory = runtimeDirectory
        let directory = configuration.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        self.keyFile = keyFile ?? (directory + ["twostep.key"]).joined(separator: "/")
    }

    var loginSocket: String { runtimeDirectory + "/login.sock" }
    var adminSocket: String { runtimeDirectory + "/admin.sock" }
    var programSocket: String { runtimeDirectory + "/program.sock" }
    var networkProgramSocket: String { runtimeDirectory + "/program-network.sock" }
    var securityKeySocket: String { runtimeDirectory + "/fido2.sock" }
    var sshdSocket: String { runtimeDirectory + "/sshd.sock" }
    var selfSocket: String { runtimeDirectory + "/self.sock" }
}

/// Why the daemon does not start, in one sentence for whoever started it.
package struct StartFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
