package import Authentication

extension PostgreSQLStore {
    /// All in one transaction. What reports say is worth no more than that: one that fails is lost.
    package func note(_ activities: [AccountActivity]) throws(StoreFailure) {
        guard !activities.isEmpty else { return }
        try write(locking: []) { (deadline) throws(ServerFault) in
            _ = try connection.run(PostgreSQLStore.writes(of: activities), by: deadline)
        }
    }

    /// The statements for that, within a transaction.
    static func writes(of activities: [AccountActivity]) -> [ServerQuery] {
        func isLater(than column: String) -> String {
            "(old.\(column) IS NULL OR old.\(column) NOT BETWEEN $2 + 1 AND $2 + \(AccountActivity.lateness))"
        }
        let putVisit = """
            INSERT INTO twostep.activity AS old (account, \(ServerColumns.visit)) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (account) DO UPDATE SET visited_at = $2, service = $3, host = $4, way = $5
            WHERE \(isLater(than: "visited_at"))
            """
        let putRefusal = """
            INSERT INTO twostep.activity AS old (account, unenrolled_at) VALUES ($1, $2)
            ON CONFLICT (account) DO UPDATE SET unenrolled_at = $2 WHERE \(isLater(than: "unenrolled_at"))
            """
        var writes: [ServerQuery] = []
        // In the order in which logins go through them as well; those of one account in the order in which they came.
        for (_, activity) in activities.enumerated().sorted(by: {
            ($0.element.account.text, $0.offset) < ($1.element.account.text, $1.offset)
        }) {
            let account = ServerValue.text(activity.account.text)
            if let visit = activity.visit {
                writes.append(ServerQuery(putVisit, [account] + ServerColumns.values(of: visit)))
            }
            if let at = activity.unenrolledAt { writes.append(ServerQuery(putRefusal, [account, .integer(at)])) }
        }
        return writes
    }

    package func activities() throws(StoreFailure) -> [AccountActivity] {
        try rows("\(PostgreSQLStore.activities) ORDER BY account", []) { (rows, row) throws(ServerFault) in
            try ServerColumns.activity(in: rows, row)
        }
    }

    static let activities = "SELECT account, \(ServerColumns.visit), unenrolled_at FROM twostep.activity"
}
