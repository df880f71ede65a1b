import Glibc

/// The sshd that a connection has come to: the process that listens, and what it was started with.
package struct SSHDListener: Equatable {
    let process: Int32
    /// Its program's path.
    let program: String
    let configuration: String
    /// When the process that serves the connection was started, in clock ticks since the boot.
    let connectionStart: UInt64

    /// As many processes as there may be between PAM's caller and who listens: sshd has two or three.
    private static let mostGenerations = 8

    /// The listener above a process; throws where there is none, or not all that it was started with is understood.
    static func above(_ process: Int32) throws(SSHKeyDoubt) -> SSHDListener {
        guard var status = ProcessStatus(of: process) else {
            throw SSHKeyDoubt("the process that asks is gone, or not to be seen")
        }
        for _ in 0..<mostGenerations {
            guard status.parent > 1, let parent = ProcessStatus(of: status.parent) else { break }
            if let title = SSHDListener.title(of: status.parent), let arguments = SSHDListener.arguments(title) {
                guard SSHDListener.isRoots(status.parent) else { break }
                let (program, configuration) = try understand(arguments)
                return SSHDListener(
                    process: status.parent, program: program, configuration: configuration,
                    connectionStart: status.start)
            }
            status = parent
        }
        throw SSHKeyDoubt(
            "no sshd that listens is above the process that asks: what it was started with is not known")
    }

    /// What sshd was started with, by the title that it gives itself: `sshd: /usr/sbin/sshd -D [listener] 0 of 10-100
    /// startups`. Nil for any other process.
    package static func arguments(_ title: String) -> [String]? {
        let prefix = "sshd: "
        guard title.hasPrefix(prefix) else { return nil }
        let words = title.dropFirst(prefix.count).split(separator: " ", omittingEmptySubsequences: false).map(
            String.init)
        guard let end = words.firstIndex(of: "[listener]"), end > 0 else { return nil }
        return Array(words[..<end])
    }

    /// The program and the configuration; what could change a setting besides is not understood.
    package static func understand(_ arguments: [String]) throws(SSHKeyDoubt) -> (
        program: String, configuration: String
    ) {
        var rest = arguments[...]
        guard let program = rest.popFirst(), program.hasPrefix("/"), program.hasSuffix("/sshd") else {
            throw SSHKeyDoubt("sshd was not started by its path")
        }
        var configuration: String?
        while let word = rest.popFirst() {
            switch word {
            case "-D", "-e", "-q", "-4", "-6", "-De", "-eD": continue
            case "-p", "-E":
                guard let value = rest.popFirst(), !value.hasPrefix("-") else {
                    throw SSHKeyDoubt("sshd was started with '\(word)' and what may be another option")
                }
            case "-f":
                guard let path = rest.popFirst(), path.hasPrefix("/"), configuration == nil else {
                    throw SSHKeyDoubt("sshd was started with a configuration that has no path")
                }
                configuration = path
            case _: throw SSHKeyDoubt("sshd was started with '\(word)', which may overrule its configuration")
            }
        }
        return (program, configuration ?? SSHDFile.path)
    }

    /// What a process calls itself.
    private static func title(of process: Int32) -> String? {
        guard let bytes = contents("/proc/\(process)/cmdline") else { return nil }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether it is root's in every respect.
    private static func isRoots(_ process: Int32) -> Bool {
        guard let bytes = contents("/proc/\(process)/status") else { return false }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        guard let line = lines.first(where: { $0.hasPrefix("Uid:") }) else { return false }
        return line.dropFirst(4).split(whereSeparator: \.isWhitespace) == ["0", "0", "0", "0"]
    }

    /// The beginning of a file of proc(5).
    private static func contents(_ path: String) -> ArraySlice<UInt8>? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        return count > 0 ? bytes.prefix(count) : nil
    }
}

/// Why a security key does not count.
package struct SSHKeyDoubt: Error, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
