import Authentication
import Cryptography

/// Makes ids of validation sessions: 128 random bits each, which are asked for many at once.
package struct SessionIDs {
    /// Where so many random bytes come from; nil if there are none to be had.
    package typealias Source = @Sendable (_ count: Int) -> [UInt8]?

    private static let batch = 64
    private let source: Source
    private var ids: [ValidationSession.ID] = []

    init(_ source: @escaping Source) { self.source = source }

    /// libcrypto's random bytes.
    package static let libcrypto: Source = { count in
        var random = [UInt8](repeating: 0, count: count)
        var span = random.mutableSpan
        do throws(CryptographyFailure) { try fillRandom(&span) } catch { return nil }
        return random
    }

    /// An id that was never given out; throws if there is no randomness.
    mutating func next() throws(CryptographyFailure) -> ValidationSession.ID {
        if let id = ids.popLast() { return id }
        guard let random = source(16 * SessionIDs.batch) else { throw .noRandomness }
        for start in stride(from: 0, through: random.count - 16, by: 16) {
            ids.append(
                ValidationSession.ID(
                    high: random[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) },
                    low: random[(start + 8)..<(start + 16)].reduce(0) { $0 << 8 | UInt64($1) }))
        }
        guard let id = ids.popLast() else { throw .noRandomness }
        return id
    }
}
