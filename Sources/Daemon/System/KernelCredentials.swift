import NIOCore
import UnixSocket

/// `struct ucred`, as the kernel fills it in; nobody until it has.
struct KernelCredentials: Sendable {
    var pid: Int32 = 0
    var uid: UInt32 = PeerCredentials.overflowUID
    var gid: UInt32 = PeerCredentials.overflowUID
}
