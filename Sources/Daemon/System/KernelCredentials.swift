import Glibc
import NIOCore
import UnixSocket

/// `struct ucred`, as the kernel fills it in; nobody until it has.
struct KernelCredentials: Sendable {
    var pid: Int32 = 0
    var uid: UInt32 = PeerCredentials.overflowUID
    var gid: UInt32 = PeerCredentials.overflowUID
}

extension PeerCredentials {
    /// Nobody, before the kernel was asked.
    static let nobody = PeerCredentials(uid: overflowUID, gid: overflowUID, pid: 0)

    /// Asks the kernel who is at the other end of a socket; nil where that cannot be told, and whoever that is must not be served:
    /// there is no uid that happens to be zero (CVE-2021-3560). Asked on the channel's event loop, it is answered at once.
    static func ask(_ channel: any Channel, then report: @escaping (PeerCredentials?) -> Void) {
        guard let options = channel as? any SocketOptionProvider else { return report(nil) }
        let asked: EventLoopFuture<KernelCredentials> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        asked.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let found): report(PeerCredentials(uid: found.uid, gid: found.gid, pid: found.pid))
            case .failure: report(nil)
            }
        }
    }
}
