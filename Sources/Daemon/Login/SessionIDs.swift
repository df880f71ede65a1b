import Authentication
import Cryptography

/// Makes ids of validation sessions: 128 random bits each, of which libcrypto is asked for many at once.
struct SessionIDs {
    private static let batch = 64
    private var ids: [ValidationSession.ID] = []

    /// An id that was never given out; throws if there is no randomness.
    mutating func next() throws(CryptographyFailure) -> ValidationSession.ID {
        if let id = ids.popLast() { return id }
        var random = [UInt8](repeating: 0, count: 16 * SessionIDs.batch)
        var span = random.mutableSpan
        try fillRandom(&span)
        for start in stride(from: 0, to: random.count, by: 16) {
            ids.append(
                ValidationSession.ID(
                    high: random[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) },
                    low: random[(start + 8)..<(start + 16)].reduce(0) { $0 << 8 | UInt64($1) }))
        }
        guard let id = ids.popLast() else { throw .noRandomness }
        return id
    }
}
