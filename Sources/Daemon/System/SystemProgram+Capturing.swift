import Glibc

/// Programs that are run to their end for what they say.
extension SystemProgram {
    /// What one has said.
    package struct Capture {
        /// As waitpid(2) has it.
        package let status: Int32
        package let output: String
        package let errors: String
    }

    /// Runs one and keeps its two outputs apart.
    package static func capture(_ path: String, _ arguments: [String]) throws(ProgramFailure) -> Capture {
        var output = try OutputPipe.make()
        var errors = try OutputPipe.make()
        let program = try SystemProgram(path, arguments, output: output.writing, errors: errors.writing)
        output.closeWriting()
        errors.closeWriting()
        let texts = read(output.reading, errors.reading)
        return Capture(status: try program.wait(), output: texts.0, errors: texts.1)
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
