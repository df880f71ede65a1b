/// The users and groups of the machine, as far as an installation needs them.
package protocol SystemAccounts {
    /// Whether this process may make users and files of other owners.
    var isPrivileged: Bool { get }
    /// The uid that this process runs for.
    var ownUID: UInt32 { get }
    /// Whose the configuration is: root's uid.
    var administrator: UInt32 { get }

    /// The uid of a user; nil if there is none.
    func uid(ofUser name: String) throws(SystemAccountsFailure) -> UInt32?
    /// The gid of a group; nil if there is none.
    func gid(ofGroup name: String) throws(SystemAccountsFailure) -> UInt32?
    /// Makes a system group.
    func createGroup(_ name: String) throws(SystemAccountsFailure)
    /// Makes a system user of that group who cannot log in.
    func createUser(_ name: String, group: String, home: String) throws(SystemAccountsFailure)
}

/// Why users cannot be looked up or made, as a sentence.
package struct SystemAccountsFailure: Error, Equatable, Sendable {
    package let explanation: String

    package init(_ explanation: String) { self.explanation = explanation }
}
