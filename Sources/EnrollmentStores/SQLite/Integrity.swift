internal import Authentication
internal import GRDB

/// Whether a store is what it should be.
enum Integrity {
    /// The most findings that are worth reading.
    private static let limit = 100

    /// What can be told in an instant, whatever the size: nothing of the schema acts behind our back, and the users are
    /// there. That the other tables are shows when the login's statements are prepared.
    static func quick(_ database: Database) throws {
        let intruder = try String.fetchOne(
            database, sql: "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1")
        if let intruder {
            throw StoreFailure.damaged("the store has a trigger or view \(intruder), which Twostep never makes")
        }
        _ = try PreparedStatement("SELECT \(Columns.user) FROM user", on: Connection(database))
    }

    /// Every page, every row, every secret: what is wrong, in words.
    static func full(_ database: Database, _ sealing: any SecretSealing) throws -> [String] {
        var findings: [String] = []
        let pages = try PreparedStatement(
            "PRAGMA integrity_check(\(limit))", on: Connection(database))
        while try pages.step() {
            let line = try pages.text(0)
            if line != "ok" { findings.append(line) }
        }
        try rows(database, "SELECT account, \(Columns.counter) FROM factor", &findings) { (row) throws(DatabaseFault) in
            _ = try Columns.account(in: row, at: 0)
            _ = try Columns.counter(in: row, at: 3)
        }
        try rows(database, "SELECT \(Columns.credential) FROM credential", &findings) { (row) throws(DatabaseFault) in
            _ = try Columns.credential(in: row)
        }
        try rows(database, "SELECT account, reason, since FROM block", &findings) { (row) throws(DatabaseFault) in
            _ = try Columns.block(in: row)
        }
        let last = try secrets(database, sealing, among: .max) { failure in
            findings.append(words(of: failure))
            return findings.count < limit
        }
        if let last, findings.isEmpty { findings.append(words(of: last)) }
        return findings
    }

    /// Opens the secrets: at most `limit` of devices, and as many of users. Returns the failure at which `goesOn` said
    /// no; nil otherwise.
    static func secrets(
        _ database: Database, _ sealing: any SecretSealing, among limit: Int, goesOn: (StoreFailure) -> Bool
    ) throws -> StoreFailure? {
        let devices = try open(
            database, "SELECT account, module_type, module_id, \(Columns.device) FROM device LIMIT \(limit)", goesOn
        ) { (row) throws in
            let device = try Columns.device(in: row, at: 3)
            let key = DeviceKey(
                account: try Columns.account(in: row, at: 0), module: try Columns.identity(in: row, at: 1),
                device: device.name)
            _ = try Columns.uid(in: row, at: 9)
            _ = try sealing.open(device.sealed, at: key)
        }
        if let devices { return devices }
        return try open(database, "SELECT \(Columns.user) FROM user LIMIT \(limit)", goesOn) { (row) throws in
            let user = try Columns.user(in: row)
            _ = try sealing.open(user.sealedHash, at: user.key)
        }
    }

    private static func open(
        _ database: Database, _ sql: String, _ goesOn: (StoreFailure) -> Bool,
        _ open: (PreparedStatement) throws -> Void
    ) throws -> StoreFailure? {
        let row = try PreparedStatement(sql, on: Connection(database))
        while try row.step() {
            do {
                try open(row)
            } catch {
                let failure = StoreFailure(error, of: "the store")
                if !goesOn(failure) { return failure }
            }
        }
        return nil
    }

    private static func rows(
        _ database: Database, _ sql: String, _ findings: inout [String],
        _ look: (PreparedStatement) throws(DatabaseFault) -> Void
    ) throws {
        let row = try PreparedStatement(sql, on: Connection(database))
        while findings.count < limit, try row.step() {
            do throws(DatabaseFault) {
                try look(row)
            } catch {
                findings.append(words(of: error.failure(of: "the store")))
            }
        }
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
