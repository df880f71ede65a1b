import Synchronization

/// A number that a closure and its test have in common.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int {
        get { number.load(ordering: .sequentiallyConsistent) }
        set { number.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
