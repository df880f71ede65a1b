package import Authentication

/// Accounts in the order of their names' bytes, so many at a time.
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
}
