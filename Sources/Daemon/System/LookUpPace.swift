package import NIOCore

/// When a look-up is heard of: the same for names that somebody has and for those that nobody has; it belongs to the event
/// loop.
///
/// What somebody has is found in the first place that is looked in, and what nobody has in none of them: whoever answers
/// at once, as no person does, would hear by the clock which of the two it was.
package struct LookUpPace {
    /// What takes longer, a directory on the network, is waited for by those alone whom it concerns.
    private static let longest = TimeAmount.milliseconds(5)
    /// How many look-ups are the measure.
    private static let kept = 32
    /// It is the slowest of them but two, which may have been held up in a busy moment; while there are fewer, the slowest.
    private static let rank = 3

    private var times: [TimeAmount] = []
    private var next = 0
    private var ordered: [TimeAmount] = []

    package init() {}

    /// Notes how long the directory took, where it found nobody. When somebody heard of it is no measure: the answer's sender
    /// chooses that, and what all others then wait for would tell whose name it was.
    package mutating func note(_ answer: AccountAnswer) {
        guard answer.found == .notFound else { return }
        let time = answer.foundAt - answer.askedAt
        if times.count < LookUpPace.kept {
            times.append(time)
        } else {
            if let place = ordered.firstIndex(of: times[next]) { ordered.remove(at: place) }
            times[next] = time
            next = (next + 1) % LookUpPace.kept
        }
        ordered.insert(time, at: ordered.firstIndex { $0 > time } ?? ordered.endIndex)
    }

    /// When this look-up is heard of at the soonest.
    package func earliest(for answer: AccountAnswer) -> NIODeadline { answer.askedAt + usual }

    /// How long after the directory was asked that is: thrice as long as it takes to find nobody.
    ///
    /// On few processors the look-up is in the way of whoever is to hear of it, and where it alone were waited for, all
    /// others' logins would go on with a processor that had slept. So all sleep.
    private var usual: TimeAmount {
        guard let slowest = ordered.last else { return .zero }
        let slow = times.count == LookUpPace.kept ? ordered[LookUpPace.kept - LookUpPace.rank] : slowest
        return min(.nanoseconds(slow.nanoseconds * 3), LookUpPace.longest)
    }
}
