package import Authentication
internal import CPOSIX
package import GRDB

/// The store of a single machine: one SQLite file in the state directory.
///
/// One connection does everything that a login waits for, on the writer's thread; what only lists runs on a
/// read-only connection of its own (`reader`) and waits for no login, nor a login for it.
package final class SQLiteStore: EnrollmentStore {
    /// The name of the store's file in the state directory.
    package static let fileName = "twostep.sqlite"
    /// The version of the tables that this Twostep makes and reads.
    package static let schema = Schema.current.version

    /// For administration: lists and checks, from any thread.
    package let reader: StoreReader

    let directory: StateDirectory
    let queue: DatabaseQueue
    package let sealing: any SecretSealing
    /// Who hears of what was put right, and of what is wrong with single records.
    let report: @Sendable (StoreFailure) -> Void
    private var statements: LoginStatements?
    /// What is written down for a server that is away; nil in a store that is nobody's copy.
    private(set) var offline: OfflineStatements?
    var unknown = UnknownAccounts()
    /// How many remote hosts have a counter.
    var hosts: CountedHosts
    private var lock: StoreLock?
    /// What is opened for an account that has nothing.
    let standIn: StandIn?
    /// What is read for it.
    let standInRecords: StandInRecords
    /// The file that was opened.
    private var identity = posix_file_identity()

    // MARK: Making and opening

    /// Makes an empty store in `directory` (for `twostep init`); throws `inUse` or `unreachable` if one is there.
    ///
    /// It appears under its name only once it is whole and on the disk.
    package static func create(in directory: String) throws(StoreFailure) {
        try create(in: directory, schema: .current)
    }

    /// The same with other tables than the current ones: for tests of migrations.
    package static func create(in directory: String, schema: Schema) throws(StoreFailure) {
        let directory = StateDirectory(path: directory)
        try directory.check { _ in }
        let lock = try StoreLock.take(in: directory)
        guard try !directory.hasDatabase({ _ in }) else {
            throw .unreachable("\(directory.database) exists already")
        }
        try SQLiteStore.make(in: directory, schema: schema)
        _ = lock
    }

    /// Opens the store in `directory`, brings an older one up to date, and has it for itself until it is closed.
    ///
    /// A store that is not there is never made on the way: an empty one in place of one that is lost would say
    /// of everybody "not enrolled". `report` hears what was put right, and what is wrong with single records;
    /// it is called on whatever thread reads or writes, and must not wait.
    ///
    /// With `isForLogins` some milliseconds and megabytes are spent so that each commit takes less. Without `checksKey` it may be
    /// sealed with another key: for what is not sealed.
    package static func open(
        in directory: String, sealing: any SecretSealing, isForLogins: Bool = false, checksKey: Bool = true,
        report: @escaping @Sendable (StoreFailure) -> Void = { _ in }
    ) throws(StoreFailure) -> SQLiteStore {
        try open(
            in: directory, sealing: sealing, schema: .current, isForLogins: isForLogins, checksKey: checksKey,
            report: report)
    }

    /// The same with other tables than the current ones: for tests of migrations.
    package static func open(
        in path: String, sealing: any SecretSealing, schema: Schema, isForLogins: Bool = false, checksKey: Bool = true,
        report: @escaping @Sendable (StoreFailure) -> Void = { _ in }
    ) throws(StoreFailure) -> SQLiteStore {
        let directory = StateDirectory(path: path)
        try directory.check(report)
        let lock = try StoreLock.take(in: directory)
        guard try directory.hasDatabase(report) else {
            throw .unreachable("there is no store at \(directory.database); `twostep init` makes one")
        }
        if isForLogins { LogReserve.make(for: directory.database, in: directory.path) }
        return try SQLiteStore(
            in: directory, sealing: sealing, schema: schema, checksKey: checksKey, lock: lock, report: report)
    }

    private init(
        in directory: StateDirectory, sealing: any SecretSealing, schema: Schema, checksKey: Bool,
        lock: consuming StoreLock, report: @escaping @Sendable (StoreFailure) -> Void
    ) throws(StoreFailure) {
        let queue = try SQLiteStore.connect(to: directory.database)
        do {
            try SQLiteStore.migrate(queue, in: directory, to: schema)
            (statements, hosts) = try queue.writeWithoutTransaction { database in
                try Integrity.quick(database)
                if let failure = try SQLiteCopySide.mark(in: database, directory.database)?
                    .refusal(of: directory.database)
                {
                    throw failure
                }
                let statements = try LoginStatements(on: Connection(database))
                return (statements, CountedHosts(ofThisMachine: try statements.hosts()))
            }
            standInRecords = try StandInRecords()
            reader = try StoreReader(directory.database, sealing: sealing, report: report)
        } catch {
            let failure = StoreFailure(error, of: directory.database)
            try? queue.close()
            throw failure
        }
        self.directory = directory
        self.queue = queue
        self.sealing = sealing
        standIn = StandIn(sealing)
        self.report = report
        self.lock = consume lock
        guard unsafe posix_identify(directory.database, &identity) == 0 else {
            throw .unreachable("\(directory.database) cannot be looked at: \(words(for: posix_errno()))")
        }
        guard checksKey else { return }
        // A wrong key shows in the first secret: nobody could be judged, so the store as a whole cannot be used. A
        // secret that is damaged is one account's trouble.
        switch reader.firstSecretThatDoesNotOpen(among: 1) {
        case nil: break
        case .sealedWithAnotherKey(let explanation)?: throw .sealedWithAnotherKey(explanation)
        case let failure?: report(failure)
        }
    }

    deinit { close() }

    /// Lets go of the file and of the lock; afterwards every call throws `unreachable`. The last connection
    /// leaves no `-wal` behind.
    package func close() {
        reader.close()
        statements = nil
        offline = nil
        try? queue.close()
        lock = nil
    }

    /// Closes the file and keeps the lock, for whoever puts another state in its place.
    func surrender() -> StoreLock? {
        let kept = lock.take()
        close()
        return kept
    }

    /// The statements, unless the store is closed: GRDB, asked for a transaction then, would crash.
    func openStatements() throws(StoreFailure) -> LoginStatements {
        guard let statements else { throw .unreachable("the store is closed") }
        try checkPlace()
        return statements
    }

    /// Has each attempt written down for a server that is away, in its own transaction.
    func noteWhatIsPending() throws(StoreFailure) {
        do {
            offline = try queue.writeWithoutTransaction { try OfflineStatements(on: try Connection($0)) }
        } catch {
            throw StoreFailure(error, of: directory.database)
        }
    }

    /// Throws if another file, or none, stands where the store was opened: what is written now would be gone with the
    /// next start, and every code good again.
    package func checkPlace() throws(StoreFailure) {
        var found = posix_file_identity()
        guard unsafe posix_identify(directory.database, &found) == 0 else {
            throw .unreachable("\(directory.database) is not there any more: \(words(for: posix_errno()))")
        }
        guard found.device == identity.device, found.inode == identity.inode else {
            throw .unreachable("\(directory.database) was replaced while it was open")
        }
    }

    /// Lends the connection that the login path uses: for tests of its settings, and of what happens without them.
    package func withLoginConnection<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.writeWithoutTransaction(body)
    }
}

extension StoreFailure {
    /// Any error that the code around GRDB throws, in words.
    init(_ error: any Error, of path: String) {
        self =
            switch error {
            case let failure as StoreFailure: failure
            case let fault as DatabaseFault: fault.failure(of: path)
            case let error as DatabaseError:
                DatabaseFault.sqlite(
                    code: error.extendedResultCode.rawValue, words: error.message ?? "no reason given"
                ).failure(of: path)
            case let error: .unreachable("\(path): \(error)")
            }
    }
}
