package import Authentication
internal import Synchronization

/// The keys that a store's secrets may be sealed with: one seals, and all of them open.
///
/// Usually that is one. While keys are rotated there are two: the new one seals, so that the old one is needed for fewer
/// rows with each that is sealed anew, and for none in the end.
package final class KeyRing: SecretSealing {
    private struct Keys {
        var current: Sealer
        /// Those before it, the latest first.
        var former: [Sealer] = []
    }

    private let keys: Mutex<Keys>

    package init(_ current: Sealer) { keys = Mutex(Keys(current: current)) }

    /// The id of the key that seals.
    package var current: String { keys.withLock { $0.current.id } }

    /// The ids of those that only open, the latest first.
    package var former: [String] { keys.withLock { $0.former.map(\.id) } }

    /// Seals with another key from now on; the one that has sealed so far still opens. With the one that seals already
    /// nothing changes.
    package func rotate(to next: Sealer) {
        keys.withLock { keys in
            guard next.id != keys.current.id else { return }
            keys.former.insert(keys.current, at: 0)
            keys.former.removeAll { $0.id == next.id }
            keys.current = next
        }
    }

    /// Opens with the keys of another ring as well; what seals stays the same.
    package func admit(_ other: KeyRing) {
        let others = other.keys.withLock { [$0.current] + $0.former }
        keys.withLock { keys in
            for sealer in others where !([keys.current] + keys.former).contains(where: { $0.id == sealer.id }) {
                keys.former.append(sealer)
            }
        }
    }

    /// Forgets all keys but the one that seals.
    package func retire() { keys.withLock { $0.former = [] } }

    package func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
        try keys.withLock(\.current).seal(payload, at: place)
    }

    package func isCurrent(_ sealed: [UInt8]) -> Bool { keys.withLock(\.current).isCurrent(sealed) }

    package func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
        let (current, former) = keys.withLock { ($0.current, $0.former) }
        // Which key it was is told by the secret itself; what none of them has sealed is refused in the current one's words.
        let sealer = current.isCurrent(sealed) ? current : former.first { $0.isCurrent(sealed) } ?? current
        return try sealer.open(sealed, at: place)
    }
}
