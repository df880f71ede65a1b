package import NIOCore

/// How long it takes to hear that nobody has a name; it belongs to the event loop.
///
/// What somebody has is found in the first place that is looked in, and what nobody has in none of them: whoever answers
/// at once, as no person does, would hear by the clock which of the two it was. So nobody hears of a look-up sooner.
package struct LookUpPace {
    /// What takes longer, a directory on the network, is waited for by those alone whom it concerns.
    package static let longest = TimeAmount.milliseconds(5)
    /// Whoever asks for an answer so soon after it was found has been waiting for it, or for the processor on which it was
    /// looked for. Whoever comes later was slower than any look-up, and tells nothing of how long one takes.
    private static let promptly = TimeAmount.microseconds(100)
    /// Of so many look-ups the slowest are the measure, but for two, which a busy moment may have held up.
    private static let kept = 32

    private var times: [TimeAmount] = []
    private var next = 0

    package init() {}

    /// Notes that nobody has a name: when that was asked, found, and heard of by whoever needed to know.
    package mutating func note(askedAt: NIODeadline, foundAt: NIODeadline, heardAt: NIODeadline) {
        guard heardAt - foundAt <= LookUpPace.promptly else { return }
        let time = heardAt - askedAt
        guard times.count == LookUpPace.kept else { return times.append(time) }
        times[next] = time
        next = (next + 1) % LookUpPace.kept
    }

    /// How long after the directory was asked a look-up is heard of at the soonest.
    package var usual: TimeAmount {
        var slowest = TimeAmount.zero
        var second = TimeAmount.zero
        var third = TimeAmount.zero
        for time in times where time > third {
            third = min(time, second)
            second = max(second, min(time, slowest))
            slowest = max(time, slowest)
        }
        return min(times.count > 2 ? third : slowest, LookUpPace.longest)
    }
}
