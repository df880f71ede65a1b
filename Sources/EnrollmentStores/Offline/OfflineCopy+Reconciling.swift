package import Authentication
internal import CPOSIX

/// What was spent with it, on its way into the server's tables.
extension OfflineCopy {
    /// Has the server's store take over all that was spent and failed with the copy, which stands in no longer then. Returns how many
    /// accounts that were, what is to be said of single ones, and the database, in words, that it is kept for where this is another one.
    ///
    /// Nothing has to be written here for that. Only the database that it is of, or one that has taken that one's place, makes it
    /// forgotten: another is told what it can be told, so that no code of a secret that it has as well is good there, and forgets nothing.
    package func reconcile(
        into store: PostgreSQLStore
    ) throws(StoreFailure) -> (accounts: Int, remarks: [String], keptFor: String?) {
        try locked { () throws(StoreFailure) in
            letGoOfReplaced()
            fills += 1
            guard unsafe access(description, F_OK) == 0 else {
                removeStanding()
                state.isStandingIn = false
                return (0, [], nil)
            }
            guard let copy = try readable() else {
                state.isStandingIn = false
                return (0, [], nil)
            }
            defer { if state.store == nil { copy.close() } }
            let ids = try OfflinePending.ids(in: copy)
            let known = try CopyKnowledge.read(from: copy)
            let origin = readStanding() ?? known.flatMap { StoreOrigin($0.origin) }
            var isOwn = true
            // Nothing says whose it is in what an older Twostep has left.
            if !ids.isEmpty, let origin { isOwn = try store.isHeir(of: origin) }
            let taken = try take(ids, from: copy, to: store, asOwn: isOwn)
            if isOwn {
                if state.taken.isEmpty { removeStanding() }
            } else if let origin, readStanding() == nil {
                try writeStanding(origin)
            }
            // Also where another database has its name: that one's changes are not heard of here.
            if let known, !isOwn || !known.isOf(store.place) { forgetFreshness(in: copy) }
            state.isStandingIn = false
            return isOwn ? (taken.accounts, taken.remarks, nil) : (0, [], origin?.place)
        }
    }

    /// With whatever key it is sealed: what was spent is not. Nil where it cannot be read, and nothing was spent with it.
    private func readable() throws(StoreFailure) -> SQLiteStore? {
        if let open = state.store { return open }
        do throws(StoreFailure) {
            return try SQLiteStore.open(in: directory, sealing: try keys(), checksKey: false, report: report)
        } catch {
            switch error {
            case .damaged, .newer:
                guard !hasStoodIn else { throw unreadable(error) }
            case .unreachable, .notDurable, .inUse, .sealedWithAnotherKey:
                guard !hasStoodIn else { throw error }
                report(error)
            }
            return nil
        }
    }

    private func take(
        _ ids: [String], from copy: SQLiteStore, to store: PostgreSQLStore, asOwn isOwn: Bool
    ) throws(StoreFailure) -> (accounts: Int, remarks: [String]) {
        var taken = (accounts: 0, remarks: [String]())
        // What reports say is worth no more than that.
        let activities = isOwn && !ids.isEmpty ? (try? copy.activities()) ?? [] : []
        var left = ids[...]
        while !left.isEmpty {
            let accounts = try OfflinePending.accounts(of: left.prefix(state.batch), in: copy)
            let names = Set(accounts.map(\.account))
            do throws(StoreFailure) {
                taken.remarks += try store.takeOver(
                    accounts, activities.filter { names.contains($0.account) }, sealing: copy.sealing, asOwn: isOwn)
            } catch {
                // The next time fewer in one go: a server that is far away, or slow, must not be asked the same for ever.
                state.batch = max(state.batch / 4, 1)
                throw error
            }
            taken.accounts += accounts.count
            if isOwn { forget(left.prefix(state.batch), in: copy) }
            left = left.dropFirst(state.batch)
        }
        state.batch = OfflineCopy.largestBatch
        return taken
    }

    /// What the database has is judged there from now on, whether it can be forgotten here or not.
    private func forget(_ ids: ArraySlice<String>, in copy: SQLiteStore) {
        state.taken += ids
        do throws(StoreFailure) {
            try forgetTaken(in: copy)
        } catch {
            state.isOutdated = true
            report(error)
        }
    }

    /// Forgets what the database has; throws where that cannot be written.
    func forgetTaken(in store: SQLiteStore) throws(StoreFailure) {
        guard !state.taken.isEmpty else { return }
        try OfflinePending.forget(state.taken, in: store)
        state.taken = []
        if try OfflinePending.count(in: store) == 0 { removeStanding() }
    }

    private func forgetFreshness(in copy: SQLiteStore) {
        do throws(StoreFailure) {
            try CopyKnowledge.forget(in: copy)
        } catch {
            state.isOutdated = true
            report(error)
        }
    }
}
