/// The rule of delays: how wrong answers of low-entropy factors are slowed down, and when they are stopped.
///
/// RFC 4226 section 7.3 asks for a throttle across login sessions, NIST SP 800-63B for at most 100
/// consecutive failures an account; this locks at half of that.
package struct Throttle: Equatable, Sendable {
    /// Failures that cost nothing.
    package var freeFailures = 5
    /// The delay after the first failure that is not free, in seconds; it doubles with each further one.
    package var firstDelay: Int64 = 30
    /// The longest delay, in seconds.
    package var longestDelay: Int64 = 3600
    /// From this many failures on only a recovery code or `twostep unlock` helps.
    package var lockAt = 50
    /// The modules whose failures count; nil for all. Those of a module that is not configured any more could never be
    /// made good.
    package var modules: Set<ModuleID>?

    package init() {}

    /// Whether an account may be guessed at.
    package enum Standing: Equatable, Sendable {
        case open
        /// In so many seconds: 1 or more.
        case delayed(seconds: Int64)
        case locked
    }

    /// How long to wait after the last of so many failures, in seconds.
    package func delay(after failures: Int) -> Int64 {
        guard failures > freeFailures else { return 0 }
        let (excess, isBeyondCounting) = failures.subtractingReportingOverflow(freeFailures)
        let doublings = isBeyondCounting ? 32 : min(excess - 1, 32)
        let (delay, overflow) = firstDelay.multipliedReportingOverflow(by: 1 << Int64(doublings))
        return overflow ? longestDelay : min(delay, longestDelay)
    }

    /// Where an account stands that has failed so many times, the last time at `last`.
    package func standing(failures: Int, last: Moment?, at now: Moment) -> Standing {
        guard failures < lockAt else { return .locked }
        let delay = delay(after: failures)
        guard delay > 0, let last else { return .open }
        let left = delay - elapsed(since: last, at: now, atMost: delay)
        return left > 0 ? .delayed(seconds: left) : .open
    }

    /// Seconds since `then`, 0 to `limit`. Within one boot by CLOCK_BOOTTIME, which nobody can set; across a
    /// reboot by the wall clock, of which a step back counts as no time at all.
    private func elapsed(since then: Moment, at now: Moment, atMost limit: Int64) -> Int64 {
        let (span, overflow) =
            then.boot == now.boot && now.boot != 0
            ? now.boottime.subtractingReportingOverflow(then.boottime)
            : now.wall.subtractingReportingOverflow(then.wall)
        guard !overflow else { return 0 }
        let seconds = then.boot == now.boot && now.boot != 0 ? span / 1000 : span
        return min(max(seconds, 0), limit)
    }
}
