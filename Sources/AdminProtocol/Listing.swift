/// What the store has of one account, or of some that follow each other.
package struct Listing: Codable, Equatable, Sendable {
    package let devices: [EnrolledDevice]
    package let counters: [AccountFailures]
    /// The accounts that are blocked; nil from a daemon that knows no blocks.
    package let blocks: [BlockedAccount]?
    /// What to ask for next: the accounts after this name; nil at the end.
    package let next: String?

    package init(
        devices: [EnrolledDevice], counters: [AccountFailures], blocks: [BlockedAccount]? = nil, next: String? = nil
    ) {
        self.devices = devices
        self.counters = counters
        self.blocks = blocks
        self.next = next
    }
}

/// A device without its secret.
package struct EnrolledDevice: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let device: String
    /// The parameters in words: `SHA1, 6 digits, 30 s`; nil where they cannot be told, and `problem` says why.
    package let description: String?
    /// Unix seconds.
    package let createdAt: Int64
    /// Unix seconds; nil if no code of it was ever accepted at a login.
    package let lastUsedAt: Int64?
    /// What keeps it from working (the account's uid has changed); nil if nothing does.
    package let problem: String?

    package init(
        account: String, module: ModuleReference, device: String, description: String?, createdAt: Int64,
        lastUsedAt: Int64?, problem: String? = nil
    ) {
        self.account = account
        self.module = module
        self.device = device
        self.description = description
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.problem = problem
    }
}

/// The wrong answers of an account with one module since its last right one, and where the account stands.
package struct AccountFailures: Codable, Equatable, Sendable {
    package let account: String
    package let module: ModuleReference
    package let failures: Int
    /// Unix seconds.
    package let lastFailureAt: Int64?
    /// Of the account as a whole: the throttle takes the sum over its modules.
    package let standing: Standing
    /// How long a delayed account must wait, in seconds; 0 otherwise.
    package let delaySeconds: Int64

    package init(
        account: String, module: ModuleReference, failures: Int, lastFailureAt: Int64?, standing: Standing,
        delaySeconds: Int64 = 0
    ) {
        self.account = account
        self.module = module
        self.failures = failures
        self.lastFailureAt = lastFailureAt
        self.standing = standing
        self.delaySeconds = delaySeconds
    }

    /// Whether the account's answers are looked at.
    package enum Standing: String, Codable, Equatable, Sendable {
        case open, delayed, locked
    }
}

/// How many failures were forgotten.
package struct Unlocking: Codable, Equatable, Sendable {
    package let account: String
    package let failures: Int

    package init(account: String, failures: Int) {
        self.account = account
        self.failures = failures
    }
}
