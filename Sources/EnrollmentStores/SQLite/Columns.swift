internal import Authentication

/// How records stand in columns: the one place that reads them, and refuses what Twostep never writes.
enum Columns {
    static let device = "device, sealed, state, state_check, created_at, last_used_at, uid"
    static let credential = "provider_type, provider_id, username, account, created_at"
    static let user = "provider_type, provider_id, username, sealed, changed_at"
    static let counter = "module_type, module_id, failures, failed_wall, failed_boottime, failed_boot"

    static func account(in row: PreparedStatement, at column: Int32) throws(DatabaseFault) -> AccountName {
        let text = try row.text(column)
        guard let account = AccountName(text) else {
            throw .nonsense("the store has a row of an account or user whose name is none")
        }
        return account
    }

    /// Two columns: type, and id or the empty text.
    static func identity<Kind>(in row: PreparedStatement, at column: Int32) throws(DatabaseFault) -> Identity<Kind> {
        let id = try row.text(column + 1)
        return Identity(try row.text(column), id: id.isEmpty ? nil : id)
    }

    /// Three columns: the provider, and the username.
    static func userKey(in row: PreparedStatement, at column: Int32) throws(DatabaseFault) -> UserKey {
        UserKey(try account(in: row, at: column + 2), at: try identity(in: row, at: column))
    }

    /// The columns of `user`.
    static func user(in row: PreparedStatement) throws(DatabaseFault) -> ProviderUser {
        ProviderUser(
            key: try userKey(in: row, at: 0), sealedHash: try row.bytes(3, atMost: Sealer.maximumSize),
            changedAt: try row.integer(4))
    }

    /// The columns of `credential`.
    static func credential(in row: PreparedStatement) throws(DatabaseFault) -> CredentialListing {
        CredentialListing(
            user: try userKey(in: row, at: 0), account: try account(in: row, at: 3), createdAt: try row.integer(4))
    }

    /// The columns of `device` but the last.
    static func device(in row: PreparedStatement, at column: Int32) throws(DatabaseFault) -> Device {
        let state = try row.integer(column + 2)
        guard try row.integer(column + 3) == ~state else {
            throw .nonsense("what a device of the store has spent cannot be told: its two copies differ")
        }
        return Device(
            name: try row.text(column), sealed: try row.bytes(column + 1, atMost: Sealer.maximumSize), state: state,
            createdAt: try row.integer(column + 4), lastUsedAt: try row.integerIfAny(column + 5))
    }

    /// Account, reason and time.
    static func block(in row: PreparedStatement) throws(DatabaseFault) -> AccountBlock {
        AccountBlock(account: try account(in: row, at: 0), reason: try row.text(1), since: try row.integer(2))
    }

    static func uid(in row: PreparedStatement, at column: Int32) throws(DatabaseFault) -> UInt32 {
        guard let uid = UInt32(exactly: try row.integer(column)) else {
            throw .nonsense("a device of the store has a uid that is none")
        }
        return uid
    }

    /// The columns of `counter` but the first two.
    static func counter(in row: PreparedStatement, at column: Int32) throws(DatabaseFault) -> FailureCounter {
        guard let failures = Int32(exactly: try row.integer(column)), failures >= 0 else {
            throw .nonsense("a counter of the store has a number of failures that is none")
        }
        let last = Moment(
            wall: try row.integer(column + 1), boottime: try row.integer(column + 2), boot: try row.integer(column + 3))
        return FailureCounter(failures: Int(failures), last: last)
    }

    static let visit = "visited_at, service, host, way"

    /// The columns of `visit`; nil if there was none.
    static func visit(in row: PreparedStatement, at column: Int32) throws(DatabaseFault) -> Visit? {
        guard let at = try row.integerIfAny(column) else { return nil }
        guard let way = Visit.Way(rawValue: try row.integer(column + 3)) else {
            throw .nonsense("a visit of the store was let in by nothing that there is")
        }
        let host = try row.text(column + 2)
        return Visit(at: at, service: try row.text(column + 1), host: host.isEmpty ? nil : host, way: way)
    }

    /// An absent host is the empty text.
    static func bind(_ visit: Visit, to row: PreparedStatement, at index: Int32) throws(DatabaseFault) {
        try row.bind(visit.at, at: index)
        try row.bind(visit.service, at: index + 1)
        try row.bind(visit.host ?? "", at: index + 2)
        try row.bind(visit.way.rawValue, at: index + 3)
    }
}
