internal import Authentication

/// A database that becomes a store: its tables have other names until it is one.
final class ServerTarget: CopyTarget {
    private let side: ServerCopySide
    private static let ending = "unfinished"

    init(at place: PostgreSQLPlace) throws(StoreFailure) {
        let side = try ServerCopySide(at: place)
        self.side = side
        try side.hold(1_417_097_812, against: "another copy to it is under way")
    }

    var description: String { side.place.description }

    func mark() throws(StoreFailure) -> StoreMark? { try side.mark() }

    func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        try side.rows(
            of: table, called: "\(table.serverName)_\(ServerTarget.ending)", after: key, upTo: last, atMost: limit)
    }

    func begin(_ mark: StoreMark, after ancestry: [StoreOrigin]) throws(StoreFailure) {
        let place = side.place
        _ = try PostgreSQLStore.create(place)
        if let found = try self.mark(), found.state == .filling || found.state == .complete {
            guard found.copy == mark.copy else {
                throw .unreachable(
                    "\(place.description) has an unfinished copy of \(found.other): \(ServerTarget.dropping)")
            }
            return try side.transact { (deadline) throws(ServerFault) in
                try checkVersion(by: deadline)
                try StoreOrigin.put(ancestry, on: side.connection, by: deadline)
                try side.put(mark, by: deadline)
            }
        }
        if let found = try self.mark(), found.state == .moved {
            throw .unreachable("\(place.description) was moved to \(found.other): \(ServerTarget.dropping)")
        }
        try side.transact { (deadline) throws(ServerFault) in
            try checkVersion(by: deadline)
            try side.lockTables(by: deadline)
            for table in CopiedTable.all where table.name != "host" && table.name != "activity" {
                let rows = try side.connection.run(
                    ServerQuery("SELECT 1 FROM twostep.\(table.serverName) LIMIT 1"), by: deadline)
                guard rows.count == 0 else {
                    throw .store(.unreachable("\(place.description) is a store in use: \(ServerTarget.dropping)"))
                }
            }
            try side.withdraw(calling: ServerTarget.ending, by: deadline)
            try StoreOrigin.put(ancestry, on: side.connection, by: deadline)
            try side.put(mark, by: deadline)
        }
    }

    private static let dropping = "name another database, or drop its schema twostep first, if nobody needs it"

    /// Tables of another version have other columns.
    private func checkVersion(by deadline: Int64) throws(ServerFault) {
        let version = try side.connection.run(
            ServerQuery(
                "SELECT max(version) FROM twostep.version WHERE version < $1", [.integer(ServerCopySide.withdrawn)]),
            by: deadline
        ).integer(0, 0)
        guard version == ServerSchema.current.version else {
            throw .store(
                .unreachable(
                    """
                    \(side.place.description) has tables of version \(version), this Twostep makes \
                    \(ServerSchema.current.version): \(ServerTarget.dropping)
                    """))
        }
    }

    func change(_ table: CopiedTable, removing keys: [[CopiedValue]], putting rows: [CopiedRow]) throws(StoreFailure) {
        let name = "twostep.\(table.serverName)_\(ServerTarget.ending)"
        let isRow = zip(1..., table.key).map { "\($1) = $\($0)" }.joined(separator: " AND ")
        let places = table.columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let others = table.columns.enumerated().dropFirst(table.keyCount).map { "\($1.name) = $\($0 + 1)" }
            .joined(separator: ", ")
        let put = """
            INSERT INTO \(name) (\(table.columnList)) VALUES (\(places))
            ON CONFLICT (\(table.key.joined(separator: ", "))) DO UPDATE SET \(others)
            """
        var queries = keys.map { key in ServerQuery("DELETE FROM \(name) WHERE \(isRow)", key.map { ServerValue($0) }) }
        for row in rows {
            // Another row may be the same where no two may be: it comes again, if it is still there.
            let unique = table.uniqueColumns.compactMap { column in
                table.columns.firstIndex { $0.name == column }
            }.filter { row.values.indices.contains($0) }
            if !unique.isEmpty {
                let isSame = zip(1..., table.uniqueColumns).map { "\($1) = $\($0)" }.joined(separator: " AND ")
                queries.append(
                    ServerQuery("DELETE FROM \(name) WHERE \(isSame)", unique.map { ServerValue(row.values[$0]) }))
            }
            queries.append(ServerQuery(put, row.values.map { ServerValue($0) }))
        }
        let all = queries
        try side.transact { (deadline) throws(ServerFault) in
            _ = try side.connection.run(all, by: deadline)
        }
    }

    func complete(_ mark: StoreMark) throws(StoreFailure) {
        try side.transact { (deadline) throws(ServerFault) in try side.put(mark, by: deadline) }
    }

    func arrive(_ mark: StoreMark) throws(StoreFailure) {
        guard try self.mark()?.state != .arrived else { return }
        try side.transact { (deadline) throws(ServerFault) in
            for table in ServerCopySide.tables {
                _ = try side.connection.run(
                    ServerQuery("ALTER TABLE twostep.\(table)_\(ServerTarget.ending) RENAME TO \(table)"), by: deadline)
            }
            _ = try side.connection.run(
                ServerQuery(
                    "DELETE FROM twostep.version WHERE version = $1", [.integer(ServerCopySide.withdrawn)]),
                by: deadline)
            try side.put(mark, by: deadline)
        }
    }
}
