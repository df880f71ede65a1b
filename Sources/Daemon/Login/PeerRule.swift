import Authentication
package import Configuration
import UnixSocket

/// Who may ask about whom: the first thing that is decided of a connection, from what the kernel says of it.
package enum PeerRule: Equatable {
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

    /// Whether a peer may ask about an account.
    enum Admission: Equatable, Sendable {
        /// It may, and this is what the directory says of the account, where it had to be asked.
        case admitted(AccountFacts?)
        case refused
        /// The system's directory does not say.
        case cannotTell
    }

    /// Whether the peer may ask about `account` for a service; not for the event loop, since the directory may be asked.
    func admission(
        of account: AccountName, service: String, in directory: any AccountDirectory
    ) -> Admission {
        switch self {
        case .root: return .admitted(nil)
        case .nobody: return .refused
        case .listed(let caller) where !caller.services.contains(service): return .refused
        case .itself, .listed: break
        }
        switch directory.account(named: account) {
        case .notFound:
            // As much is asked as about somebody who is in none of the groups.
            if case .listed(let caller) = self { _ = memberships(of: account, gid: .max, among: caller, in: directory) }
            return .refused
        case .cannotTell: return .cannotTell
        case .found(let facts):
            switch self {
            case .itself(let uid): return facts.uid == uid ? .admitted(facts) : .refused
            case .listed(let caller):
                guard facts.uid != 0 else { return .refused }
                let answers = memberships(of: account, gid: facts.gid, among: caller, in: directory)
                return answers.contains(true) ? .admitted(facts) : answers.contains(nil) ? .cannotTell : .refused
            case .root, .nobody: return .refused
            }
        }
    }

    private func memberships(
        of account: AccountName, gid: UInt32, among caller: CallerRule, in directory: any AccountDirectory
    ) -> [Bool?] {
        caller.groups.map { directory.isMember(account, gid: gid, of: $0) }
    }
}
