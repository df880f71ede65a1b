/// Base64 (RFC 4648), for what must not lie about as text: the bytes are the caller's to overwrite.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The digits of some bytes, with `=` at the end.
    static func bytes(_ source: Span<UInt8>) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity((source.count + 2) / 3 * 4)
        for start in stride(from: 0, to: source.count, by: 3) {
            let count = min(source.count - start, 3)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < count ? UInt32(source[start + index]) : 0) }
            for place in 0..<4 {
                let digit = Int(group >> UInt32(18 - 6 * place) & 0x3F)
                digits.append(place <= count ? alphabet[digit] : UInt8(ascii: "="))
            }
        }
        return digits
    }

    /// The same as text, for what is no secret.
    static func text(_ source: Span<UInt8>) -> String { String(decoding: bytes(source), as: UTF8.self) }
}
