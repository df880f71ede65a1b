import AdminProtocol

/// Why a command did not do what was asked: for people a sentence and what to type next, for programs a
/// word and an exit code.
struct CommandFailure: Error, Equatable {
    let status: CommandStatus
    let refusal: AdminRefusal

    init(_ status: CommandStatus, code: AdminRefusal.Kind, _ message: String, hint: String? = nil) {
        self.status = status
        refusal = AdminRefusal(code, message, hint: hint)
    }

    /// The same, with another hint.
    init(_ failure: CommandFailure, hint: String) {
        self.init(failure.status, code: failure.refusal.code, failure.refusal.message, hint: hint)
    }

    /// What the daemon refused.
    init(_ refusal: AdminRefusal) {
        status = .refused
        self.refusal = refusal
    }

    /// Says it: as JSON on standard output, as text on standard error. If nobody listens there any more, the exit
    /// code has to do.
    func write(to console: any Console, asJSON: Bool) {
        if asJSON, writeJSON(to: console) { return }
        writeText(to: console)
    }

    /// Whether there is anybody to read it.
    private func writeJSON(to console: any Console) -> Bool {
        let buffer = OutputBuffer()
        let error: JSONValue = .object([
            ("code", .text(refusal.code.rawValue)), ("message", .text(refusal.message)),
            ("hint", .text(refusal.hint)),
        ])
        JSONValue.object([("error", error)]).write(to: buffer)
        buffer.append("\n")
        return CommandFailure.write(buffer, to: .output, of: console)
    }

    private func writeText(to console: any Console) {
        let buffer = OutputBuffer()
        buffer.append(printable: status == .usage ? refusal.message : "twostep: \(refusal.message)")
        buffer.append("\n")
        if let hint = refusal.hint {
            buffer.append(printable: hint)
            buffer.append("\n")
        }
        _ = CommandFailure.write(buffer, to: .errors, of: console)
    }

    private static func write(_ buffer: OutputBuffer, to stream: ConsoleStream, of console: any Console) -> Bool {
        do throws(ConsoleFailure) {
            try console.write(buffer, to: stream)
            return true
        } catch {
            return false
        }
    }
}

/// The codes that only the command line has.
extension AdminRefusal.Kind {
    /// The command line is wrong.
    static let usage = AdminRefusal.Kind(rawValue: "usage")
    /// There is no daemon at the socket, or it does not answer.
    static let unreachable = AdminRefusal.Kind(rawValue: "unreachable")
    /// Whatever answers does not speak our protocol.
    static let protocolError = AdminRefusal.Kind(rawValue: "protocol_error")
    /// The person left, or said no.
    static let abandoned = AdminRefusal.Kind(rawValue: "abandoned")
    /// Standard output or input cannot be used.
    static let terminal = AdminRefusal.Kind(rawValue: "terminal")
    /// journalctl could not be run, or has failed.
    static let journal = AdminRefusal.Kind(rawValue: "journal")
    /// A file or a directory could not be made.
    static let files = AdminRefusal.Kind(rawValue: "files")
}
