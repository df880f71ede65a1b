import Authentication
import CPAMApplication
import Glibc

/// PAM's questions, put to the person at the terminal; what came is kept for the report.
final class TrialConversation {
    /// One message, as it came: some show a secret.
    struct Message {
        enum Style: String {
            case secret, visible, error, info, other
        }

        let style: Style
        let text: SharedSecret
    }

    private let console: any Console
    private(set) var messages: [Message] = []
    /// Why the conversation ended from this side; nil if it did not.
    private(set) var failure: CommandFailure?

    init(_ console: any Console) { self.console = console }

    /// How many answers were asked for.
    var questions: Int { messages.count { $0.style == .secret || $0.style == .visible } }

    /// Puts one message; nil where no answer belongs to it.
    private func put(_ style: Message.Style, _ text: SharedSecret) throws(CommandFailure) -> Secret? {
        messages.append(Message(style: style, text: text))
        let buffer = OutputBuffer()
        text.secret.withBytes { buffer.append(printable: $0) }
        guard style == .secret || style == .visible else {
            buffer.append("\n")
            try console.show(buffer, on: .errors)
            return nil
        }
        try console.show(buffer, on: .errors)
        guard let line = try console.ask("", otherwise: TrialConversation.abandoned, isHidden: style == .secret) else {
            throw CommandFailure(
                .refused, code: .abandoned, "There was no answer. \(TrialConversation.abandoned)",
                hint: console.inputIsTerminal ? nil : "Pass one line for each question on standard input.")
        }
        // Somebody who reads the log of a script sees where one answer ended.
        if !console.inputIsTerminal { try console.say("", on: .errors) }
        return line
    }

    private static let abandoned = "The trial was left."

    /// Whether the conversation goes on; `answer` is in memory of malloc(3), as PAM wants it.
    fileprivate func respond(
        _ style: Int32, _ text: UnsafePointer<CChar>?, _ answer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) -> Bool {
        let length = unsafe text.map { unsafe strlen($0) } ?? 0
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: length)
        let copy = SharedSecret(
            Secret(count: length) { target in
                for index in 0..<length { unsafe target[index] = bytes[index] }
            })
        do throws(CommandFailure) {
            guard let line = try put(TrialConversation.style(style), copy) else { return true }
            guard let memory = unsafe calloc(line.count + 1, 1) else { return false }
            let target = unsafe memory.assumingMemoryBound(to: CChar.self)
            line.withBytes { bytes in
                for index in bytes.indices { unsafe target[index] = CChar(bitPattern: bytes[index]) }
            }
            unsafe answer?.pointee = target
            return true
        } catch {
            failure = error
            return false
        }
    }

    private static func style(_ number: Int32) -> Message.Style {
        switch number {
        case PAM_PROMPT_ECHO_OFF: .secret
        case PAM_PROMPT_ECHO_ON: .visible
        case PAM_ERROR_MSG: .error
        case PAM_TEXT_INFO: .info
        case _: .other
        }
    }

    /// What libpam calls for each message; the context is the conversation.
    static let callback: application_answer = { context, style, text, answer in
        guard let context = unsafe context else { return false }
        return unsafe Unmanaged<TrialConversation>.fromOpaque(context).takeUnretainedValue().respond(
            style, text, answer)
    }
}
