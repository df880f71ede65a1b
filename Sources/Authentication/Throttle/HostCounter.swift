/// What one remote host (/32, /64) has failed lately, or a host of the fleet with all that it has relayed.
package struct HostCounter: Equatable, Sendable {
    /// How many failures are too many.
    package struct Bound: Equatable, Sendable {
        /// Failures within a window that refuse the host.
        package let failures: Int
        /// The window, and how long the refusal lasts, in seconds.
        package let window: Int64

        /// Of a remote host: it holds up only logins without evidence.
        package static let remoteHost = Bound(failures: 30, window: 600)
        /// Of a host that relays logins to a hub: it holds up all that it relays, before any account is looked at.
        package static let relayingHost = Bound(failures: 100, window: 3600)
        /// Of one account through it, in one share: no more than the account's own throttle lets it fail, whatever is made good elsewhere.
        package static let relayedAccount = Bound(failures: 12, window: 3600)
        /// Of the first factors that it relays to be judged at the hub: those of strangers at its door, so there is room for many.
        package static let relayedPasswords = Bound(failures: 1000, window: 3600)
        /// Of those that one account has judged for itself: no right one makes them good, since it may be another provider's. So few that
        /// it takes many users of a host to spend the share of all.
        package static let relayedOwnPasswords = Bound(failures: 30, window: 3600)
    }

    /// Failures within a window that refuse a remote host.
    package static let limit = Bound.remoteHost.failures
    /// Of a remote host, in seconds.
    package static let window = Bound.remoteHost.window

    package var failures: Int
    /// When the window began, by the wall clock.
    package var since: Int64

    package init(failures: Int = 0, since: Int64 = 0) {
        self.failures = max(failures, 0)
        self.since = since
    }

    /// Counts a failure; a new window begins when the old one has passed.
    package mutating func count(at now: Moment, within bound: Bound = .remoteHost) {
        if isOver(at: now, bound) { self = HostCounter(failures: 0, since: now.wall) }
        failures = min(failures, bound.failures) + 1
        // The refusal lasts from the failure that brought it about.
        if failures == bound.failures { since = now.wall }
    }

    /// Takes back failures that were made good since; a refusal that they have brought about lasts.
    package mutating func redeem(_ count: Int, at now: Moment, within bound: Bound) {
        guard count > 0, !isOver(at: now, bound), failures < bound.failures else { return }
        failures = max(failures - count, 0)
    }

    /// Whether what the bound holds up is refused at `now`.
    package func refuses(at now: Moment, within bound: Bound = .remoteHost) -> Bool {
        failures >= bound.failures && !isOver(at: now, bound)
    }

    /// How many failures of the present window there are at `now`.
    package func standing(at now: Moment, within bound: Bound) -> Int { isOver(at: now, bound) ? 0 : failures }

    /// A window that is to begin yet is one of another hub's, whose clock is a little ahead, or of an attempt that was judged sooner:
    /// it has begun. Only what lies ahead by a whole window is of a clock that was wrong.
    private func isOver(at now: Moment, _ bound: Bound) -> Bool {
        let (age, overflow) = now.wall.subtractingReportingOverflow(since)
        return overflow || age.magnitude >= bound.window.magnitude
    }
}
