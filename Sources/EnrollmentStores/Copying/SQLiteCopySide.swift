internal import Authentication
internal import CPOSIX
internal import GRDB

/// What both sides of a copy do with an SQLite file, on a connection of their own.
enum SQLiteCopySide {
    static func mark(in queue: DatabaseQueue, _ path: String) throws(StoreFailure) -> StoreMark? {
        try access(queue, path) { database in try mark(in: database, path) }
    }

    /// The mark of a store whose tables are the current ones.
    static func mark(in database: Database, _ path: String) throws -> StoreMark? {
        let row = try PreparedStatement("SELECT \(StoreMark.columns) FROM mark", on: Connection(database))
        guard try row.step() else { return nil }
        guard
            let mark = StoreMark(
                copy: try row.text(0), state: try row.text(1), other: try row.text(2), at: try row.integer(3))
        else { throw StoreFailure.damaged("\(path) says something of a copy that Twostep never says") }
        return mark
    }

    /// Says it in place of what the store says, unless that may not follow.
    static func put(_ mark: StoreMark, in queue: DatabaseQueue, _ path: String) throws(StoreFailure) {
        try write(mark, in: queue, path) { found throws(StoreFailure) in try mark.check(after: found, at: path) }
    }

    /// Writes once more what the store says; throws where it says something else.
    static func confirm(_ mark: StoreMark, in queue: DatabaseQueue, _ path: String) throws(StoreFailure) {
        try write(mark, in: queue, path) { found throws(StoreFailure) in try mark.check(still: found, at: path) }
    }

    private static func write(
        _ mark: StoreMark, in queue: DatabaseQueue, _ path: String,
        unless check: (StoreMark?) throws(StoreFailure) -> Void
    ) throws(StoreFailure) {
        do {
            try queue.write { database in
                try check(try SQLiteCopySide.mark(in: database, path))
                let put = try PreparedStatement(
                    "INSERT OR REPLACE INTO mark (one, \(StoreMark.columns)) VALUES (1, ?1, ?2, ?3, ?4)",
                    on: Connection(database))
                try put.bind(mark.copy, at: 1)
                try put.bind(mark.state.rawValue, at: 2)
                try put.bind(mark.other, at: 3)
                try put.bind(mark.at, at: 4)
                try put.run()
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    static func rows(
        of table: CopiedTable, after key: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int,
        in queue: DatabaseQueue, _ path: String
    ) throws(StoreFailure) -> [CopiedRow] {
        try access(queue, path) { database in
            let range = table.range(after: key, upTo: last, atMost: limit) { "?\($0)" }
            let row = try PreparedStatement(
                "SELECT \(table.columnList) FROM \(table.name) \(range.text)", on: Connection(database))
            for (index, value) in zip(Int32(1)..., range.values) { try row.bind(value, at: index) }
            var rows: [CopiedRow] = []
            while try row.step() { rows.append(try SQLiteCopySide.read(row, of: table)) }
            return rows
        }
    }

    /// The rows whose column is one of these names.
    static func rows(
        of table: CopiedTable, where column: String, isOneOf names: [String], in queue: DatabaseQueue, _ path: String
    ) throws(StoreFailure) -> [CopiedRow] {
        try access(queue, path) { database in
            let row = try PreparedStatement(
                "SELECT \(table.columnList) FROM \(table.name) WHERE \(column) = ?1", on: Connection(database))
            var rows: [CopiedRow] = []
            for name in names {
                try row.bind(name, at: 1)
                while try row.step() { rows.append(try SQLiteCopySide.read(row, of: table)) }
                row.reset()
            }
            return rows
        }
    }

    static func change(
        _ table: CopiedTable, removing keys: [[CopiedValue]], putting rows: [CopiedRow], in queue: DatabaseQueue,
        _ path: String
    ) throws(StoreFailure) {
        let isRow = zip(1..., table.key).map { "\($1) = ?\($0)" }.joined(separator: " AND ")
        let places = table.columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        do {
            try queue.write { database in
                let connection = try Connection(database)
                let remove = try PreparedStatement("DELETE FROM \(table.name) WHERE \(isRow)", on: connection)
                for key in keys {
                    for (index, value) in zip(Int32(1)..., key) { try remove.bind(value, at: index) }
                    try remove.run()
                }
                // What is replaced may be another row that is the same where no two may be: it comes again, if it is still there.
                let put = try PreparedStatement(
                    "INSERT OR REPLACE INTO \(table.name) (\(table.columnList)) VALUES (\(places))", on: connection)
                for row in rows {
                    for (index, value) in zip(Int32(1)..., row.values) { try put.bind(value, at: index) }
                    try put.run()
                }
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    private static func read(_ row: PreparedStatement, of table: CopiedTable) throws(DatabaseFault) -> CopiedRow {
        var values: [CopiedValue] = []
        for (index, column) in zip(Int32(0)..., table.columns) {
            guard !row.isNull(index) else {
                values.append(.null)
                continue
            }
            switch column.kind {
            case .text: values.append(.text(Array(try row.text(index).utf8)))
            case .integer: values.append(.integer(try row.integer(index)))
            case .bytes: values.append(.bytes(try row.bytes(index, atMost: Sealer.maximumSize)))
            }
        }
        return CopiedRow(values: values)
    }

    /// Looks at something, in a snapshot of its own.
    private static func access<Value>(
        _ queue: DatabaseQueue, _ path: String, _ body: (Database) throws -> Value
    ) throws(StoreFailure) -> Value {
        do {
            return try queue.writeWithoutTransaction(body)
        } catch {
            throw StoreFailure(error, of: path)
        }
    }
}

extension PreparedStatement {
    /// Binds a value of any kind.
    func bind(_ value: CopiedValue, at index: Int32) throws(DatabaseFault) {
        switch value {
        case .text(let bytes): try bind(String(decoding: bytes, as: UTF8.self), at: index)
        case .integer(let number): try bind(number, at: index)
        case .bytes(let bytes): try bind(bytes, at: index)
        case .null: try bind(Int64?.none, at: index)
        }
    }
}
