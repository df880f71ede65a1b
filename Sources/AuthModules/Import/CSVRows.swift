internal import Authentication

/// Comma-separated values (RFC 4180): a header, then a row a line; a value in quotes may have commas and line ends.
enum CSVRows {
    /// The rows below the header.
    static func read(_ text: Span<UInt8>, named file: String) throws(ImportFailure) -> [BatchFile.Row] {
        var position = 0
        var line = 1
        var header: [String]?
        var rows: [BatchFile.Row] = []
        while position < text.count {
            let place = ImportPlace(file: file, line: line)
            let values = try record(text, &position, &line, at: place)
            // An empty line.
            if values.count == 1, values[0].withField({ $0.isEmpty }) { continue }
            guard let header else {
                header = try columns(values, at: place)
                continue
            }
            guard values.count == header.count else {
                throw place.failure("the row has \(values.count) values, and the header \(header.count)")
            }
            var row = BatchFile.Row(line: place.line)
            for (column, value) in zip(header, values) { row.values[column] = value }
            rows.append(row)
        }
        return rows
    }

    private static func columns(_ values: [UserInput], at place: ImportPlace) throws(ImportFailure) -> [String] {
        var columns: [String] = []
        for value in values {
            let name = value.withField { ImportText.text($0) }.lowercased()
            guard BatchFile.columns.contains(name), !columns.contains(name) else {
                throw place.failure(
                    "the header must name each of its columns once, from \(BatchFile.columns.joined(separator: ", "))")
            }
            columns.append(name)
        }
        guard columns.contains("user"), columns.contains("secret") else {
            throw place.failure("the header has no column user, or none secret")
        }
        return columns
    }

    /// The values of the record at `position`, which is then behind it.
    private static func record(
        _ text: Span<UInt8>, _ position: inout Int, _ line: inout Int, at place: ImportPlace
    ) throws(ImportFailure) -> [UserInput] {
        var values: [UserInput] = []
        while true {
            values.append(try value(text, &position, &line, at: place))
            guard position < text.count else { return values }
            let end = text[position]
            position += 1
            guard end != UInt8(ascii: ",") else { continue }
            line += 1
            return values
        }
    }

    /// The value at `position`, which is then at the comma, the line end or the end behind it.
    private static func value(
        _ text: Span<UInt8>, _ position: inout Int, _ line: inout Int, at place: ImportPlace
    ) throws(ImportFailure) -> UserInput {
        let quote = UInt8(ascii: "\"")
        guard position < text.count, text[position] == quote else {
            let start = position
            while position < text.count, text[position] != UInt8(ascii: ","), text[position] != UInt8(ascii: "\n") {
                position += 1
            }
            let isWindows = position > start && text[position - 1] == UInt8(ascii: "\r")
            return UserInput(Secret(copying: text.extracting(start..<position - (isWindows ? 1 : 0))))
        }
        position += 1
        let start = position
        var doubled = 0
        while true {
            guard position < text.count else { throw place.failure("a quote is not closed") }
            if text[position] == UInt8(ascii: "\n") { line += 1 }
            if text[position] == quote {
                guard position + 1 < text.count, text[position + 1] == quote else { break }
                doubled += 1
                position += 1
            }
            position += 1
        }
        let quoted = text.extracting(start..<position)
        position += 1
        if position < text.count, text[position] == UInt8(ascii: "\r") { position += 1 }
        guard position >= text.count || text[position] == UInt8(ascii: ",") || text[position] == UInt8(ascii: "\n")
        else { throw place.failure("something stands behind a closing quote") }
        let value = Secret(count: quoted.count - doubled) { target in
            var source = 0
            for place in 0..<target.count {
                target[place] = quoted[source]
                source += quoted[source] == quote ? 2 : 1
            }
        }
        return UserInput(value)
    }
}
