package import Authentication
internal import GRDB

/// Devices and failures, as administrators see and change them.
extension SQLiteStore {
    package func devices(of account: AccountName?) throws(StoreFailure) -> [DeviceListing] {
        try reader.devices(of: account)
    }

    package func page(after name: String?, atMost limit: Int) throws(StoreFailure) -> AccountPage {
        try reader.page(after: name, atMost: limit)
    }

    package func extent() throws(StoreFailure) -> StoreExtent { try reader.extent() }

    package func lastUse() throws(StoreFailure) -> Int64? { try reader.lastUse() }

    package func holdings(of account: AccountName) throws(StoreFailure) -> [DeviceListing] {
        _ = try openStatements()
        return try reader.holdings(of: account)
    }

    package func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing] {
        try reader.counters(of: account)
    }

    package func add(_ device: Device, at key: DeviceKey, uid: UInt32) throws(StoreFailure) -> Bool {
        try SQLiteStore.check(device, at: key)
        return try write { try SQLiteStore.put(device, at: key, uid: uid, on: try Connection($0)) }
    }

    package func add(_ devices: [DeviceListing]) throws(StoreFailure) {
        for listing in devices { try SQLiteStore.check(listing.device, at: listing.key) }
        try write { database in
            let connection = try Connection(database)
            for listing in devices {
                _ = try SQLiteStore.put(listing.device, at: listing.key, uid: listing.uid, on: connection)
            }
        }
    }

    private static func check(_ device: Device, at key: DeviceKey) throws(StoreFailure) {
        guard key.module.id != "" else { throw .unreachable("an id of a module must not be empty") }
        guard device.name.utf8.elementsEqual(key.device.utf8) else {
            throw .unreachable("device \(device.name) cannot be stored as \(key.device)")
        }
    }

    /// Writes one row within the caller's transaction; returns whether there was one.
    private static func put(
        _ device: Device, at key: DeviceKey, uid: UInt32, on connection: Connection
    ) throws -> Bool {
        let find = try PreparedStatement(
            "SELECT 1 FROM device WHERE account = ?1 AND module_type = ?2 AND module_id = ?3 AND device = ?4",
            on: connection)
        let put = try PreparedStatement(
            "INSERT OR REPLACE INTO device VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", on: connection)
        for statement in [find, put] {
            try statement.bind(key.account.text, at: 1)
            try statement.bind(key.module.type, at: 2)
            try statement.bind(key.module.id ?? "", at: 3)
            try statement.bind(key.device, at: 4)
        }
        try put.bind(Int64(uid), at: 5)
        try put.bind(device.sealed, at: 6)
        try put.bind(device.state, at: 7)
        try put.bind(~device.state, at: 8)
        try put.bind(device.createdAt, at: 9)
        try put.bind(device.lastUsedAt, at: 10)
        let isThere = try find.step()
        find.reset()
        try put.run()
        if !key.module.isStopgap { try forgetTickets(of: key.account, on: connection) }
        return isThere
    }

    /// Who has a device is asked for no ticket any more: wrong ones would count for ever.
    private static func forgetTickets(of account: AccountName, on connection: Connection) throws {
        let forget = try PreparedStatement(
            "DELETE FROM factor WHERE account = ?1 AND module_type = ?2 AND module_id = ''", on: connection)
        try forget.bind(account.text, at: 1)
        try forget.bind(ModuleID.ticket.type, at: 2)
        try forget.run()
    }

    package func remove(_ key: DeviceKey) throws(StoreFailure) -> Bool {
        try write { database in
            try database.execute(
                sql: "DELETE FROM device WHERE account = ? AND module_type = ? AND module_id = ? AND device = ?",
                arguments: [key.account.text, key.module.type, key.module.id ?? "", key.device])
            return database.changesCount > 0
        }
    }

    package func unlock(_ account: AccountName) throws(StoreFailure) -> Int {
        let forgotten: Int64 = try write { database in
            let failures = try Int64.fetchOne(
                database, sql: "SELECT CAST(total(failures) AS INTEGER) FROM factor WHERE account = ?",
                arguments: [account.text])
            try database.execute(sql: "DELETE FROM factor WHERE account = ?", arguments: [account.text])
            return failures ?? 0
        }
        // Those in memory go on from the store's.
        return max(Int(clamping: forgotten), unknown.clear(account))
    }

    /// One transaction of administration: on disk when it returns.
    func write<Value>(_ body: (Database) throws -> Value) throws(StoreFailure) -> Value {
        _ = try openStatements()
        do {
            return try queue.write(body)
        } catch {
            throw StoreFailure(error, of: directory.database)
        }
    }
}
