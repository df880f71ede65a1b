package import Authentication

/// The users of providers, and which accounts their credentials open.
extension PostgreSQLStore {
    private static let isUser = "provider_type = $1 AND provider_id = $2 AND username = $3"

    // MARK: Credentials

    package func credentials(of user: UserKey) throws(StoreFailure) -> AccountName? {
        guard user.provider.id != "" else { return nil }
        return try read { (deadline) throws(ServerFault) in try opened(by: user, deadline) }
    }

    private func opened(by user: UserKey, _ deadline: Int64) throws(ServerFault) -> AccountName? {
        let rows = try connection.run(
            ServerQuery(
                "SELECT account FROM twostep.credential WHERE \(PostgreSQLStore.isUser)", ServerColumns.place(user)),
            by: deadline)
        return rows.count > 0 ? try ServerColumns.account(in: rows, 0, 0) : nil
    }

    package func allCredentials() throws(StoreFailure) -> [CredentialListing] {
        try rows(
            """
            SELECT \(ServerColumns.credential) FROM twostep.credential ORDER BY provider_type, provider_id, username
            """, []
        ) { (rows, row) throws(ServerFault) in try ServerColumns.credential(in: rows, row) }
    }

    package func link(_ user: UserKey, to account: AccountName, at now: Moment) throws(StoreFailure) -> Linking {
        try PostgreSQLStore.checkID(of: user)
        return try write(locking: [user.username, account]) { (deadline) throws(ServerFault) in
            if let present = try opened(by: user, deadline) {
                return present == account ? .unchanged : .opensAnother(present)
            }
            let opening = try connection.run(
                ServerQuery(
                    """
                    SELECT username FROM twostep.credential
                    WHERE provider_type = $1 AND provider_id = $2 AND account = $3
                    """, ServerColumns.place(UserKey(account, at: user.provider))), by: deadline)
            if opening.count > 0 { return .openedByAnother(try ServerColumns.account(in: opening, 0, 0)) }
            _ = try connection.run(
                ServerQuery(
                    "INSERT INTO twostep.credential (\(ServerColumns.credential)) VALUES ($1, $2, $3, $4, $5)",
                    ServerColumns.place(user) + [.text(account.text), .integer(now.wall)]), by: deadline)
            return .linked
        }
    }

    package func removeCredentials(of user: UserKey) throws(StoreFailure) -> AccountName? {
        guard user.provider.id != "" else { return nil }
        return try write(locking: [user.username]) { (deadline) throws(ServerFault) in
            let rows = try connection.run(
                ServerQuery(
                    "DELETE FROM twostep.credential WHERE \(PostgreSQLStore.isUser) RETURNING account",
                    ServerColumns.place(user)), by: deadline)
            guard rows.count > 0 else { return nil }
            // Credentials with a name that is none open nothing, and have to go all the same.
            let account = try? ServerColumns.account(in: rows, 0, 0)
            try tellOthers(of: [user.username] + (account.map { [$0] } ?? []), by: deadline)
            return account
        }
    }

    // MARK: Users

    package func users(of provider: ProviderID?) throws(StoreFailure) -> [ProviderUser] {
        guard provider?.id != "" else { return [] }
        let filter = provider == nil ? "" : "WHERE provider_type = $1 AND provider_id = $2 "
        return try rows(
            """
            SELECT \(ServerColumns.person) FROM twostep.person \(filter)ORDER BY provider_type, provider_id, username
            """, provider.map { [.text($0.type), .text($0.id ?? "")] } ?? []
        ) { (rows, row) throws(ServerFault) in try ServerColumns.user(in: rows, row) }
    }

    package func users(of provider: ProviderID, named usernames: [AccountName]) throws(StoreFailure) -> [ProviderUser] {
        guard provider.id != "" else { return [] }
        return try rows(
            """
            SELECT \(ServerColumns.person) FROM twostep.person
            WHERE provider_type = $1 AND provider_id = $2 AND username = ANY($3::text[])
            """, [.text(provider.type), .text(provider.id ?? ""), .texts(usernames.map(\.text))]
        ) { (rows, row) throws(ServerFault) in try ServerColumns.user(in: rows, row) }
    }

    package func add(_ user: ProviderUser) throws(StoreFailure) -> Bool {
        try PostgreSQLStore.checkID(of: user.key)
        return try put(
            user,
            """
            INSERT INTO twostep.person (\(ServerColumns.person)) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (provider_type, provider_id, username) DO NOTHING
            """)
    }

    package func change(_ user: ProviderUser) throws(StoreFailure) -> Bool {
        guard user.key.provider.id != "" else { return false }
        return try put(
            user, "UPDATE twostep.person SET sealed = $4, changed_at = $5 WHERE \(PostgreSQLStore.isUser)")
    }

    package func removeUser(_ user: UserKey) throws(StoreFailure) -> Bool {
        guard user.provider.id != "" else { return false }
        return try write(locking: [user.username]) { (deadline) throws(ServerFault) in
            // The user first: where there is none, what others were linked by stays as it is.
            for table in ["person", "credential"] {
                let rows = try connection.run(
                    ServerQuery(
                        "DELETE FROM twostep.\(table) WHERE \(PostgreSQLStore.isUser)", ServerColumns.place(user)),
                    by: deadline)
                guard table == "credential" || rows.changes > 0 else { return false }
            }
            try tellOthers(of: [user.username], by: deadline)
            return true
        }
    }

    private static func checkID(of user: UserKey) throws(StoreFailure) {
        guard user.provider.id != "" else { throw .unreachable("an id of a provider must not be empty") }
    }

    /// Runs a statement on a user's five columns; returns whether it has changed a row.
    private func put(_ user: ProviderUser, _ sql: String) throws(StoreFailure) -> Bool {
        try write(locking: [user.key.username]) { (deadline) throws(ServerFault) in
            let values = ServerColumns.place(user.key) + [.bytes(user.sealedHash), .integer(user.changedAt)]
            guard try connection.run(ServerQuery(sql, values), by: deadline).changes > 0 else { return false }
            try tellOthers(of: [user.key.username], by: deadline)
            return true
        }
    }
}
