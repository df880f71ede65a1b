internal import Authentication

/// What a server says of its durability, as a connection has it.
package struct ServerPromises {
    private let synchronousCommit: String
    private let fsync: String
    private let encoding: String
    private let standbyNames: String
    private let standbys: Int64

    /// Asks, and holds the connection to what was said: a server that is configured anew changes it no more. That a commit was not
    /// waited for is said by a warning, whatever the role is to hear of.
    init(of connection: ServerConnection) throws(ServerFault) {
        _ = try connection.run(
            ServerQuery(
                """
                SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false),
                    set_config('search_path', 'pg_catalog', false), set_config('statement_timeout', $1, false),
                    set_config('lock_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false),
                    set_config('client_min_messages', 'warning', false)
                """, [.text("\(3 * ServerClock.limit / 4)"), .text("\(2 * ServerClock.limit)")]),
            by: ServerClock.now + ServerClock.limit)
        try self.init(heldBy: connection)
    }

    /// Asks a connection that is held to them what there is to be said now.
    init(heldBy connection: ServerConnection) throws(ServerFault) {
        let rows = try connection.run(
            ServerQuery(
                """
                SELECT current_setting('synchronous_commit'), coalesce(current_setting('fsync', true), 'on'),
                    current_setting('server_encoding'), coalesce(current_setting('synchronous_standby_names', true), ''),
                    (SELECT count(*) FROM pg_catalog.pg_stat_replication)
                """), by: ServerClock.now + ServerClock.limit)
        self.init(
            synchronousCommit: try rows.text(0, 0), fsync: try rows.text(0, 1), encoding: try rows.text(0, 2),
            standbyNames: try rows.text(0, 3), standbys: try rows.integer(0, 4))
    }

    /// As the server's settings have them, and how many standbys are connected.
    package init(synchronousCommit: String, fsync: String, encoding: String, standbyNames: String, standbys: Int64) {
        self.synchronousCommit = synchronousCommit
        self.fsync = fsync
        self.encoding = encoding
        self.standbyNames = standbyNames
        self.standbys = standbys
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

    /// What a failover could lose, where the connection names so many servers.
    package func warnings(ofServers servers: Int) -> [String] {
        let outcome = "after a failover codes may be good again"
        let waitedFor = ServerPromises.count(in: standbyNames)
        guard waitedFor > 0 else {
            if standbys > 0 { return ["standbys that nobody waits for (synchronous_standby_names): \(outcome)"] }
            return servers > 1
                ? ["\(servers) servers, and nobody waits for a standby (synchronous_standby_names): \(outcome)"] : []
        }
        var warnings: [String] = []
        if synchronousCommit == "local" {
            warnings.append("synchronous_commit is local: nobody waits for the standbys, and \(outcome)")
        }
        if synchronousCommit == "remote_write" {
            warnings.append(
                "synchronous_commit is remote_write: should the standby's machine go down as well, \(outcome)")
        }
        if standbys > waitedFor {
            warnings.append(
                """
                \(standbys) standbys, of which \(waitedFor) must have a code before it counts (synchronous_standby_names): should one \
                be promoted that has less than another, \(outcome)
                """)
        }
        return warnings
    }

    /// How many standbys a commit waits for, by what synchronous_standby_names says: `FIRST 2 (a, b)`, `ANY 1 (…)`, `2 (…)`,
    /// or names alone, of which it waits for one.
    static func count(in names: String) -> Int {
        let words = names.split { " \t\n,(".contains($0) }
        guard let first = words.first else { return 0 }
        guard names.contains("(") else { return 1 }
        let number = ["first", "any"].contains(first.lowercased()) ? words.dropFirst().first : first
        return number.flatMap { Int($0) } ?? 1
    }
}
