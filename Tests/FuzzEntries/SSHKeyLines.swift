import Daemon

/// What the daemon and a launcher say to each other of a security key, and what sshd calls itself: whatever a line is, it is
/// read as it is written or not at all, and nothing but one word lets a key count.
enum SSHKeyLines {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let line = String(decoding: bytes.prefix(2048), as: UTF8.self)
        if let question = SSHKeyQuestion(line: line) {
            try promise(question.line == line + "\n", "a question is written otherwise than it was read: \(line)")
            try promise(question.process > 0, "a process \(question.process)")
            let argument = question.connection.argument
            try promise(
                argument.split(separator: ",", omittingEmptySubsequences: false).count == 6,
                "sshd would be told something else: \(argument)")
        }
        if SSHKeyTestimony(line: line) == .counts { try promise(line == "counts", "a key counts by: \(line)") }
        guard let arguments = SSHDListener.arguments(line) else { return }
        guard let (program, configuration) = try? SSHDListener.understand(arguments) else { return }
        try promise(program.hasPrefix("/") && program.hasSuffix("/sshd"), "\(program) would be run")
        try promise(configuration.hasPrefix("/"), "\(configuration) would be read")
        try promise(!arguments.contains { $0.hasPrefix("-o") }, "options are passed over: \(line)")
    }
}
