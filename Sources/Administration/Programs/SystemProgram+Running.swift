import Daemon
import Glibc

/// Programs that are run to their end for what they say to people.
extension SystemProgram {
    /// Runs one whose two outputs are one text.
    static func run(_ path: String, _ arguments: [String]) -> ProgramResult {
        do throws(ProgramFailure) {
            var output = try OutputPipe.make()
            let program = try SystemProgram(
                path, arguments, output: output.writing, errors: output.writing, isInterruptible: true)
            output.closeWriting()
            let text = read(output.reading)
            return ProgramResult(succeeded: try program.wait() == 0, output: text)
        } catch {
            return ProgramResult(succeeded: false, output: "\(path) cannot be run: \(error.reason)")
        }
    }

    /// More than this is not kept of what is one text, in bytes.
    private static let longest = 1 << 20

    private static func read(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            if bytes.count < longest { bytes += buffer.prefix(count) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
