import RelayProtocol
import Synchronization

/// How many logins of one certificate take room at a hub: those too whose stream is closed, for as long as the store or the
/// directory has a question of theirs.
final class HostLoad: Sendable {
    /// What comes on top has no room, and may go to another hub.
    static let most = 2 * RelayFrame.maximumStreams

    private let taken = Atomic(0)

    /// A login's room; it is given back by whoever lets go of it last, on whatever thread.
    final class Place: Sendable {
        private let load: HostLoad

        fileprivate init(in load: HostLoad) { self.load = load }

        deinit { load.taken.subtract(1, ordering: .relaxed) }
    }

    /// Room for a login; nil if there is none.
    func enter() -> Place? {
        guard taken.add(1, ordering: .relaxed).newValue <= HostLoad.most else {
            taken.subtract(1, ordering: .relaxed)
            return nil
        }
        return Place(in: self)
    }
}
