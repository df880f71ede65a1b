internal import Authentication
internal import Cryptography

/// What was spent and failed elsewhere while this server was away.
extension PostgreSQLStore {
    /// Takes it over in one transaction: states and counters that are further than these, failures on top of these. What was
    /// taken over before is known by its id, and not added again. Returns what is to be said of single devices.
    func takeOver(_ batch: [PendingAccount], sealing: any SecretSealing) throws(StoreFailure) -> [String] {
        try write(locking: batch.map(\.account)) { (deadline) throws(ServerFault) in
            var remarks: [String] = []
            let ids = batch.map(\.id).sorted()
            let known = try connection.run(
                ServerQuery(
                    """
                    INSERT INTO twostep.reconciliation (id) SELECT unnest($1::text[])
                    ON CONFLICT (id) DO NOTHING RETURNING id
                    """, [.texts(ids)]), by: deadline)
            var new: Set<String> = []
            for row in 0..<known.count { new.insert(try known.text(row, 0)) }
            for pending in batch {
                remarks += try spend(pending, sealing, by: deadline)
                if new.contains(pending.id) { try add(pending, by: deadline) }
            }
            _ = try connection.run(
                ServerQuery("DELETE FROM twostep.reconciliation WHERE at < now() - interval '400 days'"), by: deadline)
            return remarks
        }
    }

    private func add(_ pending: PendingAccount, by deadline: Int64) throws(ServerFault) {
        for (module, failures) in pending.failures where failures > 0 {
            let last = pending.counters[module]?.last ?? Moment(wall: 0, boottime: 0, boot: 0)
            let values =
                ServerColumns.place(pending.account, module) + [
                    .integer(Int64(failures)), .integer(last.wall), .integer(last.boottime), .integer(last.boot),
                ]
            _ = try connection.run(
                ServerQuery(
                    """
                    INSERT INTO twostep.factor AS known (\(ServerColumns.counter)) VALUES ($1, $2, $3, $4, $5, $6, $7)
                    ON CONFLICT (account, module_type, module_id) DO UPDATE SET
                    failures = least(known.failures + $4, 1000000),
                    failed_wall = CASE WHEN $5 > known.failed_wall THEN $5 ELSE known.failed_wall END,
                    failed_boottime = CASE WHEN $5 > known.failed_wall THEN $6 ELSE known.failed_boottime END,
                    failed_boot = CASE WHEN $5 > known.failed_wall THEN $7 ELSE known.failed_boot END
                    """, values), by: deadline)
        }
    }

    private func spend(
        _ pending: PendingAccount, _ sealing: any SecretSealing, by deadline: Int64
    ) throws(ServerFault) -> [String] {
        let rows = try connection.run(
            ServerQuery(ServerStatements.devices, [.texts([pending.account.text])]), by: deadline)
        var present: [DeviceKey: Device] = [:]
        for row in 0..<rows.count {
            // One that makes no sense is judged as little here as it was there.
            guard let found = try? ServerColumns.listing(in: rows, row) else { continue }
            present[found.key] = found.device
        }
        var remarks: [String] = []
        for listing in pending.devices {
            guard let there = present[listing.key],
                PostgreSQLStore.isSame(there, listing.device, at: listing.key, sealing)
            else {
                remarks.append(
                    "device \(listing.key.device) of \(listing.key.account) was removed or replaced while the server was away"
                )
                continue
            }
            let state = listing.key.module.spent(there.state, listing.device.state)
            guard state != there.state else { continue }
            let used = [there.lastUsedAt, listing.device.lastUsedAt].compactMap { $0 }.max() ?? 0
            _ = try connection.run(
                ServerQuery(
                    ServerStatements.spend,
                    ServerColumns.place(listing.key.account, listing.key.module) + [
                        .text(listing.key.device), .integer(state), .integer(~state), .integer(used),
                    ]), by: deadline)
        }
        return remarks
    }

    /// Whether both have the same secret: a device of the same name may be another one. Where that cannot be told, since the key was
    /// changed meanwhile, it is the same if it was set up at the same moment.
    private static func isSame(
        _ one: Device, _ other: Device, at key: DeviceKey, _ sealing: any SecretSealing
    ) -> Bool {
        guard one.sealed != other.sealed else { return true }
        guard let mine = try? sealing.open(one.sealed, at: key), let theirs = try? sealing.open(other.sealed, at: key)
        else { return one.createdAt == other.createdAt }
        return mine.withBytes { mine in theirs.withBytes { isEqual(mine, $0) } }
    }
}
