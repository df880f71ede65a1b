import Authentication
import CFIDO2
import CPOSIX
import Glibc
import SecurityKeyProtocol

/// `twostep-fido2`: asks the security keys that are plugged in what twostepd wants of them, once, and ends.
///
/// The daemon's connection is its standard input. It decides nothing: whatever a key has signed is verified by the daemon,
/// which links nothing that reads what a USB device says. Whoever hangs up cancels.
@main
enum Program {
    static func main() {
        guard posix_hide_memory() == 0, posix_no_new_privileges() == 0 else { exit(1) }
        signal(SIGPIPE, SIG_IGN)
        let connection = Connection(0)
        guard let question = connection.question() else {
            connection.answer(.failed("nothing whole was asked"))
            exit(1)
        }
        fido_init(0)
        Waiting.begin(for: question.seconds, on: connection.descriptor)
        connection.answer(PluggedInKeys().answer(question))
    }
}
