/// Decides what may reach a terminal or a journal: valid UTF-8 without C0 and C1 controls,
/// bidirectional overrides and isolates. Newlines pass where the caller says so (prompts).
public enum PrintableText {
    /// The length of the printable scalar that begins at `start`, in bytes, or 0 if what stands there
    /// is to be left out: skip one byte and try again.
    public static func scalarLength(_ bytes: Span<UInt8>, at start: Int, newlines: Bool) -> Int {
        guard start >= 0, start < bytes.count else { return 0 }
        let first = unsafe bytes[unchecked: start]
        if first < 0x80 {
            let isControl = first < 0x20 || first == 0x7F
            return isControl && !(newlines && first == 0x0A) ? 0 : 1
        }
        let length: Int
        var value: UInt32
        switch first {
        case 0xC2...0xDF: (length, value) = (2, UInt32(first & 0x1F))
        case 0xE0...0xEF: (length, value) = (3, UInt32(first & 0x0F))
        case 0xF0...0xF4: (length, value) = (4, UInt32(first & 0x07))
        case _: return 0
        }
        guard length <= bytes.count &- start else { return 0 }
        var index = 1
        while index < length {
            let next = unsafe bytes[unchecked: start &+ index]
            guard next & 0xC0 == 0x80 else { return 0 }
            value = value << 6 | UInt32(next & 0x3F)
            index &+= 1
        }
        return isPrintable(value, length: length) ? length : 0
    }

    /// Whether a scalar decoded from `length` bytes (2 to 4) is well-formed and harmless.
    private static func isPrintable(_ value: UInt32, length: Int) -> Bool {
        switch value {
        case 0..<0x80: false  // overlong
        case 0x80...0x9F: false  // C1
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false  // bidirectional
        case 0x2028, 0x2029: false  // line and paragraph separators
        case 0xD800...0xDFFF: false  // surrogates
        case 0..<0x800: length == 2
        case 0..<0x1_0000: length == 3
        case 0..<0x11_0000: length == 4
        case _: false
        }
    }

    /// Whether all of `bytes` may be shown as it is.
    public static func isClean(_ bytes: Span<UInt8>, newlines: Bool) -> Bool {
        var index = 0
        while index < bytes.count {
            let length = scalarLength(bytes, at: index, newlines: newlines)
            guard length > 0 else { return false }
            index &+= length
        }
        return true
    }
}
