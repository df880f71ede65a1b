package import Cryptography

/// A one-time password of 6 to 8 decimal digits: the value that a key gives, or what a person typed.
package struct OneTimePassword: Sendable {
    /// How many digits there may be: RFC 4226 section 5.3 asks for 6 at least, and apps show 8 at most.
    package static let lengths = 6...8
    /// The longest answer that is read at all, in bytes: eight digits with room for what people put between them.
    static let longestAnswer = 32

    /// Less than ten to the power of `digits`.
    package let value: UInt32
    /// How many digits it is written with, leading zeros included.
    package let digits: Int

    /// HOTP(key, counter), RFC 4226 section 5.3. `digits` beyond `lengths` are the nearest of them.
    package init(
        key: Span<UInt8>, counter: UInt64, algorithm: HashAlgorithm, digits: Int
    ) throws(CryptographyFailure) {
        try self.init(under: HMAC(algorithm, key: key), counter: counter, digits: digits)
    }

    /// The same, of a key that is ready for many.
    package init(under key: borrowing HMAC, counter: UInt64, digits: Int) throws(CryptographyFailure) {
        var message = [8 of UInt8](repeating: 0)
        for index in message.indices { message[index] = UInt8(truncatingIfNeeded: counter >> UInt64(56 - 8 * index)) }
        let truncated = try key.withDigest(of: message.span) { digest -> UInt32 in
            let offset = Int(digest[digest.count - 1] & 0x0F)
            var bits: UInt32 = 0
            for index in offset..<offset + 4 { bits = bits << 8 | UInt32(digest[index]) }
            return bits & 0x7FFF_FFFF
        }
        self.digits = min(max(digits, OneTimePassword.lengths.lowerBound), OneTimePassword.lengths.upperBound)
        value =
            switch self.digits {
            case 8: truncated % 100_000_000
            case 7: truncated % 10_000_000
            case _: truncated % 1_000_000
            }
    }

    /// What a person typed: 6 to 8 ASCII digits, among which spaces and hyphens do not count. Nil for anything
    /// else: a sign, an exponent, a NUL, and the digits of every other script.
    package init?(typed: Span<UInt8>) {
        guard typed.count <= OneTimePassword.longestAnswer else { return nil }
        var value: UInt32 = 0
        var digits = 0
        for index in typed.indices {
            switch typed[index] {
            case UInt8(ascii: " "), UInt8(ascii: "-"): continue
            case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
                guard digits < OneTimePassword.lengths.upperBound else { return nil }
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
            case _: return nil
            }
        }
        guard OneTimePassword.lengths.contains(digits) else { return nil }
        self.value = value
        self.digits = digits
    }

    /// Whether both are the same digits. One comparison of whole words: no digit is found wrong before another.
    package func isSame(as other: OneTimePassword) -> Bool {
        (value ^ other.value) | UInt32(truncatingIfNeeded: digits ^ other.digits) == 0
    }
}
