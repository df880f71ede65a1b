internal import Authentication

/// What the login path says to SQLite, and nothing else: prepared once, on the connection that owns the store.
final class LoginStatements {
    /// The most remote hosts of this machine's logins that are counted; the one whose window is oldest makes room for a new one.
    static let hostCapacity = 65_536

    /// How many of a certificate make room at once: to find the oldest is to look at all of its own.
    private static let claimsAtOnce: Int64 = 512
    /// Which rows `HostRow.remoteHost` means.
    private static let isRemoteHost = "instr(prefix, ' ') = 0 AND substr(prefix, 1, 1) <> '@'"

    let begin, commit, rollback: PreparedStatement
    let records: RecordStatements
    private let host, countHosts: PreparedStatement
    private let updateDevice, putCounter, removeCounter, putHost, countHost, evictHost, addToTally: PreparedStatement
    private let countClaims, evictClaims, forgetHosts: PreparedStatement
    private let credentials: PreparedStatement
    private let visit, putVisit: PreparedStatement
    private let putNothing: PreparedStatement
    private let connection: Connection

    init(on connection: Connection) throws(DatabaseFault) {
        self.connection = connection
        func prepare(_ sql: String) throws(DatabaseFault) -> PreparedStatement {
            try PreparedStatement(sql, on: connection)
        }
        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
        rollback = try prepare("ROLLBACK")
        records = try RecordStatements(on: connection)
        host = try prepare("SELECT failures, since FROM host WHERE prefix = ?1")
        countHosts = try prepare("SELECT count(*) FROM host WHERE \(LoginStatements.isRemoteHost)")
        countClaims = try prepare("SELECT count(*) FROM host WHERE prefix >= ?1 AND prefix < ?2")
        updateDevice = try prepare(
            """
            UPDATE device SET state = ?5, state_check = ?6, last_used_at = ?7
            WHERE account = ?1 AND module_type = ?2 AND module_id = ?3 AND device = ?4 AND state < ?5
            """)
        putCounter = try prepare(
            """
            INSERT INTO factor VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET
            failures = ?4, failed_wall = ?5, failed_boottime = ?6, failed_boot = ?7
            """)
        removeCounter = try prepare("DELETE FROM factor WHERE account = ?1 AND module_type = ?2 AND module_id = ?3")
        putHost = try prepare(
            "INSERT INTO host VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET failures = ?2, since = ?3")
        countHost = try prepare("UPDATE host SET failures = ?2 WHERE prefix = ?1")
        evictHost = try prepare(
            """
            DELETE FROM host
            WHERE prefix = (SELECT prefix FROM host WHERE \(LoginStatements.isRemoteHost) ORDER BY since LIMIT 1)
            """)
        // Not by the index of their ages, where others may come first by the thousand.
        evictClaims = try prepare(
            """
            DELETE FROM host WHERE prefix IN (
                SELECT prefix FROM host WHERE prefix >= ?1 AND prefix < ?2 ORDER BY +since LIMIT ?3)
            """)
        forgetHosts = try prepare("DELETE FROM host WHERE since < ?1 AND NOT (\(LoginStatements.isRemoteHost))")
        addToTally = try prepare(
            "INSERT INTO tally VALUES ('traceless', 1) ON CONFLICT DO UPDATE SET count = count + 1")
        credentials = try prepare(
            "SELECT account FROM credential WHERE provider_type = ?1 AND provider_id = ?2 AND username = ?3")
        visit = try prepare("SELECT \(Columns.visit) FROM activity WHERE account = ?1")
        putVisit = try prepare(
            """
            INSERT INTO activity (account, \(Columns.visit)) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
            visited_at = ?2, service = ?3, host = ?4, way = ?5
            """)
        putNothing = try prepare(
            """
            UPDATE factor SET failures = ?4, failed_wall = ?5, failed_boottime = ?6, failed_boot = ?7
            WHERE account = '' AND module_type = ?2 AND module_id = ?3 AND ?1 <> ''
            """)
    }

    /// Whether no transaction is open.
    var isIdle: Bool { connection.isIdle }

    // MARK: Reading

    /// What a remote host has failed; nil if it has no row.
    func host(_ prefix: String) throws(DatabaseFault) -> HostCounter? {
        defer { host.reset() }
        try host.bind(prefix, at: 1)
        guard try host.step() else { return nil }
        return HostCounter(failures: Int(clamping: max(try host.integer(0), 0)), since: try host.integer(1))
    }

    /// How many remote hosts of this machine's logins are counted.
    func hosts() throws(DatabaseFault) -> Int {
        defer { countHosts.reset() }
        return try countHosts.step() ? Int(clamping: try countHosts.integer(0)) : 0
    }

    /// How many remote hosts are counted that a certificate has claimed.
    func claims(of serial: String) throws(DatabaseFault) -> Int {
        defer { countClaims.reset() }
        try bindClaims(of: serial, to: countClaims)
        return try countClaims.step() ? Int(clamping: try countClaims.integer(0)) : 0
    }

    /// The accounts that usernames of providers open, of those that open any; within a transaction, so that there is one
    /// snapshot for them all: opening one costs as much as finding a row.
    func accounts(of users: [UserKey]) throws(DatabaseFault) -> [UserKey: AccountName] {
        var found: [UserKey: AccountName] = [:]
        // The empty text stands for no id in the tables.
        for user in users where user.provider.id != "" { found[user] = try account(of: user) }
        return found
    }

    private func account(of user: UserKey) throws(DatabaseFault) -> AccountName? {
        defer { credentials.reset() }
        try credentials.bind(kept: user.provider.type, at: 1)
        try credentials.bind(kept: user.provider.id ?? "", at: 2)
        try credentials.bind(user.username.text, at: 3)
        guard try credentials.step() else { return nil }
        return try Columns.account(in: credentials, at: 0)
    }

    /// The account's last visit.
    func visit(of account: AccountName) throws(DatabaseFault) -> Visit? {
        defer { visit.reset() }
        try visit.bind(account.text, at: 1)
        return try visit.step() ? try Columns.visit(in: visit, at: 0) : nil
    }

    // MARK: Writing

    func put(_ visit: Visit, of account: AccountName) throws(DatabaseFault) {
        try putVisit.bind(account.text, at: 1)
        try Columns.bind(visit, to: putVisit, at: 2)
        try putVisit.run()
    }

    /// Moves a device's state forward; a row that is not there, or not behind, is nonsense.
    func spend(
        _ device: Device, of account: AccountName, module: ModuleID
    ) throws(DatabaseFault) {
        try updateDevice.bind(account, module)
        try updateDevice.bind(device.name, at: 4)
        try updateDevice.bind(device.state, at: 5)
        try updateDevice.bind(~device.state, at: 6)
        // A device that has just been spent was used just now; 0 stands for a clock that says nothing.
        try updateDevice.bind(device.lastUsedAt ?? 0, at: 7)
        try updateDevice.run()
        guard connection.changes == 1 else {
            throw .nonsense("device \(device.name) of \(account) with \(module) could not be spent")
        }
    }

    func put(_ counter: FailureCounter, of account: AccountName, module: ModuleID) throws(DatabaseFault) {
        try run(putCounter, counter, account, module)
    }

    /// Writes nothing, with the work of finding a counter's row: for a name whose failures are not in the store.
    func putNowhere(_ counter: FailureCounter, of account: AccountName, module: ModuleID) throws(DatabaseFault) {
        try run(putNothing, counter, account, module)
    }

    private func run(
        _ statement: PreparedStatement, _ counter: FailureCounter, _ account: AccountName, _ module: ModuleID
    ) throws(DatabaseFault) {
        let last = counter.last ?? Moment(wall: 0, boottime: 0, boot: 0)
        try statement.bind(account, module)
        try statement.bind(Int64(counter.failures), at: 4)
        try statement.bind(last.wall, at: 5)
        try statement.bind(last.boottime, at: 6)
        try statement.bind(last.boot, at: 7)
        try statement.run()
    }

    func removeCounter(of account: AccountName, module: ModuleID) throws(DatabaseFault) {
        try removeCounter.bind(account, module)
        try removeCounter.run()
    }

    /// Writes a host's counter. Within one window that is one row, as an account's is, and not a row of the index besides.
    func put(_ counter: HostCounter, over before: HostCounter?, of prefix: String) throws(DatabaseFault) {
        if counter.since == before?.since {
            try countHost.bind(prefix, at: 1)
            try countHost.bind(Int64(counter.failures), at: 2)
            try countHost.run()
            // It may have made room for another in this transaction.
            if connection.changes == 1 { return }
        }
        try putHost.bind(prefix, at: 1)
        try putHost.bind(Int64(counter.failures), at: 2)
        try putHost.bind(counter.since, at: 3)
        try putHost.run()
    }

    func evictOldestHost() throws(DatabaseFault) { try evictHost.run() }

    /// Forgets the oldest that a certificate has claimed; returns how many.
    func evictOldestClaims(of serial: String) throws(DatabaseFault) -> Int {
        try bindClaims(of: serial, to: evictClaims)
        try evictClaims.bind(LoginStatements.claimsAtOnce, at: 3)
        try evictClaims.run()
        return Int(connection.changes)
    }

    /// Forgets what of the fleet's hosts has begun before a time.
    func forgetHosts(before time: Int64) throws(DatabaseFault) {
        try forgetHosts.bind(time, at: 1)
        try forgetHosts.run()
    }

    /// Between a space and what comes after it is whatever stands behind a space.
    private func bindClaims(of serial: String, to statement: PreparedStatement) throws(DatabaseFault) {
        try statement.bind(serial + " ", at: 1)
        try statement.bind(serial + "!", at: 2)
    }

    /// The write of an attempt that has nothing else to write.
    func addTraceless() throws(DatabaseFault) { try addToTally.run() }
}
