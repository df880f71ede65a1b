package import Authentication

/// The accounts that are blocked, and what the daemons that share a store tell each other.
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
        try write(locking: [account]) { (deadline) throws(ServerFault) in
            try connection.run(
                ServerQuery("DELETE FROM twostep.block WHERE account = $1", [.text(account.text)]), by: deadline
            ).changes > 0
        }
    }

    // MARK: Others

    /// How long a notice is looked for, in seconds: longer than any transaction takes from writing it to its commit.
    private static let noticeLife: Int64 = 60

    /// Has the other daemons forget what they remember of these accounts, with the transaction that is under way.
    func tellOthers(of accounts: [AccountName], by deadline: Int64) throws(ServerFault) {
        _ = try connection.run(
            [
                ServerQuery(
                    "INSERT INTO twostep.notice (account) SELECT unnest($1::text[])",
                    [.texts(Set(accounts).map(\.text).sorted())]),
                ServerQuery(
                    """
                    DELETE FROM twostep.notice WHERE id IN (
                        SELECT id FROM twostep.notice WHERE at < now() - interval '1 hour' FOR UPDATE SKIP LOCKED)
                    """),
            ], by: deadline)
    }

    package func changesByOthers() throws(StoreFailure) -> StoreChanges? {
        let now = ServerClock.now
        let rows = try read { (deadline) throws(ServerFault) in
            let found = try connection.run(
                [
                    ServerMigration.version,
                    ServerQuery(
                        "SELECT id, account FROM twostep.notice WHERE at > now() - make_interval(secs => $1::bigint)",
                        [.integer(PostgreSQLStore.noticeLife)]),
                ], by: deadline)
            guard found.count == 2 else { throw .lost("too little was returned") }
            try checkVersion(found[0])
            return found[1]
        }
        // What was said while nobody listened is not known.
        var changes = StoreChanges(
            isEverything: heardAt == 0 || now - heardAt > PostgreSQLStore.noticeLife * 1000 / 2)
        heardAt = now
        var ids: Set<Int64> = []
        for row in 0..<rows.count {
            guard let id = try? rows.integer(row, 0), let account = try? ServerColumns.account(in: rows, row, 1) else {
                changes.isEverything = true
                continue
            }
            ids.insert(id)
            if !heard.contains(id) { changes.accounts.insert(account) }
        }
        heard = ids
        return changes
    }
}
