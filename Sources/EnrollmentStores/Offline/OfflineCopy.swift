package import Authentication
internal import CPOSIX
internal import GRDB
internal import Synchronization

/// A copy of a server's tables in the state directory, sealed as they are: what logins are judged by while the server is away.
///
/// One thread keeps it fresh, another judges by it, and never both: from the moment that it stands in for the server nothing is
/// taken over from there until all that was spent meanwhile is in the server's tables.
package final class OfflineCopy: @unchecked Sendable {
    // Sendable although it has a state: all of it is behind the lock.

    /// What is open, and what it is used for.
    struct State {
        var store: SQLiteStore?
        var isStandingIn = false
        /// What the server has, and the copy could not forget yet.
        var taken: [String] = []
        /// Whether the server was judged by since without the copy knowing it: it stands in once it was refreshed.
        var isOutdated = false
        /// How many accounts are taken over in one transaction; fewer where so many have failed.
        var batch = OfflineCopy.largestBatch
    }

    static let largestBatch = 64

    /// The tables that logins need; reports stay behind.
    static let tables = CopiedTable.all.filter {
        ["device", "factor", "credential", "user", "block"].contains($0.name)
    }

    private let lock = Mutex(())
    var state = State()
    /// Counts what makes a walk worthless that was begun before: see `OfflineFill`.
    var fills = 0
    package let directory: String
    let keys: @Sendable () throws(StoreFailure) -> any SecretSealing
    let report: @Sendable (StoreFailure) -> Void

    /// The copy in a folder of its own of the state directory; nothing is opened or made before it is needed.
    package init(
        in stateDirectory: String, sealing keys: @escaping @Sendable () throws(StoreFailure) -> any SecretSealing,
        report: @escaping @Sendable (StoreFailure) -> Void
    ) {
        directory = "\(stateDirectory)/offline"
        self.keys = keys
        self.report = report
    }

    func locked<Value>(_ body: () throws(StoreFailure) -> Value) throws(StoreFailure) -> Value {
        var result: Result<Value, StoreFailure>?
        lock.withLock { _ in
            do throws(StoreFailure) {
                result = .success(try body())
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { throw .unreachable("the local copy is locked") }
        return try result.get()
    }

    // MARK: The file

    /// Opens the copy that is there; throws where there is none, or where it cannot be used.
    func present() throws(StoreFailure) -> SQLiteStore {
        letGoOfReplaced()
        if let store = state.store { return store }
        let store = try SQLiteStore.open(in: directory, sealing: try keys(), report: report)
        try store.noteWhatIsPending()
        state.store = store
        fills += 1
        return store
    }

    /// Somebody may have taken the file away while it was open: what stands there now is looked at anew. Whoever judges by it has it
    /// still, and is refused by the store itself.
    func letGoOfReplaced() {
        guard let store = state.store else { return }
        do throws(StoreFailure) {
            try store.checkPlace()
        } catch {
            state = State()
            report(error)
        }
    }

    /// The same, made where there is none. One that cannot be read stands aside, unless it stood in since it was last reconciled.
    func presentOrNew() throws(StoreFailure) -> SQLiteStore {
        letGoOfReplaced()
        var facts = posix_file_facts()
        if unsafe posix_lstat(directory, &facts) != 0, unsafe mkdir(directory, 0o700) != 0 {
            throw .unreachable("\(directory) cannot be made: \(words(for: posix_errno()))")
        }
        let file = StateDirectory(path: directory).database
        guard unsafe access(file, F_OK) == 0 else {
            try SQLiteStore.create(in: directory)
            return try present()
        }
        do throws(StoreFailure) {
            return try present()
        } catch {
            switch error {
            case .damaged, .sealedWithAnotherKey, .newer: break
            case .unreachable, .notDurable, .inUse: throw error
            }
            guard !hasStoodIn else { throw unreadable(error) }
            state.store = nil
            let aside = "\(file).unusable"
            for ending in ["", "-wal", "-shm"] { _ = unsafe rename(file + ending, aside + ending) }
            report(
                .damaged(
                    """
                    the local copy could not be used (\(Integrity.words(of: error))) and is made anew; nothing was spent with it that \
                    the database has not heard of; it stands in \(aside)
                    """))
            try SQLiteStore.create(in: directory)
            return try present()
        }
    }

    /// Lets go of the file; it is opened again when it is needed.
    package func close() {
        _ = try? locked { () throws(StoreFailure) in
            state.store?.close()
            (state.store, state.isStandingIn) = (nil, false)
        }
    }

    package var description: String { StateDirectory(path: directory).database }

    /// What keeps everybody out until somebody has decided.
    func unreadable(_ failure: StoreFailure) -> StoreFailure {
        .damaged(
            """
            the local copy cannot be read (\(Integrity.words(of: failure))), and codes were used with it that the database has not heard \
            of: move \(directory) away to go on, and they may be good again
            """)
    }

    // MARK: Freshness

    /// How fresh the copy is; throws where there is none that could be used.
    package func freshness() throws(StoreFailure) -> CopyFreshness {
        try locked { () throws(StoreFailure) in try freshnessOfPresent() }
    }

    private func freshnessOfPresent() throws(StoreFailure) -> CopyFreshness {
        guard let known = try CopyKnowledge.read(from: try present()) else {
            throw .unreachable("the local copy has never been whole")
        }
        return known.freshness
    }

    /// Throws unless the copy may be judged by at a moment, being good for so many seconds; tells for how many yet.
    package func check(at now: Moment, for limit: Int64) throws(StoreFailure) -> Int64 {
        switch try freshness().standing(at: now, for: limit) {
        case .good(let left): return left
        case .stale(let seconds):
            throw .unreachable("the local copy was fresh \(seconds) s ago, and is good for \(limit) s")
        case .cannotTell:
            throw .unreachable("how old the local copy is cannot be told: the clock shows a time before the copy's own")
        }
    }

    /// Remembers that it was this late once, so that a clock that is set back shows.
    package func noteSeen(_ now: Moment) throws(StoreFailure) {
        try locked { () throws(StoreFailure) in
            try present().write { database in
                try database.execute(
                    sql: "UPDATE freshness SET seen = max(seen, ?)", arguments: [now.wall])
            }
        }
    }

    /// Begins a walk that fills it, and makes it where there is none; nil where it takes nothing now. `isWanted` is asked while nobody
    /// can take it away.
    func beginFill(_ isWanted: () -> Bool) throws(StoreFailure) -> OfflineFill? {
        try locked { () throws(StoreFailure) in
            guard isWanted(), !state.isStandingIn else { return nil }
            let store = try presentOrNew()
            try forgetTaken(in: store)
            guard try OfflinePending.count(in: store) == 0 else { return nil }
            return OfflineFill(of: self, fills)
        }
    }
}
