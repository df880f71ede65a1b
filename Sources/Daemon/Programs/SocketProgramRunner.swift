package import Authentication
package import AuthPrograms
import CPOSIX
import Glibc
import Synchronization
import UnixSocket

/// Has programs started by whoever listens on program.sock: a unit of the service manager's, or our own launcher.
///
/// The daemon has no right to start anything itself. Hanging up ends the program.
package final class SocketProgramRunner: ProgramRunner {
    /// For programs that reach no network, and for those that may.
    let socket: String
    let networkSocket: String

    private let isStopping = Atomic<Bool>(false)

    package init(in runtimeDirectory: String) {
        socket = runtimeDirectory + "/program.sock"
        networkSocket = runtimeDirectory + "/program-network.sock"
    }

    /// What starting a program may take on top of its own time, in milliseconds.
    private static let startingTime: Int64 = 3000

    /// How long is waited before it is asked whether the daemon stops, in milliseconds.
    private static let slice: Int64 = 200

    /// Gives up what is waited for, which ends it.
    package func stop() { isStopping.store(true, ordering: .relaxed) }

    package func run(
        _ program: ProgramName, mayReachNetwork: Bool, asking request: borrowing Secret, within milliseconds: Int64
    ) -> ProgramRun {
        let path = mayReachNetwork ? networkSocket : socket
        let descriptor = posix_local_stream()
        guard descriptor >= 0 else { return .failed("no socket: \(Privileges.reason())") }
        defer { close(descriptor) }
        guard posix_set_send_timeout(descriptor, SocketProgramRunner.startingTime) == 0,
            unsafe posix_connect_local(descriptor, path) == 0
        else { return .failed("nobody starts programs at \(path): \(Privileges.reason())") }
        let patience = milliseconds + SocketProgramRunner.startingTime
        let deadline = Deadline.after(milliseconds: patience)
        let head = Array(ProgramExchange.head(program, count: request.count).utf8)
        // Who does not take the question may have said why.
        let isAsked =
            LocalStream.write(Secret(copying: head.span), to: descriptor, until: deadline)
            && LocalStream.write(request, to: descriptor, until: deadline)
        var answer = ReceivedBytes(most: Contract.longestOutput + ProgramExchange.longestHead)
        while deadline.remaining > 0 {
            guard !isStopping.load(ordering: .relaxed) else { return .failed("twostepd stops") }
            let slice = Deadline.after(milliseconds: min(Int64(deadline.remaining), SocketProgramRunner.slice))
            guard LocalStream.wait(for: descriptor, Int16(POLLIN), until: slice) else { continue }
            switch answer.receive(from: descriptor) {
            case .some, .nothingYet: continue
            case .end where isAsked || answer.count > 0, .failure where answer.count > 0:
                return ProgramExchange.parse(answer: answer.bytes())
            case .end: return .failed("whoever starts programs has hung up")
            case .tooMuch: return .failed("more was answered than a program may write")
            case .failure: return .failed("whoever starts programs has died")
            }
        }
        return .failed("it has not answered within \(patience / 1000) s")
    }
}
