import NIOCore
import Synchronization

/// How long it takes to find out that nobody has a name.
///
/// What somebody has is found in the first place that is looked in, and what nobody has in none of them: whoever answers
/// at once, as no person does, would hear by the clock which of the two it was. So nobody hears of a look-up sooner.
final class LookUpPace: Sendable {
    /// What takes longer, a directory on the network, is waited for by those alone whom it concerns.
    static let longest = TimeAmount.milliseconds(5)
    /// Of so many look-ups the slowest is the measure: the next one is hardly slower than all of them.
    private static let kept = 32

    private struct Lately {
        var times: [TimeAmount] = []
        var next = 0
    }

    private let lately = Mutex(Lately())

    /// Notes how long it took to find nobody.
    func note(_ time: TimeAmount) {
        lately.withLock { lately in
            guard lately.times.count == LookUpPace.kept else { return lately.times.append(time) }
            lately.times[lately.next] = time
            lately.next = (lately.next + 1) % LookUpPace.kept
        }
    }

    /// How long after the directory was asked a look-up is heard of at the soonest.
    var usual: TimeAmount { lately.withLock { min($0.times.max() ?? .zero, LookUpPace.longest) } }
}
