package import Authentication

/// The accounts that are blocked.
extension PostgreSQLStore {
    package func blocks() throws(StoreFailure) -> [AccountBlock] { try blocks("", []) }

    /// Those of a range of names.
    func blocks(_ range: String, _ bounds: [ServerValue]) throws(StoreFailure) -> [AccountBlock] {
        try read { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery("SELECT account, reason, since FROM twostep.block \(range) ORDER BY account", bounds),
                by: deadline)
            // A row that makes no sense makes all of it unreadable: it may be somebody's block.
            var blocks: [AccountBlock] = []
            for row in 0..<rows.count {
                blocks.append(
                    AccountBlock(
                        account: try ServerColumns.account(in: rows, row, 0), reason: try rows.text(row, 1),
                        since: try rows.integer(row, 2)))
            }
            return blocks
        }
    }

    package func block(_ block: AccountBlock) throws(StoreFailure) -> Bool {
        try write(locking: [block.account]) { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery("DELETE FROM twostep.block WHERE account = $1", [.text(block.account.text)]), by: deadline)
            _ = try connection.run(
                ServerQuery(
                    "INSERT INTO twostep.block (account, reason, since) VALUES ($1, $2, $3)",
                    [.text(block.account.text), .text(block.reason), .integer(block.since)]), by: deadline)
            try tellOthers(of: [block.account], by: deadline)
            return rows.changes > 0
        }
    }

    package func unblock(_ account: AccountName) throws(StoreFailure) -> Bool {
        let wasBlocked = try write(locking: [account]) { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery("DELETE FROM twostep.block WHERE account = $1", [.text(account.text)]), by: deadline)
            guard rows.changes > 0 else { return false }
            try tellOthers(of: [account], unlocking: true, by: deadline)
            return true
        }
        if wasBlocked { _ = unknown.clear(account) }
        return wasBlocked
    }
}
