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
    }

    /// The tables that logins need; reports stay behind.
    static let tables = CopiedTable.all.filter {
        ["device", "factor", "credential", "user", "block"].contains($0.name)
    }

    private let lock = Mutex(())
    var state = State()
    let directory: String
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
            guard unsafe access(standing, F_OK) != 0 else { throw unreadable(error) }
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
            state = State()
        }
    }

    /// A file that is there from before the first code is spent with the copy until the server has heard of all of them: what
    /// cannot be read then is not nothing.
    var standing: String { "\(directory)/standing-in" }

    func noteStandingIn(_ isStandingIn: Bool) throws(StoreFailure) {
        if isStandingIn {
            guard unsafe OpenFile.adopt(posix_open_or_create_private(standing)) != nil else {
                throw .notDurable("\(standing) cannot be made: \(words(for: posix_errno()))")
            }
        } else if unsafe unlink(standing) != 0 {
            let code = posix_errno()
            guard code != ENOENT else { return }
            throw .notDurable("\(standing) cannot be removed: \(words(for: code))")
        }
        guard unsafe posix_flush_directory(directory) == 0 else {
            throw .notDurable("\(directory) cannot be written: \(words(for: posix_errno()))")
        }
    }

    /// What keeps everybody out until somebody has decided.
    func unreadable(_ failure: StoreFailure) -> StoreFailure {
        .damaged(
            """
            the local copy cannot be read (\(Integrity.words(of: failure))), and codes were used with it that the database has not heard \
            of: move \(directory) away to go on, and they may be good again
            """)
    }

    // MARK: Freshness

    /// What the copy knows of itself; nil where it was never whole.
    func knowledge() throws(StoreFailure) -> CopyKnowledge? {
        try locked { () throws(StoreFailure) in try CopyKnowledge.read(from: try presentOrNew()) }
    }

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

    /// Nothing is known of how fresh it is until it is whole again.
    func forgetFreshness() throws(StoreFailure) {
        try locked { () throws(StoreFailure) in
            try presentOrNew().write { try $0.execute(sql: "DELETE FROM freshness") }
        }
    }

    /// All of the server's transactions before the watermark are in the copy; false, and nothing is noted, if it stands in by now.
    func note(_ knowledge: CopyKnowledge) throws(StoreFailure) -> Bool {
        try locked { () throws(StoreFailure) in
            guard !state.isStandingIn else { return false }
            try knowledge.write(to: try presentOrNew())
            return true
        }
    }
}
