internal import Authentication

/// What providers may see of the store, over the connection that only reads.
struct SQLiteUserDatabase: UserDatabase {
    let reader: StoreReader
    let sealing: any SecretSealing

    func passwordHash(of user: UserKey) throws(StoreFailure) -> Secret? {
        // The empty text stands for no id in the tables.
        guard user.provider.id != "", let kept = try reader.user(user) else { return nil }
        return try sealing.open(kept.sealedHash, at: user)
    }

    func username(opening account: AccountName, at provider: ProviderID) throws(StoreFailure) -> AccountName? {
        guard provider.id != "" else { return nil }
        return try reader.username(opening: account, at: provider)
    }
}
