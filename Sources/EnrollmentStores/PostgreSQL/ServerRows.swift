internal import CPQ

/// What a statement has returned, rows and columns counted from 0.
@safe
final class ServerRows {
    private let library: ServerLibrary
    private let result: OpaquePointer
    let count: Int
    private let columns: Int

    /// Takes over the result.
    init(_ result: OpaquePointer, of library: ServerLibrary) {
        unsafe self.result = result
        self.library = library
        count = Int(unsafe pq_rows(library.functions, result))
        columns = Int(unsafe pq_columns(library.functions, result))
    }

    deinit { unsafe pq_clear(library.functions, result) }

    /// How many rows the statement has changed.
    var changes: Int {
        guard let digits = unsafe pq_changes(library.functions, result) else { return 0 }
        return Int(unsafe String(cString: digits)) ?? 0
    }

    /// What the server says that it did.
    var command: String {
        guard let words = unsafe pq_command(library.functions, result) else { return "" }
        return unsafe String(cString: words)
    }

    /// A whole number of eight bytes; anything else in its place is nonsense.
    func integer(_ row: Int, _ column: Int) throws(ServerFault) -> Int64 {
        guard let bytes = try value(row, column), bytes.count == 8 else { throw nonsense(column, "a number") }
        return Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// A whole number or nothing.
    func integerIfAny(_ row: Int, _ column: Int) throws(ServerFault) -> Int64? {
        try value(row, column) == nil ? nil : try integer(row, column)
    }

    /// Whether nothing stands there.
    func isNull(_ row: Int, _ column: Int) -> Bool {
        guard (0..<count).contains(row), (0..<columns).contains(column) else { return false }
        return unsafe pq_is_null(library.functions, result, Int32(clamping: row), Int32(clamping: column))
    }

    /// Text in valid UTF-8.
    func text(_ row: Int, _ column: Int) throws(ServerFault) -> String {
        guard let bytes = try value(row, column), let text = String(validating: bytes, as: UTF8.self) else {
            throw nonsense(column, "text")
        }
        return text
    }

    /// Bytes, at most `limit` of them.
    func bytes(_ row: Int, _ column: Int, atMost limit: Int) throws(ServerFault) -> [UInt8] {
        guard let bytes = try value(row, column), bytes.count <= limit else {
            throw nonsense(column, "at most \(limit) bytes")
        }
        return bytes
    }

    /// What stands in a place; nil for null.
    private func value(_ row: Int, _ column: Int) throws(ServerFault) -> [UInt8]? {
        guard (0..<count).contains(row), (0..<columns).contains(column) else {
            throw .nonsense("the server has returned \(count) rows of \(columns) columns, expected more")
        }
        let (row, column) = (Int32(clamping: row), Int32(clamping: column))
        guard unsafe !pq_is_null(library.functions, result, row, column) else { return nil }
        let length = Int(unsafe pq_length(library.functions, result, row, column))
        guard let start = unsafe pq_value(library.functions, result, row, column), length >= 0 else { return nil }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: length))
    }

    private func nonsense(_ column: Int, _ expected: String) -> ServerFault {
        .nonsense("a row of the store has something else in its column \(column), expected \(expected)")
    }
}
