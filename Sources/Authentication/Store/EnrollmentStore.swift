/// Where enrolments and counters are kept.
///
/// All of it runs on the writer's thread. `AuthenticationTesting.EnrollmentStoreContract` is what every
/// store must pass.
package protocol EnrollmentStore: AnyObject, StoreReading {
    /// Whether it is a copy that stands in for a store which cannot be reached: what was revoked there since, nobody here knows.
    var isLocalCopy: Bool { get }

    /// Judges these attempts, in order, in one transaction that is on disk when it returns: an outcome for each.
    ///
    /// One attempt that cannot be judged is that one's `unavailable`, not the others'. Throws if nothing could
    /// be made durable; then nothing was judged as far as anybody will ever know.
    ///
    /// The credentials of `users` are read in the same transaction, since a snapshot of their own costs as much as a
    /// login's rows; those that there are none of, or that cannot be read, are left out.
    func commit(_ attempts: [Attempt], reading users: [UserKey]) throws(StoreFailure) -> Judged

    /// Throws if the store is not where it was opened any more: what is written to it then would be gone with the
    /// next start, and every code good again.
    func checkPlace() throws(StoreFailure)

    /// Whether an account has nothing else than what `holdings` says: false for a copy that may be older than an enrolment.
    var isUpToDate: Bool { get }

    /// All devices of an account, for a decision: a row that makes no sense is thrown as `damaged`, and never left out.
    func holdings(of account: AccountName) throws(StoreFailure) -> [DeviceListing]

    /// Adds a device, or replaces the one of that name; returns whether it replaced one. With a device that is no stopgap
    /// the account's failures with tickets are forgotten.
    func add(_ device: Device, at key: DeviceKey, uid: UInt32) throws(StoreFailure) -> Bool

    /// Adds all of these devices, or none, in one transaction; replaces those of the same names. The rest is as for one.
    func add(_ devices: [DeviceListing]) throws(StoreFailure)

    /// Removes a device; returns whether there was one.
    func remove(_ key: DeviceKey) throws(StoreFailure) -> Bool

    /// Says that all devices of an account belong to `uid` from now on; returns how many belonged to another.
    func adopt(_ account: AccountName, uid: UInt32) throws(StoreFailure) -> Int

    /// Blocks an account; returns whether it was blocked already, and then this reason and time replace those.
    func block(_ block: AccountBlock) throws(StoreFailure) -> Bool

    /// Unblocks an account; returns whether it was blocked.
    func unblock(_ account: AccountName) throws(StoreFailure) -> Bool

    /// Forgets the failures of an account with every module; returns how many there were.
    func unlock(_ account: AccountName) throws(StoreFailure) -> Int

    /// The local account that a provider's username opens, if there are credentials.
    func credentials(of user: UserKey) throws(StoreFailure) -> AccountName?

    /// Links a username to the local account that it opens; changes nothing where either is linked otherwise.
    func link(_ user: UserKey, to account: AccountName, at now: Moment) throws(StoreFailure) -> Linking

    /// Removes a username's credentials; returns the account that they opened, nil if there were none.
    func removeCredentials(of user: UserKey) throws(StoreFailure) -> AccountName?

    /// Adds a user; returns false, and changes nothing, if there is one of that name.
    func add(_ user: ProviderUser) throws(StoreFailure) -> Bool

    /// Those that there are of some users of a provider, with one question however many they are; rows that make no sense are left
    /// out.
    func users(of provider: ProviderID, named usernames: [AccountName]) throws(StoreFailure) -> [ProviderUser]

    /// Gives a user another password hash; returns false, and writes nothing, if there is no such user.
    func change(_ user: ProviderUser) throws(StoreFailure) -> Bool

    /// Removes a user, and its credentials with it: a later user of that name is somebody else. Returns whether there
    /// was one.
    func removeUser(_ user: UserKey) throws(StoreFailure) -> Bool

    /// Seals secrets anew that are not sealed with the current key, in one transaction that is on disk when it returns:
    /// goes through at most `limit` rows after `row`, from the first one if there is none.
    ///
    /// Once a walk has come to its end, no other key is needed for anything that any key at hand had opened: what is stored
    /// meanwhile has to be sealed on the writer's thread, with the current key.
    func reseal(after row: SealedRow?, atMost limit: Int) throws(StoreFailure) -> Resealed

    /// Remembers what is later than what is remembered already, for reports.
    func note(_ activities: [AccountActivity]) throws(StoreFailure)

    /// Brings to the disk what nothing depends on, as a login would; throws if that cannot be done. For a store in which a login
    /// could not: whether it can be done again is then known before the next one.
    func tryWriting() throws(StoreFailure)

    /// What others have changed since the last call, in a store that several daemons share: they remember some of it. Nil for one
    /// that nobody else writes to. Throws if it cannot be used any more; called every few seconds, and when there is a notice.
    func changesByOthers() throws(StoreFailure) -> StoreChanges?

    /// What looks at whole states of it; nil for a store that lies nowhere, or where others do that.
    var inspection: (any StoreInspection)? { get }

    /// Opens what lists and reports read, on whatever thread calls it and for that thread alone; nil for a store that is read on
    /// the writer's thread only.
    var reading: (@Sendable () throws(StoreFailure) -> any StoreReading)? { get }

    /// What providers look at, from threads of their own.
    var userDatabase: any UserDatabase { get }
}

/// What a transaction of attempts has come to.
package struct Judged: Equatable, Sendable {
    /// One for each attempt, in their order.
    package var outcomes: [Outcome]
    /// Which local accounts the usernames open that were asked about.
    package var credentials: [UserKey: AccountName]

    package init(_ outcomes: [Outcome], credentials: [UserKey: AccountName] = [:]) {
        self.outcomes = outcomes
        self.credentials = credentials
    }
}

extension EnrollmentStore {
    package var isLocalCopy: Bool { false }

    /// Judges attempts, and reads nothing else.
    package func commit(_ attempts: [Attempt]) throws(StoreFailure) -> [Outcome] {
        try commit(attempts, reading: []).outcomes
    }

    package var isUpToDate: Bool { true }

    package func checkPlace() throws(StoreFailure) {}

    package func changesByOthers() throws(StoreFailure) -> StoreChanges? { nil }

    package var inspection: (any StoreInspection)? { nil }

    package var reading: (@Sendable () throws(StoreFailure) -> any StoreReading)? { nil }
}

/// How much a store has.
package struct StoreExtent: Equatable, Sendable {
    package let accounts: Int
    package let devices: Int

    package init(accounts: Int, devices: Int) {
        self.accounts = accounts
        self.devices = devices
    }
}

/// What is wrong with a store, in words for the journal and `twostep status`.
package enum StoreFailure: Error, Equatable, Sendable {
    /// It cannot be read or written at all.
    case unreachable(String)
    /// A newer version of Twostep has written it.
    case newer(found: Int, known: Int)
    /// What stands there cannot be right: a secret that does not open, a row that makes no sense.
    case damaged(String)
    /// The key at hand is not the one that the secrets are sealed with.
    case sealedWithAnotherKey(String)
    /// The disk is full, or read-only: nothing could be made durable.
    case notDurable(String)
    /// Another daemon has it.
    case inUse(String)
}

/// A device as `list` shows it.
package struct DeviceListing: Equatable, Sendable {
    package let key: DeviceKey
    package let device: Device
    package let uid: UInt32

    package init(key: DeviceKey, device: Device, uid: UInt32) {
        self.key = key
        self.device = device
        self.uid = uid
    }
}

/// A counter as `list` and `status` show it.
package struct CounterListing: Equatable, Sendable {
    package let account: AccountName
    package let module: ModuleID
    package let counter: FailureCounter

    package init(account: AccountName, module: ModuleID, counter: FailureCounter) {
        self.account = account
        self.module = module
        self.counter = counter
    }
}
