internal import Authentication

/// How the files of other programs are taken apart, whatever bytes they have.
package enum ImportText {
    /// The longest file that is read, in bytes.
    package static let longest = 4 << 20

    /// How many bytes of a byte order mark stand at the start, as some spreadsheets write it.
    static func markSize(_ text: Span<UInt8>) -> Int {
        text.count >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF ? 3 : 0
    }

    /// Where each line lies, without its end (LF, or CR LF).
    static func lines(_ text: Span<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = 0
        for index in 0...text.count where index == text.count || text[index] == UInt8(ascii: "\n") {
            var end = index
            if end > start, text[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            if index < text.count || end > start { found.append(start..<end) }
            start = index + 1
        }
        return found
    }

    /// Where each word of `range` lies, between spaces and tabs.
    static func words(_ text: Span<UInt8>, in range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start: Int?
        for index in range {
            let isBlank = text[index] == UInt8(ascii: " ") || text[index] == UInt8(ascii: "\t")
            if isBlank, let begun = start {
                found.append(begun..<index)
                start = nil
            } else if !isBlank, start == nil {
                start = index
            }
        }
        if let start { found.append(start..<range.upperBound) }
        return found
    }

    /// What is no secret, as text.
    static func text(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A whole number of plain digits; nil for all else, and for one past the end of numbers.
    static func number(_ bytes: Span<UInt8>) -> Int64? {
        guard bytes.count > 0, bytes.count <= 19 else { return nil }
        var value: Int64 = 0
        for index in bytes.indices {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { return nil }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = tens.addingReportingOverflow(Int64(bytes[index] - UInt8(ascii: "0")))
            guard !isTooLarge, !isLarger else { return nil }
            value = sum
        }
        return value
    }

    /// The bytes that hexadecimal digits are; nil for all else.
    static func hexadecimal(_ digits: Span<UInt8>) -> Secret? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        for index in digits.indices where value(ofHexadecimal: digits[index]) == nil { return nil }
        return Secret(count: digits.count / 2) { target in
            for index in 0..<digits.count / 2 {
                let high = value(ofHexadecimal: digits[2 * index]) ?? 0
                let low = value(ofHexadecimal: digits[2 * index + 1]) ?? 0
                target[index] = high << 4 | low
            }
        }
    }

    /// The text behind percent-encoding (RFC 3986 section 2.1); nil where a `%` has no two digits behind it.
    static func percentDecoded(_ text: Span<UInt8>) -> Secret? {
        var count = 0
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%") {
                guard text.count - index > 2, value(ofHexadecimal: text[index + 1]) != nil,
                    value(ofHexadecimal: text[index + 2]) != nil
                else { return nil }
                index += 2
            }
            index += 1
            count += 1
        }
        return Secret(count: count) { target in
            var index = 0
            for place in 0..<count {
                if text[index] == UInt8(ascii: "%") {
                    let high = value(ofHexadecimal: text[index + 1]) ?? 0
                    let low = value(ofHexadecimal: text[index + 2]) ?? 0
                    target[place] = high << 4 | low
                    index += 2
                } else {
                    target[place] = text[index]
                }
                index += 1
            }
        }
    }

    /// The bytes behind base64 (RFC 4648 sections 4 and 5), with padding or without; nil for all else.
    static func base64Decoded(_ text: Span<UInt8>) -> Secret? {
        var count = text.count
        while count > 0, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        guard text.count - count <= 2, count % 4 != 1 else { return nil }
        for index in 0..<count where value(ofBase64: text[index]) == nil { return nil }
        return Secret(count: count * 3 / 4) { target in
            var bits: UInt32 = 0
            var available: UInt32 = 0
            var place = 0
            for index in 0..<count {
                bits = bits << 6 | UInt32(value(ofBase64: text[index]) ?? 0)
                available += 6
                guard available >= 8, place < target.count else { continue }
                available -= 8
                target[place] = UInt8(truncatingIfNeeded: bits >> available)
                place += 1
            }
        }
    }

    /// Whether `text` begins with these ASCII letters, in either case.
    static func begins(_ text: Span<UInt8>, with start: String) -> Bool {
        let start = Array(start.utf8)
        guard text.count >= start.count else { return false }
        return start.indices.allSatisfy { lowercased(text[$0]) == lowercased(start[$0]) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }

    static func value(ofHexadecimal digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case _: nil
        }
    }

    private static func value(ofBase64 digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        case _: nil
        }
    }
}
