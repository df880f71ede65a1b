/// One login that was let in, as the store remembers an account's last.
package struct Visit: Equatable, Sendable {
    /// Unix seconds.
    package let at: Int64
    package let service: String
    /// The remote host as it was given, of at most `longestHost` bytes; nil for a login at the machine itself.
    package let host: String?
    package let way: Way

    /// What let it in.
    package enum Way: Int64, CaseIterable, Sendable {
        /// Every owed factor was accepted.
        case granted = 0
        /// Policy waives the modules.
        case exempt = 1
        /// The account had nothing, and policy lets it off.
        case skipped = 2
        /// The first factor alone: no module is owed, or what was passed at the terminal before is remembered.
        case firstFactor = 3
    }

    /// Longer names of hosts than DNS has are cut.
    package static let longestHost = 255

    package init(at: Int64, service: String, host: String?, way: Way) {
        self.at = at
        self.service = service
        self.host = host.map { host in
            host.utf8.count <= Visit.longestHost
                ? host : String(decoding: host.utf8.prefix(Visit.longestHost), as: UTF8.self)
        }
        self.way = way
    }
}

/// What the store remembers of an account's logins, for reports; it decides nothing.
package struct AccountActivity: Equatable, Sendable {
    package let account: AccountName
    /// The last login that was let in.
    package var visit: Visit?
    /// When one was last refused because the account has nothing, in Unix seconds.
    package var unenrolledAt: Int64?

    package init(account: AccountName, visit: Visit? = nil, unenrolledAt: Int64? = nil) {
        self.account = account
        self.visit = visit
        self.unenrolledAt = unenrolledAt
    }

    /// How much earlier than what is remembered something may be and still be taken for late, in seconds: what is
    /// remembered from beyond that is of a clock that was wrong.
    package static let lateness: Int64 = 3600

    /// Takes over what is later.
    package mutating func merge(_ other: AccountActivity) {
        if let visit = other.visit, AccountActivity.isLater(visit.at, than: self.visit?.at) { self.visit = visit }
        if let at = other.unenrolledAt, AccountActivity.isLater(at, than: unenrolledAt) { unenrolledAt = at }
    }

    private static func isLater(_ at: Int64, than remembered: Int64?) -> Bool {
        guard let remembered else { return true }
        let (lead, overflow) = remembered.subtractingReportingOverflow(at)
        return lead <= 0 || overflow || lead > lateness
    }
}
