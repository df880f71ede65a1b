import UnixSocket
import Wire

/// Tells the journal what an administrator has to know, and the person what they can do, once each.
///
/// A verdict needs neither: its words are the daemon's, in its own journal and on the person's terminal.
func report<Transaction: PAMTransaction & ~Copyable>(
    _ ending: Ending, line: PAMLine, to transaction: inout Transaction
) {
    var text = TextBuffer.empty()
    switch ending {
    case .verdict, .conversationFailed: return
    case .badArgument:
        text.append("the argument \"")
        if let word = unsafe line.rejected { unsafe text.append(printable: word, atMost: 128) }
        text.append("\" is not accepted: ")
        text.append(PAMLine.accepted)
        transaction.journal(.error, &text, errno: 0)
    case .badService:
        text.append("the service has no name, or one longer than 64 bytes or not printable")
        transaction.journal(.error, &text, errno: 0)
    case .wrongUser(.noName):
        text.append("refused a user name that is empty, longer than 256 bytes or not printable")
        transaction.journal(.notice, &text, errno: 0)
    case .wrongUser(.changed):
        text.append("PAM_USER was changed while its login was being checked: refused")
        transaction.journal(.error, &text, errno: 0)
    case .refusedByPAM:
        text.append("PAM did not take what the login service set")
        transaction.journal(.error, &text, errno: 0)
        apologise(in: &text, to: &transaction)
    case .unreachable(let error):
        text.append("login service at ")
        unsafe text.append(printable: line.socket, atMost: Listener.maximumPath)
        text.append(": ")
        var code: Int32 = 0
        switch error {
        case .malformed: text.append("it sent what is no frame of the protocol")
        case .unknownVersion(let version):
            text.append("it speaks version ")
            text.append(decimal: version)
            text.append(" of the protocol, this module ")
            text.append(decimal: Wire.versions.lowerBound)
            text.append(" to ")
            text.append(decimal: Wire.versions.upperBound)
            text.append("; the older of the two needs its update or a restart")
        case .closed: text.append("it closed the connection before its verdict")
        case .timedOut: text.append("it did not answer in time")
        case .system(let number):
            text.append("it cannot be reached")
            code = number
        case .untrusted(.pathForm): text.append("not trusted: the path has an empty, . or .. component or is too long")
        case .untrusted(.directory):
            text.append("not trusted: a directory on the way is a link, is not root's or can be written by others")
        case .untrusted(.notASocket): text.append("not trusted: what stands there is no socket")
        case .untrusted(.peer):
            text.append("not trusted: the process behind it is neither root's nor the socket owner's")
        }
        transaction.journal(.error, &text, errno: code)
        apologise(in: &text, to: &transaction)
    case .overstepped(let overstep):
        text.append("login service at ")
        unsafe text.append(printable: line.socket, atMost: Listener.maximumPath)
        text.append(": refused, since it ")
        switch overstep {
        case .tooManyPrompts: text.append("asked more than 32 times")
        case .tooManyMessages: text.append("said more than 16 things between two questions")
        case .tooManySets: text.append("set more than 16 things")
        case .environment:
            text.append("set a variable that is not TWOSTEP_ and letters, or a value that is not printable")
        case .authtok: text.append("set a password that was not typed")
        case .outOfTurn: text.append("spoke before it had the answer to its question")
        }
        transaction.journal(.error, &text, errno: 0)
        apologise(in: &text, to: &transaction)
    }
}

/// One sentence for somebody who only wants to log in. It is an error message, since sudo silences the others.
private func apologise<Transaction: PAMTransaction & ~Copyable>(
    in text: inout TextBuffer, to transaction: inout Transaction
) {
    text.clear()
    text.append("Login is not possible right now: the login service does not answer as it should.")
    text.append(" Try again in a minute; the system journal names the reason.")
    _ = transaction.converse(.error, &text) { _ in }
}
