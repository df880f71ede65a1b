package import Authentication

/// What the daemons that share a store tell each other.
extension PostgreSQLStore {
    /// How long a notice is looked for, in seconds: longer than any transaction takes from writing it to its commit.
    private static let noticeLife: Int64 = 60
    /// How often a daemon says that it is there, and asks what a failover could lose, in milliseconds.
    private static let announcementInterval: Int64 = 30_000

    /// Has the other daemons forget what they remember of these accounts, with the transaction that is under way: those that
    /// listen at once, and those that do not when they next look. With `unlocking` that goes for what was failed as nobody's, too.
    func tellOthers(
        of accounts: [AccountName], unlocking: Bool = false, by deadline: Int64
    ) throws(ServerFault) {
        _ = try connection.run(
            [
                ServerQuery(
                    "INSERT INTO twostep.notice (account, unlocks) SELECT unnest($1::text[]), $2::bigint <> 0",
                    [.texts(Set(accounts).map(\.text).sorted()), .integer(unlocking ? 1 : 0)]),
                ServerQuery(
                    """
                    DELETE FROM twostep.notice WHERE id IN (
                        SELECT id FROM twostep.notice WHERE at < now() - interval '1 hour' FOR UPDATE SKIP LOCKED)
                    """),
                ServerQuery("SELECT pg_catalog.pg_notify('\(NoticeListener.channel)', '')"),
            ], by: deadline)
    }

    package func changesByOthers() throws(StoreFailure) -> StoreChanges? {
        let now = ServerClock.now
        let rows = try read { (deadline) throws(ServerFault) in
            let found = try connection.run(
                [
                    ServerMigration.version,
                    ServerQuery(
                        """
                        SELECT id, account, unlocks::int::bigint FROM twostep.notice
                        WHERE at > now() - make_interval(secs => $1::bigint)
                        """, [.integer(PostgreSQLStore.noticeLife)]),
                ], by: deadline)
            guard found.count == 2 else { throw .lost("too little was returned") }
            try checkVersion(found[0])
            return found[1]
        }
        // What was said while nobody listened is not known.
        var changes = StoreChanges(
            isEverything: heardAt == 0 || now - heardAt > PostgreSQLStore.noticeLife * 1000 / 2)
        heardAt = now
        var ids: Set<Int64> = []
        for row in 0..<rows.count {
            guard let id = try? rows.integer(row, 0), let account = try? ServerColumns.account(in: rows, row, 1) else {
                changes.isEverything = true
                continue
            }
            ids.insert(id)
            guard !heard.contains(id) else { continue }
            changes.accounts.insert(account)
            if (try? rows.integer(row, 2)) == 1 { _ = unknown.clear(account) }
        }
        heard = ids
        try announce(at: now)
        return changes
    }

    // MARK: Who shares it

    package func sharing() throws(StoreFailure) -> StoreSharing? {
        try read { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery(
                    """
                    SELECT host, place, version, greatest(extract(epoch FROM clock_timestamp() - seen_at), 0)::bigint
                    FROM twostep.daemon WHERE seen_at > now() - make_interval(secs => $1::bigint) ORDER BY host, place
                    """, [.integer(3 * PostgreSQLStore.announcementInterval / 1000)]), by: deadline)
            var daemons: [SharingDaemon] = []
            for row in 0..<rows.count {
                daemons.append(
                    SharingDaemon(
                        host: try rows.text(row, 0), place: try rows.text(row, 1), version: try rows.text(row, 2),
                        secondsAgo: try rows.integer(row, 3)))
            }
            let promises = try ServerPromises(heldBy: connection)
            return StoreSharing(daemons: daemons, warnings: promises.warnings(ofServers: place.servers.count))
        }
    }

    /// Says now and then that this daemon is there, and what a failover could lose. What comes of it concerns no login: a server that
    /// is lost is found out by the next one. Throws where it is configured anew so that codes could be lost without any failover.
    private func announce(at now: Int64) throws(StoreFailure) {
        guard announcedAt == 0 || now - announcedAt >= PostgreSQLStore.announcementInterval else { return }
        announcedAt = now
        let deadline = now + ServerClock.limit
        if let daemon = announced {
            _ = try? connection.run(
                [
                    ServerQuery(
                        """
                        INSERT INTO twostep.daemon AS own (host, place, version, seen_at)
                        VALUES ($1, $2, $3, clock_timestamp())
                        ON CONFLICT (host, place) DO UPDATE SET version = $3, seen_at = clock_timestamp()
                        """, [.text(daemon.host), .text(daemon.place), .text(daemon.version)]),
                    ServerQuery(
                        """
                        DELETE FROM twostep.daemon WHERE (host, place) IN (
                            SELECT host, place FROM twostep.daemon WHERE seen_at < now() - interval '1 day'
                            FOR UPDATE SKIP LOCKED)
                        """),
                ], by: deadline)
        }
        guard let promises = try? ServerPromises(heldBy: connection) else { return }
        do throws(ServerFault) {
            try promises.check(place.description)
        } catch {
            throw error.failure(of: place.description)
        }
        tell(promises.warnings(ofServers: place.servers.count))
    }

    /// Reports what a failover could lose, where that is not what was reported last.
    func tell(_ found: [String]) {
        for warning in found where !warnings.contains(warning) {
            report(.notDurable("\(place.description): \(warning)"))
        }
        warnings = found
    }
}
