import Daemon
import Glibc

/// journalctl(1): asked for what journald has of twostepd, without a shell and with an environment of our own.
package struct JournalProgram: Sendable {
    /// Absolute.
    package let path: String
    /// Whether this machine has a journal that could be asked.
    package let isPresent: Bool

    package init(path: String, isPresent: Bool) {
        self.path = path
        self.isPresent = isPresent
    }

    /// The machine's own.
    package static var host: JournalProgram {
        let path = "/usr/bin/journalctl"
        let isPresent = unsafe access(path, X_OK) == 0 && access("/run/systemd/journal/socket", F_OK) == 0
        return JournalProgram(path: path, isPresent: isPresent)
    }

    /// The longest line that is taken, in bytes; what is longer is passed over.
    private static let longestLine = 1024 * 1024

    /// Runs it and hands on its output, line by line, until it ends.
    func read(
        _ arguments: [String], _ body: ([UInt8]) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        var output = try attempt { () throws(ProgramFailure) in try OutputPipe.make() }
        // Its remarks for people would stand among ours.
        let program = try attempt { () throws(ProgramFailure) in
            try SystemProgram(path, arguments, output: output.writing, errors: nil)
        }
        output.closeWriting()
        do throws(CommandFailure) {
            try JournalProgram.readLines(of: output.reading, body)
        } catch {
            program.terminate()
            _ = try? program.wait()
            throw error
        }
        guard (try? program.wait()) == 0 else { throw failure("it has failed") }
    }

    private func failure(_ why: String) -> CommandFailure {
        CommandFailure(
            .refused, code: .journal, "\(path) cannot be used: \(why).",
            hint: "See: journalctl -u twostepd. Without the journal: twostep log --daemon")
    }

    private func attempt<Value: ~Copyable>(
        _ body: () throws(ProgramFailure) -> Value
    ) throws(CommandFailure) -> Value {
        do throws(ProgramFailure) {
            return try body()
        } catch {
            throw failure(error.reason)
        }
    }

    private static func readLines(
        of descriptor: Int32, _ body: ([UInt8]) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        var line: [UInt8] = []
        var isTooLong = false
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            for byte in buffer.prefix(count) {
                guard byte == UInt8(ascii: "\n") else {
                    if line.count < longestLine { line.append(byte) } else { isTooLong = true }
                    continue
                }
                if !isTooLong, !line.isEmpty { try body(line) }
                line.removeAll(keepingCapacity: true)
                isTooLong = false
            }
        }
    }
}
