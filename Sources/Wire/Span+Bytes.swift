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
        let taken = Swift.max(Swift.min(length, count &- first), 0)
        // 0 <= first <= first + taken <= count. (`extracting` subtracts again, and would trap on overflow.)
        return try unsafe withUnsafeBufferPointer { (all) throws(Failure) -> Result in
            guard let base = all.baseAddress else { return try unsafe body(all.span) }
            return try unsafe body(UnsafeBufferPointer(start: base + first, count: taken).span)
        }
    }
}
