/// What a person types from a token: one code, or two that follow each other, to resynchronise (RFC 4226 section 7.4).
struct HOTPAnswer {
    /// How many digits there may be in all.
    static let lengths = OneTimePassword.lengths.lowerBound...2 * OneTimePassword.lengths.upperBound

    let first: OneTimePassword
    /// Nil for a single code.
    let second: OneTimePassword?

    /// How many codes it is: 1 or 2.
    var count: Int64 { second == nil ? 1 : 2 }

    /// 6 to 8 ASCII digits are a code, twice as many are two of equal length; spaces and hyphens do not count. Nil for
    /// anything else.
    init?(typed: Span<UInt8>) {
        guard typed.count <= 2 * OneTimePassword.longestAnswer else { return nil }
        var digits = 0
        for index in typed.indices where HOTPAnswer.isDigit(typed[index]) { digits += 1 }
        guard digits > OneTimePassword.lengths.upperBound else {
            guard let code = OneTimePassword(typed: typed) else { return nil }
            first = code
            second = nil
            return
        }
        guard digits.isMultiple(of: 2) else { return nil }
        var middle = 0
        var left = digits / 2
        while left > 0 {
            if HOTPAnswer.isDigit(typed[middle]) { left -= 1 }
            middle += 1
        }
        guard let first = OneTimePassword(typed: typed.extracting(first: middle)),
            let second = OneTimePassword(typed: typed.extracting(droppingFirst: middle))
        else { return nil }
        self.first = first
        self.second = second
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
