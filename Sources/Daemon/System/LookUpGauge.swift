import Authentication
package import NIOCore
import Synchronization

/// Measures how long the directory takes to find nobody, by names that are made up for it: what anybody asks for leaves no
/// trace in what all others wait for. It belongs to the event loop.
///
/// It asks on a thread of its own: a directory that hangs keeps none from a login. While nobody logs in it asks nothing.
package final class LookUpGauge {
    /// How long after an answer it asks again while there are too few of them, as in a daemon's first moments.
    private static let pause = TimeAmount.milliseconds(10)

    /// Whether the loop still hears what the thread says.
    private final class Ear: Sendable {
        let isOpen = Mutex(true)
    }

    private enum Order: Sendable {
        case ask
        case stop
    }

    private let directory: any AccountDirectory
    private let loop: any EventLoop
    private let now: @Sendable () -> NIODeadline
    private let orders = BlockingQueue<Order>()
    private let ear = Ear()
    private let leveller: LookUpLevelling
    private var pace = LookUpPace()
    private var isStarted = false
    /// Whether it has asked and not heard yet.
    package private(set) var isAsking = false
    /// Whether that was so a second ago as well, or the last answer was none.
    private var isLate = false
    /// Whether anybody waited for a look-up since it last asked.
    private var isUsed = false

    package init(
        _ directory: any AccountDirectory, on loop: any EventLoop,
        now: @escaping @Sendable () -> NIODeadline = { .now() }
    ) {
        self.directory = directory
        self.loop = loop
        self.now = now
        leveller = LookUpLevelling(directory)
    }

    /// Whether there are as many measures as it takes.
    package var isMeasured: Bool { pace.isMeasured }

    /// Starts to measure. Before, and until there are enough answers, all wait for as long as anybody ever does.
    package func start() {
        guard !isStarted else { return }
        isStarted = true
        let gauge = NIOLoopBound(self, eventLoop: loop)
        DetachedThread.start(named: "twostep-gauge") { [directory, loop, orders, ear, now] in
            while orders.takeAll().allSatisfy({ $0 == .ask }) {
                guard let nobody = LookUpLevelling.madeUp() else { return }
                let askedAt = now()
                let found = directory.account(named: nobody)
                let time = now() - askedAt
                ear.isOpen.withLock { isOpen in
                    guard isOpen else { return }
                    loop.execute { gauge.value.hear(found, after: time) }
                }
            }
        }
        ask()
    }

    /// Asks once more where it is of use: called once a second.
    package func sweep() {
        if isAsking { isLate = true }
        guard isUsed else { return }
        isUsed = false
        ask()
    }

    /// Hears nothing any more. Nobody waits for the thread, which may be about a directory that hangs.
    package func stop() {
        ear.isOpen.withLock { $0 = false }
        orders.put(.stop)
    }

    /// What levels a look-up's work; nil where the directory is not known to be quick just now.
    package var levelling: LookUpLevelling? { pace.isQuick && !isLate ? leveller : nil }

    /// When this look-up is heard of at the soonest.
    package func earliest<Found>(for answer: NameAnswer<Found>) -> NIODeadline {
        isUsed = true
        return pace.earliest(for: answer)
    }

    private func ask() {
        guard isStarted, !isAsking else { return }
        isAsking = true
        orders.put(.ask)
    }

    private func hear(_ found: Lookup, after time: TimeAmount) {
        isAsking = false
        isLate = found != .notFound
        // What cannot be told, and a name that somebody has after all, are no measure.
        guard !isLate else { return }
        pace.note(time)
        guard !pace.isMeasured else { return }
        let gauge = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: LookUpGauge.pause) { gauge.value.ask() }
    }
}
