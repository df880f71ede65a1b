/// What makes it doubtful that the clock on the wall is right. Codes are judged by it all the same.
package enum ClockDoubt: Equatable, Sendable {
    /// It shows a time before this program was made.
    case beforeBuild
    /// It shows a time before this one (Unix seconds), at which something was written: it was wrong then, or is now.
    case beforeLastUse(Int64)
    /// Nothing keeps it right.
    case notSynchronized

    /// No right clock shows less: 2026-01-01, in Unix seconds.
    package static let builtAfter: Int64 = 1_767_225_600

    /// All that there is to be said at a moment. `lastUse` is the latest time that is known to have been, in Unix seconds;
    /// what is not known is nil.
    package static func all(at now: Moment, lastUse: Int64?, isSynchronized: Bool?) -> [ClockDoubt] {
        var doubts: [ClockDoubt] = []
        if now.wall < builtAfter { doubts.append(.beforeBuild) }
        if let lastUse {
            let (lead, isBeyond) = lastUse.subtractingReportingOverflow(now.wall)
            if isBeyond ? lastUse > now.wall : lead >= ClockWatch.bigJump { doubts.append(.beforeLastUse(lastUse)) }
        }
        if isSynchronized == false { doubts.append(.notSynchronized) }
        return doubts
    }

    /// Whether the clock is wrong for certain, now or when it was looked at before.
    package var isCertain: Bool { self != .notSynchronized }
}
