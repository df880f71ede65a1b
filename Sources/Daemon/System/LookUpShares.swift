import Synchronization

/// How many look-ups each uid has that wait or are under way, so that no user's keep everybody else waiting.
final class LookUpShares: Sendable {
    private let most: Int
    private let taken = Mutex<[UInt32: Int]>([:])

    init(_ most: Int) { self.most = most }

    /// Counts one in; false if the uid has as many as it may. Root has no bound.
    func take(_ uid: UInt32) -> Bool {
        guard uid != 0 else { return true }
        return taken.withLock { taken in
            let count = taken[uid, default: 0]
            guard count < most else { return false }
            taken[uid] = count + 1
            return true
        }
    }

    /// Counts one out: it keeps no place and no thread any more.
    func giveBack(_ uid: UInt32) {
        guard uid != 0 else { return }
        taken.withLock { taken in
            let count = taken[uid, default: 1] - 1
            taken[uid] = count > 0 ? count : nil
        }
    }
}
