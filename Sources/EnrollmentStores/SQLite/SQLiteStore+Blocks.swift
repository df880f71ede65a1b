package import Authentication
internal import GRDB

/// The accounts that are blocked, and what else an administrator decides of accounts.
extension SQLiteStore {
    package func blocks() throws(StoreFailure) -> [AccountBlock] { try reader.blocks() }

    package func block(_ block: AccountBlock) throws(StoreFailure) -> Bool {
        try write { database in
            let connection = try Connection(database)
            let find = try PreparedStatement("SELECT 1 FROM block WHERE account = ?1", on: connection)
            try find.bind(block.account.text, at: 1)
            let isThere = try find.step()
            find.reset()
            let put = try PreparedStatement("INSERT OR REPLACE INTO block VALUES (?1, ?2, ?3)", on: connection)
            try put.bind(block.account.text, at: 1)
            try put.bind(block.reason, at: 2)
            try put.bind(block.since, at: 3)
            try put.run()
            return isThere
        }
    }

    package func unblock(_ account: AccountName) throws(StoreFailure) -> Bool {
        let wasBlocked = try write { database in
            try database.execute(sql: "DELETE FROM block WHERE account = ?", arguments: [account.text])
            return database.changesCount > 0
        }
        if wasBlocked { _ = unknown.clear(account) }
        return wasBlocked
    }

    package func adopt(_ account: AccountName, uid: UInt32) throws(StoreFailure) -> Int {
        try write { database in
            try database.execute(
                sql: "UPDATE device SET uid = ?2 WHERE account = ?1 AND uid <> ?2",
                arguments: [account.text, Int64(uid)])
            return database.changesCount
        }
    }

    package func hostCounter(of prefix: String) throws(StoreFailure) -> HostCounter {
        try reader.hostCounter(of: prefix)
    }
}

extension Schema {
    /// Accounts that nobody gets into, and why.
    static let blocks = """
        CREATE TABLE block (
            account TEXT NOT NULL PRIMARY KEY,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL
        ) WITHOUT ROWID;
        """
}
