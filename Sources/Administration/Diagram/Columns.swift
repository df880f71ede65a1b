/// Text as it is laid out: in columns, of which a letter takes one, an ideograph or an emoji two, a mark on a letter
/// none.
package enum Columns {
    /// How many columns the text takes.
    package static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        guard scalar.value >= 0x300 else { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        case _: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.value {
        // East Asian Width "W" and "F" (Unicode Standard Annex 11), in whole blocks.
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1FAFF,
            0x20000...0x3FFFD:
            return 2
        case _: return 1
        }
    }

    /// The text in one line: what would break it, or is no character at all, is a blank.
    static func oneLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line.append(" ")
            case _ where scalar.value & 0xFFFE == 0xFFFE: line.append(" ")
            case _: line.append(scalar)
            }
        }
        return String(line)
    }

    /// The text with `?` for what ASCII does not have.
    static func inASCII(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { width($0) > 0 }.map { $0.isASCII ? $0 : "?" }))
    }

    /// As much of the text as `limit` columns hold, with a sign if that is not all.
    static func clip(_ text: String, to limit: Int, sign: String = "…") -> String {
        guard width(text) > limit else { return text }
        var (kept, used) = (String.UnicodeScalarView(), width(sign))
        for scalar in text.unicodeScalars {
            used += width(scalar)
            guard used <= limit else { break }
            kept.append(scalar)
        }
        return String(kept) + sign
    }

    /// The text followed by blanks, up to `count` columns.
    static func padded(_ text: String, to count: Int, with filler: String = " ") -> String {
        text + String(repeating: filler, count: max(count - width(text), 0))
    }

    /// The text in lines of at most `limit` columns, broken at blanks; a longer word is clipped.
    static func wrap(_ text: String, to limit: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in oneLine(text).split(separator: " ") {
            let word = clip(String(word), to: limit)
            if line.isEmpty {
                line = word
            } else if width(line) + 1 + width(word) <= limit {
                line += " " + word
            } else {
                lines.append(line)
                line = word
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
