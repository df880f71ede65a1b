package import Authentication

extension SQLiteStore {
    /// All in one transaction. What reports say is worth no more than that: one that fails is lost.
    package func note(_ activities: [AccountActivity]) throws(StoreFailure) {
        guard !activities.isEmpty else { return }
        try write { database in
            let connection = try Connection(database)
            func isLater(than column: String) -> String {
                "(\(column) IS NULL OR \(column) NOT BETWEEN ?2 + 1 AND ?2 + \(AccountActivity.lateness))"
            }
            let putVisit = try PreparedStatement(
                """
                INSERT INTO activity (account, \(Columns.visit)) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                visited_at = ?2, service = ?3, host = ?4, way = ?5 WHERE \(isLater(than: "visited_at"))
                """, on: connection)
            let putRefusal = try PreparedStatement(
                """
                INSERT INTO activity (account, unenrolled_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET
                unenrolled_at = ?2 WHERE \(isLater(than: "unenrolled_at"))
                """, on: connection)
            // In the order of the tables: whose rows stand side by side are found and written together.
            for activity in activities.sorted(by: { $0.account.text < $1.account.text }) {
                if let visit = activity.visit {
                    try putVisit.bind(activity.account.text, at: 1)
                    try Columns.bind(visit, to: putVisit, at: 2)
                    try putVisit.run()
                }
                if let at = activity.unenrolledAt {
                    try putRefusal.bind(activity.account.text, at: 1)
                    try putRefusal.bind(at, at: 2)
                    try putRefusal.run()
                }
            }
        }
    }

    package func activities() throws(StoreFailure) -> [AccountActivity] { try reader.activities() }
}
