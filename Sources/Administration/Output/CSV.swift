/// Comma-separated values (RFC 4180), with a header and LF at the ends of lines.
struct CSV {
    private var rows: [[String]]

    init(header: [String]) { rows = [header] }

    mutating func append(_ row: [String]) { rows.append(row) }

    /// One line a row.
    var lines: [String] { rows.map { $0.map(CSV.cell).joined(separator: ",") } }

    /// In quotes where it needs them. What a spreadsheet would take for a formula gets an apostrophe in front: names
    /// are chosen by other people than those who open the file.
    private static func cell(_ text: String) -> String {
        let isFormula = text.first.map { "=+-@".contains($0) } ?? false
        let text = isFormula ? "'" + text : text
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
