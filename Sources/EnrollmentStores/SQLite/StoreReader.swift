package import Authentication
internal import GRDB

/// Lists and checks a store, and finds users for providers, on a read-only connection of its own, from any thread.
///
/// It sees whole transactions only, and neither waits for logins nor holds them up.
package final class StoreReader: StoreReading, Sendable {
    package let sealing: any SecretSealing
    let path: String
    private let queue: DatabaseQueue
    let report: @Sendable (StoreFailure) -> Void

    init(
        _ path: String, sealing: any SecretSealing, report: @escaping @Sendable (StoreFailure) -> Void
    ) throws(StoreFailure) {
        var configuration = Configuration()
        configuration.label = "store reader"
        configuration.readonly = true
        // `read` would ask a closed connection for its transaction, and crash; every query here is one snapshot.
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(2)
        self.path = path
        self.sealing = sealing
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
        try rows(StoreReader.devices, of: account) { (row) throws(DatabaseFault) in try StoreReader.listing(row) }
    }

    /// How much there is, counted where it lies.
    package func extent() throws(StoreFailure) -> StoreExtent {
        let stopgaps = [ModuleID.bypass, .ticket].map(\.type)
        return try query(
            "SELECT count(DISTINCT account), count(*) FROM device WHERE module_type NOT IN (?1, ?2)", stopgaps
        ) { row in
            guard try row.step() else { return StoreExtent(accounts: 0, devices: 0) }
            return StoreExtent(
                accounts: Int(clamping: try row.integer(0)), devices: Int(clamping: try row.integer(1)))
        }
    }

    /// When an answer of any device was last accepted, found where it lies; nil if none ever was.
    package func lastUse() throws(StoreFailure) -> Int64? {
        try query("SELECT last_used_at FROM device WHERE last_used_at IS NOT NULL ORDER BY 1 DESC LIMIT 1", []) { row in
            try row.step() ? try row.integer(0) : nil
        }
    }

    /// The same of one account, for a decision: a row that makes no sense is thrown.
    package func holdings(of account: AccountName) throws(StoreFailure) -> [DeviceListing] {
        try query(StoreReader.devices + " WHERE account = ?1", [account.text]) { row in
            var listings: [DeviceListing] = []
            while try row.step() { listings.append(try StoreReader.listing(row)) }
            return listings
        }
    }

    static let devices = "SELECT account, module_type, module_id, \(Columns.device) FROM device"

    static func listing(_ row: PreparedStatement) throws(DatabaseFault) -> DeviceListing {
        let device = try Columns.device(in: row, at: 3)
        let key = DeviceKey(
            account: try Columns.account(in: row, at: 0), module: try Columns.identity(in: row, at: 1),
            device: device.name)
        return DeviceListing(key: key, device: device, uid: try Columns.uid(in: row, at: 9))
    }

    /// The failures of one account, or of all that have any.
    package func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing] {
        try rows(StoreReader.counters, of: account) { (row) throws(DatabaseFault) in try StoreReader.counter(row) }
    }

    static let counters = "SELECT account, \(Columns.counter) FROM factor"

    static func counter(_ row: PreparedStatement) throws(DatabaseFault) -> CounterListing {
        CounterListing(
            account: try Columns.account(in: row, at: 0), module: try Columns.identity(in: row, at: 1),
            counter: try Columns.counter(in: row, at: 3))
    }

    /// The accounts that are blocked. A row that makes no sense makes all of it unreadable: it may be somebody's block.
    package func blocks() throws(StoreFailure) -> [AccountBlock] { try blocks("", []) }

    /// Those of a range of names.
    func blocks(_ range: String, _ bounds: [String]) throws(StoreFailure) -> [AccountBlock] {
        try query("SELECT account, reason, since FROM block \(range) ORDER BY account", bounds) { row in
            var blocks: [AccountBlock] = []
            while try row.step() { blocks.append(try Columns.block(in: row)) }
            return blocks
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

    /// What is remembered of every account's logins, by account.
    package func activities() throws(StoreFailure) -> [AccountActivity] {
        try rows(StoreReader.activities) { (row) throws(DatabaseFault) in try StoreReader.activity(row) }
    }

    static let activities = "SELECT account, \(Columns.visit), unenrolled_at FROM activity"

    static func activity(_ row: PreparedStatement) throws(DatabaseFault) -> AccountActivity {
        AccountActivity(
            account: try Columns.account(in: row, at: 0), visit: try Columns.visit(in: row, at: 1),
            unenrolledAt: try row.integerIfAny(5))
    }

    /// All credentials, by provider and username. A row that makes no sense is left out and reported.
    package func allCredentials() throws(StoreFailure) -> [CredentialListing] {
        try rows(
            "SELECT \(Columns.credential) FROM credential ORDER BY provider_type, provider_id, username"
        ) { (row) throws(DatabaseFault) in try Columns.credential(in: row) }
    }

    /// The users of one provider, or of all, by provider and username; hashes stay sealed. A row that makes no sense is
    /// left out and reported.
    package func users(of provider: ProviderID?) throws(StoreFailure) -> [ProviderUser] {
        let filter = provider == nil ? "" : "WHERE provider_type = ?1 AND provider_id = ?2 "
        return try rows(
            "SELECT \(Columns.user) FROM user \(filter)ORDER BY provider_type, provider_id, username",
            provider.map { [$0.type, $0.id ?? ""] } ?? []
        ) { (row) throws(DatabaseFault) in try Columns.user(in: row) }
    }

    /// A user as it is kept; nil if there is none.
    func user(_ key: UserKey) throws(StoreFailure) -> ProviderUser? {
        try only(
            "SELECT \(Columns.user) FROM user WHERE provider_type = ?1 AND provider_id = ?2 AND username = ?3",
            [key.provider.type, key.provider.id ?? "", key.username.text]
        ) { (row) throws(DatabaseFault) in try Columns.user(in: row) }
    }

    /// The username of a provider that opens an account; nil if none does.
    func username(opening account: AccountName, at provider: ProviderID) throws(StoreFailure) -> AccountName? {
        try only(
            "SELECT username FROM credential WHERE provider_type = ?1 AND provider_id = ?2 AND account = ?3",
            [provider.type, provider.id ?? "", account.text]
        ) { (row) throws(DatabaseFault) in try Columns.account(in: row, at: 0) }
    }

    /// Looks at every page and every row, and opens every secret; returns what is wrong, in words, and stops
    /// looking after a hundred findings. It takes seconds for each million of users.
    package func check() throws(StoreFailure) -> [String] {
        do {
            return try queue.writeWithoutTransaction { try Integrity.full($0, sealing) }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    /// Writes a consistent copy of all there is to an empty file; what is written meanwhile is not in it, and waits for
    /// nothing.
    func copy(to path: String) throws(StoreFailure) {
        do {
            try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [path]) }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }

    /// What is wrong with the first of so many secrets that does not open; nil if they all do.
    func firstSecretThatDoesNotOpen(among limit: Int) -> StoreFailure? {
        do {
            return try queue.writeWithoutTransaction { database in
                try Integrity.firstSecretThatDoesNotOpen(database, sealing, among: limit)
            }
        } catch {
            return StoreFailure(error, of: path)
        }
    }

    private func rows<Value>(
        _ sql: String, of account: AccountName?, _ decode: (PreparedStatement) throws(DatabaseFault) -> Value
    ) throws(StoreFailure) -> [Value] {
        guard let account else { return try rows(sql, [], decode) }
        return try rows(sql + " WHERE account = ?1", [account.text], decode)
    }

    /// Every row; one that makes no sense is left out and reported.
    func rows<Value>(
        _ sql: String, _ arguments: [String] = [], _ decode: (PreparedStatement) throws(DatabaseFault) -> Value
    ) throws(StoreFailure) -> [Value] {
        try query(sql, arguments) { row in
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
    }

    /// The one row that a query finds; nil if it finds none. One that makes no sense is thrown, not left out.
    private func only<Value>(
        _ sql: String, _ arguments: [String], _ decode: (PreparedStatement) throws(DatabaseFault) -> Value
    ) throws(StoreFailure) -> Value? {
        try query(sql, arguments) { row in try row.step() ? try decode(row) : nil }
    }

    /// What one query comes to.
    func query<Value>(
        _ sql: String, _ arguments: [String], _ read: (PreparedStatement) throws -> Value
    ) throws(StoreFailure) -> Value {
        do {
            return try queue.writeWithoutTransaction { database in
                let row = try PreparedStatement(sql, on: Connection(database))
                for (index, text) in zip(Int32(1)..., arguments) { try row.bind(text, at: index) }
                return try read(row)
            }
        } catch {
            throw StoreFailure(error, of: path)
        }
    }
}
