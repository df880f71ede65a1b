import Authentication

/// What is still to be written of accounts' logins: reports need it, and no login waits for it.
struct PendingActivities {
    /// How many accounts may wait; with one more all are written at once.
    static let most = 4096
    /// How long they may wait, in milliseconds.
    static let longest: Int64 = 60_000

    private var waiting: [AccountName: AccountActivity] = [:]
    /// When something was last taken, on CLOCK_BOOTTIME in milliseconds.
    private var takenAt: Int64 = 0

    mutating func note(_ activity: AccountActivity) {
        waiting[activity.account, default: AccountActivity(account: activity.account)].merge(activity)
    }

    /// Whether it is time to write what waits.
    func isDue(at now: Moment) -> Bool {
        !waiting.isEmpty && (waiting.count >= PendingActivities.most || now.boottime - takenAt >= Self.longest)
    }

    /// All that waits, once.
    mutating func take(at now: Moment) -> [AccountActivity] {
        defer {
            waiting = [:]
            takenAt = now.boottime
        }
        return Array(waiting.values)
    }
}

extension AccountActivity {
    /// What is worth remembering of a login that has ended; nil for most that are refused, and for callers who are not
    /// believed.
    init?(_ record: LoginRecord, at now: Moment) {
        guard let request = record.request, request.origin == .trusted else { return nil }
        func visit(_ way: Visit.Way) -> Visit {
            Visit(at: now.wall, service: request.service, host: request.remoteHost, way: way)
        }
        self.init(account: request.account)
        switch record.verdict {
        case .granted:
            switch record.waiver {
            case .exempt: self.visit = visit(.exempt)
            case .skipped: self.visit = visit(.skipped)
            case .remembered: self.visit = visit(.firstFactor)
            case nil: self.visit = visit(record.modules.isEmpty && record.securityKey == nil ? .firstFactor : .granted)
            }
        case .exempt: self.visit = visit(.exempt)
        case .skipped: self.visit = visit(.skipped)
        case .denied(.notEnrolled), .triesUsedUp(.notEnrolled): unenrolledAt = now.wall
        case .denied, .triesUsedUp, .conversationFailed:
            guard record.lastRefusal == .notEnrolled else { return nil }
            unenrolledAt = now.wall
        case .unavailable, .badArgument, .proved, .declined: return nil
        }
    }
}
