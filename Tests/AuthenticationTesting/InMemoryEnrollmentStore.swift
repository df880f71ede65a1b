package import Authentication

/// A store that keeps everything in dictionaries, and can be told to fail.
package final class InMemoryEnrollmentStore: EnrollmentStore {
    private struct Contents {
        var devices: [DeviceKey: DeviceListing] = [:]
        var counters: [AccountName: [ModuleID: FailureCounter]] = [:]
        var strangers: [AccountName: [ModuleID: FailureCounter]] = [:]
        var hosts: [String: HostCounter] = [:]
        var credentials: [ProviderID: [AccountName: AccountName]] = [:]
    }

    package let sealing: any SecretSealing
    private var contents = Contents()
    /// What every call throws until it is taken back.
    package var failure: StoreFailure?
    /// Accounts whose records cannot be read.
    package var damaged: Set<AccountName> = []
    /// How many groups were committed.
    package private(set) var commits = 0

    package init(sealing: any SecretSealing = PlainSealing()) { self.sealing = sealing }

    package func commit(_ attempts: [Attempt]) throws(StoreFailure) -> [Outcome] {
        try check()
        commits += 1
        return attempts.map(judge)
    }

    private func judge(_ attempt: Attempt) -> Outcome {
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
            let strange = listings.first { Attempt.Standing.known(uid: $0.uid) != attempt.standing }
            record.uid = (strange ?? listings.first)?.uid
            record.counters = (isStranger ? contents.strangers : contents.counters)[attempt.account] ?? [:]
        }
        var host = attempt.host.flatMap { contents.hosts[$0] } ?? HostCounter()
        let outcome = attempt.judge(in: &record, host: &host, sealing: sealing)
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
        if let prefix = attempt.host, host != HostCounter() { contents.hosts[prefix] = host }
        return outcome
    }

    package func devices(of account: AccountName?) throws(StoreFailure) -> [DeviceListing] {
        try check()
        return contents.devices.values.filter { account == nil || $0.key.account == account }
    }

    package func add(_ device: Device, at key: DeviceKey, uid: UInt32) throws(StoreFailure) -> Bool {
        try check()
        guard key.module.id != "" else { throw .unreachable("an id of a module must not be empty") }
        let listing = DeviceListing(key: key, device: device, uid: uid)
        return contents.devices.updateValue(listing, forKey: key) != nil
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
        return forgotten.flatMap(\.values).reduce(0) { $0 + $1.failures }
    }

    package func counters(of account: AccountName?) throws(StoreFailure) -> [CounterListing] {
        try check()
        return contents.counters.filter { account == nil || $0.key == account }.flatMap { account, counters in
            counters.map { CounterListing(account: account, module: $0.key, counter: $0.value) }
        }
    }

    package func credentials(
        of username: AccountName, at provider: ProviderID
    ) throws(StoreFailure) -> AccountName? {
        try check()
        return contents.credentials[provider]?[username]
    }

    package func createCredentials(
        of username: AccountName, at provider: ProviderID, for account: AccountName, at now: Moment
    ) throws(StoreFailure) {
        try check()
        guard provider.id != "" else { throw .unreachable("an id of a provider must not be empty") }
        guard contents.credentials[provider]?[username] == nil else { return }
        contents.credentials[provider, default: [:]][username] = account
    }

    private func check() throws(StoreFailure) {
        if let failure { throw failure }
    }
}
