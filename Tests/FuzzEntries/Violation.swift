/// A promise that some bytes have broken.
public struct Violation: Error, CustomStringConvertible {
    /// What was promised and what was found, for whoever looks at the bytes.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Throws the violation of a promise that does not hold.
func promise(_ holds: Bool, _ words: @autoclosure () -> String) throws(Violation) {
    if !holds { throw Violation(words()) }
}
