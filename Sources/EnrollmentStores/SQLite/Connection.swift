internal import Authentication
internal import GRDB
internal import GRDBSQLite

/// SQLite's own handle of a connection that GRDB has opened, and will close: for use within one access.
@safe
struct Connection {
    let handle: OpaquePointer

    init(_ database: Database) throws(StoreFailure) {
        guard let handle = unsafe database.sqliteConnection else { throw .unreachable("the store is closed") }
        unsafe self.handle = handle
    }

    /// Whether no transaction is open.
    var isIdle: Bool { unsafe sqlite3_get_autocommit(handle) != 0 }

    /// How many rows the last statement has changed.
    var changes: Int { Int(unsafe sqlite3_changes(handle)) }

    /// What went wrong last.
    var fault: DatabaseFault {
        let words = unsafe sqlite3_errmsg(handle).map { unsafe String(cString: $0) }
        return unsafe .sqlite(code: sqlite3_extended_errcode(handle), words: words ?? "no reason given")
    }
}
