import Daemon

/// sshd with a configuration that is not installed.
struct DraftSSHD: SSHDProgram {
    let host: any StackHost
    /// The path of the draft.
    let configuration: String

    func settings(for connection: SSHDConnection) throws(SSHDFailure) -> SSHDSettings {
        guard let result = host.run("sshd", ["-T", "-f", configuration, "-C", connection.argument]) else {
            throw SSHDFailure(said: ["there is no sshd"])
        }
        guard result.succeeded else {
            throw SSHDFailure(said: result.output.split(whereSeparator: \.isNewline).map(String.init))
        }
        return SSHDSettings(result.output)
    }
}
