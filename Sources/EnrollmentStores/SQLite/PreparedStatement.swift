internal import GRDBSQLite

/// One SQL statement on one connection, prepared once.
///
/// The login path runs these and not GRDB's, which cost about as much again as SQLite's own work.
@safe
final class PreparedStatement {
    private let handle: OpaquePointer
    private let connection: Connection
    /// What was last bound for good, by the parameter's index.
    private var kept: [[UInt8]?] = []

    init(_ sql: String, on connection: Connection) throws(DatabaseFault) {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else {
            throw connection.fault
        }
        unsafe handle = prepared
        self.connection = connection
    }

    deinit { unsafe sqlite3_finalize(handle) }

    /// Binds a value to the parameter at `index`, counted from 1.
    func bind(_ value: Int64, at index: Int32) throws(DatabaseFault) {
        try check(unsafe sqlite3_bind_int64(handle, index, value))
    }

    /// The same for text, byte for byte.
    func bind(_ text: String, at index: Int32) throws(DatabaseFault) {
        var text = text
        let code = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                // An empty text has no address, and NULL would be SQL's null.
                guard let start = characters.baseAddress else {
                    return unsafe sqlite3_bind_text(handle, index, "", 0, PreparedStatement.copied)
                }
                return unsafe sqlite3_bind_text(
                    handle, index, start, Int32(clamping: characters.count), PreparedStatement.copied)
            }
        }
        try check(code)
    }

    /// The same for text that seldom differs from one run to the next: what is bound stays bound, and is looked at first.
    func bind(kept text: String, at index: Int32) throws(DatabaseFault) {
        let place = Int(index)
        while kept.count <= place { kept.append(nil) }
        if let last = kept[place], PreparedStatement.isSame(last.span, text.utf8.span) { return }
        kept[place] = nil
        try bind(text, at: index)
        kept[place] = Array(text.utf8)
    }

    private static func isSame(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    /// The same for bytes.
    func bind(_ bytes: [UInt8], at index: Int32) throws(DatabaseFault) {
        let code = unsafe bytes.withUnsafeBytes { bytes in
            unsafe bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, index, 0)
                : sqlite3_bind_blob(
                    handle, index, bytes.baseAddress, Int32(clamping: bytes.count), PreparedStatement.copied)
        }
        try check(code)
    }

    /// The same for a number that may be missing.
    func bind(_ value: Int64?, at index: Int32) throws(DatabaseFault) {
        guard let value else { return try check(unsafe sqlite3_bind_null(handle, index)) }
        try bind(value, at: index)
    }

    /// Runs to the next row; false when there is none.
    func step() throws(DatabaseFault) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case _: throw connection.fault
        }
    }

    /// Runs what returns no rows, and is ready to be run again.
    func run() throws(DatabaseFault) {
        defer { reset() }
        _ = try step()
    }

    /// Makes it ready to be run again. A statement left at a row would hold its snapshot of the database.
    func reset() { unsafe sqlite3_reset(handle) }

    // MARK: The current row, columns counted from 0

    /// A whole number; anything else in its place is nonsense.
    func integer(_ column: Int32) throws(DatabaseFault) -> Int64 {
        guard unsafe sqlite3_column_type(handle, column) == SQLITE_INTEGER else { throw nonsense(column, "a number") }
        return unsafe sqlite3_column_int64(handle, column)
    }

    /// A whole number or nothing.
    func integerIfAny(_ column: Int32) throws(DatabaseFault) -> Int64? {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : try integer(column)
    }

    /// Whether nothing stands there.
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// Text in valid UTF-8.
    func text(_ column: Int32) throws(DatabaseFault) -> String {
        guard unsafe sqlite3_column_type(handle, column) == SQLITE_TEXT else { throw nonsense(column, "text") }
        guard let start = unsafe sqlite3_column_text(handle, column) else { throw nonsense(column, "text") }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
        guard let text = unsafe String(validating: bytes, as: UTF8.self) else { throw nonsense(column, "UTF-8") }
        return text
    }

    /// Bytes, at most `limit` of them.
    func bytes(_ column: Int32, atMost limit: Int) throws(DatabaseFault) -> [UInt8] {
        guard unsafe sqlite3_column_type(handle, column) == SQLITE_BLOB else { throw nonsense(column, "bytes") }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        guard count <= limit else { throw nonsense(column, "at most \(limit) bytes") }
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    private func nonsense(_ column: Int32, _ expected: String) -> DatabaseFault {
        let name = unsafe sqlite3_column_name(handle, column).map { unsafe String(cString: $0) } ?? "\(column)"
        return .nonsense("a row of the store has something else in its column \(name), expected \(expected)")
    }

    private func check(_ code: Int32) throws(DatabaseFault) {
        guard code == SQLITE_OK else { throw connection.fault }
    }

    /// SQLITE_TRANSIENT, a macro that Swift does not import: SQLite keeps a copy of its own.
    private static var copied: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }
}
