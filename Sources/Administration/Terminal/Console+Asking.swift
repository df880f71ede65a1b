import Authentication

extension Console {
    /// Writes a line of our own.
    func say(_ line: String, on stream: ConsoleStream) throws(CommandFailure) {
        let buffer = OutputBuffer()
        buffer.append(printable: line)
        buffer.append("\n")
        try show(buffer, on: stream)
    }

    /// The next line, asked for if somebody is there to be asked; nil at the end of the input.
    ///
    /// `otherwise` tells a person who leaves with Ctrl-C what was not done.
    func ask(_ question: String, otherwise: String) throws(CommandFailure) -> Secret? {
        if inputIsTerminal {
            let buffer = OutputBuffer()
            buffer.append(printable: question)
            // Standard output may be a document, or a file.
            try show(buffer, on: .errors)
        }
        let line: Secret?
        do throws(ConsoleFailure) {
            line = try readLine()
        } catch {
            switch error {
            case .interrupted:
                if inputIsTerminal { try say("", on: .errors) }
                throw CommandFailure(.refused, code: .abandoned, "Interrupted. \(otherwise)")
            case .lineTooLong, .system:
                throw CommandFailure(
                    .refused, code: .terminal, "The answer cannot be read: \(error.explanation). \(otherwise)")
            }
        }
        // Ctrl-D leaves the cursor behind the question.
        if line == nil, inputIsTerminal { try say("", on: .errors) }
        return line
    }
}
