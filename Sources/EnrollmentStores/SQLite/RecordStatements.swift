internal import Authentication

/// What of an account every answer is judged by: its failures and its devices, read from one database.
struct RecordStatements {
    private let counters, devices: PreparedStatement

    init(on connection: Connection) throws(DatabaseFault) {
        counters = try PreparedStatement("SELECT \(Columns.counter) FROM factor WHERE account = ?1", on: connection)
        devices = try PreparedStatement(
            "SELECT \(Columns.device) FROM device WHERE account = ?1 AND module_type = ?2 AND module_id = ?3",
            on: connection)
    }

    /// The account's failures with every module.
    func counters(of account: AccountName) throws(DatabaseFault) -> [ModuleID: FailureCounter] {
        defer { counters.reset() }
        try counters.bind(account.text, at: 1)
        var found: [ModuleID: FailureCounter] = [:]
        while try counters.step() {
            found[try Columns.identity(in: counters, at: 0)] = try Columns.counter(in: counters, at: 2)
        }
        return found
    }

    /// The account's devices with a module, and the uid that they were enrolled for.
    ///
    /// Should they disagree on that, it is the one that `known` is not: whose they are cannot be told.
    func devices(
        of account: AccountName, module: ModuleID, known: UInt32?
    ) throws(DatabaseFault) -> (devices: [Device], uid: UInt32?) {
        defer { devices.reset() }
        try devices.bind(account, module)
        var found: [Device] = []
        var uid: UInt32?
        while try devices.step() {
            found.append(try Columns.device(in: devices, at: 0))
            let enrolled = try Columns.uid(in: devices, at: 6)
            if uid == nil || enrolled != known { uid = enrolled }
        }
        return (found, uid)
    }
}

extension PreparedStatement {
    /// Binds what a record of an account with a module is found by: the first three parameters.
    func bind(_ account: AccountName, _ module: ModuleID) throws(DatabaseFault) {
        try bind(account.text, at: 1)
        try bind(kept: module.type, at: 2)
        try bind(kept: module.id ?? "", at: 3)
    }
}
