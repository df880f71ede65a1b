internal import Authentication

/// How records stand in columns: the one place that reads them, and refuses what Twostep never writes.
enum ServerColumns {
    /// The place of a device, and the rest of it.
    static let device =
        "account, module_type, module_id, device, sealed, state, state_check, created_at, last_used_at, uid"
    static let counter = "account, module_type, module_id, failures, failed_wall, failed_boottime, failed_boot"
    static let credential = "provider_type, provider_id, username, account, created_at"
    static let person = "provider_type, provider_id, username, sealed, changed_at"
    static let visit = "visited_at, service, host, way"

    static func account(in rows: ServerRows, _ row: Int, _ column: Int) throws(ServerFault) -> AccountName {
        guard let account = AccountName(try rows.text(row, column)) else {
            throw .nonsense("the store has a row of an account or user whose name is none")
        }
        return account
    }

    /// Two columns: type, and id or the empty text.
    static func identity<Kind>(
        in rows: ServerRows, _ row: Int, _ column: Int
    ) throws(ServerFault) -> Identity<Kind> {
        let id = try rows.text(row, column + 1)
        return Identity(try rows.text(row, column), id: id.isEmpty ? nil : id)
    }

    /// The columns of `device`.
    static func listing(in rows: ServerRows, _ row: Int) throws(ServerFault) -> DeviceListing {
        let state = try rows.integer(row, 5)
        guard try rows.integer(row, 6) == ~state else {
            throw .nonsense("what a device of the store has spent cannot be told: its two copies differ")
        }
        guard let uid = UInt32(exactly: try rows.integer(row, 9)) else {
            throw .nonsense("a device of the store has a uid that is none")
        }
        let device = Device(
            name: try rows.text(row, 3), sealed: try rows.bytes(row, 4, atMost: Sealer.maximumSize), state: state,
            createdAt: try rows.integer(row, 7), lastUsedAt: try rows.integerIfAny(row, 8))
        let key = DeviceKey(
            account: try account(in: rows, row, 0), module: try identity(in: rows, row, 1), device: device.name)
        return DeviceListing(key: key, device: device, uid: uid)
    }

    /// The columns of `counter`.
    static func counter(in rows: ServerRows, _ row: Int) throws(ServerFault) -> CounterListing {
        guard let failures = Int32(exactly: try rows.integer(row, 3)), failures >= 0 else {
            throw .nonsense("a counter of the store has a number of failures that is none")
        }
        let last = Moment(
            wall: try rows.integer(row, 4), boottime: try rows.integer(row, 5), boot: try rows.integer(row, 6))
        return CounterListing(
            account: try account(in: rows, row, 0), module: try identity(in: rows, row, 1),
            counter: FailureCounter(failures: Int(failures), last: last))
    }

    /// Three columns: the provider, and the username.
    static func userKey(in rows: ServerRows, _ row: Int) throws(ServerFault) -> UserKey {
        UserKey(try account(in: rows, row, 2), at: try identity(in: rows, row, 0))
    }

    /// The columns of `person`.
    static func user(in rows: ServerRows, _ row: Int) throws(ServerFault) -> ProviderUser {
        ProviderUser(
            key: try userKey(in: rows, row), sealedHash: try rows.bytes(row, 3, atMost: Sealer.maximumSize),
            changedAt: try rows.integer(row, 4))
    }

    /// The columns of `credential`.
    static func credential(in rows: ServerRows, _ row: Int) throws(ServerFault) -> CredentialListing {
        CredentialListing(
            user: try userKey(in: rows, row), account: try account(in: rows, row, 3),
            createdAt: try rows.integer(row, 4))
    }

    /// The columns of `visit`; nil if there was none.
    static func visit(in rows: ServerRows, _ row: Int, _ column: Int) throws(ServerFault) -> Visit? {
        guard let at = try rows.integerIfAny(row, column) else { return nil }
        guard let way = Visit.Way(rawValue: try rows.integer(row, column + 3)) else {
            throw .nonsense("a visit of the store was let in by nothing that there is")
        }
        let host = try rows.text(row, column + 2)
        return Visit(at: at, service: try rows.text(row, column + 1), host: host.isEmpty ? nil : host, way: way)
    }

    /// The account, the columns of `visit`, and when somebody was refused for want of an enrolment.
    static func activity(in rows: ServerRows, _ row: Int) throws(ServerFault) -> AccountActivity {
        AccountActivity(
            account: try account(in: rows, row, 0), visit: try visit(in: rows, row, 1),
            unenrolledAt: try rows.integerIfAny(row, 5))
    }

    // MARK: Values

    static func values(of visit: Visit) -> [ServerValue] {
        [.integer(visit.at), .text(visit.service), .text(visit.host ?? ""), .integer(visit.way.rawValue)]
    }

    static func place(_ account: AccountName, _ module: ModuleID) -> [ServerValue] {
        [.text(account.text), .text(module.type), .text(module.id ?? "")]
    }

    static func place(_ user: UserKey) -> [ServerValue] {
        [.text(user.provider.type), .text(user.provider.id ?? ""), .text(user.username.text)]
    }
}
