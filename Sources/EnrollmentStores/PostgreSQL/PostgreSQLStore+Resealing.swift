package import Authentication

/// Secrets that are sealed anew, under another key.
extension PostgreSQLStore {
    /// A table with a column `sealed`.
    private struct SealedTable: Sendable {
        let kind: String
        let name: String
        let key: [String]
        /// The name of the columns together with `sealed` and the rest of a row.
        let columns: String
        /// The columns of the key, and what stands in the row sealed anew; nil if that need not be.
        let reseal: @Sendable (ServerRows, Int, any SecretSealing) throws -> [UInt8]?

        /// The rows after one, in the order of the primary key, held for as long as the transaction lasts.
        var rowsAfter: String {
            let names = key.joined(separator: ", ")
            let places = key.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
            return """
                SELECT \(columns) FROM twostep.\(name) WHERE (\(names)) > (\(places))
                ORDER BY \(names) LIMIT $\(key.count + 1)::bigint FOR UPDATE
                """
        }

        var update: String {
            let isRow = zip(1..., key).map { "\($1) = $\($0)" }.joined(separator: " AND ")
            return "UPDATE twostep.\(name) SET sealed = $\(key.count + 1) WHERE \(isRow)"
        }
    }

    private static let sealedTables = [
        SealedTable(
            kind: "device", name: "device", key: ["account", "module_type", "module_id", "device"],
            columns: ServerColumns.device
        ) { rows, row, sealing in
            let key = DeviceKey(
                account: try ServerColumns.account(in: rows, row, 0),
                module: try ServerColumns.identity(in: rows, row, 1),
                device: try rows.text(row, 3))
            return try sealing.reseal(try rows.bytes(row, 4, atMost: Sealer.maximumSize), at: key)
        },
        SealedTable(
            kind: "user", name: "person", key: ["provider_type", "provider_id", "username"],
            columns: ServerColumns.person
        ) { rows, row, sealing in
            let key = try ServerColumns.userKey(in: rows, row)
            return try sealing.reseal(try rows.bytes(row, 3, atMost: Sealer.maximumSize), at: key)
        },
    ]

    package func reseal(after row: SealedRow?, atMost limit: Int) throws(StoreFailure) -> Resealed {
        let tables = PostgreSQLStore.sealedTables
        let index = tables.firstIndex { $0.kind == row?.kind ?? "device" }
        guard let index, row == nil || row?.key.count == tables[index].key.count else {
            throw .unreachable("there are no rows after one that is none")
        }
        let table = tables[index]
        let start = row?.key ?? table.key.map { _ in "" }
        return try write(locking: []) { (deadline) throws(ServerFault) in
            var result = Resealed()
            let rows = try connection.run(
                ServerQuery(table.rowsAfter, start.map { .text($0) } + [.integer(Int64(limit))]), by: deadline)
            var last: [String]?
            var writes: [ServerQuery] = []
            for row in 0..<rows.count {
                var key: [String] = []
                for column in table.key.indices { key.append(try rows.text(row, column)) }
                last = key
                do {
                    guard let sealed = try table.reseal(rows, row, sealing) else { continue }
                    writes.append(ServerQuery(table.update, key.map { .text($0) } + [.bytes(sealed)]))
                } catch let failure as StoreFailure {
                    result.failures.append(failure)
                } catch {
                    result.failures.append(.damaged("\(table.kind) \(key.joined(separator: " ")): \(error)"))
                }
            }
            _ = try connection.run(writes, by: deadline)
            result.count = writes.count
            if rows.count >= limit, let last {
                result.next = SealedRow(kind: table.kind, key: last)
            } else if let next = tables.dropFirst(index + 1).first {
                result.next = SealedRow(kind: next.kind, key: next.key.map { _ in "" })
            }
            return result
        }
    }
}
