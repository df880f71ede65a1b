/// A string of JSON (RFC 8259, section 7), read into memory that is wiped.
///
/// Foundation's reader would leave copies of secrets behind, and takes what the RFC leaves open.
package enum JSONString {
    /// What is wrong with one.
    package enum Fault: Error, Equatable, Sendable {
        /// No quotation mark ends it, or a control character stands in it.
        case unclosed
        /// A backslash with nothing behind it.
        case cutEscape
        /// A backslash with a letter behind it that JSON does not know.
        case unknownEscape
        /// A `\u` with fewer than four hexadecimal digits behind it.
        case digitsMissing
        /// Half of a character beyond U+FFFF: one `\u` of two.
        case halfCharacter
    }

    /// Reads the string whose opening quotation mark stands before `position`, which is then behind the closing one.
    package static func read(_ text: Span<UInt8>, from position: inout Int) throws(Fault) -> Secret {
        let start = position
        while true {
            guard position < text.count, text[position] >= 0x20 else { throw .unclosed }
            if text[position] == UInt8(ascii: "\"") { break }
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        let quoted = text.extracting(start..<position)
        position += 1
        // No escape is shorter than what it stands for.
        var count = 0
        let plain = try Secret(count: quoted.count) { (target) throws(Fault) in
            var index = 0
            while index < quoted.count {
                guard quoted[index] == UInt8(ascii: "\\") else {
                    target[count] = quoted[index]
                    count += 1
                    index += 1
                    continue
                }
                for byte in try escaped(quoted, &index) {
                    target[count] = byte
                    count += 1
                }
            }
        }
        return plain.withBytes { Secret(copying: $0.extracting(first: count)) }
    }

    /// What the escape at `index` stands for; `index` is then behind it.
    private static func escaped(_ text: Span<UInt8>, _ index: inout Int) throws(Fault) -> [UInt8] {
        guard index + 1 < text.count else { throw .cutEscape }
        let kind = text[index + 1]
        index += 2
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
        case UInt8(ascii: "n"): return [UInt8(ascii: "\n")]
        case UInt8(ascii: "r"): return [UInt8(ascii: "\r")]
        case UInt8(ascii: "t"): return [UInt8(ascii: "\t")]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "u"): return Array(String(Character(try character(text, &index))).utf8)
        case _: throw .unknownEscape
        }
    }

    /// The character of a `\u`, or of two that are one beyond U+FFFF.
    private static func character(_ text: Span<UInt8>, _ index: inout Int) throws(Fault) -> Unicode.Scalar {
        var value = try hexadecimal(text, &index)
        if (0xD800...0xDBFF).contains(value) {
            guard index + 1 < text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u")
            else { throw .halfCharacter }
            index += 2
            let low = try hexadecimal(text, &index)
            guard (0xDC00...0xDFFF).contains(low) else { throw .halfCharacter }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw .halfCharacter }
        return scalar
    }

    private static func hexadecimal(_ text: Span<UInt8>, _ index: inout Int) throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard index < text.count, text[index] < 0x80,
                let digit = Character(Unicode.Scalar(text[index])).hexDigitValue
            else { throw .digitsMissing }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
