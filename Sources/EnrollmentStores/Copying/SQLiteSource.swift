internal import Authentication
internal import GRDB
internal import Synchronization

/// The store of a single machine, on its way to a server. The daemon may have it open.
final class SQLiteSource: CopySource {
    private let path: String
    private let queue: DatabaseQueue
    private var isAnnounced = false
    /// What is being copied: by this process, since it alone has the store.
    private static let copied = Mutex<Set<String>>([])

    init(in directory: String) throws(StoreFailure) {
        let directory = StateDirectory(path: directory)
        try directory.check { _ in }
        path = directory.database
        guard try directory.hasDatabase({ _ in }) else { throw .unreachable("there is no store at \(path)") }
        queue = try SQLiteStore.connect(to: path)
        try SQLiteSource.checkVersion(of: queue, path)
    }

    deinit {
        if isAnnounced { _ = SQLiteSource.copied.withLock { $0.remove(path) } }
        try? queue.close()
    }

    /// A store that nobody has opened since an update has no mark yet, and none of the later tables.
    static func checkVersion(of queue: DatabaseQueue, _ path: String) throws(StoreFailure) {
        do {
            try queue.writeWithoutTransaction { database in
                let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                guard try Int.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID else {
                    throw StoreFailure.damaged("\(path) is empty, or no store of Twostep's")
                }
                guard version <= Schema.current.version else {
                    throw StoreFailure.newer(found: version, known: Schema.current.version)
                }
                guard version == Schema.current.version else {
                    throw StoreFailure.unreachable("\(path) is of version \(version): start twostepd with it first")
                }
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    var description: String { path }

    func mark() throws(StoreFailure) -> StoreMark? { try SQLiteCopySide.mark(in: queue, path) }

    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        try SQLiteCopySide.rows(of: table, after: key, upTo: last, atMost: limit, in: queue, path)
    }

    func ancestry() throws(StoreFailure) -> [StoreOrigin] { [] }

    func announce(_ mark: StoreMark) throws(StoreFailure) {
        let isFree = SQLiteSource.copied.withLock { $0.insert(path).inserted }
        guard isFree || isAnnounced else { throw .inUse("\(path): another copy of it is under way") }
        isAnnounced = true
        try SQLiteCopySide.put(mark, in: queue, path)
    }

    /// There is one file of that name, and nobody else may have it.
    func check(against held: (any EnrollmentStore)?) throws(StoreFailure) {
        guard let held else { return }
        guard let held = held as? SQLiteStore, held.directory.database == path else {
            throw .unreachable("\(path) is not the store that logins are judged by any more")
        }
    }

    /// Nobody has it open any more.
    func confirm(_ mark: StoreMark) throws(StoreFailure) {
        try SQLiteCopySide.confirm(mark, in: queue, path)
    }

    /// On the writer's thread, which is the only one that writes; it closes the store before it does anything else.
    func giveUp(_ mark: StoreMark, once body: () throws(StoreFailure) -> Void) throws(StoreFailure) {
        // Before the body as well, which closes the store.
        try mark.check(after: try self.mark(), at: path)
        try body()
        try SQLiteCopySide.put(mark, in: queue, path)
        // The last one leaves no log behind.
        try? queue.close()
    }
}
