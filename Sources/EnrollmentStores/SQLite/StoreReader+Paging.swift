package import Authentication

/// Accounts and users in the order of their names' bytes, so many at a time.
extension StoreReader {
    package func page(after name: String?, atMost limit: Int) throws(StoreFailure) -> AccountPage {
        let names = try query(
            """
            SELECT account FROM device WHERE account > ?1 UNION SELECT account FROM factor WHERE account > ?1
            UNION SELECT account FROM activity WHERE account > ?1 UNION SELECT account FROM block WHERE account > ?1
            ORDER BY 1 LIMIT \(limit + 1)
            """, [name ?? ""]
        ) { row in
            var names: [String?] = []
            // What is no text is reported where the row itself is read.
            while try row.step() { names.append(try? row.text(0)) }
            return names
        }
        let last = names.count > limit ? names.prefix(limit).compactMap { $0 }.last : nil
        let range = "WHERE account > ?1" + (last == nil ? "" : " AND account <= ?2")
        let bounds = [name ?? ""] + (last.map { [$0] } ?? [])
        return AccountPage(
            devices: try rows("\(StoreReader.devices) \(range)", bounds) { (row) throws(DatabaseFault) in
                try StoreReader.listing(row)
            },
            counters: try rows("\(StoreReader.counters) \(range)", bounds) { (row) throws(DatabaseFault) in
                try StoreReader.counter(row)
            },
            activities: try rows("\(StoreReader.activities) \(range)", bounds) { (row) throws(DatabaseFault) in
                try StoreReader.activity(row)
            }, blocks: try blocks(range, bounds), next: last)
    }

    package func credentials(
        after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<CredentialListing> {
        try page(
            "SELECT \(Columns.credential) FROM credential WHERE \(StoreReader.isBehind) ORDER BY \(StoreReader.order)",
            [place.type, place.id, place.username], atMost: limit
        ) { (row) throws(DatabaseFault) in try Columns.credential(in: row) }
    }

    package func users(
        of provider: ProviderID?, after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<ListedUser> {
        // The empty text stands for no id in the tables.
        guard provider?.id != "" else { return UserPage([], next: nil) }
        let filter = provider == nil ? "" : "AND provider_type = ?4 AND provider_id = ?5 "
        return try page(
            """
            SELECT \(Columns.user), (SELECT account FROM credential WHERE credential.provider_type = user.provider_type
                AND credential.provider_id = user.provider_id AND credential.username = user.username)
            FROM user WHERE \(StoreReader.isBehind) \(filter)ORDER BY \(StoreReader.order)
            """, [place.type, place.id, place.username] + (provider.map { [$0.type, $0.id ?? ""] } ?? []), atMost: limit
        ) { (row) throws(DatabaseFault) in
            // Credentials with a name that is none open nothing, and are reported where they are listed.
            ListedUser(user: try Columns.user(in: row), account: try? Columns.account(in: row, at: 5))
        }
    }

    private static let order = "provider_type, provider_id, username"
    private static let isBehind = "(\(order)) > (?1, ?2, ?3)"

    /// The first rows that a query finds, of which the first three columns are a user's place; one that makes no sense is left out
    /// and reported.
    private func page<Listed>(
        _ sql: String, _ arguments: [String], atMost limit: Int,
        _ decode: (PreparedStatement) throws(DatabaseFault) -> Listed
    ) throws(StoreFailure) -> UserPage<Listed> {
        try query(sql, arguments) { row in
            var listed: [Listed] = []
            var last: UserPlace?
            var count = 0
            while try row.step() {
                if count >= limit { return UserPage(listed, next: last) }
                // Nobody can go on after what is no text: such a row belongs to the page, however long that is.
                if let place = try? StoreReader.place(in: row) {
                    last = place
                    count += 1
                }
                do throws(DatabaseFault) {
                    listed.append(try decode(row))
                } catch {
                    report(error.failure(of: path))
                }
            }
            return UserPage(listed, next: nil)
        }
    }

    private static func place(in row: PreparedStatement) throws(DatabaseFault) -> UserPlace {
        UserPlace(type: try row.text(0), id: try row.text(1), username: try row.text(2))
    }
}
