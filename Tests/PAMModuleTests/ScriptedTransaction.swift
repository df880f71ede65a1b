import CPAM
import Foundation
import PAMModule
import Testing
import Wire

/// A PAM transaction without libpam: the person's replies are a script, and what the module does is written down.
final class ScriptedTransaction: PAMTransaction {
    /// What the person, or the application, does at a question.
    enum Reply {
        case types(String)
        case typesBytes([UInt8])
        /// The conversation function returns an error.
        case fails
        /// Something happens first, on the host's side.
        case after((ScriptedTransaction) -> Void, String)
    }

    struct Message: Equatable, CustomStringConvertible {
        let style: MessageStyle
        let text: String
        init(_ style: MessageStyle, _ text: String) { (self.style, self.text) = (style, text) }
        var description: String { "\(style): \(text)" }
    }

    var items: [PAMItem: [UInt8]] = [.service: Array("sshd".utf8), .user: Array("alice".utf8)]
    var environment: [String: [UInt8]] = [:]
    /// Whether the application can show messages that ask for nothing.
    var showsMessages = true
    /// Whether libpam takes what is set.
    var takesItems = true
    private var replies: [Reply]

    private(set) var shown: [Message] = []
    private(set) var journal: [String] = []
    private(set) var notices: [String] = []
    private(set) var authtoks: [[UInt8]] = []
    private(set) var assignments: [String] = []

    /// What is replied when the script is over, if anything.
    private let lastReply: Reply?

    init(_ replies: Reply...) {
        self.replies = replies
        lastReply = nil
    }

    /// Somebody who replies the same for as long as there are questions.
    init(repeating reply: Reply) {
        replies = []
        lastReply = reply
    }

    /// Fails the test when somebody was to reply and was not asked.
    func expectScriptIsOver() {
        #expect(replies.isEmpty, "not asked for")
    }

    func askUser(_ body: (Span<UInt8>) -> Void) -> Bool {
        if items[.user] == nil {
            guard case .typesBytes(let name)? = next() else { return false }
            items[.user] = name
        }
        withItem(.user, body)
        return true
    }

    func withItem(_ item: PAMItem, _ body: (Span<UInt8>) -> Void) {
        let bytes = items[item] ?? []
        body(bytes.span)
    }

    func withEnvironment(_ name: StaticString, _ body: (Span<UInt8>) -> Void) {
        let bytes = environment["\(name)"] ?? []
        body(bytes.span)
    }

    func converse(_ style: MessageStyle, _ text: inout TextBuffer, _ body: (Span<UInt8>) -> Void) -> Bool {
        shown.append(
            Message(
                style,
                text.withBytes { bytes in
                    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
                }))
        switch style {
        case .error, .info: return showsMessages
        case .secret, .visible: break
        }
        guard case .typesBytes(let typed)? = next() else { return false }
        body(typed.span)
        return true
    }

    private func next() -> Reply? {
        guard let reply = replies.isEmpty ? lastReply : replies.removeFirst() else {
            Issue.record("asked for more than the script has: \(shown)")
            return nil
        }
        switch reply {
        case .types(let text): return .typesBytes(Array(text.utf8))
        case .after(let event, let text):
            event(self)
            return .typesBytes(Array(text.utf8))
        case .typesBytes, .fails: return reply
        }
    }

    func setAuthtok(_ token: UnsafePointer<CChar>) -> Bool {
        guard takesItems else { return false }
        let bytes = unsafe Array(String(cString: token).utf8)
        items[.authtok] = bytes
        authtoks.append(bytes)
        return true
    }

    func setEnvironment(_ assignment: UnsafePointer<CChar>) -> Bool {
        guard takesItems else { return false }
        unsafe assignments.append(String(cString: assignment))
        return true
    }

    func journal(_ priority: JournalPriority, _ line: inout TextBuffer, errno: Int32) {
        let text = line.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
        switch priority {
        case .error: journal.append(errno == 0 ? text : unsafe "\(text): \(String(cString: strerror(errno)))")
        case .notice: notices.append(text)
        }
    }
}
