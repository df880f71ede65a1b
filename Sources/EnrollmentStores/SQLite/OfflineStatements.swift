internal import Authentication

/// What a copy writes down with each attempt, in the attempt's own transaction: that the server has to hear of it.
final class OfflineStatements {
    private let begin, add: PreparedStatement

    init(on connection: Connection) throws(DatabaseFault) {
        begin = try PreparedStatement(
            """
            INSERT INTO pending (id, account, sent) SELECT lower(hex(randomblob(16))), ?1, 0
            WHERE NOT EXISTS (SELECT 1 FROM pending WHERE account = ?1 AND sent = 0)
            """, on: connection)
        add = try PreparedStatement(
            """
            INSERT INTO pending_factor (id, module_type, module_id, added)
            SELECT id, ?2, ?3, ?4 FROM pending WHERE account = ?1 AND sent = 0
            ON CONFLICT (id, module_type, module_id) DO UPDATE SET added = added + ?4
            """, on: connection)
    }

    /// An account whose rows are not what the server has.
    func note(_ account: AccountName) throws(DatabaseFault) {
        try begin.bind(account.text, at: 1)
        try begin.run()
    }

    /// So many more failures with a module.
    func note(_ failures: Int, of account: AccountName, with module: ModuleID) throws(DatabaseFault) {
        try note(account)
        try add.bind(account.text, at: 1)
        try add.bind(module.type, at: 2)
        try add.bind(module.id ?? "", at: 3)
        try add.bind(Int64(failures), at: 4)
        try add.run()
    }
}
