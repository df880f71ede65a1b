package import NIOCore

/// When a look-up is heard of: the same for names that somebody has and for those that nobody has; it belongs to the event
/// loop.
///
/// What somebody has is found in the first place that is looked in, and what nobody has in none of them: whoever answers
/// at once, as no person does, would hear by the clock which of the two it was.
package struct LookUpPace {
    /// What takes longer, a directory on the network, is waited for by those alone whom it concerns. So is everything until it is
    /// known how long it takes.
    private static let longest = TimeAmount.milliseconds(5)
    /// How many look-ups are the measure.
    private static let kept = 32
    /// It is the slowest of them but two, which may have been held up in a busy moment.
    private static let rank = 3

    private var times: [TimeAmount] = []
    private var next = 0
    private var ordered: [TimeAmount] = []

    package init() {}

    /// Whether there are as many measures as it takes.
    package var isMeasured: Bool { times.count == LookUpPace.kept }

    /// Whether the directory is known to be quicker than anybody ever waits for.
    package var isQuick: Bool { isMeasured && usual < LookUpPace.longest }

    /// Notes how long the directory took to find nobody. Only names that nobody has asked for are a measure: of those that somebody
    /// asks for, what all others then wait for would tell which is nobody's.
    package mutating func note(_ time: TimeAmount) {
        if times.count < LookUpPace.kept {
            times.append(time)
        } else {
            if let place = ordered.firstIndex(of: times[next]) { ordered.remove(at: place) }
            times[next] = time
            next = (next + 1) % LookUpPace.kept
        }
        ordered.insert(time, at: ordered.firstIndex { $0 > time } ?? ordered.endIndex)
    }

    /// When this look-up is heard of at the soonest. What was asked behind the name takes as long for all names, and comes on top.
    package func earliest<Found>(for answer: NameAnswer<Found>) -> NIODeadline {
        answer.askedAt + usual + answer.rest
    }

    /// How long after the directory was asked that is: twice as long as it takes to find nobody.
    ///
    /// On few processors the look-up is in the way of whoever is to hear of it, and where it alone were waited for, all
    /// others' logins would go on with a processor that had slept. So all sleep, behind the same work (`LookUpLevelling`).
    private var usual: TimeAmount {
        guard isMeasured else { return LookUpPace.longest }
        let slow = ordered[LookUpPace.kept - LookUpPace.rank]
        return min(.nanoseconds(slow.nanoseconds * 2), LookUpPace.longest)
    }
}
