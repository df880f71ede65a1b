package import Authentication
internal import CPOSIX
internal import GRDB

/// From the moment that it stands in for the server, until the server has heard of all of it.
extension OfflineCopy {
    /// Takes the copy for judging by in the place of that server; nothing is taken over from there from now on.
    func standIn(for place: PostgreSQLPlace) throws(StoreFailure) -> SQLiteStore {
        try locked { () throws(StoreFailure) in
            let store = try present()
            guard let known = try CopyKnowledge.read(from: store), known.isOf(place) else {
                throw .unreachable("the local copy is one of another database than \(place.description)")
            }
            try noteStandingIn(true)
            state.isStandingIn = true
            return store
        }
    }

    /// Ends that, and forgets how fresh it is: what was spent meanwhile stays for whoever has taken the store's place.
    package func giveUp() throws(StoreFailure) {
        guard unsafe access(StateDirectory(path: directory).database, F_OK) == 0 else { return }
        try locked { () throws(StoreFailure) in
            state.isStandingIn = false
            try present().write { try $0.execute(sql: "DELETE FROM freshness") }
        }
    }

    /// Removes it, since no copy is kept any longer; false, and it stays, where it knows what no server has heard of.
    package func discard() throws(StoreFailure) -> Bool {
        let database = StateDirectory(path: directory).database
        guard unsafe access(database, F_OK) == 0 else { return true }
        return try locked { () throws(StoreFailure) in
            guard unsafe access(standing, F_OK) != 0 else { return false }
            state = State()
            for name in [database, "\(database).unusable"] {
                for ending in ["", "-wal", "-shm"] { unsafe unlink(name + ending) }
            }
            unsafe unlink(StateDirectory(path: directory).lock)
            // Whatever else stands in it is somebody's.
            _ = unsafe rmdir(directory)
            guard unsafe access(database, F_OK) != 0 else {
                throw .notDurable("\(database) cannot be removed: \(words(for: posix_errno()))")
            }
            return true
        }
    }

    /// Whether something was spent with it that the server has not heard of.
    package func isPending() -> Bool {
        guard unsafe access(StateDirectory(path: directory).database, F_OK) == 0 else { return false }
        return (try? locked { () throws(StoreFailure) in try OfflinePending.count(in: try present()) > 0 }) ?? true
    }

    /// Whether rows of the server may be written to it; throws where that cannot be told.
    func takesRows() throws(StoreFailure) -> Bool {
        try locked { () throws(StoreFailure) in
            guard !state.isStandingIn else { return false }
            return try OfflinePending.count(in: try presentOrNew()) == 0
        }
    }

    /// Has the server's store take over all that was spent and failed with the copy, which stands in no longer then. Returns how many
    /// accounts that were, and what is to be said of single ones.
    package func reconcile(
        into store: PostgreSQLStore
    ) throws(StoreFailure) -> (accounts: Int, remarks: [String]) {
        try locked { () throws(StoreFailure) in
            letGoOfReplaced()
            var taken = (accounts: 0, remarks: [String]())
            if unsafe access(StateDirectory(path: directory).database, F_OK) == 0 {
                do throws(StoreFailure) {
                    taken = try take(over: store)
                } catch {
                    switch error {
                    case .damaged, .newer: break
                    case .unreachable, .notDurable, .inUse, .sealedWithAnotherKey: throw error
                    }
                    // Nothing was spent with it: it stands aside as soon as it is to be fresh.
                    guard unsafe access(standing, F_OK) != 0 else { throw unreadable(error) }
                }
            }
            try noteStandingIn(false)
            state.isStandingIn = false
            return taken
        }
    }

    /// With whatever key it is sealed: what was spent is not.
    private func take(over store: PostgreSQLStore) throws(StoreFailure) -> (accounts: Int, remarks: [String]) {
        let copy: SQLiteStore
        if let open = state.store {
            copy = open
        } else {
            copy = try SQLiteStore.open(in: directory, sealing: try keys(), checksKey: false, report: report)
        }
        defer { if state.store == nil { copy.close() } }
        var (accounts, remarks) = (0, [String]())
        while true {
            let batch = try OfflinePending.take(from: copy, atMost: OfflineCopy.batch)
            guard !batch.isEmpty else { break }
            remarks += try store.takeOver(batch, sealing: copy.sealing)
            let names = Set(batch.map(\.account))
            try store.note(try copy.activities().filter { names.contains($0.account) })
            try OfflinePending.forget(batch, in: copy)
            accounts += batch.count
        }
        if let known = try CopyKnowledge.read(from: copy), !known.isOf(store.place) {
            try copy.write { try $0.execute(sql: "DELETE FROM freshness") }
        }
        return (accounts, remarks)
    }

    /// How many accounts are taken over in one transaction.
    private static let batch = 64
}
