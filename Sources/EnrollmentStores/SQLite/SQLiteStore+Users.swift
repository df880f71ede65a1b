package import Authentication

extension SQLiteStore {
    package var userDatabase: any UserDatabase { NoUserDatabase(.unreachable("no users are kept")) }

    package func allCredentials() throws(StoreFailure) -> [CredentialListing] { [] }

    package func users(of provider: ProviderID?) throws(StoreFailure) -> [ProviderUser] { [] }

    package func add(_ user: ProviderUser) throws(StoreFailure) -> Bool { throw .unreachable("no users are kept") }

    package func change(_ user: ProviderUser) throws(StoreFailure) -> Bool { throw .unreachable("no users are kept") }

    package func removeUser(_ user: UserKey) throws(StoreFailure) -> Bool { throw .unreachable("no users are kept") }
}
