import Administration
import Glibc
import Synchronization

/// A machine with users of its own: nobody else's are touched.
final class ScriptedAccounts: SystemAccounts {
    let isPrivileged: Bool
    let administrator = geteuid()
    let ownUID: UInt32 = 1000
    private(set) var users: [String: UInt32]
    private(set) var groups: [String: UInt32] = ["root": getegid()]
    private(set) var created: [String] = []
    let refusal: SystemAccountsFailure?

    /// A number that files can be given to: any for root, one's own for everybody else.
    static var number: UInt32 { geteuid() == 0 ? 4711 : geteuid() }

    init(isPrivileged: Bool = true, users: [String: UInt32] = [:], refusal: SystemAccountsFailure? = nil) {
        self.users = users
        self.isPrivileged = isPrivileged
        self.refusal = refusal
    }

    func uid(ofUser name: String) throws(SystemAccountsFailure) -> UInt32? { users[name] }
    func gid(ofGroup name: String) throws(SystemAccountsFailure) -> UInt32? { groups[name] }

    func createGroup(_ name: String) throws(SystemAccountsFailure) {
        if let refusal { throw refusal }
        groups[name] = geteuid() == 0 ? 4711 : getegid()
        created.append("group \(name)")
    }

    func createUser(_ name: String, group: String, home: String) throws(SystemAccountsFailure) {
        users[name] = ScriptedAccounts.number
        created.append("user \(name) of \(group)")
    }
}
