import Configuration
import UnixSocket

/// Who may ask about whom: the first thing that is decided of a connection, from what the kernel says of it.
enum PeerRule: Equatable {
    /// uid 0: about anyone, and what it says is believed.
    case root
    /// A service account that the configuration lists: within its services and groups, believed.
    case listed(CallerRule)
    /// Any other uid: about its own account alone.
    case itself(uid: UInt32)
    /// The overflow uid is nobody's.
    case nobody

    init(_ peer: PeerCredentials, callers: [UInt32: CallerRule]) {
        switch peer.uid {
        case 0: self = .root
        case PeerCredentials.overflowUID: self = .nobody
        case let uid: self = callers[uid].map { .listed($0) } ?? .itself(uid: uid)
        }
    }

    var isRoot: Bool { self == .root }
}
