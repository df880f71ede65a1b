import Glibc

/// Programs that are run to their end for what they say.
extension SystemProgram {
    /// What one has said.
    struct Capture {
        /// As waitpid(2) has it.
        let status: Int32
        let output: String
        let errors: String
    }

    /// Runs one and keeps its two outputs apart.
    static func capture(_ path: String, _ arguments: [String]) throws(ProgramFailure) -> Capture {
        var output = try OutputPipe.make()
        var errors = try OutputPipe.make()
        let program = try SystemProgram(path, arguments, output: output.writing, errors: errors.writing)
        output.closeWriting()
        errors.closeWriting()
        let texts = read(output.reading, errors.reading)
        return Capture(status: try program.wait(), output: texts.0, errors: texts.1)
    }

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

    /// Both at once: a program that fills one of two pipes waits until somebody reads that one.
    private static func read(_ output: Int32, _ errors: Int32) -> (String, String) {
        var waiting = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        var texts: [[UInt8]] = [[], []]
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while waiting.contains(where: { $0.fd >= 0 }) {
            guard unsafe poll(&waiting, 2, -1) >= 0 || errno == EINTR else { break }
            for index in waiting.indices where waiting[index].fd >= 0 && waiting[index].revents != 0 {
                let count = unsafe Glibc.read(waiting[index].fd, &buffer, buffer.count)
                if count > 0 {
                    texts[index] += buffer.prefix(count)
                } else if count == 0 || errno != EINTR {
                    waiting[index].fd = -1
                }
            }
        }
        return (String(decoding: texts[0], as: UTF8.self), String(decoding: texts[1], as: UTF8.self))
    }
}
