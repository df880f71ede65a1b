internal import Authentication

/// What a server says of its durability, as a connection has it.
struct ServerPromises {
    private let synchronousCommit: String
    private let fsync: String
    private let encoding: String
    private let standbyNames: String
    private let standbys: Int64

    /// Asks, and holds the connection to what was said: a server that is configured anew changes it no more.
    init(of connection: ServerConnection) throws(ServerFault) {
        let rows = try connection.run(
            ServerQuery(
                """
                SELECT current_setting('synchronous_commit'), coalesce(current_setting('fsync', true), 'on'),
                    current_setting('server_encoding'), coalesce(current_setting('synchronous_standby_names', true), ''),
                    (SELECT count(*) FROM pg_catalog.pg_stat_replication),
                    set_config('synchronous_commit', current_setting('synchronous_commit'), false),
                    set_config('search_path', 'pg_catalog', false), set_config('statement_timeout', $1, false),
                    set_config('lock_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false)
                """, [.text("\(3 * ServerClock.limit / 4)"), .text("\(2 * ServerClock.limit)")]),
            by: ServerClock.now + ServerClock.limit)
        synchronousCommit = try rows.text(0, 0)
        fsync = try rows.text(0, 1)
        encoding = try rows.text(0, 2)
        standbyNames = try rows.text(0, 3)
        standbys = try rows.integer(0, 4)
    }

    /// Throws if a login could be granted before its code is spent for good.
    func check(_ server: String) throws(ServerFault) {
        guard synchronousCommit != "off" else {
            throw .store(
                .notDurable(
                    "\(server): synchronous_commit is off: after a crash codes that were used would be good again"))
        }
        guard fsync != "off" else {
            throw .store(
                .notDurable("\(server): fsync is off: after a power cut codes that were used would be good again"))
        }
        guard encoding == "UTF8" else {
            throw .store(.unreachable("\(server): the database has the encoding \(encoding), expected UTF8"))
        }
    }

    /// What a failover could lose.
    var warnings: [String] {
        if standbyNames.isEmpty {
            return standbys == 0
                ? []
                : [
                    "standbys that nobody waits for (synchronous_standby_names): after a failover codes may be good again"
                ]
        }
        return synchronousCommit == "local"
            ? [
                "synchronous_commit is local: nobody waits for the standbys, and after a failover codes may be good again"
            ] : []
    }
}
