/// Text that YAML reads as a number (1.1 and 1.2, integers and floats): what it is then is not what was written, as with
/// `007` or `1e9`.
enum NumberLike {
    static func matches(_ text: String) -> Bool {
        var rest = Array(text.lowercased().utf8)[...]
        if let sign = rest.first, isSign(sign) { rest = rest.dropFirst() }
        if rest.elementsEqual(".inf".utf8) || rest.elementsEqual(".nan".utf8) { return true }
        for prefix in ["0x", "0o", "0b"] where rest.starts(with: prefix.utf8) {
            let digits = rest.dropFirst(prefix.utf8.count)
            return !digits.isEmpty && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) || isGap($0) }
        }
        // Points and colons too: 1.5, and 1:30, which was ninety once.
        let parts = rest.split(separator: UInt8(ascii: "e"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let mantissa = parts.first, mantissa.contains(where: isDigit),
            mantissa.first.map(isGap) == false,
            mantissa.allSatisfy({ isDigit($0) || isGap($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") })
        else { return false }
        guard parts.count > 1, var exponent = parts.last else { return true }
        if let sign = exponent.first, isSign(sign) { exponent = exponent.dropFirst() }
        return !exponent.isEmpty && exponent.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isGap(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") }

    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }
}
