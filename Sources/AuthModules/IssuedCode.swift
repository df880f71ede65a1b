internal import Authentication
internal import Cryptography

/// An issued code as it is stored: version, end (Unix seconds, big-endian), a random key, the code's HMAC-SHA-256 under
/// that key, and the reason in UTF-8.
enum IssuedCode {
    /// The size of a code in bytes, and how it is written: 16 characters of base32.
    static let codeSize = 10
    static let characters = 16
    static let keySize = 32

    private static let version: UInt8 = 1
    private static let digestSize = 32
    private static let keyStart = 9
    private static let digestStart = keyStart + keySize
    private static let headerSize = digestStart + digestSize

    static func payload(
        of code: Span<UInt8>, key: Span<UInt8>, end: Int64, reason: [UInt8]
    ) throws(CryptographyFailure) -> Secret {
        guard code.count == codeSize, key.count == keySize else { throw .wrongSize }
        return try Secret(count: headerSize + reason.count) { (target) throws(CryptographyFailure) in
            target[0] = version
            for index in 0..<8 { target[1 + index] = UInt8(truncatingIfNeeded: end >> Int64(56 - 8 * index)) }
            for index in key.indices { target[keyStart + index] = key[index] }
            try withHMAC(.sha256, key: key, message: code) { digest in
                for index in digest.indices { target[digestStart + index] = digest[index] }
            }
            for index in reason.indices { target[headerSize + index] = reason[index] }
        }
    }

    /// The last second at which it is good; nil for anything that `payload(of:key:end:reason:)` does not write.
    static func end(in payload: Span<UInt8>) -> Int64? {
        guard payload.count >= headerSize, payload[0] == version else { return nil }
        return (1...8).reduce(0) { $0 << 8 | Int64(payload[$1]) }
    }

    static func reason(in payload: Span<UInt8>) -> String {
        guard payload.count > headerSize else { return "" }
        return String(decoding: (headerSize..<payload.count).map { payload[$0] }, as: UTF8.self)
    }

    static func isRight(_ code: Span<UInt8>, in payload: Span<UInt8>) throws(InvalidAuth) -> Bool {
        guard end(in: payload) != nil else { throw .unavailable }
        do throws(CryptographyFailure) {
            return try withHMAC(.sha256, key: payload.extracting(keyStart..<digestStart), message: code) { digest in
                isEqual(digest, payload.extracting(digestStart..<headerSize))
            }
        } catch {
            throw .unavailable
        }
    }

    /// Reads a code as people type it, as recovery codes are; nil for what is no code.
    static func code(typed: Span<UInt8>) -> Secret? { RecoveryCodeSet.code(typed: typed, size: codeSize) }

    /// A moment in UTC, to the minute: `2026-11-25 15:00 UTC`.
    static func date(_ seconds: Int64) -> String {
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // Counted in years that begin in March (400 of them are 146,097 days), from 0000-03-01.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let months = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * months + 2) / 5 + 1
        let month = months < 10 ? months + 3 : months - 9
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(era * 400 + year + (month <= 2 ? 1 : 0))-\(two(month))-\(two(day)) "
            + "\(two(rest / 3600)):\(two(rest % 3600 / 60)) UTC"
    }
}
