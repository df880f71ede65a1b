internal import Authentication
internal import GRDB

/// What a copy has written down for the server.
enum OfflinePending {
    static func count(in store: SQLiteStore) throws(StoreFailure) -> Int {
        try store.write { try Int.fetchOne($0, sql: "SELECT count(*) FROM pending") ?? 0 }
    }

    /// Has nothing added any more to what is there: a server may have been sent it, and knows it by its id.
    static func close(in store: SQLiteStore) throws(StoreFailure) {
        try store.write { try $0.execute(sql: "UPDATE pending SET sent = 1 WHERE sent = 0") }
    }

    /// The ids of all that is there. One that makes no sense is reported and removed.
    static func ids(in store: SQLiteStore) throws(StoreFailure) -> [String] {
        let (ids, senseless) = try store.write { database in
            let row = try PreparedStatement(
                "SELECT id, hex(id), account FROM pending ORDER BY id", on: Connection(database))
            var (ids, senseless) = ([String](), [String]())
            while try row.step() {
                do throws(DatabaseFault) {
                    let id = try row.text(0)
                    _ = try Columns.account(in: row, at: 2)
                    ids.append(id)
                } catch {
                    guard case .nonsense = error else { throw error }
                    store.report(error.failure(of: "the local copy"))
                    senseless.append(try row.text(1))
                }
            }
            return (ids, senseless)
        }
        guard !senseless.isEmpty else { return ids }
        do throws(StoreFailure) {
            try store.write { database in
                for id in senseless {
                    try database.execute(sql: "DELETE FROM pending WHERE hex(id) = ?", arguments: [id])
                }
            }
        } catch {
            store.report(error)
        }
        return ids
    }

    /// What stands there under these ids; nothing is changed.
    static func accounts(
        of ids: some Sequence<String>, in store: SQLiteStore
    ) throws(StoreFailure) -> [PendingAccount] {
        let ids = Array(ids)
        let found = try store.write { database -> [(id: String, account: AccountName, failures: [ModuleID: Int])] in
            let connection = try Connection(database)
            let row = try PreparedStatement("SELECT account FROM pending WHERE id = ?1", on: connection)
            let factor = try PreparedStatement(
                "SELECT module_type, module_id, added FROM pending_factor WHERE id = ?1", on: connection)
            var found: [(id: String, account: AccountName, failures: [ModuleID: Int])] = []
            for id in ids {
                try row.bind(id, at: 1)
                try factor.bind(id, at: 1)
                if try row.step() {
                    found.append((id, try Columns.account(in: row, at: 0), try failures(in: factor, store.report)))
                }
                row.reset()
                factor.reset()
            }
            return found
        }
        var accounts: [PendingAccount] = []
        for (id, account, failures) in found {
            let counters = try store.counters(of: account).map { ($0.module, $0.counter) }
            accounts.append(
                PendingAccount(
                    id: id, account: account, failures: failures, devices: try store.devices(of: account),
                    counters: Dictionary(counters, uniquingKeysWith: { first, _ in first })))
        }
        return accounts
    }

    private static func failures(
        in row: PreparedStatement, _ report: (StoreFailure) -> Void
    ) throws(DatabaseFault) -> [ModuleID: Int] {
        var failures: [ModuleID: Int] = [:]
        while try row.step() {
            do throws(DatabaseFault) {
                failures[try Columns.identity(in: row, at: 0)] = Int(clamping: try row.integer(2))
            } catch {
                guard case .nonsense = error else { throw error }
                report(error.failure(of: "the local copy"))
            }
        }
        return failures
    }

    static func forget(_ ids: [String], in store: SQLiteStore) throws(StoreFailure) {
        guard !ids.isEmpty else { return }
        try store.write { database in
            for id in ids {
                try database.execute(sql: "DELETE FROM pending_factor WHERE id = ?", arguments: [id])
                try database.execute(sql: "DELETE FROM pending WHERE id = ?", arguments: [id])
            }
        }
    }
}
