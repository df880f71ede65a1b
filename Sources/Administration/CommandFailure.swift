import AdminProtocol

/// Why a command did not do what was asked: for people a sentence and what to type next, for programs a
/// word and an exit code.
struct CommandFailure: Error, Equatable {
    let status: CommandStatus
    let refusal: AdminRefusal

    init(_ status: CommandStatus, code: AdminRefusal.Code, _ message: String, hint: String? = nil) {
        self.status = status
        refusal = AdminRefusal(code, message, hint: hint)
    }

    /// What the daemon refused.
    init(_ refusal: AdminRefusal) {
        status = .refused
        self.refusal = refusal
    }

    /// Says it: as JSON on standard output, as text on standard error. If nobody listens there any more, the exit
    /// code has to do.
    func write(to console: any Console, asJSON: Bool) {
        let buffer = OutputBuffer()
        if asJSON {
            let error: JSONValue = .object([
                ("code", .text(refusal.code.rawValue)), ("message", .text(refusal.message)),
                ("hint", refusal.hint.map { .text($0) } ?? .null),
            ])
            JSONValue.object([("error", error)]).write(to: buffer)
            buffer.append("\n")
        } else {
            buffer.append(printable: status == .usage ? refusal.message : "twostep: \(refusal.message)")
            buffer.append("\n")
            if let hint = refusal.hint {
                buffer.append(printable: hint)
                buffer.append("\n")
            }
        }
        do throws(ConsoleFailure) {
            try console.write(buffer, to: asJSON ? .output : .errors)
        } catch {
            return
        }
    }
}

/// The codes that only the command line has.
extension AdminRefusal.Code {
    /// The command line is wrong.
    static let usage = AdminRefusal.Code(rawValue: "usage")
    /// There is no daemon at the socket, or it does not answer.
    static let unreachable = AdminRefusal.Code(rawValue: "unreachable")
    /// Whatever answers does not speak our protocol.
    static let protocolError = AdminRefusal.Code(rawValue: "protocol_error")
    /// The person left, or said no.
    static let abandoned = AdminRefusal.Code(rawValue: "abandoned")
    /// Standard output or input cannot be used.
    static let terminal = AdminRefusal.Code(rawValue: "terminal")
    /// A file or a directory could not be made.
    static let files = AdminRefusal.Code(rawValue: "files")
}
