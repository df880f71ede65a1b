internal import Authentication
internal import GRDB

/// What a copy has written down for the server.
enum OfflinePending {
    static func count(in store: SQLiteStore) throws(StoreFailure) -> Int {
        try store.write { try Int.fetchOne($0, sql: "SELECT count(*) FROM pending") ?? 0 }
    }

    /// The next accounts, which nothing is added to any more under these ids: the server may have them before we know.
    static func take(from store: SQLiteStore, atMost limit: Int) throws(StoreFailure) -> [PendingAccount] {
        let taken = try store.write { database -> [(id: String, account: AccountName, failures: [ModuleID: Int])] in
            try database.execute(
                sql: "UPDATE pending SET sent = 1 WHERE id IN (SELECT id FROM pending ORDER BY sent DESC, id LIMIT ?)",
                arguments: [limit])
            let connection = try Connection(database)
            let row = try PreparedStatement(
                "SELECT id, account FROM pending WHERE sent = 1 ORDER BY id", on: connection)
            let factor = try PreparedStatement(
                "SELECT module_type, module_id, added FROM pending_factor WHERE id = ?1", on: connection)
            var taken: [(id: String, account: AccountName, failures: [ModuleID: Int])] = []
            while try row.step() {
                let id = try row.text(0)
                try factor.bind(id, at: 1)
                var failures: [ModuleID: Int] = [:]
                while try factor.step() {
                    failures[try Columns.identity(in: factor, at: 0)] = Int(clamping: try factor.integer(2))
                }
                factor.reset()
                taken.append((id, try Columns.account(in: row, at: 1), failures))
            }
            return taken
        }
        var accounts: [PendingAccount] = []
        for (id, account, failures) in taken {
            let counters = try store.counters(of: account).map { ($0.module, $0.counter) }
            accounts.append(
                PendingAccount(
                    id: id, account: account, failures: failures, devices: try store.holdings(of: account),
                    counters: Dictionary(counters, uniquingKeysWith: { first, _ in first })))
        }
        return accounts
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
