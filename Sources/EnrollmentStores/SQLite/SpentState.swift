internal import Authentication
internal import Cryptography
internal import GRDB

/// What the present store knows to be spent, failed and blocked, on its way into an older state of it.
struct SpentState {
    private let present: [DeviceListing]
    private let users: [ProviderUser]
    /// Nil where nothing can be told from them.
    private let credentials: [CredentialListing]?
    private let file: String?
    private let sealing: any SecretSealing
    private let trouble: String?

    /// Reads what the present store has, if there is one that can be read.
    init(of store: SQLiteStore?, sealing: any SecretSealing, trouble: String?) throws(StoreFailure) {
        present = try store?.devices(of: nil) ?? []
        users = try store?.users(of: nil) ?? []
        let linked = try store?.allCredentials() ?? []
        // A store that was only just made has not had them removed.
        credentials = present.isEmpty && users.isEmpty && linked.isEmpty ? nil : linked
        file = store?.directory.database
        self.sealing = sealing
        self.trouble = trouble
    }

    /// Has the older state know it, within the caller's transaction; tells what comes of that.
    func carry(into database: Database) throws -> RestorationOutlook {
        var outlook = RestorationOutlook()
        outlook.trouble = trouble
        let older = try listings(in: database)
        let groups = Dictionary(grouping: present) { $0.key.account }
        let connection = try Connection(database)
        let spend = try PreparedStatement(
            """
            UPDATE device SET state = ?5, state_check = ?6, last_used_at = ?7
            WHERE account = ?1 AND module_type = ?2 AND module_id = ?3 AND device = ?4
            """, on: connection)
        let remove = try PreparedStatement(
            "DELETE FROM device WHERE account = ?1 AND module_type = ?2 AND module_id = ?3 AND device = ?4",
            on: connection)
        var met: Set<DeviceKey> = []
        for listing in older {
            let same = try counterparts(of: listing, among: groups[listing.key.account] ?? [])
            met.formUnion(same.map(\.key))
            if listing.key.module.isStopgap, !same.contains(where: { $0.key == listing.key }) {
                try remove.bind(listing.key)
                try remove.run()
                outlook.dropped.append(listing.key)
                continue
            }
            guard !same.isEmpty else {
                outlook.exposed.append(listing.key)
                continue
            }
            let state = same.reduce(listing.device.state) { listing.key.module.spent($0, $1.device.state) }
            guard state != listing.device.state else { continue }
            try spend.bind(listing.key)
            try spend.bind(state, at: 5)
            try spend.bind(~state, at: 6)
            try spend.bind(([listing] + same).compactMap(\.device.lastUsedAt).max(), at: 7)
            try spend.run()
            outlook.kept.append(listing.key)
        }
        try removeFormerUsers(from: database, &outlook)
        try removeUnlinked(from: database, &outlook)
        let keys = Set(older.map(\.key))
        let gone = present.map(\.key).filter { !met.contains($0) && !$0.module.isStopgap }
        outlook.replaced = gone.filter { keys.contains($0) }
        outlook.lost = gone.filter { !keys.contains($0) }
        if let file { try copyFailures(from: file, into: database) }
        let own = older.filter { !$0.key.module.isStopgap }
        outlook.extent = StoreExtent(accounts: Set(own.map(\.key.account)).count, devices: own.count)
        return outlook
    }

    private func listings(in database: Database) throws -> [DeviceListing] {
        let row = try PreparedStatement(
            "SELECT account, module_type, module_id, \(Columns.device) FROM device", on: Connection(database))
        var listings: [DeviceListing] = []
        while try row.step() {
            let device = try Columns.device(in: row, at: 3)
            let key = DeviceKey(
                account: try Columns.account(in: row, at: 0), module: try Columns.identity(in: row, at: 1),
                device: device.name)
            listings.append(DeviceListing(key: key, device: device, uid: try Columns.uid(in: row, at: 9)))
        }
        return listings
    }

    /// A user who was removed does not come back; told is also whose password is not the one that it is now. A host whose certificate
    /// was revoked since is one that nobody knows.
    private func removeFormerUsers(from database: Database, _ outlook: inout RestorationOutlook) throws {
        let connection = try Connection(database)
        let row = try PreparedStatement("SELECT \(Columns.user) FROM user", on: connection)
        let changes = Dictionary(users.map { ($0.key, $0.changedAt) }, uniquingKeysWith: { first, _ in first })
        var older: [ProviderUser] = []
        while try row.step() { older.append(try Columns.user(in: row)) }
        let remove = try PreparedStatement(
            "DELETE FROM user WHERE provider_type = ?1 AND provider_id = ?2 AND username = ?3", on: connection)
        for user in older {
            switch changes[user.key] {
            case nil where credentials != nil:
                try remove.bind(user.key)
                try remove.run()
                if !user.key.provider.isOfFleet { outlook.removed.append(user.key) }
            case user.changedAt: break
            case _ where user.key.provider.isOfFleet:
                try remove.bind(user.key)
                try remove.run()
            case _: outlook.passwords.append(user.key)
            }
        }
    }

    /// A user who was taken an account away, or was given another, does not get it back.
    private func removeUnlinked(from database: Database, _ outlook: inout RestorationOutlook) throws {
        let connection = try Connection(database)
        let row = try PreparedStatement("SELECT \(Columns.credential) FROM credential", on: connection)
        var older: [CredentialListing] = []
        while try row.step() { older.append(try Columns.credential(in: row)) }
        guard let credentials else {
            outlook.unchecked = older.count
            return
        }
        let opened = Dictionary(credentials.map { ($0.user, $0.account) }, uniquingKeysWith: { first, _ in first })
        let remove = try PreparedStatement(
            "DELETE FROM credential WHERE provider_type = ?1 AND provider_id = ?2 AND username = ?3", on: connection)
        for listing in older where opened[listing.user] != listing.account {
            try remove.bind(listing.user)
            try remove.run()
            outlook.unlinked.append(listing)
        }
    }

    /// The devices of the present store that have the same secret, under whatever name.
    private func counterparts(
        of listing: DeviceListing, among candidates: [DeviceListing]
    ) throws(StoreFailure) -> [DeviceListing] {
        let payload = try sealing.open(listing.device.sealed, at: listing.key)
        return candidates.filter { candidate in
            guard candidate.key.module == listing.key.module,
                let other = try? sealing.open(candidate.device.sealed, at: candidate.key)
            else { return false }
            return payload.withBytes { mine in other.withBytes { isEqual(mine, $0) } }
        }
    }

    /// What failed, and who is blocked, is as it is now: a restored store is no way round a delay or a block.
    private func copyFailures(from file: String, into database: Database) throws {
        // SQLite attaches nothing within a transaction.
        let source = try DatabaseQueue(path: file)
        defer { try? source.close() }
        for table in ["factor", "host", "block"] {
            let rows = try source.inDatabase { try Row.fetchAll($0, sql: "SELECT * FROM \(table)") }
            try database.execute(sql: "DELETE FROM \(table)")
            for row in rows {
                let places = row.map { _ in "?" }.joined(separator: ", ")
                try database.execute(
                    sql: "INSERT INTO \(table) VALUES (\(places))", arguments: StatementArguments(row.databaseValues))
            }
        }
    }
}

extension PreparedStatement {
    /// Binds the place of a device to the first four parameters.
    fileprivate func bind(_ key: DeviceKey) throws(DatabaseFault) {
        try bind(key.account.text, at: 1)
        try bind(key.module.type, at: 2)
        try bind(key.module.id ?? "", at: 3)
        try bind(key.device, at: 4)
    }

    /// Binds the place of a provider's user to the first three parameters.
    fileprivate func bind(_ key: UserKey) throws(DatabaseFault) {
        try bind(key.provider.type, at: 1)
        try bind(key.provider.id ?? "", at: 2)
        try bind(key.username.text, at: 3)
    }
}
