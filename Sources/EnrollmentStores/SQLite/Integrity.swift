internal import Authentication
internal import GRDB

/// Whether a store is what it should be.
enum Integrity {
    /// The most findings that are worth reading.
    private static let limit = 100

    /// What can be told in an instant, whatever the size: nothing of the schema acts behind our back, and the users are
    /// there. That the other tables are shows when the login's statements are prepared.
    static func quick(_ database: Database) throws {
        if let intruder = try intruder(database) { throw StoreFailure.damaged(intruder) }
        _ = try PreparedStatement("SELECT \(Columns.user) FROM user", on: Connection(database))
    }

    private static func intruder(_ database: Database) throws -> String? {
        let name = try String.fetchOne(
            database, sql: "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1")
        return name.map { "the store has a trigger or view \($0), which Twostep never makes" }
    }

    /// A table, by what its rows are called, and what is read of each.
    private struct InspectedTable: Sendable {
        let name: String
        /// Read first, for the name of a row that makes no sense otherwise.
        let key: [String]
        let columns: String
        /// Reads a row whose columns of interest begin at this one.
        let read: @Sendable (PreparedStatement, Int32, any SecretSealing) throws -> Void

        var sql: String { "SELECT \((key + [columns]).joined(separator: ", ")) FROM \(name)" }

        /// `the row device (account alice, module_type totp, device phone)`
        func called(_ row: PreparedStatement) -> String {
            let places = key.enumerated().compactMap { index, column in
                let text = (try? row.text(Int32(clamping: index))) ?? "something else"
                return text.isEmpty ? nil : "\(column) \(text)"
            }
            return "the row \(name) (\(places.joined(separator: ", ")))"
        }
    }

    private static let tables = [
        InspectedTable(name: "factor", key: ["account"], columns: Columns.counter) { (row, first, _) throws in
            _ = try Columns.account(in: row, at: 0)
            _ = try Columns.counter(in: row, at: first + 2)
        },
        InspectedTable(
            name: "credential", key: ["provider_type", "provider_id", "username"], columns: "account, created_at"
        ) { (row, _, _) throws in
            _ = try Columns.credential(in: row)
        },
        InspectedTable(name: "block", key: ["account"], columns: "reason, since") { (row, _, _) throws in
            _ = try Columns.block(in: row)
        },
        InspectedTable(name: "host", key: ["prefix"], columns: "failures, since") { (row, first, _) throws in
            _ = try row.text(0)
            _ = try row.integer(first)
            _ = try row.integer(first + 1)
        },
        InspectedTable(name: "activity", key: ["account"], columns: "\(Columns.visit), unenrolled_at") {
            (row, first, _) throws in
            _ = try Columns.account(in: row, at: 0)
            _ = try Columns.visit(in: row, at: first)
            _ = try row.integerIfAny(first + 4)
        },
        InspectedTable(
            name: "device", key: ["account", "module_type", "module_id", "device"], columns: Columns.device
        ) { (row, first, sealing) throws in
            try openDevice(row, first, sealing)
        },
        InspectedTable(
            name: "user", key: ["provider_type", "provider_id", "username"], columns: "sealed, changed_at"
        ) { (row, _, sealing) throws in
            let user = try Columns.user(in: row)
            _ = try sealing.open(user.sealedHash, at: user.key)
        },
    ]

    /// Every page, every row, every secret: what is wrong, in words.
    static func full(_ database: Database, _ sealing: any SecretSealing) throws -> [String] {
        var findings: [String] = []
        let pages = try PreparedStatement(
            "PRAGMA integrity_check(\(limit))", on: Connection(database))
        while try pages.step() {
            let line = try pages.text(0)
            if line != "ok" { findings.append(line) }
        }
        if let intruder = try intruder(database) { findings.append(intruder) }
        let known = tables.map(\.name) + ["tally", "mark", "freshness", "pending", "pending_factor"]
        let all = try String.fetchAll(
            database,
            sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
        findings += all.filter { !known.contains($0) }.map { "the store has a table \($0), which Twostep never makes" }
        for table in tables {
            let row = try PreparedStatement(table.sql, on: Connection(database))
            while findings.count < limit, try row.step() {
                do {
                    try table.read(row, Int32(clamping: table.key.count), sealing)
                } catch let fault as DatabaseFault {
                    findings.append("\(table.called(row)): \(words(of: fault.failure(of: "the store")))")
                } catch {
                    // What a secret is called is said already.
                    findings.append(words(of: StoreFailure(error, of: "the store")))
                }
            }
        }
        return findings
    }

    /// What is wrong with the first of so many secrets of devices, or of as many of users, that does not open; nil if all
    /// of them do.
    static func firstSecretThatDoesNotOpen(
        _ database: Database, _ sealing: any SecretSealing, among limit: Int
    ) throws -> StoreFailure? {
        for table in tables where ["device", "user"].contains(table.name) {
            let row = try PreparedStatement("\(table.sql) LIMIT \(limit)", on: Connection(database))
            while try row.step() {
                do {
                    try table.read(row, Int32(clamping: table.key.count), sealing)
                } catch {
                    return StoreFailure(error, of: "the store")
                }
            }
        }
        return nil
    }

    private static func openDevice(
        _ row: PreparedStatement, _ first: Int32, _ sealing: any SecretSealing
    ) throws {
        let device = try Columns.device(in: row, at: first)
        let key = DeviceKey(
            account: try Columns.account(in: row, at: 0), module: try Columns.identity(in: row, at: 1),
            device: device.name)
        _ = try Columns.uid(in: row, at: first + 6)
        _ = try sealing.open(device.sealed, at: key)
    }

    /// A failure in words.
    static func words(of failure: StoreFailure) -> String {
        switch failure {
        case .unreachable(let words), .damaged(let words), .notDurable(let words), .inUse(let words),
            .sealedWithAnotherKey(let words):
            words
        case .newer(let found, let known): "the store has version \(found), this Twostep knows \(known)"
        }
    }
}
