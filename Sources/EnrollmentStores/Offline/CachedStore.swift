package import Authentication

/// A copy of a server's tables in the place of the server, which is away: logins are judged by it, and nothing else can be done.
///
/// What is spent and failed is written to the copy, and for the server to hear of. No recovery code and nothing that an
/// administrator hands out is accepted: they are too good to be good once for each machine.
package final class CachedStore: EnrollmentStore {
    private let copy: OfflineCopy
    private let store: SQLiteStore
    private let limit: Int64
    private let isBack: @Sendable () -> Bool
    private let clock: @Sendable () -> Moment
    private var lastSeenAt: Int64

    /// Takes the copy; throws unless it is one of `place` and may be judged by at this moment, being good for `limit` seconds. `isBack` is asked once a
    /// second, and true ends it.
    package init(
        _ copy: OfflineCopy, of place: PostgreSQLPlace, for limit: Int64, clock: @escaping @Sendable () -> Moment,
        isBack: @escaping @Sendable () -> Bool
    ) throws(StoreFailure) {
        let now = clock()
        _ = try copy.check(at: now, for: limit)
        store = try copy.standIn(for: place)
        try copy.noteSeen(now)
        self.copy = copy
        self.limit = limit
        self.clock = clock
        self.isBack = isBack
        lastSeenAt = now.wall
    }

    package var isLocalCopy: Bool { true }
    package var sealing: any SecretSealing { store.sealing }
    package var userDatabase: any UserDatabase { store.userDatabase }

    package func commit(_ attempts: [Attempt], reading users: [UserKey]) throws(StoreFailure) -> Judged {
        guard let now = attempts.first?.now else { return Judged([]) }
        _ = try copy.check(at: now, for: limit)
        var judged = try store.commit(attempts.map(\.asJudgedOffline), reading: users)
        judged.outcomes = judged.outcomes.map(\.markedOffline)
        return judged
    }

    /// Once a second, however seldom the server is asked for changes: whether the copy is needed any longer, and may be used.
    package func checkPlace() throws(StoreFailure) {
        try store.checkPlace()
        if isBack() { throw .unreachable("the server is back: what was spent meanwhile is taken over first") }
        let now = clock()
        _ = try copy.check(at: now, for: limit)
        if now.wall - lastSeenAt >= CachedStore.secondsBetweenLooks {
            try copy.noteSeen(now)
            lastSeenAt = now.wall
        }
    }

    private static let secondsBetweenLooks: Int64 = 60

    // MARK: What logins ask

    package var isUpToDate: Bool { false }

    /// Throws where the copy has nothing: the account may have been enrolled since, and must not pass for one that was not.
    package func holdings(of account: AccountName) throws(StoreFailure) -> [DeviceListing] {
        let found = try store.holdings(of: account)
        guard !found.isEmpty else {
            throw .unreachable("whether \(account) has anything cannot be told while the server is away")
        }
        return found
    }

    package func credentials(of user: UserKey) throws(StoreFailure) -> AccountName? { try store.credentials(of: user) }

    package func link(_ user: UserKey, to account: AccountName, at now: Moment) throws(StoreFailure) -> Linking {
        guard let opened = try store.credentials(of: user) else { throw CachedStore.away }
        return opened == account ? .unchanged : .opensAnother(opened)
    }

    package func tryWriting() throws(StoreFailure) { try store.tryWriting() }

    package func note(_ activities: [AccountActivity]) throws(StoreFailure) { try store.note(activities) }

    // MARK: What may be looked at

    package func extent() throws(StoreFailure) -> StoreExtent { try store.extent() }
    package func lastUse() throws(StoreFailure) -> Int64? { try store.lastUse() }
    package func blocks() throws(StoreFailure) -> [AccountBlock] { try store.blocks() }
    package func hostCounter(of prefix: String) throws(StoreFailure) -> HostCounter {
        try store.hostCounter(of: prefix)
    }
    package func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing] {
        try store.counters(of: account)
    }

    // MARK: What has to wait

    private static let away = StoreFailure.unreachable(
        "the database is away: logins are judged by the local copy, and nothing can be looked up or changed until it is back"
    )

    package func devices(of account: AccountName?) throws(StoreFailure) -> [DeviceListing] { throw CachedStore.away }
    package func add(_ device: Device, at key: DeviceKey, uid: UInt32) throws(StoreFailure) -> Bool {
        throw CachedStore.away
    }
    package func add(_ devices: [DeviceListing]) throws(StoreFailure) { throw CachedStore.away }
    package func remove(_ key: DeviceKey) throws(StoreFailure) -> Bool { throw CachedStore.away }
    package func adopt(_ account: AccountName, uid: UInt32) throws(StoreFailure) -> Int { throw CachedStore.away }
    package func block(_ block: AccountBlock) throws(StoreFailure) -> Bool { throw CachedStore.away }
    package func unblock(_ account: AccountName) throws(StoreFailure) -> Bool { throw CachedStore.away }
    package func unlock(_ account: AccountName) throws(StoreFailure) -> Int { throw CachedStore.away }
    package func removeCredentials(of user: UserKey) throws(StoreFailure) -> AccountName? { throw CachedStore.away }
    package func allCredentials() throws(StoreFailure) -> [CredentialListing] { throw CachedStore.away }
    package func users(of provider: ProviderID?) throws(StoreFailure) -> [ProviderUser] { throw CachedStore.away }
    package func users(of provider: ProviderID, named usernames: [AccountName]) throws(StoreFailure) -> [ProviderUser] {
        throw CachedStore.away
    }
    package func add(_ user: ProviderUser) throws(StoreFailure) -> Bool { throw CachedStore.away }
    package func change(_ user: ProviderUser) throws(StoreFailure) -> Bool { throw CachedStore.away }
    package func removeUser(_ user: UserKey) throws(StoreFailure) -> Bool { throw CachedStore.away }
    package func reseal(after row: SealedRow?, atMost limit: Int) throws(StoreFailure) -> Resealed {
        throw CachedStore.away
    }
    package func activities() throws(StoreFailure) -> [AccountActivity] { throw CachedStore.away }
}

extension Attempt {
    /// The same; refused before it is looked at, if it is of what is good once in all and not once for each machine, or of a host that
    /// may have been revoked since.
    fileprivate var asJudgedOffline: Attempt {
        let isForOneStore = module.map { $0.type == "recovery_code" || $0.isStopgap } ?? false
        guard isForOneStore || relay != nil else { return self }
        return refused(.offline)
    }
}

extension Outcome {
    /// The same; an acceptance says what it was judged by.
    fileprivate var markedOffline: Outcome {
        guard case .accepted(let account, var acceptance) = self else { return self }
        acceptance.isOffline = true
        return .accepted(account, acceptance)
    }
}
