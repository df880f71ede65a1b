import CPAM
import CPOSIX
public import Wire

/// The transaction of the application that loaded the module, reached through libpam.
@safe
public struct LibPAMTransaction: PAMTransaction, ~Copyable {
    private let handle: OpaquePointer

    /// `handle` is what libpam passed to the entry point, and this does not outlast that call.
    public init(_ handle: OpaquePointer) { unsafe self.handle = handle }

    /// The longest item that is looked at, in bytes: more than any field takes.
    private static var longestItem: Int { 65_536 }

    public mutating func askUser(_ body: (Span<UInt8>) -> Void) -> Bool {
        guard let user = unsafe pam_asked_user(handle) else { return false }
        unsafe withCharacters(of: user, atMost: LibPAMTransaction.longestItem, body)
        return true
    }

    public func withItem(_ item: PAMItem, _ body: (Span<UInt8>) -> Void) {
        let code =
            switch item {
            case .service: PAM_SERVICE
            case .user: PAM_USER
            case .remoteHost: PAM_RHOST
            case .terminal: PAM_TTY
            case .remoteUser: PAM_RUSER
            case .authtok: PAM_AUTHTOK
            }
        unsafe handOver(pam_text_item(handle, code), to: body)
    }

    public func withEnvironment(_ name: StaticString, _ body: (Span<UInt8>) -> Void) {
        let name = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        unsafe handOver(pam_getenv(handle, name), to: body)
    }

    private func handOver(_ text: UnsafePointer<CChar>?, to body: (Span<UInt8>) -> Void) {
        guard let text = unsafe text else {
            unsafe body(UnsafeBufferPointer<UInt8>(start: nil, count: 0).span)
            return
        }
        unsafe withCharacters(of: text, atMost: LibPAMTransaction.longestItem, body)
    }

    public mutating func converse(
        _ style: MessageStyle, _ text: inout TextBuffer, _ body: (Span<UInt8>) -> Void
    ) -> Bool {
        let (code, isQuestion) =
            switch style {
            case .secret: (PAM_PROMPT_ECHO_OFF, true)
            case .visible: (PAM_PROMPT_ECHO_ON, true)
            case .error: (PAM_ERROR_MSG, false)
            case .info: (PAM_TEXT_INFO, false)
            }
        var answer: UnsafeMutablePointer<CChar>?
        let went = unsafe text.withCString { unsafe pam_converse(handle, code, $0, &answer) }
        guard let answer = unsafe answer else { return went && !isQuestion }
        // The application may answer at any length; all of it is overwritten, whatever is used of it.
        let length = unsafe strlen(answer)
        if went, isQuestion { unsafe withCharacters(of: answer, atMost: length, body) }
        unsafe posix_wipe(answer, length)
        unsafe free(answer)
        return went
    }

    public mutating func setAuthtok(_ token: UnsafePointer<CChar>) -> Bool {
        unsafe pam_replace_authtok(handle, token)
    }

    public mutating func setEnvironment(_ assignment: UnsafePointer<CChar>) -> Bool {
        unsafe pam_put_environment(handle, assignment)
    }

    public func journal(_ priority: JournalPriority, _ line: inout TextBuffer, errno: Int32) {
        let level =
            switch priority {
            case .error: LOG_ERR
            case .notice: LOG_NOTICE
            }
        unsafe line.withCString { unsafe pam_journal(handle, level, $0, errno) }
    }
}
