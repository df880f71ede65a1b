/// How long a copy of a store may stand in for it, told by two clocks: the one on the wall, which can be set, and the one since the
/// boot, which cannot.
package struct CopyFreshness: Equatable, Sendable {
    /// When the copy was last known to have what the store has.
    package var freshAt: Moment
    /// The latest time on the wall at which anybody has looked, in Unix seconds: a clock before it was set back.
    package var seenAt: Int64

    package init(freshAt: Moment, seenAt: Int64) {
        self.freshAt = freshAt
        self.seenAt = max(seenAt, freshAt.wall)
    }

    /// Whether it may be used.
    package enum Standing: Equatable, Sendable {
        /// For so many seconds yet; 0 in the last one.
        case good(secondsLeft: Int64)
        /// It was fresh so many seconds ago.
        case stale(seconds: Int64)
        /// The clock shows a time before one that was: how old it is cannot be told.
        case cannotTell
    }

    /// Whether it may be used at a moment, if it is good for so many seconds.
    ///
    /// Within one boot the later of both clocks counts, so that a clock set back makes nothing younger. After another boot there is only
    /// the clock on the wall, and one that shows less than was seen is not believed.
    package func standing(at now: Moment, for limit: Int64) -> Standing {
        let (shown, isBeyond) = now.wall.subtractingReportingOverflow(freshAt.wall)
        guard !isBeyond else { return .cannotTell }
        var age = shown
        if now.boot == freshAt.boot, now.boot != 0 {
            let (passed, isStrange) = now.boottime.subtractingReportingOverflow(freshAt.boottime)
            guard !isStrange, passed >= 0 else { return .cannotTell }
            age = max(shown, passed / 1000)
        } else {
            guard now.wall >= seenAt else { return .cannotTell }
        }
        return age <= limit ? .good(secondsLeft: limit - age) : .stale(seconds: age)
    }
}
