internal import Authentication
internal import GRDB

/// Records that are nobody's, in tables like the store's that are in memory alone.
///
/// To find a row is more work than to find none, and the clock would tell one from the other. So whoever has a record is looked for
/// here as well, in vain, and whoever has none finds one: each is found once and missed once.
final class StandInRecords {
    /// So many counters may be missing of one name, which can have failed with as many modules.
    private static let most = 8

    private let queue: DatabaseQueue
    private let records: RecordStatements
    private let module = ModuleID("totp")
    /// By how many records each has.
    private let names: [AccountName]

    init() throws {
        var configuration = Configuration()
        configuration.label = "stand-in"
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(configuration: configuration)
        names = (0...StandInRecords.most).compactMap { AccountName("nobody\($0)") }
        let (names, module) = (names, module)
        records = try queue.writeWithoutTransaction { database in
            try Schema.current.apply(to: database, from: 0)
            for (count, name) in names.enumerated() {
                for number in 0..<count {
                    let (id, sealed) = (number == 0 ? "" : "\(number)", StandIn.sealedSize)
                    try database.execute(
                        sql: "INSERT INTO factor VALUES (?, ?, ?, 1, 1, 1, 1)", arguments: [name.text, module.type, id])
                    try database.execute(
                        sql: "INSERT INTO device VALUES (?, ?, ?, 'phone', 1, zeroblob(?), 1, ~1, 1, 1)",
                        arguments: [name.text, module.type, id, sealed])
                }
            }
            // As the store's are: read within a transaction, here one that never ends.
            try database.execute(sql: "BEGIN")
            return try RecordStatements(on: Connection(database))
        }
    }

    /// Reads as many counters as the store has not had of a name, and looks for them in vain where there are none to be read. Whether it
    /// succeeds is nobody's business.
    func readCounters(missing count: Int) { _ = try? records.counters(of: name(with: count)) }

    /// The same of a device: one, or none.
    func readDevice(isMissing: Bool) {
        _ = try? records.devices(of: name(with: isMissing ? 1 : 0), module: module, known: 1)
    }

    private func name(with count: Int) -> AccountName { names[min(max(count, 0), names.count - 1)] }
}
