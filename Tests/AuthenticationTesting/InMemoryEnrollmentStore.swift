package import Authentication
import Synchronization

/// A store that keeps everything in dictionaries, and can be told to fail.
package final class InMemoryEnrollmentStore: EnrollmentStore {
    private struct Contents {
        var devices: [DeviceKey: DeviceListing] = [:]
        var counters: [AccountName: [ModuleID: FailureCounter]] = [:]
        var strangers: [AccountName: [ModuleID: FailureCounter]] = [:]
        var hosts: [String: HostCounter] = [:]
        var blocks: [AccountName: AccountBlock] = [:]
        var activities: [AccountName: AccountActivity] = [:]
    }

    package let sealing: any SecretSealing
    private var contents = Contents()
    /// What every call throws until it is taken back.
    package var failure: StoreFailure? {
        didSet { people.contents.withLock { $0.failure = failure } }
    }
    private let people: InMemoryUserDatabase
    /// What lists and reports read it through; through the store itself without.
    package var reading: (@Sendable () throws(StoreFailure) -> any StoreReading)?
    /// Accounts whose records cannot be read.
    package var damaged: Set<AccountName> = []
    /// Whether other daemons have it, too: then who was blocked by one of them, of which this one does not know yet, is judged as nobody.
    package var isShared = false
    /// How many groups were committed.
    package private(set) var commits = 0

    package init(sealing: any SecretSealing = PlainSealing()) {
        self.sealing = sealing
        people = InMemoryUserDatabase(sealing: sealing)
    }

    package func commit(_ attempts: [Attempt], reading users: [UserKey]) throws(StoreFailure) -> Judged {
        try check()
        commits += 1
        var judged = Judged(attempts.map(judge))
        for user in users { judged.credentials[user] = try? credentials(of: user) }
        return judged
    }

    package func tryWriting() throws(StoreFailure) { try check() }

    private func judge(_ attempt: Attempt) -> Outcome {
        guard isShared, attempt.module != nil, case .known = attempt.standing, contents.blocks[attempt.account] != nil
        else { return judged(attempt) }
        return judged(attempt.ofBlocked).ofBlocked
    }

    private func judged(_ attempt: Attempt) -> Outcome {
        guard attempt.module?.id != "" else { return .unavailable(.misconfigured) }
        guard !damaged.contains(attempt.account) else { return .unavailable(.storeUnavailable) }
        let isStranger = attempt.standing == .unknown
        var record = AccountRecord()
        if let module = attempt.module {
            let listings = contents.devices.values
                .filter { $0.key.account == attempt.account && $0.key.module == module }
                .sorted { $0.key.device.utf8.lexicographicallyPrecedes($1.key.device.utf8) }
            record.devices = listings.map(\.device)
            // Should they disagree on the uid, it is one that the account does not have.
            let others = listings.first { Attempt.Standing.known(uid: $0.uid) != attempt.standing }
            record.uid = (others ?? listings.first)?.uid
            if case .known = attempt.standing { contents.strangers[attempt.account] = nil }
            let strange = isStranger ? contents.strangers[attempt.account] : nil
            record.counters = strange ?? contents.counters[attempt.account] ?? [:]
        }
        if attempt.visit != nil { record.visit = contents.activities[attempt.account]?.visit }
        var host = attempt.host.flatMap { contents.hosts[$0] } ?? HostCounter()
        var ledger = RelayLedger()
        for key in attempt.ledgerKeys { ledger.rows[key] = contents.hosts[key] }
        let outcome = attempt.judge(in: &record, host: &host, ledger: &ledger, sealing: sealing)
        if let module = attempt.module {
            for index in record.spent {
                let device = record.devices[index]
                let key = DeviceKey(account: attempt.account, module: module, device: device.name)
                guard let uid = contents.devices[key]?.uid else { continue }
                contents.devices[key] = DeviceListing(key: key, device: device, uid: uid)
            }
            let counters = record.counters.isEmpty ? nil : record.counters
            if isStranger {
                contents.strangers[attempt.account] = counters
            } else {
                contents.counters[attempt.account] = counters
            }
        }
        if attempt.visit != nil, let visit = record.visit {
            contents.activities[attempt.account, default: AccountActivity(account: attempt.account)].visit = visit
        }
        if let prefix = attempt.host, host != HostCounter() { put(host, of: prefix) }
        contents.hosts.merge(ledger.rows) { _, new in new }
        return outcome
    }

    private func put(_ counter: HostCounter, of prefix: String) {
        guard contents.hosts.updateValue(counter, forKey: prefix) == nil, contents.hosts.count > HostRow.mostClaims,
            case .claimed(let serial) = HostRow(key: prefix)
        else { return }
        let claims = contents.hosts.filter { $0.key.hasPrefix("\(serial) ") }
        guard claims.count > HostRow.mostClaims, let oldest = claims.min(by: { $0.value.since < $1.value.since })
        else { return }
        contents.hosts[oldest.key] = nil
    }

    package func devices(of account: AccountName?) throws(StoreFailure) -> [DeviceListing] {
        try check()
        return contents.devices.values.filter { account == nil || $0.key.account == account }
    }

    package func holdings(of account: AccountName) throws(StoreFailure) -> [DeviceListing] {
        guard !damaged.contains(account) else { throw .damaged("the rows of \(account)") }
        return try devices(of: account)
    }

    package func add(_ device: Device, at key: DeviceKey, uid: UInt32) throws(StoreFailure) -> Bool {
        try check()
        guard key.module.id != "" else { throw .unreachable("an id of a module must not be empty") }
        return put(DeviceListing(key: key, device: device, uid: uid))
    }

    private func put(_ listing: DeviceListing) -> Bool {
        if !listing.key.module.isStopgap { contents.counters[listing.key.account]?[.ticket] = nil }
        return contents.devices.updateValue(listing, forKey: listing.key) != nil
    }

    package func add(_ devices: [DeviceListing]) throws(StoreFailure) {
        try check()
        guard !devices.contains(where: { $0.key.module.id == "" }) else {
            throw .unreachable("an id of a module must not be empty")
        }
        for listing in devices { _ = put(listing) }
    }

    package func remove(_ key: DeviceKey) throws(StoreFailure) -> Bool {
        try check()
        return contents.devices.removeValue(forKey: key) != nil
    }

    package func unlock(_ account: AccountName) throws(StoreFailure) -> Int {
        try check()
        let forgotten = [contents.counters, contents.strangers].compactMap { $0[account] }
        contents.counters[account] = nil
        contents.strangers[account] = nil
        return forgotten.map { $0.values.reduce(0) { $0 + $1.failures } }.max() ?? 0
    }

    package func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing] {
        try check()
        return contents.counters.filter { account == nil || $0.key == account }.flatMap { account, counters in
            counters.map { CounterListing(account: account, module: $0.key, counter: $0.value) }
        }
    }

    package func adopt(_ account: AccountName, uid: UInt32) throws(StoreFailure) -> Int {
        try check()
        let foreign = contents.devices.values.filter { $0.key.account == account && $0.uid != uid }
        for listing in foreign {
            contents.devices[listing.key] = DeviceListing(key: listing.key, device: listing.device, uid: uid)
        }
        return foreign.count
    }

    package func blocks() throws(StoreFailure) -> [AccountBlock] {
        try check()
        return contents.blocks.values.sorted { $0.account.text.utf8.lexicographicallyPrecedes($1.account.text.utf8) }
    }

    package func block(_ block: AccountBlock) throws(StoreFailure) -> Bool {
        try check()
        return contents.blocks.updateValue(block, forKey: block.account) != nil
    }

    package func unblock(_ account: AccountName) throws(StoreFailure) -> Bool {
        try check()
        guard contents.blocks.removeValue(forKey: account) != nil else { return false }
        contents.strangers[account] = nil
        return true
    }

    package func hostCounter(of prefix: String) throws(StoreFailure) -> HostCounter {
        try check()
        return contents.hosts[prefix] ?? HostCounter()
    }

    package func credentials(of user: UserKey) throws(StoreFailure) -> AccountName? {
        try check()
        return people.contents.withLock { $0.credentials[user]?.account }
    }

    package func link(_ user: UserKey, to account: AccountName, at now: Moment) throws(StoreFailure) -> Linking {
        try check()
        guard user.provider.id != "" else { throw .unreachable("an id of a provider must not be empty") }
        if let other = try people.username(opening: account, at: user.provider), other != user.username {
            return try credentials(of: user).map { .opensAnother($0) } ?? .openedByAnother(other)
        }
        return people.contents.withLock { contents in
            if let present = contents.credentials[user]?.account {
                return present == account ? .unchanged : .opensAnother(present)
            }
            contents.credentials[user] = CredentialListing(user: user, account: account, createdAt: now.wall)
            return .linked
        }
    }

    package func removeCredentials(of user: UserKey) throws(StoreFailure) -> AccountName? {
        try check()
        return people.contents.withLock { $0.credentials.removeValue(forKey: user)?.account }
    }

    package func allCredentials() throws(StoreFailure) -> [CredentialListing] {
        try check()
        let all = people.contents.withLock { Array($0.credentials.values) }
        return all.sorted { InMemoryEnrollmentStore.isBefore($0.user, $1.user) }
    }

    package func users(of provider: ProviderID?) throws(StoreFailure) -> [ProviderUser] {
        try check()
        let all = people.contents.withLock { Array($0.users.values) }
        return all.filter { provider == nil || $0.key.provider == provider }
            .sorted { InMemoryEnrollmentStore.isBefore($0.key, $1.key) }
    }

    package func users(of provider: ProviderID, named usernames: [AccountName]) throws(StoreFailure) -> [ProviderUser] {
        try users(of: provider).filter { usernames.contains($0.key.username) }
    }

    package func add(_ user: ProviderUser) throws(StoreFailure) -> Bool {
        try check()
        guard user.key.provider.id != "" else { throw .unreachable("an id of a provider must not be empty") }
        return people.contents.withLock { contents in
            guard contents.users[user.key] == nil else { return false }
            contents.users[user.key] = user
            return true
        }
    }

    package func change(_ user: ProviderUser) throws(StoreFailure) -> Bool {
        try check()
        return people.contents.withLock { contents in
            guard contents.users[user.key] != nil else { return false }
            contents.users[user.key] = user
            return true
        }
    }

    package func removeUser(_ user: UserKey) throws(StoreFailure) -> Bool {
        try check()
        return people.contents.withLock { contents in
            guard contents.users.removeValue(forKey: user) != nil else { return false }
            contents.credentials[user] = nil
            return true
        }
    }

    package func reseal(after row: SealedRow?, atMost limit: Int) throws(StoreFailure) -> Resealed {
        try check()
        var result = Resealed()
        // A walk over devices in the order of their places, from the row that the last part came to; users all at its end.
        let devices = contents.devices.values.sorted { $0.key.placeBytes.lexicographicallyPrecedes($1.key.placeBytes) }
        let start = row.flatMap { $0.key.first.flatMap { Int($0) } } ?? 0
        for listing in devices.dropFirst(start).prefix(limit) where !sealing.isCurrent(listing.device.sealed) {
            do throws(StoreFailure) {
                let payload = try sealing.open(listing.device.sealed, at: listing.key)
                let device = Device(
                    name: listing.device.name, sealed: try sealing.seal(payload, at: listing.key),
                    state: listing.device.state, createdAt: listing.device.createdAt,
                    lastUsedAt: listing.device.lastUsedAt)
                contents.devices[listing.key] = DeviceListing(key: listing.key, device: device, uid: listing.uid)
                result.count += 1
            } catch {
                result.failures.append(error)
            }
        }
        if devices.count > start + limit {
            result.next = SealedRow(kind: "device", key: ["\(start + limit)"])
            return result
        }
        for user in try users(of: nil) where !sealing.isCurrent(user.sealedHash) {
            do throws(StoreFailure) {
                let hash = try sealing.open(user.sealedHash, at: user.key)
                let resealed = try sealing.seal(hash, at: user.key)
                _ = try change(ProviderUser(key: user.key, sealedHash: resealed, changedAt: user.changedAt))
                result.count += 1
            } catch {
                result.failures.append(error)
            }
        }
        return result
    }

    package func note(_ activities: [AccountActivity]) throws(StoreFailure) {
        try check()
        for activity in activities {
            contents.activities[activity.account, default: AccountActivity(account: activity.account)].merge(activity)
        }
    }

    package func activities() throws(StoreFailure) -> [AccountActivity] {
        try check()
        return contents.activities.values.sorted { $0.account.text < $1.account.text }
    }

    package var userDatabase: any UserDatabase { people }

    private static func isBefore(_ left: UserKey, _ right: UserKey) -> Bool {
        let (mine, theirs) = ("\(left.provider) \(left.username)", "\(right.provider) \(right.username)")
        return mine.utf8.lexicographicallyPrecedes(theirs.utf8)
    }

    private func check() throws(StoreFailure) {
        if let failure { throw failure }
    }
}
