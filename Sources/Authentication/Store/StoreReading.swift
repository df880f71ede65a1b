/// What lists and reports read of a store.
///
/// `EnrollmentStore` has all of it on the writer's thread; what `EnrollmentStore.reading` opens has it beside the logins.
package protocol StoreReading {
    /// What its secrets are sealed with.
    var sealing: any SecretSealing { get }

    /// The devices of one account, or of all; secrets stay sealed.
    func devices(of account: AccountName?) throws(StoreFailure) -> [DeviceListing]

    /// The failures of one account, or of all that have any.
    func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing]

    /// The accounts that are blocked.
    func blocks() throws(StoreFailure) -> [AccountBlock]

    /// What is remembered of every account's logins, by account.
    func activities() throws(StoreFailure) -> [AccountActivity]

    /// The first accounts after this name, from the beginning without one, and what there is of them; `limit` is 1 at least.
    func page(after name: String?, atMost limit: Int) throws(StoreFailure) -> AccountPage

    /// What a remote host (a /32, a /64) has failed lately.
    func hostCounter(of prefix: String) throws(StoreFailure) -> HostCounter

    /// How many accounts have devices, and how many those are; what an administrator hands out for a day is none.
    func extent() throws(StoreFailure) -> StoreExtent

    /// When an answer of any device was last accepted, in Unix seconds; nil if none ever was.
    func lastUse() throws(StoreFailure) -> Int64?

    /// Who shares it, and what would be lost if its server failed; nil for one that nobody else writes to.
    func sharing() throws(StoreFailure) -> StoreSharing?

    /// All credentials, by provider and username.
    func allCredentials() throws(StoreFailure) -> [CredentialListing]

    /// The users kept for a provider, or for all, by provider and username; hashes stay sealed.
    func users(of provider: ProviderID?) throws(StoreFailure) -> [ProviderUser]

    /// The first credentials after a place; `limit` is 1 at least.
    func credentials(after place: UserPlace, atMost limit: Int) throws(StoreFailure) -> UserPage<CredentialListing>

    /// The first users after a place, of a provider or of all, and the accounts that they open; `limit` is 1 at least.
    func users(
        of provider: ProviderID?, after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<ListedUser>
}

extension StoreReading {
    package func page(after name: String?, atMost limit: Int) throws(StoreFailure) -> AccountPage {
        var all = AccountPage(
            devices: try devices(of: nil), counters: try counters(of: nil), activities: try activities(),
            blocks: try blocks())
        let names = all.accounts.map(\.text).filter { text in
            name.map { $0.utf8.lexicographicallyPrecedes(text.utf8) } ?? true
        }
        all.keep(after: name, through: names.count > limit ? names[limit - 1] : nil)
        return all
    }

    package func credentials(
        after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<CredentialListing> {
        UserPage(try allCredentials().filter { place < UserPlace(of: $0.user) }, atMost: limit) { $0.user }
    }

    package func users(
        of provider: ProviderID?, after place: UserPlace, atMost limit: Int
    ) throws(StoreFailure) -> UserPage<ListedUser> {
        let accounts = Dictionary(
            try allCredentials().map { ($0.user, $0.account) }, uniquingKeysWith: { first, _ in first })
        let users = try users(of: provider).filter { place < UserPlace(of: $0.key) }
        return UserPage(users.map { ListedUser(user: $0, account: accounts[$0.key]) }, atMost: limit) { $0.user.key }
    }

    package func sharing() throws(StoreFailure) -> StoreSharing? { nil }

    package func lastUse() throws(StoreFailure) -> Int64? { try devices(of: nil).compactMap(\.device.lastUsedAt).max() }

    package func extent() throws(StoreFailure) -> StoreExtent {
        let own = try devices(of: nil).filter { !$0.key.module.isStopgap }
        return StoreExtent(accounts: Set(own.map(\.key.account)).count, devices: own.count)
    }
}

/// What a store has of accounts that follow each other, by the bytes of their names.
package struct AccountPage: Equatable, Sendable {
    package private(set) var devices: [DeviceListing]
    package private(set) var counters: [CounterListing]
    package private(set) var activities: [AccountActivity]
    package private(set) var blocks: [AccountBlock]
    /// The name after which the next page begins; nil if there is none.
    package private(set) var next: String?

    package init(
        devices: [DeviceListing], counters: [CounterListing], activities: [AccountActivity], blocks: [AccountBlock],
        next: String? = nil
    ) {
        self.devices = devices
        self.counters = counters
        self.activities = activities
        self.blocks = blocks
        self.next = next
    }

    /// Whoever there is something of, each once.
    package var accounts: [AccountName] {
        Set(devices.map(\.key.account)).union(counters.map(\.account)).union(activities.map(\.account))
            .union(blocks.map(\.account)).sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    }

    /// Drops what is not of these; `last` nil is no bound.
    fileprivate mutating func keep(after first: String?, through last: String?) {
        func isKept(_ account: AccountName) -> Bool {
            if let first, !first.utf8.lexicographicallyPrecedes(account.text.utf8) { return false }
            return last.map { !$0.utf8.lexicographicallyPrecedes(account.text.utf8) } ?? true
        }
        devices.removeAll { !isKept($0.key.account) }
        counters.removeAll { !isKept($0.account) }
        activities.removeAll { !isKept($0.account) }
        blocks.removeAll { !isKept($0.account) }
        next = last
    }
}
