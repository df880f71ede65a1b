package import Authentication

/// Credentials that follow each other: which username of a provider opens which local account.
package struct CredentialsListing: Codable, Equatable, Sendable {
    package let credentials: [LinkedCredentials]
    /// What to ask for next: the credentials after this place; nil at the end.
    package let next: UserPlace?

    package init(credentials: [LinkedCredentials], next: UserPlace? = nil) {
        self.credentials = credentials
        self.next = next
    }
}

/// Credentials: a provider's username opens a local account.
package struct LinkedCredentials: Codable, Equatable, Sendable {
    package let provider: ProviderReference
    package let username: String
    package let account: String
    /// Unix seconds.
    package let createdAt: Int64

    package init(provider: ProviderReference, username: String, account: String, createdAt: Int64) {
        self.provider = provider
        self.username = username
        self.account = account
        self.createdAt = createdAt
    }
}

/// Credentials that an administrator has linked.
package struct CredentialsLink: Codable, Equatable, Sendable {
    package let provider: ProviderReference
    /// In the form in which it is kept and compared.
    package let username: String
    package let account: String
    /// Whether it was so already, and nothing changed.
    package let isUnchanged: Bool
    /// Whether the account is the system's own or can become root; nil if that cannot be told.
    package let isPrivileged: Bool?
    /// Whether the provider's users are kept here, and none has this name yet.
    package let lacksUser: Bool

    package init(
        provider: ProviderReference, username: String, account: String, isUnchanged: Bool, isPrivileged: Bool?,
        lacksUser: Bool
    ) {
        self.provider = provider
        self.username = username
        self.account = account
        self.isUnchanged = isUnchanged
        self.isPrivileged = isPrivileged
        self.lacksUser = lacksUser
    }
}

/// Credentials that are no more.
package struct CredentialsRemoval: Codable, Equatable, Sendable {
    package let provider: ProviderReference
    package let username: String
    /// The account that they opened.
    package let account: String

    package init(provider: ProviderReference, username: String, account: String) {
        self.provider = provider
        self.username = username
        self.account = account
    }
}
