package import Authentication

/// Accounts and users in the order of their names' bytes, so many at a time.
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

    package func credentials(
        after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<CredentialListing> {
        try page(
            """
            SELECT \(ServerColumns.credential) FROM twostep.credential WHERE \(PostgreSQLStore.isBehind)
            ORDER BY \(PostgreSQLStore.order)
            """, after: place, [], atMost: limit
        ) { (rows, row) throws(ServerFault) in try ServerColumns.credential(in: rows, row) }
    }

    package func users(
        of provider: ProviderID?, after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<ListedUser> {
        // The empty text stands for no id in the tables.
        guard provider?.id != "" else { return UserPage([], next: nil) }
        let filter = provider == nil ? "" : "AND provider_type = $4 AND provider_id = $5 "
        return try page(
            """
            SELECT \(ServerColumns.person), (SELECT account FROM twostep.credential
                WHERE credential.provider_type = person.provider_type AND credential.provider_id = person.provider_id
                AND credential.username = person.username)
            FROM twostep.person WHERE \(PostgreSQLStore.isBehind) \(filter)ORDER BY \(PostgreSQLStore.order)
            """, after: place, provider.map { [.text($0.type), .text($0.id ?? "")] } ?? [], atMost: limit
        ) { (rows, row) throws(ServerFault) in
            // Credentials with a name that is none open nothing, and are reported where they are listed.
            ListedUser(
                user: try ServerColumns.user(in: rows, row), account: try? ServerColumns.account(in: rows, row, 5))
        }
    }

    private static let order = "provider_type, provider_id, username"
    private static let isBehind = "(\(order)) > ($1, $2, $3)"

    /// The first rows that a query finds, of which the first three columns are a user's place; one that makes no sense is left out
    /// and reported.
    private func page<Listed>(
        _ sql: String, after place: UserPlace, _ values: [ServerValue], atMost limit: Int,
        _ decode: (ServerRows, Int) throws(ServerFault) -> Listed
    ) throws(StoreFailure) -> UserPage<Listed> {
        var next: UserPlace?
        let listed = try rows(
            "\(sql) LIMIT \(limit + 1)", [.text(place.type), .text(place.id), .text(place.username)] + values
        ) { (rows, row) throws(ServerFault) -> Listed? in
            if row == limit - 1, rows.count > limit {
                next = UserPlace(
                    type: try rows.text(row, 0), id: try rows.text(row, 1), username: try rows.text(row, 2))
            }
            return row < limit ? try decode(rows, row) : nil
        }
        return UserPage(listed.compactMap(\.self), next: next)
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
