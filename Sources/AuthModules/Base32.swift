package import Authentication

/// Base32 (RFC 4648 section 6), in which authenticator apps and people exchange keys.
package enum Base32 {
    /// The characters that `count` bytes take, without padding.
    static func length(of count: Int) -> Int { (count * 8 + 4) / 5 }

    /// The character at `index` of the encoding; computed, since a table would be read at addresses that tell the key.
    static func character(at index: Int, of bytes: Span<UInt8>) -> UInt8 {
        let (byte, shift) = (index * 5).quotientAndRemainder(dividingBy: 8)
        let next = byte + 1 < bytes.count ? bytes[byte + 1] : 0
        let value = UInt8((UInt16(bytes[byte]) << 8 | UInt16(next)) >> UInt16(11 - shift) & 0x1F)
        return value < 26 ? UInt8(ascii: "A") + value : UInt8(ascii: "2") + (value - 26)
    }

    /// Encodes `bytes` without padding, in groups of so many characters with a space (or another `separator`) between
    /// them; 0 is one group.
    package static func encode(
        _ bytes: Span<UInt8>, groupsOf size: Int = 0, separator: UInt8 = UInt8(ascii: " ")
    ) -> Secret {
        let length = length(of: bytes.count)
        let separators = size > 0 && length > 0 ? (length - 1) / size : 0
        return Secret(count: length + separators) { target in
            var place = 0
            for index in 0..<length {
                if size > 0, index > 0, index % size == 0 {
                    target[place] = separator
                    place += 1
                }
                target[place] = character(at: index, of: bytes)
                place += 1
            }
        }
    }

    /// Reads a key as people paste it: in either case, with spaces and hyphens, with padding or without.
    ///
    /// Nil for any other character, and for a length that no whole number of bytes has. Left-over bits are dropped,
    /// as the apps do.
    package static func decode(_ text: Span<UInt8>) -> Secret? {
        var count = 0
        var isPadding = false
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: " "), UInt8(ascii: "-"): continue
            case UInt8(ascii: "="): isPadding = true
            case let byte:
                guard !isPadding, value(of: byte) != nil else { return nil }
                count += 1
            }
        }
        guard ![1, 3, 6].contains(count % 8) else { return nil }
        return Secret(count: count * 5 / 8) { target in
            var bits: UInt16 = 0
            var available: UInt16 = 0
            var place = 0
            for index in text.indices {
                guard let value = value(of: text[index]) else { continue }
                bits = bits << 5 | UInt16(value)
                available += 5
                guard available >= 8 else { continue }
                available -= 8
                target[place] = UInt8(truncatingIfNeeded: bits >> available)
                place += 1
            }
        }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a")
        case UInt8(ascii: "2")...UInt8(ascii: "7"): character - UInt8(ascii: "2") + 26
        case _: nil
        }
    }
}
