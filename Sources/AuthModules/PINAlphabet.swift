/// What a PIN may consist of.
enum PINAlphabet: String, CaseIterable {
    /// ASCII digits.
    case digits
    /// Any UTF-8 without control characters; compared byte for byte.
    case any

    /// How many characters there may be: fewer are found too soon, and NIST SP 800-63B section 5.1.1.2 asks for 64.
    static let lengths = 4...64
    /// The longest PIN in bytes.
    static let longest = 4 * lengths.upperBound

    /// How many characters (Unicode scalars) a text has; nil if one of them is none of the alphabet's.
    func length(of text: Span<UInt8>) -> Int? {
        guard text.count <= PINAlphabet.longest else { return nil }
        switch self {
        case .digits:
            for index in text.indices
            where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) {
                return nil
            }
            return text.count
        case .any:
            do throws(UTF8.ValidationError) {
                _ = try UTF8Span(validating: text)
            } catch {
                return nil
            }
            var length = 0
            var previous: UInt8 = 0
            for index in text.indices {
                let byte = text[index]
                // C0, DEL, and C1, which is C2 80 to C2 9F.
                guard byte >= 0x20, byte != 0x7F, previous != 0xC2 || byte >= 0xA0 else { return nil }
                if byte & 0xC0 != 0x80 { length += 1 }
                previous = byte
            }
            return length
        }
    }

    /// Whether a text could be a PIN, new or old.
    func recognizes(_ text: Span<UInt8>) -> Bool {
        guard let length = length(of: text) else { return false }
        return PINAlphabet.lengths.contains(length)
    }
}
