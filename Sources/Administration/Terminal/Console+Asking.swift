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
    /// `otherwise` tells a person who leaves with Ctrl-C what was not done. A hidden answer is not shown.
    func ask(_ question: String, otherwise: String, isHidden: Bool = false) throws(CommandFailure) -> Secret? {
        if inputIsTerminal {
            let buffer = OutputBuffer()
            buffer.append(printable: question)
            // Standard output may be a document, or a file.
            try show(buffer, on: .errors)
        }
        let line: Secret?
        do throws(ConsoleFailure) {
            line = try readLine(isHidden: isHidden)
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

    /// Throws where nobody could be asked and the command line does not say yes: before anything else is done.
    func checkCanAsk(isAgreed: Bool, otherwise: String, command: String) throws(CommandFailure) {
        guard isAgreed || inputIsTerminal else {
            throw CommandFailure(
                .usage, code: .usage, "Nobody can be asked. \(otherwise)",
                hint: "Say so on the command line: \(command) --yes")
        }
    }

    /// Returns if the person, or the command line, says yes; throws `abandoned` for all else.
    ///
    /// `command` is what a script has to say, where nobody can be asked.
    func agree(
        to question: String, isAgreed: Bool, otherwise: String, command: String
    ) throws(CommandFailure) {
        guard !isAgreed else { return }
        try checkCanAsk(isAgreed: isAgreed, otherwise: otherwise, command: command)
        // Ctrl-C must not leave anybody in doubt either.
        holdInterrupts()
        let answer = try ask("\(question) [y/N] ", otherwise: otherwise)
        let isYes = answer?.withBytes { answer in
            ["y", "Y", "yes"].contains { word in word.utf8.elementsEqual(answer.indices.map { answer[$0] }) }
        }
        guard isYes == true else { throw CommandFailure(.refused, code: .abandoned, otherwise) }
    }
}
