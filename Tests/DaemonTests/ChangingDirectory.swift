import Authentication
import Daemon
import Synchronization

/// alice, who is in the group sudo from some moment on.
struct ChangingDirectory: AccountDirectory {
    let privilege: Privilege

    func account(named name: AccountName) -> Lookup {
        name.text == "alice" ? .found(AccountFacts(uid: 1001, gid: 1001)) : .notFound
    }
    func hasGroup(named name: String) -> Bool? { true }
    func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? {
        group == "sudo" && privilege.isGiven
    }
}

/// Whether somebody can become root by now.
final class Privilege: Sendable {
    private let given = Atomic<Bool>(false)

    var isGiven: Bool { given.load(ordering: .sequentiallyConsistent) }

    func give() { given.store(true, ordering: .sequentiallyConsistent) }
}
