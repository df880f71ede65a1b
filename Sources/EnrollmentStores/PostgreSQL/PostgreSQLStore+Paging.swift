package import Authentication

/// Accounts in the order of their names' bytes, so many at a time.
extension PostgreSQLStore {
    package func page(after name: String?, atMost limit: Int) throws(StoreFailure) -> AccountPage {
        let first = ServerValue.text(name ?? "")
        let names = try read { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery(
                    """
                    SELECT account FROM twostep.device WHERE account > $1
                    UNION SELECT account FROM twostep.factor WHERE account > $1
                    UNION SELECT account FROM twostep.activity WHERE account > $1
                    UNION SELECT account FROM twostep.block WHERE account > $1
                    ORDER BY 1 LIMIT \(limit + 1)
                    """, [first]), by: deadline)
            var names: [String] = []
            for row in 0..<rows.count { names.append(try rows.text(row, 0)) }
            return names
        }
        let last = names.count > limit ? names.prefix(limit).last : nil
        let range = "WHERE account > $1" + (last == nil ? "" : " AND account <= $2")
        let bounds = [first] + (last.map { [.text($0)] } ?? [])
        return AccountPage(
            devices: try rows("\(PostgreSQLStore.devices) \(range)", bounds) { (rows, row) throws(ServerFault) in
                try ServerColumns.listing(in: rows, row)
            },
            counters: try rows("\(PostgreSQLStore.counters) \(range)", bounds) { (rows, row) throws(ServerFault) in
                try ServerColumns.counter(in: rows, row)
            },
            activities: try rows("\(PostgreSQLStore.activities) \(range)", bounds) { (rows, row) throws(ServerFault) in
                try ServerColumns.activity(in: rows, row)
            }, blocks: try blocks(range, bounds), next: last)
    }

    /// Over a connection of its own each time, so that whoever counts a million accounts holds up no login.
    package var reading: (@Sendable () throws(StoreFailure) -> any StoreReading)? {
        let (place, sealing, report) = (place, sealing, report)
        return { () throws(StoreFailure) in
            try PostgreSQLStore.open(place, sealing: sealing) { failure in
                // What a failover could lose has been said by whoever opened it for logins.
                if case .notDurable = failure { return }
                report(failure)
            }
        }
    }
}
