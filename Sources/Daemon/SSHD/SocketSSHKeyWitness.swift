import Authentication
import CPOSIX
import Glibc
import UnixSocket

/// Asks whoever listens on sshd.sock: a unit of the service manager's, or our own launcher. The daemon may neither start a
/// program nor read all that sshd reads.
struct SocketSSHKeyWitness: SSHKeyWitness {
    let socket: String

    /// How long an answer may take, in milliseconds: less than the PAM module waits for a reply. sshd takes some fifty.
    private static let patience: Int64 = 5000

    func testify(_ question: SSHKeyQuestion) -> SSHKeyTestimony {
        let descriptor = posix_local_stream()
        guard descriptor >= 0 else { return .doubtful("no socket: \(Privileges.reason())") }
        defer { close(descriptor) }
        guard posix_set_send_timeout(descriptor, SocketSSHKeyWitness.patience) == 0,
            unsafe posix_connect_local(descriptor, socket) == 0
        else { return .doubtful("nobody asks sshd at \(socket): \(Privileges.reason())") }
        let deadline = Deadline.after(milliseconds: SocketSSHKeyWitness.patience)
        let line = Array(question.line.utf8)
        guard LocalStream.write(Secret(copying: line.span), to: descriptor, until: deadline) else {
            return .doubtful("whoever asks sshd has hung up")
        }
        var answer = ReceivedBytes(most: SSHKeyQuestion.longestLine)
        while true {
            if let line = answer.line() { return SSHKeyTestimony(line: line.text) }
            guard LocalStream.wait(for: descriptor, Int16(POLLIN), until: deadline) else {
                return .doubtful("whoever asks sshd has not answered in time")
            }
            switch answer.receive(from: descriptor) {
            case .some, .nothingYet: continue
            case .end, .tooMuch, .failure: return .doubtful("whoever asks sshd has hung up")
            }
        }
    }
}
