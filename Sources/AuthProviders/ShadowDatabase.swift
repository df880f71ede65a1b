package import Authentication

/// Where the password hashes of local accounts stand.
package protocol ShadowDatabase: Sendable {
    /// The hash field of an account as it stands there, lock and all; nil if the database answers that it has no
    /// such account. A database that cannot answer throws, and must never say nil.
    func hash(of account: AccountName) throws(ShadowFailure) -> Secret?
}

/// Why a shadow database cannot answer.
package enum ShadowFailure: Error, Equatable, Sendable {
    /// We are not allowed to read it.
    case notReadable
    /// It fails: an errno.
    case failed(Int32)

    /// What to tell the administrator.
    var explanation: String {
        switch self {
        case .notReadable:
            "/etc/shadow cannot be read: the service needs SupplementaryGroups=shadow, or CAP_DAC_READ_SEARCH "
                + "where shadow is root's alone"
        case .failed(let error): "the shadow database does not answer (errno \(error))"
        }
    }
}
