package import Authentication
internal import GRDB

/// Secrets that are sealed anew, under another key.
extension SQLiteStore {
    /// A table with a column `sealed`.
    private struct SealedTable: Sendable {
        let kind: String
        let key: [String]
        /// Seals what stands in a row anew; nil if that need not be.
        let reseal: @Sendable (PreparedStatement, any SecretSealing) throws -> [UInt8]?

        /// `account = ?1 AND device = ?2`
        var isRow: String { zip(1..., key).map { "\($1) = ?\($0)" }.joined(separator: " AND ") }

        /// Those after a row, in the order of the primary key, which finds them.
        var rowsAfter: String {
            let columns = key.joined(separator: ", ")
            let places = key.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
            return """
                SELECT \(columns), sealed FROM \(kind) WHERE (\(columns)) > (\(places))
                ORDER BY \(columns) LIMIT ?\(key.count + 1)
                """
        }
    }

    private static let sealedTables = [
        SealedTable(kind: "device", key: ["account", "module_type", "module_id", "device"]) { (row, sealing) throws in
            let key = DeviceKey(
                account: try Columns.account(in: row, at: 0), module: try Columns.identity(in: row, at: 1),
                device: try row.text(3))
            return try sealing.reseal(try row.bytes(4, atMost: Sealer.maximumSize), at: key)
        },
        SealedTable(kind: "user", key: ["provider_type", "provider_id", "username"]) { (row, sealing) throws in
            let key = try Columns.userKey(in: row, at: 0)
            return try sealing.reseal(try row.bytes(3, atMost: Sealer.maximumSize), at: key)
        },
    ]

    package func reseal(after row: SealedRow?, atMost limit: Int) throws(StoreFailure) -> Resealed {
        let sealing = sealing
        return try write { database in
            try SQLiteStore.reseal(after: row, atMost: limit, sealing, in: database)
        }
    }

    /// Seals every secret anew that is not sealed with the key that seals; returns how many those were.
    static func resealAll(in database: Database, _ sealing: any SecretSealing) throws -> Int {
        var count = 0
        var next: SealedRow?
        repeat {
            let part = try reseal(after: next, atMost: 1000, sealing, in: database)
            if let failure = part.failures.first { throw failure }
            count += part.count
            next = part.next
        } while next != nil
        return count
    }

    private static func reseal(
        after row: SealedRow?, atMost limit: Int, _ sealing: any SecretSealing, in database: Database
    ) throws -> Resealed {
        let tables = SQLiteStore.sealedTables
        let index = tables.firstIndex { $0.kind == row?.kind ?? "device" }
        guard let index, row == nil || row?.key.count == tables[index].key.count else {
            throw StoreFailure.unreachable("there are no rows after one that is none")
        }
        let table = tables[index]
        let start = row?.key ?? table.key.map { _ in "" }
        var result = Resealed()
        let (changes, last) = try SQLiteStore.look(
            at: table, after: start, atMost: limit, sealing, &result, on: try Connection(database))
        let update = try PreparedStatement(
            "UPDATE \(table.kind) SET sealed = ?\(table.key.count + 1) WHERE \(table.isRow)",
            on: try Connection(database))
        for (key, sealed) in changes {
            for (place, text) in zip(Int32(1)..., key) { try update.bind(text, at: place) }
            try update.bind(sealed, at: Int32(clamping: table.key.count + 1))
            try update.run()
        }
        result.count = changes.count
        if let last {
            result.next = SealedRow(kind: table.kind, key: last)
        } else if let next = tables.dropFirst(index + 1).first {
            result.next = SealedRow(kind: next.kind, key: next.key.map { _ in "" })
        }
        return result
    }

    /// What is to be written to which rows, and the last row if there may be more after it.
    private static func look(
        at table: SealedTable, after start: [String], atMost limit: Int, _ sealing: any SecretSealing,
        _ result: inout Resealed, on connection: Connection
    ) throws -> (changes: [(key: [String], sealed: [UInt8])], last: [String]?) {
        let rows = try PreparedStatement(table.rowsAfter, on: connection)
        for (place, text) in zip(Int32(1)..., start) { try rows.bind(text, at: place) }
        try rows.bind(Int64(limit), at: Int32(clamping: table.key.count + 1))
        var changes: [(key: [String], sealed: [UInt8])] = []
        var last: [String]?
        var count = 0
        while try rows.step() {
            var key: [String] = []
            for column in table.key.indices { key.append(try rows.text(Int32(clamping: column))) }
            last = key
            count += 1
            do {
                if let sealed = try table.reseal(rows, sealing) { changes.append((key, sealed)) }
            } catch {
                result.failures.append(StoreFailure(error, of: "\(table.kind) \(key.joined(separator: " "))"))
            }
        }
        return (changes, count < limit ? nil : last)
    }
}
