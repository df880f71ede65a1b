package import Authentication
internal import CPOSIX
internal import Cryptography
internal import GRDB

/// An older state of a store on its way back: it is looked at first, then agreed to, then put in place of the present one.
///
/// Until `commit` nothing is changed but a file of its own; from then on the present store stands aside under another name.
/// It has the state directory for itself until then.
package final class StoreRestoration {
    /// What would come of it.
    package let outlook: RestorationOutlook
    private let directory: StateDirectory
    private let now: Int64
    /// The present store where it can be read; it has the lock.
    private let present: SQLiteStore?
    /// The lock where it cannot.
    private var lock: StoreLock?
    private var isInPlace = false

    /// Copies the backup that `descriptor` has open beside the store in `directory`, and makes it what it would be.
    ///
    /// Refuses a backup of a newer Twostep (`newer`), one that is damaged or none (`damaged`), and one whose secrets `sealing`
    /// does not open (`sealedWithAnotherKey`); what is sealed with another key than the one that seals is sealed anew. `now`, in Unix seconds, is part of the name that the present store gets.
    package init(
        in path: String, from descriptor: Int32, sealing: any SecretSealing, at now: Int64
    ) throws(StoreFailure) {
        let directory = StateDirectory(path: path)
        try directory.check { _ in }
        self.directory = directory
        self.now = now
        let found = try StoreRestoration.openPresent(in: directory, sealing: sealing)
        present = found.store
        lock = found.store == nil ? try StoreLock.take(in: directory) : nil
        StoreRestoration.removeDraft(in: directory)
        do throws(StoreFailure) {
            try StoreRestoration.copy(descriptor, to: directory.restored)
            outlook = try StoreRestoration.settle(
                in: directory, sealing: sealing, present: found.store, trouble: found.trouble)
            // Nothing is wrong with it: what it knows is not to be thrown away for want of a key.
            if let words = found.missingKey {
                throw .unreachable("the key of the present store is not at hand: \(words)")
            }
        } catch {
            StoreRestoration.removeDraft(in: directory)
            throw error
        }
    }

    deinit { if !isInPlace { StoreRestoration.removeDraft(in: directory) } }

    /// Whether `sealing` opens what the present store in `path` holds; nil where there is none, or that cannot be told. Throws
    /// `inUse` while somebody has it.
    package static func opensPresent(
        in path: String, sealing: any SecretSealing
    ) throws(StoreFailure) -> Bool? {
        let directory = StateDirectory(path: path)
        try directory.check { _ in }
        guard unsafe access(directory.database, F_OK) == 0 else { return nil }
        do throws(StoreFailure) {
            try SQLiteStore.open(in: path, sealing: sealing).close()
            return true
        } catch {
            switch error {
            case .inUse: throw error
            case .sealedWithAnotherKey: return false
            case .unreachable, .newer, .damaged, .notDurable: return nil
            }
        }
    }

    /// Where the store in `path` was moved to, in words that hold nothing secret; nil where it was not, or that cannot be told.
    package static func heir(of path: String) -> String? {
        let database = StateDirectory(path: path).database
        guard unsafe access(database, F_OK) == 0, let present = try? SQLiteStore.connect(to: database) else {
            return nil
        }
        defer { try? present.close() }
        guard let mark = try? SQLiteCopySide.mark(in: present, database), mark.state == .moved else { return nil }
        return mark.other
    }

    /// Puts it in place, on the disk when it returns; tells where the present store is now, nil where there was none.
    ///
    /// Whenever this is cut short there is the present store, or none and both of them beside, or the restored one: never
    /// one with the other's log.
    package func commit() throws(StoreFailure) -> String? {
        if let kept = present?.surrender() { lock = consume kept }
        let aside = directory.replaced(at: now)
        let (database, log) = (directory.database, "\(directory.database)-wal")
        let hasStore = unsafe access(database, F_OK) == 0
        // Of the same second: nothing that stands aside is ever overwritten.
        guard unsafe access(aside, F_OK) != 0 else { throw .notDurable("\(aside) is there already: try it again") }
        do throws(StoreFailure) {
            // A store that was closed as it should be has no log; then one rename is all there is to it.
            if hasStore, unsafe access(log, F_OK) != 0 {
                try attempt(unsafe link(database, aside), "\(database) cannot be kept as \(aside)")
            } else if hasStore {
                try attempt(unsafe rename(database, aside), "\(database) cannot be kept as \(aside)")
            }
            if unsafe access(log, F_OK) == 0 {
                try attempt(unsafe rename(log, "\(aside)-wal"), "\(log) cannot be kept as \(aside)-wal")
            }
            unsafe unlink("\(database)-shm")
            try attempt(unsafe posix_flush_directory(directory.path), "\(directory.path) cannot be written")
            try attempt(unsafe rename(directory.restored, database), "\(database) cannot be put in place")
        } catch {
            putBack(aside)
            throw error
        }
        isInPlace = true
        lock = nil
        try attempt(unsafe posix_flush_directory(directory.path), "\(directory.path) cannot be written")
        return hasStore ? aside : nil
    }

    /// Has everything as it was, as far as that can be done.
    private func putBack(_ aside: String) {
        for ending in ["-wal", ""] where unsafe access(directory.database + ending, F_OK) != 0 {
            _ = unsafe rename(aside + ending, directory.database + ending)
        }
    }

    private func attempt(_ status: Int32, _ words: String) throws(StoreFailure) {
        guard status == 0 else {
            throw .notDurable("\(words): \(EnrollmentStores.words(for: posix_errno()))")
        }
    }

    // MARK: Making it

    private static func removeDraft(in directory: StateDirectory) {
        for ending in ["", "-wal", "-shm", "-journal"] { unsafe unlink(directory.restored + ending) }
    }

    /// The present store, and what is wrong where there is one that cannot be read.
    private static func openPresent(
        in directory: StateDirectory, sealing: any SecretSealing
    ) throws(StoreFailure) -> (store: SQLiteStore?, trouble: String?, missingKey: String?) {
        guard unsafe access(directory.database, F_OK) == 0 else { return (nil, nil, nil) }
        do throws(StoreFailure) {
            return (try SQLiteStore.open(in: directory.path, sealing: sealing), nil, nil)
        } catch {
            switch error {
            case .inUse: throw error
            case .sealedWithAnotherKey(let words): return (nil, Integrity.words(of: error), words)
            case .unreachable, .newer, .damaged, .notDurable: break
            }
            try checkNotMoved(directory)
            return (nil, Integrity.words(of: error), nil)
        }
    }

    /// What was spent since a store was moved is known where it was moved to: a backup in its place would be a second store.
    private static func checkNotMoved(_ directory: StateDirectory) throws(StoreFailure) {
        guard let heir = heir(of: directory.path) else { return }
        throw .unreachable(
            """
            \(directory.database) was moved to \(heir), where its codes are spent: a backup of it would make them good again
            """)
    }

    private static func copy(_ descriptor: Int32, to path: String) throws(StoreFailure) {
        guard let source = OpenFile.adopt(dup(descriptor)), let (facts, size) = source.facts() else {
            throw .unreachable("the backup cannot be read: \(words(for: posix_errno()))")
        }
        guard facts.type == S_IFREG else { throw .damaged("the backup is not a regular file") }
        guard let target = unsafe OpenFile.adopt(posix_create_private(path)) else {
            throw .notDurable("\(path) cannot be made: \(words(for: posix_errno()))")
        }
        var offset: Int64 = 0
        while offset < size {
            var bytes = [UInt8](repeating: 0, count: Int(min(size - offset, 1 << 20)))
            var span = bytes.mutableSpan
            guard let count = source.read(from: offset, into: &span), count > 0 else {
                throw .unreachable("the backup cannot be read: \(words(for: posix_errno()))")
            }
            guard target.write(bytes.span.extracting(first: count), at: offset) else {
                throw .notDurable("\(path) cannot be written: \(words(for: posix_errno()))")
            }
            offset += Int64(count)
        }
        guard target.flush() else { throw .notDurable("\(path) cannot be written: \(words(for: posix_errno()))") }
    }

    /// Judges the copy, brings it up to date, and has it know what the present store knows to be spent.
    private static func settle(
        in directory: StateDirectory, sealing: any SecretSealing, present: SQLiteStore?, trouble: String?
    ) throws(StoreFailure) -> RestorationOutlook {
        let queue: DatabaseQueue
        do throws(StoreFailure) {
            queue = try SQLiteStore.connect(to: directory.restored)
        } catch {
            if case .notDurable = error { throw error }
            throw .damaged("the backup is no store of Twostep's, or is damaged")
        }
        do {
            let outlook = try settle(queue, sealing: sealing, present: present, trouble: trouble)
            try queue.close()
            guard unsafe access("\(directory.restored)-wal", F_OK) != 0,
                let file = unsafe OpenFile.adopt(posix_open_for_reading(directory.restored)), file.flush()
            else { throw StoreFailure.notDurable("\(directory.restored) cannot be written") }
            return outlook
        } catch {
            try? queue.close()
            throw StoreFailure(error, of: "the backup")
        }
    }

    private static func settle(
        _ queue: DatabaseQueue, sealing: any SecretSealing, present: SQLiteStore?, trouble: String?
    ) throws -> RestorationOutlook {
        try queue.writeWithoutTransaction { database in
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard try Int.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID, version > 0 else {
                throw StoreFailure.damaged("the backup is no store of Twostep's")
            }
            guard version <= Schema.current.version else {
                throw StoreFailure.newer(found: version, known: Schema.current.version)
            }
            // Before anything is written: what is triggered by that is not ours.
            let intruders = try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view')")
            guard intruders.isEmpty else {
                throw StoreFailure.damaged(
                    "the backup has a trigger or view \(intruders[0]), which Twostep never makes")
            }
        }
        try queue.write { database in
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            if version < Schema.current.version { try Schema.current.apply(to: database, from: version) }
        }
        return try queue.write { database in
            try Integrity.quick(database)
            if let failure = try Integrity.firstSecretThatDoesNotOpen(database, sealing, among: .max) { throw failure }
            let findings = try Integrity.full(database, sealing)
            guard findings.isEmpty else {
                throw StoreFailure.damaged("the backup is damaged: \(findings.prefix(5).joined(separator: "; "))")
            }
            var outlook = try SpentState(of: present, sealing: sealing, trouble: trouble).carry(into: database)
            outlook.resealed = try SQLiteStore.resealAll(in: database, sealing)
            return outlook
        }
    }
}
