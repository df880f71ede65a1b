internal import Authentication

/// A table as both kinds of store have it, column by column: what `twostep store copy` takes along.
///
/// `CopiedTableTests` hold these against the schemas: a table or a column that is in neither list fails there.
package struct CopiedTable: Sendable {
    /// What stands in a column, where it is not null.
    package enum Kind: Sendable { case text, integer, bytes }

    /// A column, which both kinds of store call the same.
    package struct Column: Sendable {
        package let name: String
        package let kind: Kind
    }

    /// What SQLite calls it.
    package let name: String
    /// What it is called on a server, in the schema twostep.
    package let serverName: String
    package let columns: [Column]
    /// How many of the columns, from the first on, tell a row from all others; all of these are texts.
    package let keyCount: Int
    /// Where in the row something sealed stands, and for which place; nil for a table without secrets.
    let secret: (@Sendable (CopiedRow) -> (place: any SealedPlace, sealed: [UInt8])?)?
    /// The columns that no two rows have alike although they are not the key.
    let uniqueColumns: [String]

    private init(
        _ name: String, server: String? = nil, key: [String], _ rest: [(String, Kind)], unique: [String] = [],
        secret: (@Sendable (CopiedRow) -> (place: any SealedPlace, sealed: [UInt8])?)? = nil
    ) {
        self.name = name
        serverName = server ?? name
        columns = key.map { Column(name: $0, kind: .text) } + rest.map { Column(name: $0.0, kind: $0.1) }
        keyCount = key.count
        uniqueColumns = unique
        self.secret = secret
    }

    var key: [String] { columns.prefix(keyCount).map(\.name) }

    var columnList: String { columns.map(\.name).joined(separator: ", ") }

    /// The end of a query for the rows behind a key, and not behind another one, in the order of their keys: so many at most.
    /// `place` is how the database calls a value by its number, from 1 on; the last one is the limit.
    func range(
        after first: [CopiedValue]?, upTo last: [CopiedValue]?, atMost limit: Int, _ place: (Int) -> String
    ) -> (text: String, values: [CopiedValue]) {
        let names = key.joined(separator: ", ")
        var conditions: [String] = []
        var values: [CopiedValue] = []
        for (comparison, bound) in [(">", first), ("<=", last)] {
            guard let bound else { continue }
            let places = (1...keyCount).map { place(values.count + $0) }.joined(separator: ", ")
            conditions.append("(\(names)) \(comparison) (\(places))")
            values += bound
        }
        let filter = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
        values.append(.integer(Int64(limit)))
        return ("\(filter) ORDER BY \(names) LIMIT \(place(values.count))", values)
    }

    /// The tables with something that a login or a report could miss.
    package static let all = [
        CopiedTable(
            "device", key: ["account", "module_type", "module_id", "device"],
            [
                ("uid", .integer), ("sealed", .bytes), ("state", .integer), ("state_check", .integer),
                ("created_at", .integer), ("last_used_at", .integer),
            ], secret: CopiedTable.secretOfDevice),
        CopiedTable(
            "factor", key: ["account", "module_type", "module_id"],
            [
                ("failures", .integer), ("failed_wall", .integer), ("failed_boottime", .integer),
                ("failed_boot", .integer),
            ]),
        CopiedTable("host", key: ["prefix"], [("failures", .integer), ("since", .integer)]),
        CopiedTable(
            "credential", key: ["provider_type", "provider_id", "username"],
            [("account", .text), ("created_at", .integer)], unique: ["provider_type", "provider_id", "account"]),
        CopiedTable(
            "user", server: "person", key: ["provider_type", "provider_id", "username"],
            [("sealed", .bytes), ("changed_at", .integer)], secret: CopiedTable.secretOfUser),
        CopiedTable(
            "activity", key: ["account"],
            [
                ("visited_at", .integer), ("service", .text), ("host", .text), ("way", .integer),
                ("unenrolled_at", .integer),
            ]),
        CopiedTable("block", key: ["account"], [("reason", .text), ("since", .integer)]),
    ]

    /// Tables of SQLite that stay behind: attempts that have left no trace, and what is said of copies themselves.
    package static let leftInSQLite: Set<String> = ["tally", "mark", "freshness", "pending", "pending_factor"]
    /// Tables of a server that stay behind: its version, locks, what other daemons have to hear, and what is said of copies.
    package static let leftOnServer: Set<String> = [
        "version", "stripe", "notice", "daemon", "mark", "ancestor", "change", "reconciliation",
    ]

    private static func secretOfDevice(_ row: CopiedRow) -> (place: any SealedPlace, sealed: [UInt8])? {
        guard let account = row.text(0).flatMap({ AccountName($0) }), let type = row.text(1), let id = row.text(2),
            let device = row.text(3), let sealed = row.bytes(5)
        else { return nil }
        let module = ModuleID(type, id: id.isEmpty ? nil : id)
        return (DeviceKey(account: account, module: module, device: device), sealed)
    }

    private static func secretOfUser(_ row: CopiedRow) -> (place: any SealedPlace, sealed: [UInt8])? {
        guard let type = row.text(0), let id = row.text(1), let username = row.text(2).flatMap({ AccountName($0) }),
            let sealed = row.bytes(3)
        else { return nil }
        return (UserKey(username, at: ProviderID(type, id: id.isEmpty ? nil : id)), sealed)
    }
}
