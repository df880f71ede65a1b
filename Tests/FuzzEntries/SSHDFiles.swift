import Administration
import Daemon
import PAMStacks

/// sshd_config, a file that it includes and what `sshd -T` says: whatever they are, something to be read is said of them,
/// with places that there are.
///
/// The input is these three with a zero byte between them.
enum SSHDFiles {
    /// An sshd that says the same of every connection, or nothing.
    private struct Program: SSHDProgram {
        let output: String

        func settings(for connection: SSHDConnection) throws(SSHDFailure) -> SSHDSettings {
            guard !output.hasPrefix("!") else {
                throw SSHDFailure(said: output.split(separator: "\n").map(String.init))
            }
            return SSHDSettings(output)
        }
    }

    static func run(_ bytes: [UInt8]) throws(Violation) {
        guard bytes.count <= 4096 else { return }
        let parts = parts(of: bytes)
        let main = "/etc/ssh/sshd_config"
        var files = [
            "/etc/pam.d/sshd": Array("auth required pam_twostep.so\n".utf8),
            "/etc/passwd": Array("root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n".utf8),
            "/etc/group": Array("ann:x:1000:\n".utf8), main: parts.first ?? [],
        ]
        if parts.count > 1 { files["/etc/ssh/sshd_config.d/50-local.conf"] = parts[1] }
        let said = parts.count > 2 ? String(decoding: parts[2], as: UTF8.self) : ""
        let source = SSHDFindings(
            tree: StackTree(MadeUpTree(files: files)), program: Program(output: said), isRoot: true, policy: nil)
        for finding in source.findings() {
            try promise(!finding.found.isEmpty, "found, and nothing said")
            guard let mend = finding.mend, let path = mend.path else { continue }
            try promise(mend.applied(to: files[path] ?? []) != nil, "\(mend) is to be written where it cannot be")
        }
    }
}
