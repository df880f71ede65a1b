package import Authentication
internal import GRDB

/// The users of providers, and which accounts their credentials open.
extension SQLiteStore {
    package var userDatabase: any UserDatabase { SQLiteUserDatabase(reader: reader, sealing: sealing) }

    // MARK: Credentials

    package func credentials(of user: UserKey) throws(StoreFailure) -> AccountName? {
        let statements = try openStatements()
        let result = queue.writeWithoutTransaction { _ -> Result<AccountName?, DatabaseFault> in
            do throws(DatabaseFault) {
                return .success(try statements.accounts(of: [user])[user])
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let account): return account
        case .failure(let fault): throw fault.failure(of: directory.database)
        }
    }

    package func allCredentials() throws(StoreFailure) -> [CredentialListing] { try reader.allCredentials() }

    package func credentials(
        after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<CredentialListing> {
        try reader.credentials(after: place, atMost: limit)
    }

    package func link(_ user: UserKey, to account: AccountName, at now: Moment) throws(StoreFailure) -> Linking {
        try SQLiteStore.checkID(of: user)
        return try write { database in
            let connection = try Connection(database)
            let opened = try PreparedStatement(
                "SELECT account FROM credential WHERE \(SQLiteStore.isUser)", on: connection)
            try opened.bind(user)
            if try opened.step() {
                let present = try Columns.account(in: opened, at: 0)
                return present == account ? .unchanged : .opensAnother(present)
            }
            let opening = try PreparedStatement(
                "SELECT username FROM credential WHERE provider_type = ?1 AND provider_id = ?2 AND account = ?3",
                on: connection)
            try opening.bind(UserKey(account, at: user.provider))
            if try opening.step() { return .openedByAnother(try Columns.account(in: opening, at: 0)) }
            let put = try PreparedStatement("INSERT INTO credential VALUES (?1, ?2, ?3, ?4, ?5)", on: connection)
            try put.bind(user)
            try put.bind(account.text, at: 4)
            try put.bind(now.wall, at: 5)
            try put.run()
            return .linked
        }
    }

    package func removeCredentials(of user: UserKey) throws(StoreFailure) -> AccountName? {
        guard user.provider.id != "" else { return nil }
        return try write { database in
            let connection = try Connection(database)
            let find = try PreparedStatement(
                "SELECT account FROM credential WHERE \(SQLiteStore.isUser)", on: connection)
            try find.bind(user)
            guard try find.step() else { return nil }
            // Credentials with a name that is none open nothing, and have to go all the same.
            let account = try? Columns.account(in: find, at: 0)
            find.reset()
            let remove = try PreparedStatement("DELETE FROM credential WHERE \(SQLiteStore.isUser)", on: connection)
            try remove.bind(user)
            try remove.run()
            return account
        }
    }

    // MARK: Users

    package func users(of provider: ProviderID?) throws(StoreFailure) -> [ProviderUser] {
        provider?.id == "" ? [] : try reader.users(of: provider)
    }

    package func users(of provider: ProviderID, named usernames: [AccountName]) throws(StoreFailure) -> [ProviderUser] {
        guard provider.id != "" else { return [] }
        var found: [ProviderUser] = []
        for username in usernames {
            do throws(StoreFailure) {
                if let user = try reader.user(UserKey(username, at: provider)) { found.append(user) }
            } catch {
                guard case .damaged = error else { throw error }
                report(error)
            }
        }
        return found
    }

    package func users(
        of provider: ProviderID?, after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<ListedUser> {
        try reader.users(of: provider, after: place, atMost: limit)
    }

    package func add(_ user: ProviderUser) throws(StoreFailure) -> Bool {
        try SQLiteStore.checkID(of: user.key)
        return try put(user, "INSERT INTO user VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")
    }

    package func change(_ user: ProviderUser) throws(StoreFailure) -> Bool {
        guard user.key.provider.id != "" else { return false }
        return try put(user, "UPDATE user SET sealed = ?4, changed_at = ?5 WHERE \(SQLiteStore.isUser)")
    }

    package func removeUser(_ user: UserKey) throws(StoreFailure) -> Bool {
        guard user.provider.id != "" else { return false }
        return try write { database in
            let connection = try Connection(database)
            // The user first: where there is none, what others were linked by stays as it is.
            for table in ["user", "credential"] {
                let remove = try PreparedStatement(
                    "DELETE FROM \(table) WHERE \(SQLiteStore.isUser)", on: connection)
                try remove.bind(user)
                try remove.run()
                guard table == "credential" || connection.changes > 0 else { return false }
            }
            return true
        }
    }

    private static let isUser = "provider_type = ?1 AND provider_id = ?2 AND username = ?3"

    private static func checkID(of user: UserKey) throws(StoreFailure) {
        guard user.provider.id != "" else { throw .unreachable("an id of a provider must not be empty") }
    }

    /// Runs a statement on a user's five columns; returns whether it has changed a row.
    private func put(_ user: ProviderUser, _ sql: String) throws(StoreFailure) -> Bool {
        try write { database in
            let connection = try Connection(database)
            let put = try PreparedStatement(sql, on: connection)
            try put.bind(user.key)
            try put.bind(user.sealedHash, at: 4)
            try put.bind(user.changedAt, at: 5)
            try put.run()
            return connection.changes > 0
        }
    }
}

extension PreparedStatement {
    /// Binds the place of a user to the first three parameters.
    fileprivate func bind(_ user: UserKey) throws(DatabaseFault) {
        try bind(user.provider.type, at: 1)
        try bind(user.provider.id ?? "", at: 2)
        try bind(user.username.text, at: 3)
    }
}
