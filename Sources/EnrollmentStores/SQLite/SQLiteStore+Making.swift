package import Authentication
internal import CPOSIX
internal import GRDB

/// The file itself: how it is made, opened, brought up to date and copied.
extension SQLiteStore {
    /// Opens a connection that may write, with every setting that the login path relies on.
    static func connect(to path: String) throws(StoreFailure) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "store"
        configuration.busyMode = .timeout(2)
        // A rollback that fails must not trap; the next transaction begins with another.
        configuration.allowsUnsafeTransactions = true
        configuration.foreignKeysEnabled = true
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { database in
                try database.execute(
                    sql: """
                        PRAGMA trusted_schema = OFF;
                        PRAGMA cell_size_check = ON;
                        PRAGMA secure_delete = ON;
                        PRAGMA mmap_size = 0;
                        PRAGMA temp_store = MEMORY;
                        PRAGMA cache_size = -8000;
                        PRAGMA journal_size_limit = 16777216;
                        """)
                guard try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL") == "wal" else {
                    throw StoreFailure.unreachable("\(path) cannot be put into write-ahead mode")
                }
                // Last, and after write-ahead mode: with less than FULL a power cut would make spent codes good.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == 2 else {
                    throw StoreFailure.notDurable("\(path) cannot be made to wait for the disk")
                }
            }
            return queue
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    /// Makes the whole store under another name and moves it to its place.
    static func make(in directory: StateDirectory, schema: Schema) throws(StoreFailure) {
        for leftover in ["", "-wal", "-shm", "-journal"] { unsafe unlink(directory.unfinished + leftover) }
        guard unsafe OpenFile.adopt(posix_create_private(directory.unfinished)) != nil else {
            throw .unreachable("\(directory.unfinished) cannot be made: \(words(for: posix_errno()))")
        }
        let queue = try connect(to: directory.unfinished)
        do {
            try queue.write { try schema.apply(to: $0, from: 0) }
            try queue.close()
        } catch {
            throw StoreFailure(error, of: directory.unfinished)
        }
        guard unsafe rename(directory.unfinished, directory.database) == 0,
            unsafe posix_flush_directory(directory.path) == 0
        else {
            throw .notDurable("\(directory.database) cannot be made: \(words(for: posix_errno()))")
        }
    }

    /// Brings an older store to `schema`, with a copy of it beside; refuses a newer one, and what is none of ours.
    static func migrate(
        _ queue: DatabaseQueue, in directory: StateDirectory, to schema: Schema
    ) throws {
        let (application, version) = try queue.writeWithoutTransaction { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA application_id"),
                try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            )
        }
        guard application == Schema.applicationID, version > 0 else {
            throw StoreFailure.damaged("\(directory.database) is empty, or no store of Twostep's")
        }
        guard version <= schema.version else { throw StoreFailure.newer(found: version, known: schema.version) }
        guard version < schema.version else { return }
        try SQLiteStore.copy(queue, to: directory.backup(of: version), in: directory)
        try queue.write { try schema.apply(to: $0, from: version) }
    }

    /// Writes a consistent copy of the store to `path`, in place of one that is there, readable by its owner alone.
    private static func copy(_ queue: DatabaseQueue, to path: String, in directory: StateDirectory) throws {
        unsafe unlink(path)
        guard let file = unsafe OpenFile.adopt(posix_create_private(path)) else {
            throw StoreFailure.notDurable("the copy \(path) cannot be made: \(words(for: posix_errno()))")
        }
        // VACUUM INTO takes a file that is there if it is empty, and so it never has another mode than this one.
        try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [path]) }
        guard file.flush(), unsafe posix_flush_directory(directory.path) == 0 else {
            throw StoreFailure.notDurable("the copy \(path) cannot be written: \(words(for: posix_errno()))")
        }
    }

    /// Writes a consistent copy of the store to `path`, readable by its owner alone; secrets stay sealed in it.
    package func backUp(to path: String) throws(StoreFailure) {
        _ = try openStatements()
        do {
            try SQLiteStore.copy(queue, to: path, in: directory)
        } catch {
            throw StoreFailure(error, of: directory.database)
        }
    }
}

extension Schema {
    /// Runs the steps from `version` on, within the caller's transaction.
    fileprivate func apply(to database: Database, from version: Int) throws {
        for step in steps.dropFirst(version) { try database.execute(sql: step) }
        try database.execute(
            sql: "PRAGMA user_version = \(self.version); PRAGMA application_id = \(Schema.applicationID)")
    }
}
