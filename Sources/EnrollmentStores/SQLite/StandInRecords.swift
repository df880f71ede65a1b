internal import Authentication
internal import GRDB

/// Records that are nobody's, in tables like the store's that are in memory alone.
///
/// To find a row is more work than to find none, and the clock would tell one from the other. So what is found in the store is looked
/// for here in vain, and what is missed there is found here.
///
/// Whoever has the store's queue has this one's connection as well, and its own queue is not used again.
final class StandInRecords {
    /// The most counters that are read for one name, which has seldom failed with more modules.
    private static let most = 8

    private let queue: DatabaseQueue
    private var records: RecordStatements?
    private let module = ModuleID("totp")
    /// By how many records each has.
    private let names: [AccountName]

    /// Throws where the tables have changed and nothing could be read of what stands here, which nobody would notice otherwise.
    init() throws {
        var configuration = Configuration()
        configuration.label = "stand-in"
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(configuration: configuration)
        names = (0...StandInRecords.most).compactMap { AccountName("nobody\($0)") }
        let (names, module) = (names, module)
        let records = try queue.writeWithoutTransaction { database in
            try Schema.current.apply(to: database, from: 0)
            try database.execute(
                sql: """
                    INSERT INTO device (account, module_type, module_id, device, \(StandInRecords.deviceColumns))
                    VALUES (?, ?, '', 'phone', 1, zeroblob(?), 1, ~1, 1, 1)
                    """, arguments: [names[1].text, module.type, StandIn.sealedSize])
            for (count, name) in names.enumerated() {
                for number in 0..<count {
                    try database.execute(
                        sql: "INSERT INTO factor (account, \(Columns.counter)) VALUES (?, ?, ?, 1, 1, 1, 1)",
                        arguments: [name.text, module.type, number == 0 ? "" : "\(number)"])
                }
            }
            // As the store's are: read within a transaction, here one that never ends.
            try database.execute(sql: "BEGIN")
            return try RecordStatements(on: Connection(database))
        }
        for (count, name) in names.enumerated() {
            guard try records.counters(of: name).count == count,
                try records.devices(of: name, module: module, known: 1).devices.count == (count == 1 ? 1 : 0)
            else { throw DatabaseFault.nonsense("what stands in for missing records is not as it was written") }
        }
        self.records = records
    }

    deinit {
        // In this order, as the store's own: whatever is left to be rolled back calls what GRDB has with its queue, and that goes first.
        records = nil
        try? queue.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try? queue.close()
    }

    private static let deviceColumns = "uid, sealed, state, state_check, created_at, last_used_at"

    /// Reads as many counters as the store has not had of a name, and looks for them in vain where there are none to be read. Whether it
    /// succeeds is nobody's business.
    func readCounters(missing count: Int) { _ = try? records?.counters(of: name(with: count)) }

    /// The same of a device: one, or none.
    func readDevice(isMissing: Bool) {
        _ = try? records?.devices(of: name(with: isMissing ? 1 : 0), module: module, known: 1)
    }

    /// Of none where fewer are missing, and of the most there are where more are.
    private func name(with count: Int) -> AccountName { names[min(max(count, 0), names.count - 1)] }
}
