internal import Authentication
internal import Cryptography

/// What was spent and failed elsewhere while this server was away.
extension PostgreSQLStore {
    /// Takes it over in one transaction, in two ways to the server and back however many accounts it is of: states and counters that
    /// are further than these, failures on top of these. What was taken over before is known by its id, and not added again. Returns what
    /// is to be said of single devices.
    ///
    /// With `isOwn` false it was spent in another database, and counts for accounts alone that have one of those secrets here as well.
    func takeOver(
        _ batch: [PendingAccount], _ activities: [AccountActivity], sealing: any SecretSealing, asOwn isOwn: Bool
    ) throws(StoreFailure) -> [String] {
        let deadline = ServerClock.now + ServerClock.limit
        while true {
            do throws(ServerFault) {
                return try transact(batch, activities, sealing, asOwn: isOwn, by: deadline)
            } catch {
                connection.rollBack()
                guard error.isPassing, ServerClock.now < deadline else { throw error.failure(of: place.description) }
            }
        }
    }

    private func transact(
        _ batch: [PendingAccount], _ activities: [AccountActivity], _ sealing: any SecretSealing, asOwn isOwn: Bool,
        by deadline: Int64
    ) throws(ServerFault) -> [String] {
        let found = try connection.run(
            [
                .begin, Stripe.lock(batch.map { Stripe.of($0.account) }),
                ServerQuery(ServerStatements.devices, [.texts(Set(batch.map(\.account)).map(\.text).sorted())]),
                ServerQuery(
                    "SELECT id FROM twostep.reconciliation WHERE id = ANY($1::text[])", [.texts(batch.map(\.id))]),
            ], by: deadline)
        guard found.count == 4 else { throw .lost("\(found.count) results of 4 statements") }
        var present: [DeviceKey: Device] = [:]
        for row in 0..<found[2].count {
            // One that makes no sense is judged as little here as it was there.
            guard let listing = try? ServerColumns.listing(in: found[2], row) else { continue }
            present[listing.key] = listing.device
        }
        var known: Set<String> = []
        for row in 0..<found[3].count { known.insert(try found[3].text(row, 0)) }
        var (writes, remarks, added) = ([ServerQuery](), [String](), [String]())
        for pending in batch {
            let (same, others) = PostgreSQLStore.compare(pending.devices, with: present, sealing)
            guard isOwn || !same.isEmpty else { continue }
            remarks += others.map {
                "device \($0.device) of \($0.account) was removed or replaced while the server was away"
            }
            for (listing, there) in same {
                guard let spent = PostgreSQLStore.spend(listing, over: there) else { continue }
                writes.append(spent.query)
                // Another one of the same account may be in the batch.
                present[listing.key] = spent.device
            }
            guard !known.contains(pending.id) else { continue }
            writes += PostgreSQLStore.additions(of: pending)
            added.append(pending.id)
        }
        writes += PostgreSQLStore.writes(of: activities)
        writes += [
            ServerQuery(
                "INSERT INTO twostep.reconciliation (id) SELECT unnest($1::text[]) ON CONFLICT (id) DO NOTHING",
                [.texts(added.sorted())]),
            ServerQuery("DELETE FROM twostep.reconciliation WHERE at < now() - interval '400 days'"),
        ]
        try end(writes, by: deadline)
        return remarks
    }

    /// Those that are here as well, with what is here, and the others.
    private static func compare(
        _ devices: [DeviceListing], with present: [DeviceKey: Device], _ sealing: any SecretSealing
    ) -> (same: [(DeviceListing, Device)], others: [DeviceKey]) {
        var (same, others) = ([(DeviceListing, Device)](), [DeviceKey]())
        for listing in devices {
            guard let there = present[listing.key], isSame(there, listing.device, at: listing.key, sealing) else {
                others.append(listing.key)
                continue
            }
            same.append((listing, there))
        }
        return (same, others)
    }

    /// How it is spent as far as there, and what it is then; nil where it is.
    private static func spend(
        _ listing: DeviceListing, over there: Device
    ) -> (query: ServerQuery, device: Device)? {
        let state = listing.key.module.spent(there.state, listing.device.state)
        guard state != there.state else { return nil }
        var device = there
        device.state = state
        device.lastUsedAt = [there.lastUsedAt, listing.device.lastUsedAt].compactMap { $0 }.max()
        let query = ServerQuery(
            ServerStatements.spend,
            ServerColumns.place(listing.key.account, listing.key.module) + [
                .text(listing.key.device), .integer(state), .integer(~state), .integer(device.lastUsedAt ?? 0),
            ])
        return (query, device)
    }

    private static func additions(of pending: PendingAccount) -> [ServerQuery] {
        pending.failures.filter { $0.value > 0 }.map { module, failures in
            let last = pending.counters[module]?.last ?? Moment(wall: 0, boottime: 0, boot: 0)
            return ServerQuery(
                """
                INSERT INTO twostep.factor AS known (\(ServerColumns.counter)) VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (account, module_type, module_id) DO UPDATE SET
                failures = least(known.failures + $4, 1000000),
                failed_wall = CASE WHEN $5 > known.failed_wall THEN $5 ELSE known.failed_wall END,
                failed_boottime = CASE WHEN $5 > known.failed_wall THEN $6 ELSE known.failed_boottime END,
                failed_boot = CASE WHEN $5 > known.failed_wall THEN $7 ELSE known.failed_boot END
                """,
                ServerColumns.place(pending.account, module) + [
                    .integer(Int64(failures)), .integer(last.wall), .integer(last.boottime), .integer(last.boot),
                ])
        }
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
