internal import Synchronization

/// What many at a time have found.
package final class TrialTally: Sendable {
    private let faults = Mutex<[String: Int]>([:])

    package init() {}

    /// One has ended; nil where nothing was wrong.
    package func add(_ fault: String?) {
        guard let fault else { return }
        faults.withLock { $0[fault, default: 0] += 1 }
    }

    /// What was wrong with most of them, and how many of `all` those were; nil if nothing was.
    package func fault(of all: Int) -> String? {
        let faults = faults.withLock { $0 }
        guard let most = faults.max(by: { $0.value < $1.value }) else { return nil }
        return "\(faults.values.reduce(0, +)) of \(all): \(most.key)"
    }
}
