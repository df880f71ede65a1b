import AuthModules
import Authentication

/// Base32 as people paste it: what is read is what stands there, and is read again as it is written.
enum Base32Text {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let read = decode(bytes.span)
        let expected = reference(bytes)
        try promise(read == expected, "read as \(read ?? []), expected \(expected ?? [])")
        if let read {
            try promise(again(read) == read, "\(read) is read otherwise than it was written")
            try promise(read.count <= bytes.count, "\(read.count) bytes of \(bytes.count) characters")
        }
        // And the other way: any bytes at all, with groups or without.
        for size in [0, 1, 4, Int(bytes.first ?? 0)] {
            let text = Base32.encode(bytes.span, groupsOf: size)
            let back = text.withBytes { decode($0) }
            try promise(back == bytes, "what was written in groups of \(size) is read otherwise")
        }
    }

    private static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard let bytes = Base32.decode(text) else { return nil }
        return bytes.withBytes { $0.array }
    }

    private static func again(_ bytes: [UInt8]) -> [UInt8]? {
        let text = Base32.encode(bytes.span)
        return text.withBytes { decode($0) }
    }

    /// RFC 4648 section 6, read once more and as simply as can be; nil for what is none.
    static func reference(_ text: [UInt8]) -> [UInt8]? {
        let letters = text.filter { $0 != 0x20 && $0 != 0x2D }
        let body = letters.prefix { $0 != 0x3D }
        guard letters[body.endIndex...].allSatisfy({ $0 == 0x3D }) else { return nil }
        var bits: [Bool] = []
        for letter in body {
            let value: UInt8
            switch letter {
            case 0x41...0x5A: value = letter - 0x41
            case 0x61...0x7A: value = letter - 0x61
            case 0x32...0x37: value = letter - 0x32 + 26
            case _: return nil
            }
            for shift in (0..<5).reversed() { bits.append(value >> UInt8(shift) & 1 == 1) }
        }
        guard [0, 2, 4, 5, 7].contains(body.count % 8) else { return nil }
        return stride(from: 0, to: bits.count - bits.count % 8, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }
}
