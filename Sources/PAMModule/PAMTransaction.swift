public import Wire

/// What the module needs of a PAM transaction: the real one is libpam's, the tests' are scripted.
///
/// Bytes are handed to a closure and not returned: they belong to libpam or to the application, and may be
/// gone after the next call. What is not set is empty.
public protocol PAMTransaction: ~Copyable {
    /// Hands over PAM_USER, asking the application for it if it is unset; false if nobody answered.
    mutating func askUser(_ body: (Span<UInt8>) -> Void) -> Bool

    /// Hands over one of PAM's items as it is set at this moment.
    func withItem(_ item: PAMItem, _ body: (Span<UInt8>) -> Void)

    /// Hands over a variable of PAM's own environment (pam_getenv(3)), never of the process's.
    func withEnvironment(_ name: StaticString, _ body: (Span<UInt8>) -> Void)

    /// Puts a message to the application, and hands over what was typed if it was a question. Afterwards the
    /// application's copy of it is overwritten and freed. False if the conversation failed, or if a question
    /// found no answer; the empty answer is one.
    mutating func converse(_ style: MessageStyle, _ text: inout TextBuffer, _ body: (Span<UInt8>) -> Void) -> Bool

    /// Sets PAM_AUTHTOK to a C string; false if PAM refused.
    mutating func setAuthtok(_ token: UnsafePointer<CChar>) -> Bool

    /// Sets a variable of PAM's environment by a C string of the form NAME=value; false if PAM refused.
    mutating func setEnvironment(_ assignment: UnsafePointer<CChar>) -> Bool

    /// Writes one line to the journal; an `errno` other than 0 is described behind it.
    func journal(_ priority: JournalPriority, _ line: inout TextBuffer, errno: Int32)
}

/// The items of a PAM transaction that the module reads (pam_get_item(3)).
public enum PAMItem: Sendable {
    /// PAM_SERVICE, PAM_USER, PAM_RHOST, PAM_TTY, PAM_RUSER and PAM_AUTHTOK.
    case service, user, remoteHost, terminal, remoteUser, authtok
}

/// The four styles of a message in a PAM conversation (pam_conv(3)).
public enum MessageStyle: Sendable {
    /// PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON, PAM_ERROR_MSG and PAM_TEXT_INFO.
    case secret, visible, error, info
}

/// How urgent a line in the journal is (syslog(3)).
public enum JournalPriority: Sendable {
    /// Something that an administrator has to put right.
    case error
    /// Something odd that did no harm.
    case notice
}

/// A text on its way to the application or to the journal: room for the longest prompt, and its NUL.
public typealias TextBuffer = FixedBytes<4096>
