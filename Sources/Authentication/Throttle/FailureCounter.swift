/// The consecutive failures of one account with one module, as the store keeps them.
package struct FailureCounter: Equatable, Sendable {
    /// 0 to 2^31 - 1.
    package private(set) var failures: Int
    /// When the last of them was.
    package var last: Moment?

    package init(failures: Int = 0, last: Moment? = nil) {
        self.failures = min(max(failures, 0), Int(Int32.max))
        self.last = last
    }

    /// Charges a guess, before it is looked at.
    package mutating func charge(at now: Moment) {
        failures = min(failures, Int(Int32.max) - 1) + 1
        last = now
    }
}
