package import Authentication
import Synchronization

/// The users and credentials of a store in memory, which providers may look at from any thread.
package final class InMemoryUserDatabase: UserDatabase {
    struct Contents {
        var users: [UserKey: ProviderUser] = [:]
        var credentials: [UserKey: CredentialListing] = [:]
        var failure: StoreFailure?
    }

    let contents = Mutex(Contents())
    private let sealing: any SecretSealing

    package init(sealing: any SecretSealing) { self.sealing = sealing }

    package func passwordHash(of user: UserKey) throws(StoreFailure) -> Secret? {
        let found = contents.withLock { ($0.failure, $0.users[user]) }
        if let failure = found.0 { throw failure }
        guard let kept = found.1 else { return nil }
        return try sealing.open(kept.sealedHash, at: user)
    }

    package func username(opening account: AccountName, at provider: ProviderID) throws(StoreFailure) -> AccountName? {
        let found = contents.withLock { contents in
            (
                contents.failure,
                contents.credentials.values.first { $0.user.provider == provider && $0.account == account }
            )
        }
        if let failure = found.0 { throw failure }
        return found.1?.user.username
    }
}
