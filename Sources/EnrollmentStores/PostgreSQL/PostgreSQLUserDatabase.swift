internal import Authentication
internal import Synchronization

/// What providers may see of the store, over a connection of their own, which is made when somebody asks.
final class PostgreSQLUserDatabase: UserDatabase {
    private let place: PostgreSQLPlace
    private let sealing: any SecretSealing
    private let connection = Mutex<ServerConnection?>(nil)

    init(_ place: PostgreSQLPlace, sealing: any SecretSealing) {
        self.place = place
        self.sealing = sealing
    }

    func passwordHash(of user: UserKey) throws(StoreFailure) -> Secret? {
        // The empty text stands for no id in the tables.
        guard user.provider.id != "" else { return nil }
        let rows = try ask(
            ServerQuery(
                """
                SELECT \(ServerColumns.person) FROM twostep.person
                WHERE provider_type = $1 AND provider_id = $2 AND username = $3
                """, ServerColumns.place(user)))
        guard rows.count > 0 else { return nil }
        let kept = try decode { () throws(ServerFault) in try ServerColumns.user(in: rows, 0) }
        return try sealing.open(kept.sealedHash, at: user)
    }

    func username(opening account: AccountName, at provider: ProviderID) throws(StoreFailure) -> AccountName? {
        guard provider.id != "" else { return nil }
        let rows = try ask(
            ServerQuery(
                """
                SELECT username FROM twostep.credential
                WHERE provider_type = $1 AND provider_id = $2 AND account = $3
                """, ServerColumns.place(UserKey(account, at: provider))))
        guard rows.count > 0 else { return nil }
        return try decode { () throws(ServerFault) in try ServerColumns.account(in: rows, 0, 0) }
    }

    /// Asks, and once more over a new connection if the one at hand was lost since.
    private func ask(_ query: ServerQuery) throws(StoreFailure) -> ServerRows {
        try connection.withLock { (held) throws(StoreFailure) in
            let deadline = ServerClock.now + ServerClock.limit
            if let known = held {
                do throws(ServerFault) {
                    return try known.run(query, by: deadline)
                } catch {
                    held = nil
                    guard case .lost = error else { throw error.failure(of: place.description) }
                }
            }
            let fresh = try ServerConnection.open(to: place)
            let rows = try decode { () throws(ServerFault) in try fresh.run(query, by: deadline) }
            held = fresh
            return rows
        }
    }

    private func decode<Value>(_ body: () throws(ServerFault) -> Value) throws(StoreFailure) -> Value {
        do throws(ServerFault) {
            return try body()
        } catch {
            throw error.failure(of: place.description)
        }
    }
}
