import Synchronization

/// How many look-ups each payer has that wait or are under way, so that no user's and no host's keep everybody else waiting.
final class LookUpShares: Sendable {
    private let mostPerUID: Int
    private let mostPerHost: Int
    private let taken = Mutex<[LookUpPayer: Int]>([:])

    init(perUID: Int, perHost: Int) {
        mostPerUID = perUID
        mostPerHost = perHost
    }

    /// Counts one in; false if the payer has as many as it may. Root has no bound.
    func take(_ payer: LookUpPayer) -> Bool {
        guard !payer.isRoot else { return true }
        let most =
            switch payer {
            case .uid: mostPerUID
            case .host: mostPerHost
            }
        return taken.withLock { taken in
            let count = taken[payer, default: 0]
            guard count < most else { return false }
            taken[payer] = count + 1
            return true
        }
    }

    /// Counts one out: it keeps no place and no thread any more.
    func giveBack(_ payer: LookUpPayer) {
        guard !payer.isRoot else { return }
        taken.withLock { taken in
            let count = taken[payer, default: 1] - 1
            taken[payer] = count > 0 ? count : nil
        }
    }
}
