/// What a verb has to say at its end: once for people, once for programs.
package struct Report {
    package let status: CommandStatus
    /// Lines, without the last newline; empty for nothing to say.
    package let text: String
    /// What people are shown below the text: lines that may hold secrets.
    package let appendix: OutputBuffer?
    package let json: JSONValue
    /// What was changed, for where the report itself cannot be written; nil if nothing was.
    let change: String?

    package init(
        _ status: CommandStatus = .done, text: String, appendix: OutputBuffer? = nil, json: JSONValue,
        change: String? = nil
    ) {
        self.status = status
        self.text = text
        self.appendix = appendix
        self.json = json
        self.change = change
    }

    /// Writes one of the two to standard output.
    func write(to console: any Console, asJSON: Bool) throws(CommandFailure) {
        let buffer = OutputBuffer()
        if asJSON {
            json.write(to: buffer)
        } else {
            buffer.append(printable: text)
        }
        if asJSON || !text.isEmpty { buffer.append("\n") }
        if !asJSON, let appendix { appendix.withBytes { buffer.append(printable: $0) } }
        do throws(CommandFailure) {
            try console.show(buffer, on: .output)
        } catch {
            // Whoever takes this for "not done" does it again, or leaves somebody with a device that nobody has.
            throw change.map { CommandFailure(error, hint: "Done all the same: \($0)") } ?? error
        }
    }
}

extension Console {
    /// Writes, with a failure that ends the command.
    func show(_ buffer: OutputBuffer, on stream: ConsoleStream) throws(CommandFailure) {
        do throws(ConsoleFailure) {
            try write(buffer, to: stream)
        } catch {
            throw CommandFailure(.refused, code: .terminal, "The output cannot be written: \(error.explanation).")
        }
    }
}
