/// Looks whether the clock on the wall goes as the one that nobody can set.
package struct ClockWatch: Equatable, Sendable {
    /// From so many seconds on the clock was set rather than corrected: a whole time step of most codes (RFC 6238 section
    /// 4), so that those of a moment ago are none any more.
    package static let bigJump: Int64 = 30

    private var last: Moment

    /// Begins to watch.
    package init(_ now: Moment) { last = now }

    /// By how many seconds the clock was set since the last look, forward (positive) or back; nil if it was not, or by
    /// less than `bigJump`. Within one boot alone: there is nothing to compare it with otherwise.
    package mutating func look(at now: Moment) -> Int64? {
        let before = last
        last = now
        guard now.boot == before.boot else { return nil }
        let (shown, isBeyond) = now.wall.subtractingReportingOverflow(before.wall)
        let (passed, isStrange) = now.boottime.subtractingReportingOverflow(before.boottime)
        guard !isStrange else { return nil }
        let (jump, isFurther) = shown.subtractingReportingOverflow(passed / 1000)
        // Further than there are numbers for, it was set all the same.
        guard !isBeyond, !isFurther else { return now.wall > before.wall ? .max : .min }
        return jump.magnitude >= ClockWatch.bigJump.magnitude ? jump : nil
    }
}
