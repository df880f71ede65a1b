import AdminProtocol
import Authentication

/// The devices and failures that the store has.
extension AdminDesk {
    /// How many accounts a page of a list or report has: far from the longest reply there may be.
    static let accountsAPage = 100

    /// Lists one account's, or those of the accounts after a name.
    func list(_ name: String?, after: String?, _ answer: AdminAnswer) {
        guard let name else {
            return list(answer, isPage: after != nil) { store throws(StoreFailure) in
                try store.page(after: after, atMost: after == nil ? AdminDesk.mostAtOnce : AdminDesk.accountsAPage)
            }
        }
        withName(name, answer) { self.list(account: $0, answer) }
    }

    /// Lists one account's.
    func list(account: AccountName, _ answer: AdminAnswer) {
        list(answer) { store throws(StoreFailure) in
            AccountPage(
                devices: try store.devices(of: account), counters: try store.counters(of: account), activities: [],
                blocks: try store.blocks().filter { $0.account == account })
        }
    }

    private func list(
        _ answer: AdminAnswer, isPage: Bool = false,
        _ page: @escaping @Sendable (any StoreReading) throws(StoreFailure) -> AccountPage
    ) {
        let modules = service.generation.active?.modules ?? [:]
        let throttle = service.generation.active?.throttle ?? Throttle()
        let now = service.clocks.now()
        withReading(answer) { store throws(StoreFailure) in
            let page = try page(store)
            guard isPage || page.next == nil else { return .tooLong }
            let sealing = store.sealing
            return .listing(
                Listing(
                    devices: page.devices.map { AdminDesk.describe($0, modules, sealing) },
                    counters: AdminDesk.standings(of: page.counters, throttle, at: now),
                    blocks: page.blocks.map { BlockedAccount($0) }, next: page.next))
        }
    }

    static func describe(
        _ listing: DeviceListing, _ modules: [ModuleID: any AuthModule], _ sealing: any SecretSealing
    ) -> EnrolledDevice {
        var description: String?
        var problem: String?
        if let module = modules[listing.key.module] as? any EnrollableModule {
            do throws(StoreFailure) {
                let payload = try sealing.open(listing.device.sealed, at: listing.key)
                description = payload.withBytes { module.describe($0, state: listing.device.state) }
            } catch {
                problem = error.description
            }
        } else {
            problem = "its module is not configured"
        }
        return EnrolledDevice(
            account: listing.key.account.text, module: ModuleReference(listing.key.module),
            device: listing.key.device, description: description, createdAt: listing.device.createdAt,
            lastUsedAt: listing.device.lastUsedAt, problem: problem)
    }

    private static func standings(
        of counters: [CounterListing], _ throttle: Throttle, at now: Moment
    ) -> [AccountFailures] {
        let accounts = Dictionary(grouping: counters, by: \.account)
        return counters.map { listing in
            // Names that are equal to Swift and not byte for byte: only a store that was tampered with has them.
            let all = Dictionary(
                (accounts[listing.account] ?? []).map { ($0.module, $0.counter) },
                uniquingKeysWith: { first, _ in first })
            let standing = throttle.standing(of: AccountRecord(counters: all), at: now)
            var seconds: Int64 = 0
            let word: AccountFailures.Standing
            switch standing {
            case .open: word = .open
            case .locked: word = .locked
            case .delayed(let left): (word, seconds) = (.delayed, left)
            }
            return AccountFailures(
                account: listing.account.text, module: ModuleReference(listing.module),
                failures: listing.counter.failures, lastFailureAt: listing.counter.last?.wall, standing: word,
                delaySeconds: seconds)
        }
    }

    /// Removes a device; a trial goes up to the point where it would.
    func remove(
        _ account: AccountName, _ device: String, _ module: ModuleID?, force: Bool, isTrial: Bool = false,
        terms: ChangeTerms = .administrator, _ answer: AdminAnswer
    ) {
        let journal = service.journal
        let configuration = service.generation.active
        withStore(answer) { store throws(StoreFailure) in
            let all = try store.devices(of: account)
            if let refusal = terms.refusal(all) { return .refused(refusal) }
            let found: DeviceListing
            switch AdminDesk.find(device, module, of: account, among: all) {
            case .success(let listing): found = listing
            case .failure(let refusal): return .refused(refusal)
            }
            let others = all.filter { $0.key != found.key }
            let left = Set(others.map(\.key.module))
            let isReplaceable =
                configuration?.isReplaceable(found.key.module, by: left) ?? left.contains { !$0.isStopgap }
            guard force || found.key.module.isStopgap || isReplaceable else {
                return AdminDesk.isLast(found.key, others, mayForce: terms.mayForce)
            }
            if !isTrial {
                guard try store.remove(found.key) else {
                    return .refusal(.unknownDevice, "\(account) has no device '\(device)' any more.")
                }
                journal.notice(
                    "device removed user=\"\(account)\" module=\(found.key.module) device=\"\(device)\"\(terms.signature)"
                )
            }
            return .removed(
                Removal(
                    account: account.text, module: ModuleReference(found.key.module), device: device,
                    remaining: others.count))
        } then: { reply in
            guard !isTrial else { return answer(reply) }
            // What was passed with it is worth no more than the device.
            self.service.grants.revoke { $0.key.account == account }
            if case .removed = reply, terms.mayForce { self.service.forgetProofs(of: account) }
            answer(reply)
        }
    }

    /// The device of an account that is called so, or why it cannot be told which that is.
    static func find(
        _ name: String, _ module: ModuleID?, of account: AccountName, among all: [DeviceListing]
    ) -> Result<DeviceListing, AdminRefusal> {
        let named = all.filter { $0.key.device == name && (module == nil || $0.key.module == module) }
        guard let found = named.first else {
            let names = all.map { "\($0.key.device) (\($0.key.module))" }.joined(separator: ", ")
            return .failure(
                AdminRefusal(
                    .unknownDevice, "\(account) has no device '\(JournalEntry.printable(name))'.",
                    hint: names.isEmpty ? "\(account) has no device at all." : "\(account) has: \(names)"))
        }
        guard named.count == 1 else {
            return .failure(
                AdminRefusal(
                    .badParameter, "\(account) has a device '\(name)' with several modules.",
                    hint: "Say which: --module \(named.map(\.key.module.description).joined(separator: " or "))"))
        }
        return .success(found)
    }

    private static func isLast(_ key: DeviceKey, _ others: [DeviceListing], mayForce: Bool) -> AdminReply {
        let rest =
            others.isEmpty
            ? "who could then not log in"
            : "who would be left with \(others.map(\.key.module.description).joined(separator: ", "))"
        return .refusal(
            .lastDevice, "'\(key.device)' is the last device of \(key.account), \(rest).",
            hint: mayForce ? "Enrol another first, or say --force." : "Enrol another first: twostep enroll")
    }

    func unlock(_ account: AccountName, _ answer: AdminAnswer) {
        let journal = service.journal
        withStore(answer) { store throws(StoreFailure) in
            let failures = try store.unlock(account)
            journal.notice("unlocked user=\"\(account)\" failures=\(failures)")
            return .unlocked(Unlocking(account: account.text, failures: failures))
        } then: { reply in
            self.service.grants.revoke { $0.key.account == account }
            answer(reply)
        }
    }
}
