internal import Authentication

/// A JSON list of objects whose members are texts, whole numbers or null (RFC 8259).
///
/// Foundation's reader would leave a copy of every secret in memory.
struct JSONRows {
    private let file: String
    private var position: Int
    private var line = 1

    /// The objects of the list whose bracket stands at `start`.
    static func read(
        _ text: Span<UInt8>, from start: Int, named file: String
    ) throws(ImportFailure) -> [BatchFile.Row] {
        var reader = JSONRows(file: file, position: start)
        for index in 0..<start where text[index] == UInt8(ascii: "\n") { reader.line += 1 }
        var rows: [BatchFile.Row] = []
        try reader.expect("[", text)
        if !reader.takes("]", text) {
            repeat { rows.append(try reader.object(text)) } while reader.takes(",", text)
            try reader.expect("]", text)
        }
        reader.skipBlanks(text)
        guard reader.position == text.count else { throw reader.failure("something stands behind the list") }
        return rows
    }

    private init(file: String, position: Int) {
        self.file = file
        self.position = position
    }

    private func failure(_ explanation: String) -> ImportFailure {
        ImportFailure(file, line: line, explanation)
    }

    private mutating func skipBlanks(_ text: Span<UInt8>) {
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case _: return
            }
            position += 1
        }
    }

    private mutating func takes(_ character: Unicode.Scalar, _ text: Span<UInt8>) -> Bool {
        skipBlanks(text)
        guard position < text.count, UInt32(text[position]) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ text: Span<UInt8>) throws(ImportFailure) {
        guard takes(character, text) else { throw failure("expected '\(character)'") }
    }

    private mutating func object(_ text: Span<UInt8>) throws(ImportFailure) -> BatchFile.Row {
        try expect("{", text)
        var row = BatchFile.Row(line: line)
        guard !takes("}", text) else { return row }
        repeat {
            try expect("\"", text)
            let name = try string(text).withField { ImportText.text($0) }
            guard BatchFile.columns.contains(name), row.values[name] == nil else {
                throw failure(
                    "'\(name)' stands twice, or is none of \(BatchFile.columns.joined(separator: ", "))")
            }
            try expect(":", text)
            row.values[name] = try value(text)
        } while takes(",", text)
        try expect("}", text)
        return row
    }

    private mutating func value(_ text: Span<UInt8>) throws(ImportFailure) -> UserInput {
        if takes("\"", text) { return try string(text) }
        let start = position
        while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "z")).contains(text[position]),
            text[position] != UInt8(ascii: "["), text[position] != UInt8(ascii: "]")
        { position += 1 }
        let word = text.extracting(start..<position)
        if ImportText.number(word) != nil { return UserInput(Secret(copying: word)) }
        guard ImportText.text(word) == "null" else { throw failure("expected a text, a whole number or null") }
        return UserInput(Secret(count: 0) { _ in })
    }

    /// The text whose opening quote lies before `position`.
    private mutating func string(_ text: Span<UInt8>) throws(ImportFailure) -> UserInput {
        do throws(JSONString.Fault) {
            return UserInput(try JSONString.read(text, from: &position))
        } catch {
            switch error {
            case .unclosed: throw failure("a quote is not closed")
            case .cutEscape: throw failure("a \\ has nothing behind it")
            case .unknownEscape: throw failure("there is no such escape in JSON")
            case .digitsMissing: throw failure("a \\u has no four digits behind it")
            case .halfCharacter: throw failure("a \\u has half a character behind it")
            }
        }
    }
}
