/// What one remote host (/32, /64) has failed lately; it holds up only logins without evidence.
package struct HostCounter: Equatable, Sendable {
    /// Failures within a window that refuse the host.
    package static let limit = 30
    /// The window, and how long the refusal lasts, in seconds.
    package static let window: Int64 = 600

    package var failures: Int
    /// When the window began, by the wall clock.
    package var since: Int64

    package init(failures: Int = 0, since: Int64 = 0) {
        self.failures = max(failures, 0)
        self.since = since
    }

    /// Counts a failure; a new window begins when the old one has passed.
    package mutating func count(at now: Moment) {
        if isOver(at: now) { self = HostCounter(failures: 0, since: now.wall) }
        failures = min(failures, HostCounter.limit) + 1
        // The refusal lasts from the failure that brought it about.
        if failures == HostCounter.limit { since = now.wall }
    }

    /// Whether logins without evidence are refused at `now`.
    package func refuses(at now: Moment) -> Bool { failures >= HostCounter.limit && !isOver(at: now) }

    private func isOver(at now: Moment) -> Bool {
        let (age, overflow) = now.wall.subtractingReportingOverflow(since)
        return overflow || age < 0 || age >= HostCounter.window
    }
}
