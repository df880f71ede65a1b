import Glibc
package import PAMStacks

/// Whoever says what sshd would make of its configuration.
package protocol SSHDProgram {
    /// What is in force for a connection.
    func settings(for connection: SSHDConnection) throws(SSHDFailure) -> SSHDSettings
}

/// Why sshd has not said what is in force.
package struct SSHDFailure: Error, Equatable {
    /// Its own words, line by line.
    package let said: [String]

    package init(said: [String]) { self.said = said }

    /// A method that a list of AuthenticationMethods needs and that is off: sshd then takes no list, and does not start.
    package var disabledMethod: (method: String, list: String)? {
        guard said.contains(where: { $0.contains("AuthenticationMethods cannot be satisfied") }),
            let line = said.first(where: { $0.hasPrefix("Disabled method ") })
        else { return nil }
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count > 3 ? (String(parts[1]), String(parts[3])) : nil
    }

    /// The first line that sshd does not take, and why: `/etc/ssh/sshd_config line 7: Bad configuration option: UsePam2`.
    package var refusedLine: (path: String, number: Int, reason: String)? {
        for line in said {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            guard words.count == 4, words[0].hasPrefix("/"), words[1] == "line",
                let number = Int(words[2].prefix { $0.isNumber })
            else { continue }
            return (words[0].hasSuffix(":") ? String(words[0].dropLast()) : words[0], number, words[3])
        }
        return nil
    }
}

/// The sshd of a tree, run with `-T`: in the tree itself, if that is not the machine's own.
package struct HostSSHD: SSHDProgram {
    private static let places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"]
    private static let chroot = ["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot"]

    private let program: String
    private let arguments: [String]

    /// Nil where the tree has none.
    package init?(_ tree: HostTree) {
        guard let program = HostSSHD.places.first(where: { tree.exists($0) }) else { return nil }
        guard !tree.prefix.isEmpty else {
            (self.program, arguments) = (program, [])
            return
        }
        let machine = HostTree(root: "/")
        self.program = HostSSHD.chroot.first { machine.exists($0) } ?? "chroot"
        arguments = [tree.prefix, program]
    }

    /// One of this machine's with a configuration of its own.
    init(_ program: String, configuration: String) {
        self.program = program
        arguments = ["-f", configuration]
    }

    package func settings(for connection: SSHDConnection) throws(SSHDFailure) -> SSHDSettings {
        let run: SystemProgram.Capture
        do throws(ProgramFailure) {
            run = try SystemProgram.capture(program, arguments + ["-T", "-C", connection.argument])
        } catch {
            throw SSHDFailure(said: ["\(program) cannot be started"])
        }
        guard run.status == 0 else {
            // Each of its lines ends with a carriage return as well.
            let said = run.errors.split(whereSeparator: \.isNewline).map(String.init)
            throw SSHDFailure(said: said.isEmpty ? ["it has failed without a word"] : said)
        }
        return SSHDSettings(run.output)
    }
}
