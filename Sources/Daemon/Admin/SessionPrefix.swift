package import Authentication

/// A session's id as root types it: its first digits, or all 32.
package struct SessionPrefix {
    /// How much of an id must be typed: with less, a slip of the finger could end somebody else's login.
    package static let shortest = 4

    /// Lower case.
    package let digits: String

    /// Nil for what is not 4 to 32 hexadecimal digits, in either case.
    package init?(_ typed: String) {
        let digits = typed.lowercased()
        guard (SessionPrefix.shortest...32).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.digits = digits
    }

    /// Those of these ids that begin so.
    package func fitting(_ ids: [ValidationSession.ID]) -> [ValidationSession.ID] {
        ids.filter { SessionPrefix.text(of: $0).hasPrefix(digits) }
    }

    /// The id that all 32 digits are of; nil for what is none.
    static func id(_ digits: String) -> ValidationSession.ID? {
        guard digits.utf8.count == 32, let prefix = SessionPrefix(digits),
            let high = UInt64(prefix.digits.prefix(16), radix: 16),
            let low = UInt64(prefix.digits.suffix(16), radix: 16)
        else { return nil }
        return ValidationSession.ID(high: high, low: low)
    }

    /// All 32 digits of an id.
    package static func text(of id: ValidationSession.ID) -> String {
        [id.high, id.low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
