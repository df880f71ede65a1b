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
    private let report: @Sendable (StoreFailure) -> Void
    private var statements: LoginStatements?
    var unknown = UnknownAccounts()
    private var hosts: Int
    private var lock: StoreLock?
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
    /// it is called on the writer's thread and must not wait.
    ///
    /// With `isForLogins` some milliseconds and megabytes are spent so that each commit takes less.
    package static func open(
        in directory: String, sealing: any SecretSealing, isForLogins: Bool = false,
        report: @escaping @Sendable (StoreFailure) -> Void = { _ in }
    ) throws(StoreFailure) -> SQLiteStore {
        try open(in: directory, sealing: sealing, schema: .current, isForLogins: isForLogins, report: report)
    }

    /// The same with other tables than the current ones: for tests of migrations.
    package static func open(
        in path: String, sealing: any SecretSealing, schema: Schema, isForLogins: Bool = false,
        report: @escaping @Sendable (StoreFailure) -> Void = { _ in }
    ) throws(StoreFailure) -> SQLiteStore {
        let directory = StateDirectory(path: path)
        try directory.check(report)
        let lock = try StoreLock.take(in: directory)
        guard try directory.hasDatabase(report) else {
            throw .unreachable("there is no store at \(directory.database); `twostep init` makes one")
        }
        if isForLogins { LogReserve.make(for: directory.database, in: directory.path) }
        return try SQLiteStore(in: directory, sealing: sealing, schema: schema, lock: lock, report: report)
    }

    private init(
        in directory: StateDirectory, sealing: any SecretSealing, schema: Schema, lock: consuming StoreLock,
        report: @escaping @Sendable (StoreFailure) -> Void
    ) throws(StoreFailure) {
        let queue = try SQLiteStore.connect(to: directory.database)
        do {
            try SQLiteStore.migrate(queue, in: directory, to: schema)
            (statements, hosts) = try queue.writeWithoutTransaction { database in
                try Integrity.quick(database)
                let statements = try LoginStatements(on: Connection(database))
                return (statements, try statements.hosts())
            }
            reader = try StoreReader(directory.database, report: report)
        } catch {
            let failure = StoreFailure(error, of: directory.database)
            try? queue.close()
            throw failure
        }
        self.directory = directory
        self.queue = queue
        self.sealing = sealing
        self.report = report
        self.lock = consume lock
        guard unsafe posix_identify(directory.database, &identity) == 0 else {
            throw .unreachable("\(directory.database) cannot be looked at: \(words(for: posix_errno()))")
        }
        // A wrong key shows in the first secret: nobody could be judged, so the store as a whole cannot be used. A
        // secret that is damaged is one account's trouble.
        switch reader.firstSecretThatDoesNotOpen(sealing, among: 1) {
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
        try? queue.close()
        lock = nil
    }

    /// The statements, unless the store is closed: GRDB, asked for a transaction then, would crash.
    func openStatements() throws(StoreFailure) -> LoginStatements {
        guard let statements else { throw .unreachable("the store is closed") }
        try checkPlace()
        return statements
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

    /// Opens a connection that may write, with every setting that the login path relies on.
    private static func connect(to path: String) throws(StoreFailure) -> DatabaseQueue {
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

    // MARK: Migrations

    /// Makes the whole store under another name and moves it to its place.
    private static func make(in directory: StateDirectory, schema: Schema) throws(StoreFailure) {
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
    private static func migrate(
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

    // MARK: Logins

    package func commit(_ attempts: [Attempt], reading users: [UserKey]) throws(StoreFailure) -> Judged {
        guard !attempts.isEmpty else { return Judged([]) }
        let statements = try openStatements()
        let result = queue.writeWithoutTransaction { _ -> Result<Judged, StoreFailure> in
            do throws(StoreFailure) {
                return .success(try judge(attempts, reading: users, with: statements))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// All of them in one transaction; should that fail for one of them, each in its own.
    private func judge(
        _ attempts: [Attempt], reading users: [UserKey], with statements: LoginStatements
    ) throws(StoreFailure) -> Judged {
        switch transact(attempts, reading: users, with: statements) {
        case .success(let judged): return judged
        case .failure(let fault) where fault.isEverybodys: throw fault.failure(of: directory.database)
        case .failure(let fault) where attempts.count == 1:
            report(fault.failure(of: directory.database))
            return Judged([.unavailable(.storeUnavailable)])
        case .failure: return Judged(try judgeOneByOne(attempts, with: statements))
        }
    }

    private func judgeOneByOne(
        _ attempts: [Attempt], with statements: LoginStatements
    ) throws(StoreFailure) -> [Outcome] {
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(attempts.count)
        var isAnythingDurable = false
        var end: StoreFailure?
        for attempt in attempts {
            // Once the disk has failed, the rest would only wait for it one by one.
            guard end == nil else {
                outcomes.append(.unavailable(.storeUnavailable))
                continue
            }
            switch transact([attempt], reading: [], with: statements) {
            case .success(let judged):
                outcomes += judged.outcomes
                isAnythingDurable = true
            case .failure(let fault):
                let failure = fault.failure(of: directory.database)
                report(failure)
                if fault.isEverybodys { end = failure }
                outcomes.append(.unavailable(.storeUnavailable))
            }
        }
        if let end, !isAnythingDurable { throw end }
        return outcomes
    }

    /// Why a transaction failed, and whether that was the attempts' own doing.
    private struct TransactionFault: Error {
        let fault: DatabaseFault
        /// It could not even begin, or could not be brought to the disk.
        let isAtTheEdge: Bool

        var isEverybodys: Bool { isAtTheEdge || fault.isEverybodys }

        func failure(of path: String) -> StoreFailure {
            let failure = fault.failure(of: path)
            guard isAtTheEdge else { return failure }
            switch failure {
            case .unreachable(let words), .damaged(let words), .inUse(let words): return .notDurable(words)
            case .notDurable, .newer, .sealedWithAnotherKey: return failure
            }
        }
    }

    /// One transaction: on disk when it returns outcomes, and as if it had never been otherwise.
    private func transact(
        _ attempts: [Attempt], reading users: [UserKey], with statements: LoginStatements
    ) -> Result<Judged, TransactionFault> {
        let hostsBefore = hosts
        var isAtTheEdge = true
        do throws(DatabaseFault) {
            // Left over only if a rollback failed.
            if !statements.isIdle { try statements.rollback.run() }
            try statements.begin.run()
            isAtTheEdge = false
            var judged = Judged([])
            judged.outcomes.reserveCapacity(attempts.count)
            for attempt in attempts { judged.outcomes.append(try judge(attempt, with: statements)) }
            // Whose cannot be read is asked for again by whoever needs them; the attempts are judged all the same.
            if let found = try? statements.accounts(of: users) { judged.credentials = found }
            isAtTheEdge = true
            try statements.commit.run()
            unknown.commit()
            return .success(judged)
        } catch {
            // SQLite may have rolled back by itself; then there is nothing to do, and nothing to complain of.
            if !statements.isIdle { try? statements.rollback.run() }
            unknown.rollback()
            hosts = hostsBefore
            return .failure(TransactionFault(fault: error, isAtTheEdge: isAtTheEdge))
        }
    }

    /// One attempt: what it needs is read, `Attempt` decides, and what that changed is written; at least one row.
    private func judge(
        _ attempt: Attempt, with statements: LoginStatements
    ) throws(DatabaseFault) -> Outcome {
        if let id = attempt.module?.id, id.isEmpty {
            // The empty text stands for no id in the tables.
            try statements.addTraceless()
            return .unavailable(.misconfigured)
        }
        var record = AccountRecord()
        if let module = attempt.module {
            record.counters = try statements.counters(of: attempt.account)
            (record.devices, record.uid) = try statements.devices(
                of: attempt.account, module: module, known: attempt.uid)
            if attempt.standing == .unknown { record.counters = unknown[attempt.account] }
            if attempt.visit != nil { record.visit = try statements.visit(of: attempt.account) }
        }
        let visitBefore = record.visit
        let countersBefore = record.counters
        let hostBefore = try attempt.host.flatMap { (prefix) throws(DatabaseFault) in try statements.host(prefix) }
        var host = hostBefore ?? HostCounter()
        let outcome = attempt.judge(in: &record, host: &host, sealing: sealing)

        var hasWritten = false
        if let module = attempt.module {
            for index in record.spent.sorted() where record.devices.indices.contains(index) {
                try statements.spend(record.devices[index], of: attempt.account, module: module)
                hasWritten = true
            }
        }
        if record.counters != countersBefore {
            if attempt.standing == .unknown {
                unknown[attempt.account] = record.counters
            } else {
                try write(record.counters, over: countersBefore, of: attempt.account, with: statements)
                hasWritten = true
            }
        }
        if attempt.visit != nil, let visit = record.visit, visit != visitBefore {
            try statements.put(visit, of: attempt.account)
            hasWritten = true
        }
        if let prefix = attempt.host, host != hostBefore ?? HostCounter() {
            if hostBefore == nil {
                if hosts >= LoginStatements.hostCapacity {
                    try statements.evictOldestHost()
                } else {
                    hosts += 1
                }
            }
            try statements.put(host, of: prefix)
            hasWritten = true
        }
        if !hasWritten { try statements.addTraceless() }
        return outcome
    }

    private func write(
        _ counters: [ModuleID: FailureCounter], over before: [ModuleID: FailureCounter], of account: AccountName,
        with statements: LoginStatements
    ) throws(DatabaseFault) {
        for (module, counter) in counters where before[module] != counter {
            try statements.put(counter, of: account, module: module)
        }
        for module in before.keys where counters[module] == nil {
            try statements.removeCounter(of: account, module: module)
        }
    }

    /// Lends the connection that the login path uses: for tests of its settings, and of what happens without them.
    package func withLoginConnection<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.writeWithoutTransaction(body)
    }
}

extension Attempt {
    /// The account's uid, where the directory knows it.
    fileprivate var uid: UInt32? {
        switch standing {
        case .known(let uid): uid
        case .unknown, .cannotTell: nil
        }
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

extension Schema {
    /// Runs the steps from `version` on, within the caller's transaction.
    fileprivate func apply(to database: Database, from version: Int) throws {
        for step in steps.dropFirst(version) { try database.execute(sql: step) }
        try database.execute(
            sql: "PRAGMA user_version = \(self.version); PRAGMA application_id = \(Schema.applicationID)")
    }
}
