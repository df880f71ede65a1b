/// Reading that cannot trap: a trap in the module is the end of the program that loaded it.
extension Span<UInt8> {
    /// The byte at `index`, or nil past either end.
    public func byte(at index: Int) -> UInt8? {
        index >= 0 && index < count ? unsafe self[unchecked: index] : nil
    }

    /// Hands over `length` bytes from `start` on, or as many of them as there are.
    public func withPart<Result, Failure: Error>(
        from start: Int, count length: Int, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let first = Swift.min(Swift.max(start, 0), count)
        let end = first &+ Swift.min(Swift.max(length, 0), count &- first)
        // 0 <= first <= end <= count, as the two lines above make it.
        return try body(unsafe extracting(unchecked: Range(uncheckedBounds: (lower: first, upper: end))))
    }
}
