import CPOSIX
import Glibc
import SecurityKeyProtocol
import UnixSocket

/// Who asks security keys where no service manager starts him: a program of its own, as a user that owns the keys' devices
/// and nothing else (twostepd(8)).
enum SecurityKeyProgram {
    /// Where it lies, from the folder that the daemon's own lies in.
    private static let place = "/lib/twostep/twostep-fido2"
    private static let user = "twostep-fido2"
    /// How long the daemon may take to hear that there is none, in milliseconds.
    private static let patience: Int64 = 2000

    /// Forks who serves one connection of the daemon's; 0 if nobody could be. `sockets` are the launcher's own.
    static func serve(_ connection: Int32, _ sockets: [Int32]) -> pid_t {
        let launcher = getpid()
        let child = posix_fork()
        guard child == 0 else { return max(child, 0) }
        guard posix_end_with_parent(launcher) == 0 else { _exit(1) }
        for socket in sockets { close(socket) }
        let answer = SecurityKeyAnswer.failed(fault(becomingFor: connection))
        _ = LocalStream.write(answer.frame(), to: connection, until: .after(milliseconds: patience))
        _exit(1)
    }

    /// The program beside our own: /usr/lib/twostep beside /usr/sbin.
    private static var path: String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &bytes, bytes.count)
        guard count > 0, count < bytes.count else { return nil }
        let own = String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + place
    }

    /// Becomes the program; returns why that cannot be.
    private static func fault(becomingFor connection: Int32) -> String {
        guard ProgramDesk.isDaemon(connection) else { return "only twostepd is served" }
        guard let path else { return "where this program lies is not to be known" }
        if let fault = ProgramFile.fault(of: path) { return fault }
        guard let entry = unsafe getpwnam(user) else {
            return "there is no user '\(user)' that could ask security keys: useradd --system \(user)"
        }
        unsafe posix_become_program(path, connection, entry.pointee.pw_uid, entry.pointee.pw_gid)
        return "\(path) cannot be run: \(Privileges.reason())"
    }
}
