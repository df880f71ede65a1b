/// What the login path says to the server, and nothing else: prepared once for each connection.
enum ServerStatements {
    static let lock = ServerStatement(
        "lock", "SELECT id FROM twostep.stripe WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE")
    static let devices = ServerStatement(
        "devices",
        """
        SELECT \(ServerColumns.device) FROM twostep.device WHERE account = ANY($1::text[])
        ORDER BY account, module_type, module_id, device FOR UPDATE
        """)
    static let counters = ServerStatement(
        "counters", "SELECT \(ServerColumns.counter) FROM twostep.factor WHERE account = ANY($1::text[])")
    static let hosts = ServerStatement(
        "hosts", "SELECT prefix, failures, since FROM twostep.host WHERE prefix = ANY($1::text[])")
    static let visits = ServerStatement(
        "visits", "SELECT account, \(ServerColumns.visit) FROM twostep.activity WHERE account = ANY($1::text[])")
    static let blocked = ServerStatement(
        "blocked", "SELECT account FROM twostep.block WHERE account = ANY($1::text[])")
    static let credentials = ServerStatement(
        "credentials",
        """
        SELECT c.provider_type, c.provider_id, c.username, c.account
        FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (provider_type, provider_id, username)
        JOIN twostep.credential c USING (provider_type, provider_id, username)
        """)
    /// A row that is not there, or not behind, is a division by zero: nothing of the transaction stays.
    static let spend = ServerStatement(
        "spend",
        """
        WITH spent AS (
            UPDATE twostep.device SET state = $5, state_check = $6, last_used_at = $7
            WHERE account = $1 AND module_type = $2 AND module_id = $3 AND device = $4 AND state < $5 RETURNING 1)
        SELECT 1 / count(*) FROM spent
        """)
    static let putCounter = ServerStatement(
        "put_counter",
        """
        INSERT INTO twostep.factor (\(ServerColumns.counter)) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (account, module_type, module_id) DO UPDATE SET
        failures = $4, failed_wall = $5, failed_boottime = $6, failed_boot = $7
        """)
    static let removeCounter = ServerStatement(
        "remove_counter",
        "DELETE FROM twostep.factor WHERE account = $1 AND module_type = $2 AND module_id = $3")
    static let putHost = ServerStatement(
        "put_host",
        """
        INSERT INTO twostep.host (prefix, failures, since) VALUES ($1, $2, $3)
        ON CONFLICT (prefix) DO UPDATE SET failures = $2, since = $3
        """)
    static let putVisit = ServerStatement(
        "put_visit",
        """
        INSERT INTO twostep.activity (account, \(ServerColumns.visit)) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (account) DO UPDATE SET visited_at = $2, service = $3, host = $4, way = $5
        """)
    static let addTraceless = ServerStatement(
        "add_traceless", "UPDATE twostep.stripe SET traceless = traceless + $2 WHERE id = $1")

    static let all = [
        lock, devices, counters, hosts, visits, blocked, credentials, spend, putCounter, removeCounter, putHost,
        putVisit, addTraceless,
    ]

    /// The remote hosts beyond so many whose windows are the oldest make room; those that a login holds are left for the next time.
    static let evictHosts = """
        DELETE FROM twostep.host WHERE prefix IN (
            SELECT prefix FROM twostep.host WHERE strpos(prefix, ' ') = 0 AND left(prefix, 1) <> '@'
            ORDER BY since DESC OFFSET $1 FOR UPDATE SKIP LOCKED)
        """
    /// The same for those that hosts of the fleet claim: beyond so many of one certificate.
    static let evictClaims = """
        DELETE FROM twostep.host WHERE prefix IN (
            SELECT prefix FROM twostep.host WHERE prefix IN (
                SELECT prefix FROM (
                    SELECT prefix, row_number() OVER (PARTITION BY split_part(prefix, ' ', 1) ORDER BY since DESC) AS place
                    FROM twostep.host WHERE strpos(prefix, ' ') > 0 AND left(prefix, 1) <> '@') AS claims
                WHERE place > $1) FOR UPDATE SKIP LOCKED)
        """
    /// What of the fleet's hosts has begun before a time, by which it is over.
    static let forgetHosts = """
        DELETE FROM twostep.host WHERE prefix IN (
            SELECT prefix FROM twostep.host WHERE since < $1 AND (strpos(prefix, ' ') > 0 OR left(prefix, 1) = '@')
            FOR UPDATE SKIP LOCKED)
        """
}
