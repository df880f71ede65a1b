package import Authentication

/// Users that twostepd keeps for providers, and that follow each other.
package struct UserListing: Codable, Equatable, Sendable {
    package let users: [KeptUser]
    /// What to ask for next: the users after this place; nil at the end.
    package let next: UserPlace?

    package init(users: [KeptUser], next: UserPlace? = nil) {
        self.users = users
        self.next = next
    }
}

/// A user of a provider, without the password's hash.
package struct KeptUser: Codable, Equatable, Sendable {
    package let provider: ProviderReference
    /// The name in the form in which it is kept and compared.
    package let username: String
    /// Unix seconds: when the password was set; nil for a name that has none yet.
    package let changedAt: Int64?
    /// The local account that its credentials open; nil if there are none.
    package let account: String?
    /// Whether credentials are created at the first login, where an account has the same name.
    package let createsCredentials: Bool
    /// What keeps it from working (the provider is not configured any more); nil if nothing does.
    package let problem: String?

    package init(
        provider: ProviderReference, username: String, changedAt: Int64?, account: String?,
        createsCredentials: Bool, problem: String? = nil
    ) {
        self.provider = provider
        self.username = username
        self.changedAt = changedAt
        self.account = account
        self.createsCredentials = createsCredentials
        self.problem = problem
    }
}

/// What may stand in the store before a password is set.
package enum PasswordIntent: String, Codable, Equatable, Sendable {
    /// A new user; one that is there already is refused.
    case add
    /// Another password of a user who is there.
    case change
    /// The one password of a provider that knows one user alone, whether it had one or not.
    case share
}

/// A password that is set, on disk.
package struct PasswordChange: Codable, Equatable, Sendable {
    package let user: KeptUser
    /// Whether it took the place of another.
    package let replaced: Bool

    package init(user: KeptUser, replaced: Bool) {
        self.user = user
        self.replaced = replaced
    }
}

/// A user that is no more.
package struct UserRemoval: Codable, Equatable, Sendable {
    package let provider: ProviderReference
    package let username: String
    /// The account that its credentials opened, which are gone with it; nil if there were none.
    package let account: String?

    package init(provider: ProviderReference, username: String, account: String?) {
        self.provider = provider
        self.username = username
        self.account = account
    }
}
