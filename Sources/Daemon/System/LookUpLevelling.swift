import Authentication
import Synchronization

/// Has as much looked up for a name that somebody has as for one that nobody has, by whoever has looked it up.
///
/// Both are heard of at the same time; but a thread that has slept for longer until then, and a processor that has done other
/// work, shows in what comes next. Whoever asks while it goes on waits for it, and where a directory begins to hang it is one thread that hangs.
package final class LookUpLevelling: Sendable {
    private let directory: any AccountDirectory
    private let isUnderWay = Atomic(false)

    package init(_ directory: any AccountDirectory) { self.directory = directory }

    /// Looks up a name of the other kind: one that is made up, or root's.
    package func level(_ isKnown: Bool) {
        let stranger = LookUpLevelling.madeUp()
        guard let name = isKnown ? stranger : LookUpLevelling.root else { return }
        guard !isUnderWay.exchange(true, ordering: .acquiring) else { return }
        _ = directory.account(named: name)
        isUnderWay.store(false, ordering: .releasing)
    }

    /// A name that nobody has, another each time: what a cache knows of one is quicker.
    static func madeUp() -> AccountName? { AccountName("no-such-user-\(Monotonic.nanoseconds)") }

    private static let root = AccountName("root")
}
