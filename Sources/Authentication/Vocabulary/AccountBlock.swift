/// An account that an administrator has blocked.
package struct AccountBlock: Equatable, Sendable {
    /// The longest reason, in bytes.
    package static let longestReason = 200

    package let account: AccountName
    /// Why, in the administrator's words, for other administrators; may be empty.
    package let reason: String
    /// Unix seconds.
    package let since: Int64

    package init(account: AccountName, reason: String, since: Int64) {
        self.account = account
        self.reason = reason
        self.since = since
    }
}
