package import Authentication
internal import CPOSIX
internal import GRDB

/// From the moment that it stands in for the server, until it is given up or removed.
extension OfflineCopy {
    /// Takes the copy for judging by in the place of that server; nothing is taken over from there from now on.
    func standIn(for place: PostgreSQLPlace) throws(StoreFailure) -> SQLiteStore {
        try locked { () throws(StoreFailure) in
            let store = try present()
            try forgetTaken(in: store)
            guard !state.isOutdated else {
                throw .unreachable(
                    "the local copy could not be written when it last stood in, and was not refreshed since")
            }
            guard let known = try CopyKnowledge.read(from: store), known.isOf(place),
                let origin = StoreOrigin(known.origin)
            else { throw .unreachable("the local copy is one of another database than \(place.description)") }
            // What is there already is of that database as well, and may know more of it.
            let isKept = try OfflinePending.count(in: store) > 0
            if !isKept || readStanding() == nil { try writeStanding(origin) }
            try OfflinePending.close(in: store)
            state.isStandingIn = true
            fills += 1
            return store
        }
    }

    /// Ends that, and forgets how fresh it is; what was spent meanwhile stays for whoever has taken the place of that store.
    package func giveUp() throws(StoreFailure) {
        guard unsafe access(description, F_OK) == 0 else { return }
        try locked { () throws(StoreFailure) in
            state.isStandingIn = false
            fills += 1
            // Whether anything can be written or not.
            state.isOutdated = true
            try CopyKnowledge.forget(in: try present())
        }
    }

    /// Removes it, since no copy is kept any longer; false, and it stays, where it knows what no server has heard of.
    package func discard() throws(StoreFailure) -> Bool {
        let place = StateDirectory(path: directory)
        return try locked { () throws(StoreFailure) in
            fills += 1
            guard unsafe access(directory, F_OK) == 0 else { return true }
            guard !hasStoodIn else { return false }
            state.store?.close()
            state = State()
            // The copy itself last: as long as it is there, this is done again.
            let copies = (0..<SQLiteStore.schema).map { place.backup(of: $0) }
            for name in copies + [place.unfinished, place.snapshot, "\(place.database).unusable", place.database] {
                for ending in ["-wal", "-shm", "-journal", ""] { unsafe unlink(name + ending) }
                guard unsafe access(name, F_OK) != 0 else {
                    throw .notDurable("\(name) cannot be removed: \(words(for: posix_errno()))")
                }
            }
            unsafe unlink(place.lock)
            // Whatever else stands in it is somebody's.
            _ = unsafe rmdir(directory)
            return true
        }
    }

    /// Whether something was spent with it that the server has not heard of.
    package func isPending() -> Bool {
        guard unsafe access(description, F_OK) == 0 else { return false }
        return (try? locked { () throws(StoreFailure) in try OfflinePending.count(in: try present()) > 0 }) ?? true
    }
}
