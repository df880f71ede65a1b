internal import Authentication
internal import CPOSIX

/// The directory that holds the store, and the names in it.
///
/// It belongs to the daemon's own user and nobody else may look into it, so that whatever stands in it
/// was put there by that user or by root: checks inside it have no race to lose.
struct StateDirectory: Sendable {
    let path: String

    /// The store itself; SQLite puts `-wal` and `-shm` beside it.
    var database: String { "\(path)/\(SQLiteStore.fileName)" }
    /// The store while it is being made.
    var unfinished: String { "\(database).new" }
    /// A copy of the store while it is being made; once it is whole it has no name.
    var snapshot: String { "\(database).copy" }
    /// An older state of the store while it is looked at, until it takes the store's place.
    var restored: String { "\(database).restored" }
    /// A copy of another store, until it is one itself.
    var arriving: String { "\(database).arriving" }
    /// What a daemon holds while it has the store.
    var lock: String { "\(path)/lock" }

    /// The copy made before the migration from `version`.
    func backup(of version: Int) -> String { "\(database).version-\(version)" }

    /// Where the present store goes that an older state takes the place of.
    func replaced(at now: Int64) -> String { "\(database).replaced-\(now)" }

    /// Where a store goes that was moved elsewhere, when another comes back in its place.
    func moved(at now: Int64) -> String { "\(database).moved-\(now)" }

    /// Checks that the directory is one, ours, and closed to others.
    ///
    /// One that others can look into is closed, and said so through `report`; one that others can write into is
    /// refused, since nobody knows what they wrote.
    func check(_ report: (StoreFailure) -> Void) throws(StoreFailure) {
        var facts = posix_file_facts()
        guard unsafe posix_lstat(path, &facts) == 0 else {
            throw .unreachable("the state directory \(path) cannot be looked at: \(words(for: posix_errno()))")
        }
        guard unsafe posix_is_directory(&facts) != 0 else {
            throw .unreachable("the state directory \(path) is something else, expected a directory")
        }
        try checkOwner(facts, of: "the state directory \(path)")
        guard facts.permissions & 0o022 == 0 else {
            throw .unreachable(
                "the state directory \(path) has mode \(octal(facts.permissions)) and others may write into it, "
                    + "expected 0700")
        }
        if facts.permissions & 0o7077 != 0 {
            try tighten(path, from: facts.permissions, to: 0o700, report)
        }
    }

    /// Whether the store's file is there. Anything but a file of ours under its name is refused; one that
    /// others could read is closed, and said so.
    func hasDatabase(_ report: (StoreFailure) -> Void) throws(StoreFailure) -> Bool {
        var found = false
        for name in [database, "\(database)-wal", "\(database)-shm"] {
            var facts = posix_file_facts()
            guard unsafe posix_lstat(name, &facts) == 0 else {
                let code = posix_errno()
                guard code == ENOENT else {
                    throw .unreachable("\(name) cannot be looked at: \(words(for: code))")
                }
                continue
            }
            guard unsafe posix_is_regular(&facts) != 0 else {
                throw .unreachable("\(name) is not a regular file: a link or a pipe in its place is never followed")
            }
            try checkOwner(facts, of: name)
            if facts.permissions & 0o7077 != 0 { try tighten(name, from: facts.permissions, to: 0o600, report) }
            if name == database { found = true }
        }
        return found
    }

    private func checkOwner(_ facts: posix_file_facts, of name: String) throws(StoreFailure) {
        guard facts.owner == geteuid() else {
            throw .unreachable("\(name) belongs to uid \(facts.owner), expected uid \(geteuid())")
        }
    }

    private func tighten(
        _ name: String, from permissions: UInt32, to expected: UInt32, _ report: (StoreFailure) -> Void
    ) throws(StoreFailure) {
        guard unsafe chmod(name, mode_t(expected)) == 0 else {
            throw .unreachable(
                "\(name) has mode \(octal(permissions)), and that cannot be changed to \(octal(expected))")
        }
        report(
            .unreachable("\(name) had mode \(octal(permissions)): others could read it. It has \(octal(expected)) now"))
    }
}
