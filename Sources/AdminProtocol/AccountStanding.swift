/// An account that is blocked.
package struct BlockedAccount: Codable, Equatable, Sendable {
    package let account: String
    /// In the administrator's words; empty for none.
    package let reason: String
    /// Unix seconds.
    package let since: Int64

    package init(account: String, reason: String, since: Int64) {
        self.account = account
        self.reason = reason
        self.since = since
    }
}

/// An account that has just been blocked.
package struct Blocking: Codable, Equatable, Sendable {
    package let block: BlockedAccount
    /// Whether it was blocked before, for another reason or this one.
    package let wasBlocked: Bool

    package init(block: BlockedAccount, wasBlocked: Bool) {
        self.block = block
        self.wasBlocked = wasBlocked
    }
}

/// An account that is blocked no more.
package struct Unblocking: Codable, Equatable, Sendable {
    package let account: String
    package let wasBlocked: Bool

    package init(account: String, wasBlocked: Bool) {
        self.account = account
        self.wasBlocked = wasBlocked
    }
}

/// The devices of an account that were enrolled under another uid than it has now.
package struct Adoption: Codable, Equatable, Sendable {
    package let account: String
    /// The account's present uid.
    package let uid: UInt32
    /// The other uids, in rising order; none if there is nothing to adopt.
    package let former: [UInt32]
    /// How many devices belong to them.
    package let devices: Int
    /// Whether they were given to the present uid by this request.
    package let isDone: Bool

    package init(account: String, uid: UInt32, former: [UInt32], devices: Int, isDone: Bool) {
        self.account = account
        self.uid = uid
        self.former = former
        self.devices = devices
        self.isDone = isDone
    }
}
