internal import Authentication
internal import GRDB

/// What a copy has written down for the server.
enum OfflinePending {
    static func count(in store: SQLiteStore) throws(StoreFailure) -> Int {
        try store.write { try Int.fetchOne($0, sql: "SELECT count(*) FROM pending") ?? 0 }
    }

    /// The next accounts, which nothing is added to any more under these ids: the server may have them before we know. A row that
    /// makes no sense is one account's trouble: it is reported, and left out.
    static func take(from store: SQLiteStore, atMost limit: Int) throws(StoreFailure) -> [PendingAccount] {
        let taken = try store.write { database -> [(id: String, account: AccountName, failures: [ModuleID: Int])] in
            try database.execute(
                sql: "UPDATE pending SET sent = 1 WHERE id IN (SELECT id FROM pending ORDER BY sent DESC, id LIMIT ?)",
                arguments: [limit])
            let connection = try Connection(database)
            let row = try PreparedStatement(
                "SELECT id, account, hex(id) FROM pending WHERE sent = 1 ORDER BY id", on: connection)
            let factor = try PreparedStatement(
                "SELECT module_type, module_id, added FROM pending_factor WHERE id = ?1", on: connection)
            var taken: [(id: String, account: AccountName, failures: [ModuleID: Int])] = []
            var senseless: [String] = []
            while try row.step() {
                do throws(DatabaseFault) {
                    let (id, account) = (try row.text(0), try Columns.account(in: row, at: 1))
                    try factor.bind(id, at: 1)
                    taken.append((id, account, try failures(in: factor, store.report)))
                } catch {
                    guard case .nonsense = error else { throw error }
                    store.report(error.failure(of: "the local copy"))
                    senseless.append(try row.text(2))
                }
                factor.reset()
            }
            for id in senseless {
                try database.execute(sql: "DELETE FROM pending WHERE hex(id) = ?", arguments: [id])
            }
            return taken
        }
        var accounts: [PendingAccount] = []
        for (id, account, failures) in taken {
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

    static func forget(_ accounts: [PendingAccount], in store: SQLiteStore) throws(StoreFailure) {
        let ids = accounts.map(\.id)
        try store.write { database in
            for id in ids {
                try database.execute(sql: "DELETE FROM pending_factor WHERE id = ?", arguments: [id])
                try database.execute(sql: "DELETE FROM pending WHERE id = ?", arguments: [id])
            }
        }
    }
}
