internal import Authentication

/// What both sides of a copy do with a database on a server, on a connection of their own.
struct ServerCopySide {
    let place: PostgreSQLPlace
    let connection: ServerConnection

    /// The version that is written while a store there must not be used: newer than any Twostep, so that each refuses.
    static let withdrawn: Int64 = 1_000_000
    /// The tables that are called otherwise meanwhile: whoever has the store open cannot use it a moment longer.
    static let tables = CopiedTable.all.map(\.serverName) + ["stripe"]

    init(at place: PostgreSQLPlace) throws(StoreFailure) {
        self.place = place
        connection = try ServerConnection.open(to: place)
        do throws(ServerFault) {
            try ServerPromises(of: connection).check(place.description)
        } catch {
            throw error.failure(of: place.description)
        }
    }

    /// Runs something that has as long as a transaction of logins has.
    func perform<Value>(_ body: (Int64) throws(ServerFault) -> Value) throws(StoreFailure) -> Value {
        do throws(ServerFault) {
            return try body(ServerClock.now + ServerClock.limit)
        } catch {
            throw error.failure(of: place.description)
        }
    }

    /// One transaction, with the store's tables for itself where it says so: durable when it returns.
    func transact<Value>(_ body: (Int64) throws(ServerFault) -> Value) throws(StoreFailure) -> Value {
        try perform { (deadline) throws(ServerFault) in
            do throws(ServerFault) {
                _ = try connection.run(.begin, by: deadline)
                let value = try body(deadline)
                try commit()
                return value
            } catch {
                connection.rollBack()
                throw error
            }
        }
    }

    /// Takes an advisory lock for as long as the connection lives; they are called `Tw2S`, and some more. One whose process was
    /// killed may have it for a moment yet.
    func hold(_ lock: Int64, against others: String) throws(StoreFailure) {
        try perform { (deadline) throws(ServerFault) in
            do throws(ServerFault) {
                _ = try connection.run(
                    ServerQuery("SELECT pg_advisory_lock($1::bigint)", [.integer(lock)]), by: deadline)
            } catch {
                guard case .refused("55P03", _) = error else { throw error }
                throw .store(.inUse("\(place.description): \(others)"))
            }
        }
    }

    func commit() throws(ServerFault) {
        let deadline = ServerClock.now + ServerClock.limit
        guard try connection.run(.commit, by: deadline).command == "COMMIT" else {
            throw .lost("the server has rolled back what was to be committed")
        }
        // What was not waited for may be gone with a failover, and a store that was given up would be one again.
        try connection.checkUnwarned()
    }

    /// What the store says of a copy; nil where it says nothing, or is not there.
    static func mark(on connection: ServerConnection, by deadline: Int64) throws(ServerFault) -> StoreMark? {
        let isThere = ServerQuery(
            "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'twostep' AND tablename = 'mark'")
        guard try connection.run(isThere, by: deadline).integer(0, 0) > 0 else { return nil }
        let rows = try connection.run(ServerQuery("SELECT \(StoreMark.columns) FROM twostep.mark"), by: deadline)
        guard rows.count > 0 else { return nil }
        guard
            let mark = StoreMark(
                copy: try rows.text(0, 0), state: try rows.text(0, 1), other: try rows.text(0, 2),
                at: try rows.integer(0, 3))
        else { throw .nonsense("the store says something of a copy that Twostep never says") }
        return mark
    }

    func mark() throws(StoreFailure) -> StoreMark? {
        try perform { (deadline) throws(ServerFault) in try ServerCopySide.mark(on: connection, by: deadline) }
    }

    func put(_ mark: StoreMark, by deadline: Int64) throws(ServerFault) {
        _ = try connection.run(
            ServerQuery(
                """
                INSERT INTO twostep.mark (one, \(StoreMark.columns)) VALUES (1, $1, $2, $3, $4)
                ON CONFLICT (one) DO UPDATE SET copy = $1, state = $2, other = $3, at = $4
                """, [.text(mark.copy), .text(mark.state.rawValue), .text(mark.other), .integer(mark.at)]),
            by: deadline)
    }

    /// Gives the store's tables other names, and the store a version that nobody knows: nobody can use it any more.
    func withdraw(calling ending: String, by deadline: Int64) throws(ServerFault) {
        for table in ServerCopySide.tables {
            _ = try connection.run(
                ServerQuery("ALTER TABLE twostep.\(table) RENAME TO \(table)_\(ending)"), by: deadline)
        }
        _ = try connection.run(
            ServerQuery(
                "INSERT INTO twostep.version (version, oldest) VALUES ($1, $1)", [.integer(ServerCopySide.withdrawn)]),
            by: deadline)
    }

    /// Has the tables for this transaction alone, once nobody is under way with them any more.
    func lockTables(by deadline: Int64) throws(ServerFault) {
        // The locks of logins first, in the order in which they are taken.
        let names = ["stripe"] + CopiedTable.all.map(\.serverName)
        for name in names {
            _ = try connection.run(
                ServerQuery("LOCK TABLE twostep.\(name) IN ACCESS EXCLUSIVE MODE"), by: deadline)
        }
    }

    func rows(
        of table: CopiedTable, called name: String, after key: [CopiedValue]?, upTo last: [CopiedValue]?,
        atMost limit: Int
    ) throws(StoreFailure) -> [CopiedRow] {
        let range = table.range(after: key, upTo: last, atMost: limit) { "$\($0)" }
        let query = ServerQuery(
            "SELECT \(table.columnList) FROM twostep.\(name) \(range.text)::bigint",
            range.values.map { ServerValue($0) })
        return try rows(that: query, of: table)
    }

    /// The rows whose column is one of these names.
    func rows(of table: CopiedTable, where column: String, isOneOf names: [String]) throws(StoreFailure) -> [CopiedRow]
    {
        let query = ServerQuery(
            "SELECT \(table.columnList) FROM twostep.\(table.serverName) WHERE \(column) = ANY($1::text[])",
            [.texts(names)])
        return try rows(that: query, of: table)
    }

    private func rows(that query: ServerQuery, of table: CopiedTable) throws(StoreFailure) -> [CopiedRow] {
        try perform { (deadline) throws(ServerFault) in
            let found = try connection.run(query, by: deadline)
            var rows: [CopiedRow] = []
            for row in 0..<found.count { rows.append(try ServerCopySide.read(found, row, of: table)) }
            return rows
        }
    }

    private static func read(_ rows: ServerRows, _ row: Int, of table: CopiedTable) throws(ServerFault) -> CopiedRow {
        var values: [CopiedValue] = []
        for (index, column) in table.columns.enumerated() {
            guard !rows.isNull(row, index) else {
                values.append(.null)
                continue
            }
            switch column.kind {
            case .text: values.append(.text(Array(try rows.text(row, index).utf8)))
            case .integer: values.append(.integer(try rows.integer(row, index)))
            case .bytes: values.append(.bytes(try rows.bytes(row, index, atMost: Sealer.maximumSize)))
            }
        }
        return CopiedRow(values: values)
    }
}

extension ServerValue {
    /// A value of any kind.
    init(_ value: CopiedValue) {
        self =
            switch value {
            case .text(let bytes): .text(String(decoding: bytes, as: UTF8.self))
            case .integer(let number): .integer(number)
            case .bytes(let bytes): .bytes(bytes)
            case .null: .null
            }
    }
}
