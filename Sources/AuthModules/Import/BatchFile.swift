internal import Authentication

/// Devices of many people in one file: CSV with a header (RFC 4180), or a JSON list of objects.
///
/// `user` and `secret` (base32) are needed; `module` is `totp` where it is absent; `name`, `algorithm`, `digits`,
/// `period` and `counter` are what they are elsewhere.
package enum BatchFile {
    /// The columns of CSV, and the members of JSON.
    static let columns = ["user", "module", "name", "secret", "algorithm", "digits", "period", "counter"]

    /// A line of CSV, or an object: values by the name of their column.
    struct Row {
        let line: Int
        var values: [String: UserInput] = [:]
    }

    /// Reads all devices; JSON is told by the bracket that it begins with.
    package static func read(_ text: Span<UInt8>, named file: String) throws(ImportFailure) -> [ForeignDevice] {
        let mark = ImportText.markSize(text)
        let text = text.extracting(droppingFirst: mark)
        let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        let start = text.indices.first { !blanks.contains(text[$0]) }
        let isJSON = start.map { text[$0] == UInt8(ascii: "[") } ?? false
        let rows =
            isJSON
            ? try JSONRows.read(text, from: start ?? 0, named: file) : try CSVRows.read(text, named: file)
        var devices: [ForeignDevice] = []
        for row in rows { devices.append(try device(row, in: file)) }
        return devices
    }

    private static func device(_ row: Row, in file: String) throws(ImportFailure) -> ForeignDevice {
        let place = ImportPlace(file: file, line: row.line)
        guard let user = text("user", of: row) else { throw place.failure("there is no user") }
        let module = module(text("module", of: row) ?? "totp")
        guard let module, let kind = ForeignDevice.Kind(ofCodes: module.type) else {
            throw place.failure(
                "the module is '\(text("module", of: row) ?? "")', expected totp or hotp, or one with an id")
        }
        guard let typed = row.values["secret"], let key = typed.withField({ Base32.decode($0) }), key.count > 0 else {
            throw place.failure("there is no secret in base32")
        }
        var made = ForeignDevice.Parameters()
        if let algorithm = text("algorithm", of: row) { made.algorithm = algorithm }
        if let digits = try number("digits", of: row, at: place) { made.digits = digits }
        if let period = try number("period", of: row, at: place) { made.period = period }
        if let counter = try number("counter", of: row, at: place) { made.counter = counter }
        return try ForeignDevice(
            place, account: user, kind: kind, module: module, name: text("name", of: row), made, key: key, notes: [])
    }

    private static func module(_ text: String) -> ModuleID? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let type = parts.first, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        return ModuleID(String(type), id: parts.count > 1 ? String(parts[1]) : nil)
    }

    /// A value that is no secret; nil where it is absent or empty.
    private static func text(_ column: String, of row: Row) -> String? {
        row.values[column]?.withField { $0.count > 0 ? ImportText.text($0) : nil }
    }

    private static func number(
        _ column: String, of row: Row, at place: ImportPlace
    ) throws(ImportFailure) -> Int64? {
        guard let value = row.values[column], !value.withField({ $0.isEmpty }) else { return nil }
        guard let number = value.withField({ ImportText.number($0) }) else {
            throw place.failure("\(column) is no whole number")
        }
        return number
    }
}
