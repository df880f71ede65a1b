package import Authentication
internal import GRDB

/// Lists and checks a store on a read-only connection of its own, from any thread.
///
/// It sees whole transactions only, and neither waits for logins nor holds them up.
package final class StoreReader: Sendable {
    private let path: String
    private let queue: DatabaseQueue
    private let report: @Sendable (StoreFailure) -> Void

    init(_ path: String, report: @escaping @Sendable (StoreFailure) -> Void) throws(StoreFailure) {
        var configuration = Configuration()
        configuration.label = "store reader"
        configuration.readonly = true
        // `read` would ask a closed connection for its transaction, and crash; every query here is one snapshot.
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(2)
        self.path = path
        self.report = report
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase {
                try $0.execute(
                    sql: """
                        PRAGMA trusted_schema = OFF;
                        PRAGMA cell_size_check = ON;
                        PRAGMA mmap_size = 0;
                        PRAGMA temp_store = MEMORY;
                        """)
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    func close() { try? queue.close() }

    /// The devices of one account, or of all; secrets stay sealed. A row that makes no sense is left out and
    /// reported.
    package func devices(of account: AccountName?) throws(StoreFailure) -> [DeviceListing] {
        try rows(
            "SELECT account, module_type, module_id, \(Columns.device) FROM device", of: account
        ) { (row) throws(DatabaseFault) in
            let device = try Columns.device(in: row, at: 3)
            let key = DeviceKey(
                account: try Columns.account(in: row, at: 0), module: try Columns.module(in: row, at: 1),
                device: device.name)
            return DeviceListing(key: key, device: device, uid: try Columns.uid(in: row, at: 9))
        }
    }

    /// The failures of one account, or of all that have any.
    package func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing] {
        try rows("SELECT account, \(Columns.counter) FROM factor", of: account) { (row) throws(DatabaseFault) in
            CounterListing(
                account: try Columns.account(in: row, at: 0), module: try Columns.module(in: row, at: 1),
                counter: try Columns.counter(in: row, at: 3))
        }
    }

    /// The accounts that are blocked. A row that makes no sense makes all of it unreadable: it may be somebody's block.
    package func blocks() throws(StoreFailure) -> [AccountBlock] {
        do {
            return try queue.writeWithoutTransaction { database in
                let row = try PreparedStatement(
                    "SELECT account, reason, since FROM block ORDER BY account", on: Connection(database))
                var blocks: [AccountBlock] = []
                while try row.step() {
                    blocks.append(
                        AccountBlock(
                            account: try Columns.account(in: row, at: 0), reason: try row.text(1),
                            since: try row.integer(2)))
                }
                return blocks
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    /// What a remote host has failed lately.
    package func hostCounter(of prefix: String) throws(StoreFailure) -> HostCounter {
        do {
            return try queue.writeWithoutTransaction { database in
                let row = try PreparedStatement(
                    "SELECT failures, since FROM host WHERE prefix = ?1", on: Connection(database))
                try row.bind(prefix, at: 1)
                guard try row.step() else { return HostCounter() }
                return HostCounter(failures: Int(clamping: try row.integer(0)), since: try row.integer(1))
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    /// Looks at every page and every row, and opens every secret; returns what is wrong, in words, and stops
    /// looking after a hundred findings. It takes seconds for each million of users.
    package func check(_ sealing: any SecretSealing) throws(StoreFailure) -> [String] {
        do {
            return try queue.writeWithoutTransaction { try Integrity.full($0, sealing) }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    /// What is wrong with the first of so many secrets that does not open; nil if they all do.
    func firstSecretThatDoesNotOpen(_ sealing: any SecretSealing, among limit: Int) -> StoreFailure? {
        do {
            return try queue.writeWithoutTransaction { database in
                try Integrity.secrets(database, sealing, among: limit) { _ in false }
            }
        } catch {
            return StoreFailure(error, of: path)
        }
    }

    private func rows<Value>(
        _ sql: String, of account: AccountName?, _ decode: (PreparedStatement) throws(DatabaseFault) -> Value
    ) throws(StoreFailure) -> [Value] {
        do {
            return try queue.writeWithoutTransaction { database in
                let filter = account == nil ? "" : " WHERE account = ?1"
                let row = try PreparedStatement(sql + filter, on: Connection(database))
                if let account { try row.bind(account.text, at: 1) }
                var values: [Value] = []
                while try row.step() {
                    do throws(DatabaseFault) {
                        values.append(try decode(row))
                    } catch {
                        report(error.failure(of: path))
                    }
                }
                return values
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }
}
