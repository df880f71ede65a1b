internal import Authentication
internal import GRDBSQLite

/// What went wrong in the database, as the code that talks to SQLite sees it.
enum DatabaseFault: Error, Equatable {
    /// SQLite's extended result code, and its words.
    case sqlite(code: Int32, words: String)
    /// A row holds what Twostep never writes.
    case nonsense(String)

    /// Whether it is the disk or the whole file that failed: trying the attempts one by one would not help.
    var isEverybodys: Bool {
        switch self {
        case .nonsense: false
        case .sqlite(let code, _):
            switch code & 0xff {
            case SQLITE_IOERR:
                // Reading one page may fail because that page is bad.
                !DatabaseFault.readFailures.contains(code)
            case SQLITE_FULL, SQLITE_READONLY, SQLITE_NOTADB, SQLITE_CANTOPEN, SQLITE_BUSY, SQLITE_LOCKED,
                SQLITE_PERM, SQLITE_PROTOCOL:
                true
            case _: false
            }
        }
    }

    /// Whether the kernel has failed with a lock. What SQLite believes to hold then is not what it holds, and it goes on
    /// believing that until every connection was closed.
    var isOfLocks: Bool {
        switch self {
        case .nonsense: false
        case .sqlite(let code, _): code & 0xff == SQLITE_PROTOCOL || DatabaseFault.lockFailures.contains(code)
        }
    }

    /// SQLITE_IOERR_UNLOCK, _RDLOCK, _CHECKRESERVEDLOCK, _LOCK, _SHMOPEN, _SHMLOCK, _SHMMAP.
    private static let lockFailures: Set<Int32> = [
        SQLITE_IOERR | 8 << 8, SQLITE_IOERR | 9 << 8, SQLITE_IOERR | 14 << 8, SQLITE_IOERR | 15 << 8,
        SQLITE_IOERR | 18 << 8, SQLITE_IOERR | 20 << 8, SQLITE_IOERR | 21 << 8,
    ]

    /// SQLITE_IOERR_READ, _SHORT_READ, _DATA, _CORRUPTFS: sqlite3.h makes them of an expression that Swift
    /// does not import.
    private static let readFailures: Set<Int32> = [
        SQLITE_IOERR | 1 << 8, SQLITE_IOERR | 2 << 8, SQLITE_IOERR | 32 << 8, SQLITE_IOERR | 33 << 8,
    ]

    /// The same in words for the journal; `path` is the store's file.
    func failure(of path: String) -> StoreFailure {
        switch self {
        case .nonsense(let explanation): return .damaged(explanation)
        case .sqlite(let code, let words):
            guard !isOfLocks else { return .unreachable("a lock of \(path) failed: \(words) (\(code))") }
            switch code & 0xff {
            case SQLITE_FULL: return .notDurable("the disk with \(path) is full")
            case SQLITE_READONLY:
                return .notDurable("\(path) cannot be written: the file or its file system is read-only")
            case SQLITE_IOERR: return .notDurable("the disk with \(path) failed: \(words) (\(code))")
            case SQLITE_CORRUPT: return .damaged("\(path) is damaged: \(words) (\(code))")
            case SQLITE_NOTADB:
                return .damaged("\(path) is no SQLite database: its beginning has been overwritten, or never was one")
            case SQLITE_BUSY, SQLITE_LOCKED: return .inUse("\(path) is locked by another program")
            case SQLITE_CANTOPEN: return .unreachable("\(path) cannot be opened: \(words) (\(code))")
            case _: return .unreachable("SQLite refuses \(path): \(words) (\(code))")
            }
        }
    }
}
