import Authentication

/// A page of what the store has of all accounts, by the bytes of their names.
package struct ReportPage: Codable, Equatable, Sendable {
    package var accounts: [ReportedAccount]
    /// What to ask for next: the accounts after this name; nil at the end.
    package let next: String?

    package init(accounts: [ReportedAccount], next: String?) {
        self.accounts = accounts
        self.next = next
    }
}

/// One account: what it has, when that was last used, and where it stands.
package struct ReportedAccount: Codable, Equatable, Sendable {
    package let account: String
    package let devices: [EnrolledDevice]
    /// Recovery codes and their like that are left; nil if it has none that run out.
    package let codesLeft: Int?
    /// Wrong answers with all modules since their last right ones.
    package let failures: Int
    package let standing: AccountFailures.Standing
    /// How long a delayed account must wait, in seconds; 0 otherwise.
    package let delaySeconds: Int64
    /// The last login that was let in; nil if none was since this is remembered.
    package let visit: ReportedVisit?
    /// When a login was last refused because the account has nothing, in Unix seconds.
    package let refusedUnenrolledAt: Int64?
    /// Until when a rule lets the account enrol at its next login, in Unix seconds; nil where none does.
    package var enrollUntil: Int64?

    /// Whether it has anything to answer with: a ticket or a bypass code is none.
    package var isEnrolled: Bool { devices.contains { !$0.module.module.isStopgap } }

    package init(
        account: String, devices: [EnrolledDevice], codesLeft: Int?, failures: Int,
        standing: AccountFailures.Standing, delaySeconds: Int64, visit: ReportedVisit?, refusedUnenrolledAt: Int64?,
        enrollUntil: Int64? = nil
    ) {
        self.account = account
        self.devices = devices
        self.codesLeft = codesLeft
        self.failures = failures
        self.standing = standing
        self.delaySeconds = delaySeconds
        self.visit = visit
        self.refusedUnenrolledAt = refusedUnenrolledAt
        self.enrollUntil = enrollUntil
    }
}

/// A login that was let in.
package struct ReportedVisit: Codable, Equatable, Sendable {
    /// Unix seconds.
    package let at: Int64
    package let service: String
    /// Nil for a login at the machine itself.
    package let host: String?
    package let way: Way

    /// What let it in.
    package enum Way: String, Codable, Equatable, Sendable {
        case granted, exempt, skipped
    }

    package init(at: Int64, service: String, host: String?, way: Way) {
        self.at = at
        self.service = service
        self.host = host
        self.way = way
    }
}
