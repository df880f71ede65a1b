import AdminProtocol
import Authentication

/// Reports: all that is known of the accounts, a page at a time.
extension AdminDesk {
    func report(after name: String?, _ answer: AdminAnswer) {
        let modules = service.generation.active?.modules ?? [:]
        let throttle = service.generation.active?.throttle ?? Throttle()
        let now = service.clocks.now()
        func read() {
            withReading(answer) { store throws(StoreFailure) in
                let page = try store.page(after: name, atMost: AdminDesk.accountsAPage)
                let devices = Dictionary(grouping: page.devices, by: \.key.account)
                let counters = Dictionary(grouping: page.counters, by: \.account)
                let activities = Dictionary(
                    page.activities.map { ($0.account, $0) }, uniquingKeysWith: { first, _ in first })
                let accounts = Set(devices.keys).union(counters.keys).union(activities.keys)
                let reports = page.accounts.filter(accounts.contains).map { account in
                    AdminDesk.report(
                        account, devices[account] ?? [], counters[account] ?? [], activities[account], modules,
                        store.sealing, throttle, at: now)
                }
                return .report(ReportPage(accounts: reports, next: page.next))
            } then: { reply in
                if case .report(let page) = reply { self.addDates(to: page, answer) } else { answer(reply) }
            }
        }
        guard name == nil else { return read() }
        // What is still on its way belongs to it.
        service.flushActivities()
        service.ask { _ in
        } deliver: { _ in
            read()
        }
    }

    /// Until when those who have nothing may enrol at a login: the earliest date of the rules that are about them.
    private func addDates(to page: ReportPage, _ answer: AdminAnswer) {
        let rules = service.generation.active?.policy.rules.filter { $0.enrollUntil != nil } ?? []
        let names = page.accounts.filter { !$0.isEnrolled }.compactMap { AccountName($0.account) }
        guard !rules.isEmpty, !names.isEmpty else { return answer(.report(page)) }
        let groups = rules.reduce(into: Set<String>()) { $0.formUnion($1.match.groups) }
        service.directory.ask(for: 0) { directory in
            names.map { groups.isEmpty ? [] : directory.groups(among: groups, of: $0) ?? [] }
        } then: { memberships in
            let own = memberships ?? names.map { _ in [] }
            var dates: [String: Int64] = [:]
            for (name, groups) in zip(names, own) {
                dates[name.text] = rules.filter { $0.match.concerns(name, in: groups) }.compactMap(\.enrollUntil).min()
            }
            var dated = page
            for index in dated.accounts.indices {
                dated.accounts[index].enrollUntil = dates[page.accounts[index].account]
            }
            answer(.report(dated))
        }
    }

    private static func report(
        _ account: AccountName, _ devices: [DeviceListing], _ counters: [CounterListing],
        _ activity: AccountActivity?, _ modules: [ModuleID: any AuthModule], _ sealing: any SecretSealing,
        _ throttle: Throttle, at now: Moment
    ) -> ReportedAccount {
        var seconds: Int64 = 0
        let standing: AccountFailures.Standing
        switch throttle.standing(of: AccountRecord(counters), at: now) {
        case .open: standing = .open
        case .locked: standing = .locked
        case .delayed(let left): (standing, seconds) = (.delayed, left)
        }
        let codes = devices.compactMap { codesLeft(of: $0, modules, sealing) }
        return ReportedAccount(
            account: account.text,
            devices: devices.sorted { $0.key.device.utf8.lexicographicallyPrecedes($1.key.device.utf8) }
                .map { describe($0, modules, sealing) },
            codesLeft: codes.isEmpty ? nil : codes.reduce(0, +),
            failures: counters.reduce(0) { $0 + $1.counter.failures }, standing: standing, delaySeconds: seconds,
            visit: activity?.visit.map { ReportedVisit($0) }, refusedUnenrolledAt: activity?.unenrolledAt)
    }

    private static func codesLeft(
        of listing: DeviceListing, _ modules: [ModuleID: any AuthModule], _ sealing: any SecretSealing
    ) -> Int? {
        guard let module = modules[listing.key.module] as? any EnrollableModule else { return nil }
        do throws(StoreFailure) {
            let payload = try sealing.open(listing.device.sealed, at: listing.key)
            return payload.withBytes { module.answersLeft($0, state: listing.device.state) }
        } catch {
            // `describe` says so.
            return nil
        }
    }
}

extension Match {
    /// Whether it can be about an account that belongs to these groups, whatever the login.
    fileprivate func concerns(_ account: AccountName, in own: Set<String>) -> Bool {
        (accounts.isEmpty || accounts.contains(account)) && (groups.isEmpty || !groups.isDisjoint(with: own))
    }
}

extension ReportedVisit {
    init(_ visit: Visit) {
        let way: Way =
            switch visit.way {
            case .granted, .firstFactor: .granted
            case .exempt: .exempt
            case .skipped: .skipped
            }
        self.init(at: visit.at, service: visit.service, host: visit.host, way: way)
    }
}
