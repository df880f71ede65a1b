/// One word of a line, or what stands in brackets.
struct Token: Equatable, Sendable {
    /// Without its brackets; `\]` is `]`.
    let text: String
    /// Where it stands in the line, in bytes, brackets included.
    let place: Range<Int>

    /// The words of a line as libpam parts them: by blanks, tabs and newlines.
    static func all(in line: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < line.count {
            guard !isSpace(line[index]) else {
                index += 1
                continue
            }
            let start = index
            var text: [UInt8] = []
            if line[index] == UInt8(ascii: "[") {
                index += 1
                while index < line.count, line[index] != UInt8(ascii: "]") {
                    let isEscape =
                        line[index] == UInt8(ascii: "\\") && index + 1 < line.count
                        && line[index + 1] == UInt8(ascii: "]")
                    if isEscape { index += 1 }
                    text.append(line[index])
                    index += 1
                }
                if index < line.count { index += 1 }
            } else {
                while index < line.count, !isSpace(line[index]) {
                    text.append(line[index])
                    index += 1
                }
            }
            tokens.append(Token(text: String(decoding: text, as: UTF8.self), place: start..<index))
        }
        return tokens
    }

    /// A word as it has to be written to be read as one.
    static func spelling(_ word: String) -> String {
        let needsBrackets = word.utf8.contains { isSpace($0) } || word.utf8.first == UInt8(ascii: "[") || word.isEmpty
        guard needsBrackets else { return word }
        return "[" + word.split(separator: "]", omittingEmptySubsequences: false).joined(separator: "\\]") + "]"
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A }
}
