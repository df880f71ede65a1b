package import SecurityKeyProtocol
import Authentication
import CPOSIX
import Glibc
import Synchronization
import UnixSocket

/// Has security keys asked by whoever listens on fido2.sock: a unit of the service manager's, or our own launcher's child.
///
/// The daemon itself reads nothing that a USB device says. Hanging up cancels what a key is asked.
package final class SocketSecurityKeys: SecurityKeys {
    private let socket: String
    private let isStopping = Atomic<Bool>(false)

    package init(in runtimeDirectory: String) { socket = runtimeDirectory + "/fido2.sock" }

    /// What starting whoever asks, and his way to the keys, may take on top of a key's own time, in milliseconds.
    private static let startingTime: Int64 = 3000

    /// How long is waited before it is asked whether anybody still waits, in milliseconds.
    private static let slice: Int64 = 100

    /// Gives up what is waited for, which cancels it.
    package func stop() { isStopping.store(true, ordering: .relaxed) }

    package func ask(
        _ question: SecurityKeyQuestion, until deadline: Int64, whileAwaited isAwaited: @escaping @Sendable () -> Bool
    ) -> SecurityKeyAnswer {
        let descriptor = posix_local_stream()
        guard descriptor >= 0 else { return .failed("no socket: \(Privileges.reason())") }
        defer { close(descriptor) }
        guard posix_set_send_timeout(descriptor, SocketSecurityKeys.startingTime) == 0,
            unsafe posix_connect_local(descriptor, socket) == 0
        else { return .failed("nobody asks security keys at \(socket): \(Privileges.reason())") }
        let own = Deadline.after(milliseconds: Int64(question.seconds) * 1000 + SocketSecurityKeys.startingTime)
        let end = min(own, Deadline(milliseconds: deadline))
        // Who does not take the question may have said why.
        let isAsked = LocalStream.write(question.frame(), to: descriptor, until: end)
        var received = ReceivedBytes(most: SecurityKeyFrame.headerSize + SecurityKeyFrame.longest)
        while end.remaining > 0 {
            guard !isStopping.load(ordering: .relaxed) else { return .failed("twostepd stops") }
            guard isAwaited() else { return .refused(.notTouched) }
            let slice = Deadline.after(milliseconds: min(Int64(end.remaining), SocketSecurityKeys.slice))
            guard LocalStream.wait(for: descriptor, Int16(POLLIN), until: slice) else { continue }
            switch received.receive(from: descriptor) {
            case .some, .nothingYet: continue
            case .end where isAsked || received.count > 0, .failure where received.count > 0:
                return received.bytes().withBytes { SecurityKeyAnswer(frame: $0) }
                    ?? .failed("whoever asks security keys has answered nothing that makes sense")
            case .end: return .failed("whoever asks security keys has hung up")
            case .tooMuch: return .failed("more was answered than a security key may say")
            case .failure: return .failed("whoever asks security keys has died")
            }
        }
        return end == own ? .failed("a security key has not answered in time") : .refused(.notTouched)
    }
}
