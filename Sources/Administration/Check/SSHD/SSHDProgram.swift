import Glibc
import PAMStacks

/// Whoever says what sshd would make of its configuration.
package protocol SSHDProgram {
    /// What is in force for a connection.
    func settings(for connection: SSHDConnection) throws(SSHDFailure) -> SSHDSettings
}

/// Why sshd has said nothing, in its own last words.
package struct SSHDFailure: Error, Equatable {
    package let explanation: String

    package init(explanation: String) { self.explanation = explanation }
}

/// The sshd of a tree, run with `-T`: in the tree itself, if that is not the machine's own.
struct HostSSHD: SSHDProgram {
    private static let places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"]
    private static let chroot = ["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot"]

    private let command: [String]

    /// Nil where the tree has none.
    init?(_ tree: HostTree) {
        guard let program = HostSSHD.places.first(where: { tree.exists($0) }) else { return nil }
        guard !tree.prefix.isEmpty else {
            command = [program]
            return
        }
        let machine = HostTree(root: "/")
        command = [HostSSHD.chroot.first { machine.exists($0) } ?? "chroot", tree.prefix, program]
    }

    func settings(for connection: SSHDConnection) throws(SSHDFailure) -> SSHDSettings {
        let run = try CapturedProgram.run(command + ["-T", "-C", connection.argument])
        guard run.status == 0 else {
            let said = run.errors.split(separator: "\n").last { !$0.isEmpty }.map(String.init)
            throw SSHDFailure(explanation: said ?? "it has failed without a word")
        }
        return SSHDSettings(run.output)
    }
}
