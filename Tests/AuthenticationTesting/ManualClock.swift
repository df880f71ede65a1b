package import Authentication
internal import Synchronization

/// A clock that stands still until it is told otherwise.
package final class ManualClock: Sendable {
    private let moment: Mutex<Moment>
    private let synchronized = Mutex<Bool?>(nil)

    /// Stands in November 2023, ten minutes after boot 1, unless told otherwise.
    package init(_ moment: Moment = Moment(wall: 1_700_000_000, boottime: 600_000, boot: 1)) {
        self.moment = Mutex(moment)
    }

    package var now: Moment { moment.withLock { $0 } }

    /// Whether something keeps it right; nil where it does not tell, as at first.
    package var isSynchronized: Bool? {
        get { synchronized.withLock { $0 } }
        set { synchronized.withLock { $0 = newValue } }
    }

    /// Time passes, on both clocks.
    package func advance(seconds: Int64) {
        moment.withLock {
            $0.wall += seconds
            $0.boottime += seconds * 1000
        }
    }

    /// Somebody sets the wall clock.
    package func set(wall: Int64) { moment.withLock { $0.wall = wall } }

    /// The machine restarts and is up again after so many seconds.
    package func reboot(after seconds: Int64) {
        moment.withLock {
            $0 = Moment(wall: $0.wall + seconds, boottime: 1000, boot: $0.boot + 1)
        }
    }
}
