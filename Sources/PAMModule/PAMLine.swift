import CPOSIX
import UnixSocket
import Wire

/// What stands behind the module's name on its line in /etc/pam.d.
///
/// The pointers are libpam's and live as long as the call. What a line says twice, wrongly or in too many
/// words is an error and never guessed at: a misspelt `exempt=success` must not pass for none.
@safe
struct PAMLine {
    /// Where the daemon listens, unless `socket=` says otherwise.
    static var defaultSocket: StaticString { "/run/twostep/login.sock" }

    /// The words that are accepted, as the journal names them.
    static var accepted: StaticString { "socket=/PATH, exempt=success and provider=TYPE[:ID] are, once each" }

    private var givenSocket: UnsafePointer<CChar>?
    /// All of `provider=TYPE[:ID]`, to be forwarded.
    private(set) var provider: UnsafePointer<CChar>?
    /// Whether an exempt login ends as a success of this line instead of being passed over.
    private(set) var exemptIsSuccess = false
    /// The first word that was not understood, or NULL.
    private(set) var rejected: UnsafePointer<CChar>?

    /// Reads the line; `arguments` may be NULL and may hold NULLs, which say nothing.
    init(count: CInt, arguments: UnsafeMutablePointer<UnsafePointer<CChar>?>?) {
        guard let arguments = unsafe arguments else { return }
        var index = 0
        while index < Int(count), unsafe rejected == nil {
            if let word = unsafe arguments[index], unsafe !accept(word) { unsafe rejected = word }
            index &+= 1
        }
    }

    /// The path of the daemon's socket, a C string.
    var socket: UnsafePointer<CChar> {
        let fixed = PAMLine.defaultSocket
        return unsafe givenSocket ?? UnsafeRawPointer(fixed.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private mutating func accept(_ word: UnsafePointer<CChar>) -> Bool {
        if let path = unsafe value(of: "socket=", in: word) {
            // 0x2F is a slash: what is relative depends on the application's folder.
            guard unsafe givenSocket == nil, unsafe path[0] == 0x2F, unsafe fits(path, Listener.maximumPath) else {
                return false
            }
            unsafe givenSocket = path
            return true
        }
        if let type = unsafe value(of: "provider=", in: word) {
            guard unsafe provider == nil, unsafe fits(type, Begin.maximumArgument),
                unsafe fits(word, Begin.maximumArgument)
            else { return false }
            unsafe provider = word
            return true
        }
        if unsafe matches(word, "exempt=success"), !exemptIsSuccess {
            exemptIsSuccess = true
            return true
        }
        return false
    }

    /// Whether a text is neither empty nor longer than `limit`, and printable.
    private func fits(_ text: UnsafePointer<CChar>, _ limit: Int) -> Bool {
        let length = unsafe strnlen(text, limit &+ 1)
        guard length > 0, length <= limit else { return false }
        var clean = false
        unsafe withCharacters(of: text, atMost: limit) { clean = PrintableText.isClean($0, newlines: false) }
        return clean
    }

    private func value(of name: StaticString, in word: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
        let length = name.utf8CodeUnitCount
        let prefix = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        return unsafe strncmp(word, prefix, length) == 0 ? word + length : nil
    }

    private func matches(_ word: UnsafePointer<CChar>, _ literal: StaticString) -> Bool {
        let text = unsafe UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
        return unsafe strcmp(word, text) == 0
    }
}
