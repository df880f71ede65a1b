package import Authentication

/// Devices and failures, as administrators see and change them.
extension PostgreSQLStore {
    package func devices(of account: AccountName?) throws(StoreFailure) -> [DeviceListing] {
        try rows(PostgreSQLStore.devices, of: account) { (rows, row) throws(ServerFault) in
            try ServerColumns.listing(in: rows, row)
        }
    }

    static let devices = "SELECT \(ServerColumns.device) FROM twostep.device"

    package func holdings(of account: AccountName) throws(StoreFailure) -> [DeviceListing] {
        try read { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery(
                    "SELECT \(ServerColumns.device) FROM twostep.device WHERE account = $1", [.text(account.text)]),
                by: deadline)
            var listings: [DeviceListing] = []
            for row in 0..<rows.count { listings.append(try ServerColumns.listing(in: rows, row)) }
            return listings
        }
    }

    package func extent() throws(StoreFailure) -> StoreExtent {
        let stopgaps = [ModuleID.bypass, .ticket].map(\.type)
        return try read { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery(
                    """
                    SELECT count(DISTINCT account), count(*) FROM twostep.device
                    WHERE NOT module_type = ANY($1::text[])
                    """, [.texts(stopgaps)]), by: deadline)
            return StoreExtent(
                accounts: Int(clamping: try rows.integer(0, 0)), devices: Int(clamping: try rows.integer(0, 1)))
        }
    }

    package func lastUse() throws(StoreFailure) -> Int64? {
        try read { (deadline) throws(ServerFault) in
            try connection.run(ServerQuery("SELECT max(last_used_at) FROM twostep.device"), by: deadline)
                .integerIfAny(0, 0)
        }
    }

    package func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing] {
        try rows(PostgreSQLStore.counters, of: account) { (rows, row) throws(ServerFault) in
            try ServerColumns.counter(in: rows, row)
        }
    }

    static let counters = "SELECT \(ServerColumns.counter) FROM twostep.factor"

    package func hostCounter(of prefix: String) throws(StoreFailure) -> HostCounter {
        try read { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery("SELECT failures, since FROM twostep.host WHERE prefix = $1", [.text(prefix)]),
                by: deadline)
            guard rows.count > 0 else { return HostCounter() }
            return HostCounter(failures: Int(clamping: try rows.integer(0, 0)), since: try rows.integer(0, 1))
        }
    }

    // MARK: Changing

    package func add(_ device: Device, at key: DeviceKey, uid: UInt32) throws(StoreFailure) -> Bool {
        try add([DeviceListing(key: key, device: device, uid: uid)]) > 0
    }

    package func add(_ devices: [DeviceListing]) throws(StoreFailure) {
        let _: Int = try add(devices)
    }

    /// Adds or replaces all of them; returns how many were replaced.
    private func add(_ devices: [DeviceListing]) throws(StoreFailure) -> Int {
        for listing in devices {
            guard listing.key.module.id != "" else { throw .unreachable("an id of a module must not be empty") }
            guard listing.device.name.utf8.elementsEqual(listing.key.device.utf8) else {
                throw .unreachable("device \(listing.device.name) cannot be stored as \(listing.key.device)")
            }
        }
        let accounts = devices.map(\.key.account)
        return try write(locking: accounts) { (deadline) throws(ServerFault) in
            var replaced = 0
            for listing in devices {
                let place = ServerColumns.place(listing.key.account, listing.key.module) + [.text(listing.key.device)]
                replaced += try connection.run(ServerQuery(PostgreSQLStore.removal, place), by: deadline).changes
                let device = listing.device
                _ = try connection.run(
                    ServerQuery(
                        """
                        INSERT INTO twostep.device (account, module_type, module_id, device, uid, sealed, state,
                            state_check, created_at, last_used_at)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                        """,
                        place + [
                            .integer(Int64(listing.uid)), .bytes(device.sealed), .integer(device.state),
                            .integer(~device.state), .integer(device.createdAt), .optional(device.lastUsedAt),
                        ]), by: deadline)
                guard !listing.key.module.isStopgap else { continue }
                // Who has a device is asked for no ticket any more: wrong ones would count for ever.
                _ = try connection.run(
                    ServerQuery(
                        ServerStatements.removeCounter, ServerColumns.place(listing.key.account, .ticket)), by: deadline
                )
            }
            try tellOthers(of: accounts, by: deadline)
            return replaced
        }
    }

    private static let removal =
        "DELETE FROM twostep.device WHERE account = $1 AND module_type = $2 AND module_id = $3 AND device = $4"

    package func remove(_ key: DeviceKey) throws(StoreFailure) -> Bool {
        try write(locking: [key.account]) { (deadline) throws(ServerFault) in
            let place = ServerColumns.place(key.account, key.module) + [.text(key.device)]
            let rows = try connection.run(ServerQuery(PostgreSQLStore.removal, place), by: deadline)
            guard rows.changes > 0 else { return false }
            try tellOthers(of: [key.account], by: deadline)
            return true
        }
    }

    package func adopt(_ account: AccountName, uid: UInt32) throws(StoreFailure) -> Int {
        try write(locking: [account]) { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery(
                    "UPDATE twostep.device SET uid = $2 WHERE account = $1 AND uid <> $2",
                    [.text(account.text), .integer(Int64(uid))]), by: deadline)
            try tellOthers(of: [account], by: deadline)
            return rows.changes
        }
    }

    package func unlock(_ account: AccountName) throws(StoreFailure) -> Int {
        let forgotten: Int64 = try write(locking: [account]) { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery(
                    """
                    WITH gone AS (DELETE FROM twostep.factor WHERE account = $1 RETURNING failures)
                    SELECT coalesce(sum(failures), 0)::bigint FROM gone
                    """, [.text(account.text)]), by: deadline)
            // Failures of names that the directory does not know are counted by each daemon for itself.
            try tellOthers(of: [account], unlocking: true, by: deadline)
            return try rows.integer(0, 0)
        }
        // Those in memory go on from the store's.
        return max(Int(clamping: forgotten), unknown.clear(account))
    }

    package func tryWriting() throws(StoreFailure) {
        try write(locking: []) { (deadline) throws(ServerFault) in
            _ = try connection.run(
                ServerQuery(ServerStatements.addTraceless, [.integer(0), .integer(1)]), by: deadline)
        }
    }

    // MARK: Transactions

    /// One transaction of administration, tried again where others are in its way: durable when it returns. No login of these
    /// accounts is judged meanwhile.
    func write<Value>(
        locking accounts: [AccountName], _ body: (Int64) throws(ServerFault) -> Value
    ) throws(StoreFailure) -> Value {
        let deadline = ServerClock.now + ServerClock.limit
        while true {
            do throws(ServerFault) {
                _ = try connection.run([.begin, Stripe.lock(accounts.map(Stripe.of(_:)))], by: deadline)
                let value = try body(deadline)
                try end([], by: deadline)
                return value
            } catch {
                connection.rollBack()
                guard error.isPassing, ServerClock.now < deadline else { throw error.failure(of: place.description) }
            }
        }
    }

    /// The rows that a query finds, of one account or of all; one that makes no sense is left out and reported.
    func rows<Value>(
        _ sql: String, of account: AccountName?, _ decode: (ServerRows, Int) throws(ServerFault) -> Value
    ) throws(StoreFailure) -> [Value] {
        guard let account else { return try rows(sql, [], decode) }
        return try rows("\(sql) WHERE account = $1", [.text(account.text)], decode)
    }

    /// The same for any query.
    func rows<Value>(
        _ sql: String, _ values: [ServerValue], _ decode: (ServerRows, Int) throws(ServerFault) -> Value
    ) throws(StoreFailure) -> [Value] {
        let found = try read { (deadline) throws(ServerFault) in
            try connection.run(ServerQuery(sql, values), by: deadline)
        }
        var decoded: [Value] = []
        for row in 0..<found.count {
            do throws(ServerFault) {
                decoded.append(try decode(found, row))
            } catch {
                report(error.failure(of: place.description))
            }
        }
        return decoded
    }
}
