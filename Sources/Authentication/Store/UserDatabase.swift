/// The users that twostepd keeps for providers with users of their own, as a provider may look at them.
///
/// It may be asked from any thread, and may take as long as a look into a file. It never waits for logins.
package protocol UserDatabase: Sendable {
    /// The kept hash of a user's password; nil if the answer is that there is no such user.
    func passwordHash(of user: UserKey) throws(StoreFailure) -> Secret?

    /// The username of a provider whose credentials open `account`; nil if there are none.
    func username(opening account: AccountName, at provider: ProviderID) throws(StoreFailure) -> AccountName?
}

/// The place of a user in the store.
package struct UserKey: Hashable, Sendable {
    package let provider: ProviderID
    package let username: AccountName

    package init(_ username: AccountName, at provider: ProviderID) {
        self.provider = provider
        self.username = username
    }
}

/// A user as the store keeps one.
package struct ProviderUser: Equatable, Sendable {
    package let key: UserKey
    /// The password's hash under AES-256-GCM, bound to its row.
    package let sealedHash: [UInt8]
    /// Unix seconds: when the password was set.
    package let changedAt: Int64

    package init(key: UserKey, sealedHash: [UInt8], changedAt: Int64) {
        self.key = key
        self.sealedHash = sealedHash
        self.changedAt = changedAt
    }
}

/// Credentials as `twostep credentials list` shows them.
package struct CredentialListing: Equatable, Sendable {
    /// Whose credentials they are.
    package let user: UserKey
    /// The local account that they open.
    package let account: AccountName
    /// Unix seconds.
    package let createdAt: Int64

    package init(user: UserKey, account: AccountName, createdAt: Int64) {
        self.user = user
        self.account = account
        self.createdAt = createdAt
    }
}

/// What came of linking a username to an account.
package enum Linking: Equatable, Sendable {
    case linked
    /// It was so already.
    case unchanged
    /// The username opens this other account.
    case opensAnother(AccountName)
    /// This other username of the provider opens the account: one does.
    case openedByAnother(AccountName)
}

/// A database that answers nothing: what a provider gets while the store is away.
package struct NoUserDatabase: UserDatabase {
    private let failure: StoreFailure

    package init(_ failure: StoreFailure) { self.failure = failure }

    package func passwordHash(of user: UserKey) throws(StoreFailure) -> Secret? { throw failure }

    package func username(opening account: AccountName, at provider: ProviderID) throws(StoreFailure) -> AccountName? {
        throw failure
    }
}
