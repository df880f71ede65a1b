internal import Authentication
internal import CPOSIX
internal import GRDB

/// A file in the state directory that becomes the store of a single machine. It has a name of its own until it is one.
final class SQLiteTarget: CopyTarget {
    private let directory: StateDirectory
    private let path: String
    private var queue: DatabaseQueue?
    private var lock: StoreLock?

    init(in directory: String) throws(StoreFailure) {
        self.directory = StateDirectory(path: directory)
        try self.directory.check { _ in }
        path = self.directory.arriving
        lock = try StoreLock.take(in: self.directory)
        queue = try SQLiteTarget.open(in: self.directory)
    }

    deinit { try? queue?.close() }

    /// Opens what was begun; makes an empty one where there is none, or none that got so far as to have tables.
    private static func open(in directory: StateDirectory) throws(StoreFailure) -> DatabaseQueue {
        let path = directory.arriving
        if unsafe access(path, F_OK) != 0 {
            guard unsafe OpenFile.adopt(posix_create_private(path)) != nil else {
                throw .unreachable("\(path) cannot be made: \(words(for: posix_errno()))")
            }
        }
        let queue = try SQLiteStore.connect(to: path)
        do {
            try queue.write { database in
                guard try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0 else { return }
                try Schema.current.apply(to: database, from: 0)
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
        try SQLiteSource.checkVersion(of: queue, path)
        guard unsafe posix_flush_directory(directory.path) == 0 else {
            throw .notDurable("\(directory.path) cannot be written: \(words(for: posix_errno()))")
        }
        return queue
    }

    private func openQueue() throws(StoreFailure) -> DatabaseQueue {
        guard let queue else { throw .unreachable("\(path) is closed") }
        return queue
    }

    var description: String { directory.database }

    func mark() throws(StoreFailure) -> StoreMark? { try SQLiteCopySide.mark(in: try openQueue(), path) }

    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        try SQLiteCopySide.rows(of: table, after: key, upTo: last, atMost: limit, in: try openQueue(), path)
    }

    /// Nobody asks it what was spent while a database was away.
    func begin(_ mark: StoreMark, after ancestry: [StoreOrigin]) throws(StoreFailure) {
        try checkPlace()
        if let found = try self.mark() {
            guard found.copy == mark.copy else {
                throw .unreachable(
                    "\(path) is of another copy, of \(found.other): remove it, if that is not wanted any more")
            }
        }
        try SQLiteCopySide.put(mark, in: try openQueue(), path)
    }

    /// Whoever has a store already would be left without it.
    private func checkPlace() throws(StoreFailure) {
        guard unsafe access(directory.database, F_OK) == 0 else { return }
        let present = try SQLiteStore.connect(to: directory.database)
        defer { try? present.close() }
        try SQLiteSource.checkVersion(of: present, directory.database)
        guard try SQLiteCopySide.mark(in: present, directory.database)?.state == .moved else {
            throw .unreachable("there is a store at \(directory.database): move it away first")
        }
    }

    func change(_ table: CopiedTable, removing keys: [[CopiedValue]], putting rows: [CopiedRow]) throws(StoreFailure) {
        try SQLiteCopySide.change(table, removing: keys, putting: rows, in: try openQueue(), path)
    }

    func complete(_ mark: StoreMark) throws(StoreFailure) { try SQLiteCopySide.put(mark, in: try openQueue(), path) }

    func arrive(_ mark: StoreMark) throws(StoreFailure) {
        try checkPlace()
        try SQLiteCopySide.put(mark, in: try openQueue(), path)
        do {
            try openQueue().close()
            queue = nil
        } catch {
            throw StoreFailure(error, of: path)
        }
        guard unsafe access("\(path)-wal", F_OK) != 0,
            let file = unsafe OpenFile.adopt(posix_open_for_reading(path)), file.flush()
        else { throw .notDurable("\(path) cannot be written") }
        let database = directory.database
        if unsafe access(database, F_OK) == 0 {
            let aside = directory.moved(at: mark.at)
            // There is a store under the name at any moment: this one, or the one that takes its place.
            guard unsafe access("\(database)-wal", F_OK) != 0 else {
                throw .inUse("\(database) has a log: somebody has it open, or it was not closed as it should be")
            }
            guard unsafe link(database, aside) == 0 else {
                throw .notDurable("\(database) cannot be kept as \(aside): \(words(for: posix_errno()))")
            }
        }
        guard unsafe rename(path, database) == 0, unsafe posix_flush_directory(directory.path) == 0 else {
            throw .notDurable("\(database) cannot be put in place: \(words(for: posix_errno()))")
        }
        lock = nil
    }
}
