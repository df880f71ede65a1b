import Authentication
import Synchronization

/// A guess that somebody outside judges, and whether anybody still waits for it.
final class Consultation: Asker {
    let deadline: Int64
    private let hasAsker = Atomic<Bool>(true)

    init(until deadline: Int64) { self.deadline = deadline }

    var isWaiting: Bool { hasAsker.load(ordering: .relaxed) }

    /// Nobody waits any more.
    func abandon() { hasAsker.store(false, ordering: .relaxed) }
}
