internal import Authentication

/// What the accounts and hosts of a group have, as its transaction has read it and its attempts go on to change it.
struct GroupRecords {
    private struct Place: Hashable {
        let account: AccountName
        let module: ModuleID
    }

    private var devices: [Place: [DeviceListing]] = [:]
    private let countersBefore: [AccountName: [ModuleID: FailureCounter]]
    private var counters: [AccountName: [ModuleID: FailureCounter]]
    private let hostsBefore: [String: HostCounter]
    private var hosts: [String: HostCounter]
    private let visitsBefore: [AccountName: Visit]
    private var visits: [AccountName: Visit]
    private let blocked: Set<AccountName>
    /// Which devices were spent, by their index.
    private var spent: [Place: Set<Int>] = [:]
    /// How many attempts have changed nothing, by the stripe of the account.
    private var traceless: [Int64: Int64] = [:]
    /// What is wrong with the rows of single accounts: theirs is not judged.
    private var damage: [AccountName: ServerFault] = [:]

    /// The rows of the statements `devices`, `counters`, `hosts`, `visits` and `blocked`.
    init(
        devices: ServerRows, counters: ServerRows, hosts: ServerRows, visits: ServerRows, blocked: ServerRows
    ) throws(ServerFault) {
        var damage: [AccountName: ServerFault] = [:]
        for row in 0..<devices.count {
            do throws(ServerFault) {
                let found = try ServerColumns.listing(in: devices, row)
                self.devices[Place(account: found.key.account, module: found.key.module), default: []].append(found)
            } catch {
                damage[try ServerColumns.account(in: devices, row, 0)] = error
            }
        }
        var found: [AccountName: [ModuleID: FailureCounter]] = [:]
        for row in 0..<counters.count {
            do throws(ServerFault) {
                let listing = try ServerColumns.counter(in: counters, row)
                found[listing.account, default: [:]][listing.module] = listing.counter
            } catch {
                damage[try ServerColumns.account(in: counters, row, 0)] = error
            }
        }
        var prefixes: [String: HostCounter] = [:]
        for row in 0..<hosts.count {
            prefixes[try hosts.text(row, 0)] = HostCounter(
                failures: Int(clamping: max(try hosts.integer(row, 1), 0)), since: try hosts.integer(row, 2))
        }
        var last: [AccountName: Visit] = [:]
        for row in 0..<visits.count {
            let account = try ServerColumns.account(in: visits, row, 0)
            do throws(ServerFault) {
                last[account] = try ServerColumns.visit(in: visits, row, 1)
            } catch {
                damage[account] = error
            }
        }
        var names: Set<AccountName> = []
        for row in 0..<blocked.count { names.insert(try ServerColumns.account(in: blocked, row, 0)) }
        (countersBefore, self.counters) = (found, found)
        (hostsBefore, self.hosts) = (prefixes, prefixes)
        (visitsBefore, self.visits) = (last, last)
        self.blocked = names
        self.damage = damage
    }

    /// Judges one attempt by what those before it have left; throws if this account's rows make no sense.
    mutating func judge(
        _ attempt: Attempt, unknown: inout UnknownAccounts, sealing: any SecretSealing, standIn: StandIn?
    ) throws(ServerFault) -> Outcome {
        guard let module = attempt.module else { return judgeFirstFactor(attempt, sealing: sealing) }
        let account = attempt.account
        guard module.id != "" else {
            // The empty text stands for no id in the tables.
            leaveNoTrace(of: account)
            return .unavailable(.misconfigured)
        }
        if let fault = damage[account] { throw fault }
        // Blocked by another daemon a moment ago: judged as a login that begins now is, which comes as nobody's.
        let isBlocked = blocked.contains(account) && attempt.uid != nil
        let attempt = isBlocked ? attempt.ofBlocked : attempt
        let place = Place(account: account, module: module)
        let held = devices[place] ?? []
        var record = AccountRecord(
            uid: GroupRecords.uid(of: held, known: attempt.uid),
            counters: unknown.counters(for: attempt, stored: counters[account] ?? [:]), devices: held.map(\.device))
        if attempt.visit != nil { record.visit = visits[account] }
        let before = record
        let hostBefore = attempt.host.flatMap { hosts[$0] } ?? HostCounter()
        var host = hostBefore
        let ledgerBefore = ledger(of: attempt)
        var ledger = ledgerBefore
        let outcome = attempt.judge(in: &record, host: &host, ledger: &ledger, sealing: sealing)
        if outcome.isOfNothing { standIn?.open(with: sealing) }

        var hasWritten = false
        for index in record.spent where held.indices.contains(index) && record.devices.indices.contains(index) {
            let (key, device) = (held[index].key, record.devices[index])
            guard device.state > held[index].device.state else {
                throw .nonsense("device \(device.name) of \(account) with \(module) could not be spent")
            }
            devices[place]?[index] = DeviceListing(key: key, device: device, uid: held[index].uid)
            spent[place, default: []].insert(index)
            hasWritten = true
        }
        if record.counters != before.counters {
            if attempt.standing == .unknown {
                unknown[account] = record.counters
            } else {
                counters[account] = record.counters
                hasWritten = true
            }
        }
        if attempt.visit != nil, let visit = record.visit, visit != before.visit {
            visits[account] = visit
            hasWritten = true
        }
        if attempt.writesForAccount, !hasWritten {
            leaveNoTrace(of: account)
            hasWritten = true
        }
        if count(host, over: hostBefore, for: attempt.host) { hasWritten = true }
        if note(ledger, over: ledgerBefore) { hasWritten = true }
        if !hasWritten { leaveNoTrace(of: account) }
        return isBlocked ? outcome.ofBlocked : outcome
    }

    private mutating func judgeFirstFactor(_ attempt: Attempt, sealing: any SecretSealing) -> Outcome {
        var record = AccountRecord()
        let before = attempt.host.flatMap { hosts[$0] } ?? HostCounter()
        var host = before
        let ledgerBefore = ledger(of: attempt)
        var ledger = ledgerBefore
        let outcome = attempt.judge(in: &record, host: &host, ledger: &ledger, sealing: sealing)
        let isHostCounted = count(host, over: before, for: attempt.host)
        let isLedgerChanged = note(ledger, over: ledgerBefore)
        if !isHostCounted, !isLedgerChanged { leaveNoTrace(of: attempt.account) }
        return outcome
    }

    private mutating func count(_ host: HostCounter, over before: HostCounter, for prefix: String?) -> Bool {
        guard let prefix, host != before else { return false }
        hosts[prefix] = host
        return true
    }

    /// What the host that has relayed an attempt has failed.
    private func ledger(of attempt: Attempt) -> RelayLedger {
        var ledger = RelayLedger()
        for key in attempt.ledgerKeys { ledger.rows[key] = hosts[key] }
        return ledger
    }

    private mutating func note(_ ledger: RelayLedger, over before: RelayLedger) -> Bool {
        guard ledger != before else { return false }
        hosts.merge(ledger.rows) { _, new in new }
        return true
    }

    private mutating func leaveNoTrace(of account: AccountName) { traceless[Stripe.of(account), default: 0] += 1 }

    /// The uid that an account's devices were enrolled for. Should they disagree on that, it is the one that `known` is not:
    /// whose they are cannot be told.
    private static func uid(of held: [DeviceListing], known: UInt32?) -> UInt32? {
        held.first { $0.uid != known }?.uid ?? held.first?.uid
    }

    /// How many hosts were counted for the first time.
    var newHosts: Int { hosts.keys.count { hostsBefore[$0] == nil } }

    /// Everything that has changed, each row in the order of its id.
    var writes: [ServerQuery] {
        var all: [ServerQuery] = []
        for (place, indices) in spent {
            for index in indices.sorted() {
                guard let found = devices[place]?[index] else { continue }
                let (key, device) = (found.key, found.device)
                all.append(
                    ServerQuery(
                        ServerStatements.spend,
                        // A device that has just been spent was used just now; 0 stands for a clock that says nothing.
                        ServerColumns.place(key.account, key.module) + [
                            .text(key.device), .integer(device.state), .integer(~device.state),
                            .integer(device.lastUsedAt ?? 0),
                        ]))
            }
        }
        for account in counters.keys.sorted(by: { $0.text < $1.text }) {
            let (before, after) = (countersBefore[account] ?? [:], counters[account] ?? [:])
            for (module, counter) in after where before[module] != counter {
                let last = counter.last ?? Moment(wall: 0, boottime: 0, boot: 0)
                all.append(
                    ServerQuery(
                        ServerStatements.putCounter,
                        ServerColumns.place(account, module) + [
                            .integer(Int64(counter.failures)), .integer(last.wall), .integer(last.boottime),
                            .integer(last.boot),
                        ]))
            }
            for module in before.keys where after[module] == nil {
                all.append(ServerQuery(ServerStatements.removeCounter, ServerColumns.place(account, module)))
            }
        }
        for (prefix, host) in hosts.sorted(by: { $0.key < $1.key }) where hostsBefore[prefix] != host {
            all.append(
                ServerQuery(
                    ServerStatements.putHost,
                    [.text(prefix), .integer(Int64(host.failures)), .integer(host.since)]))
        }
        for (account, visit) in visits.sorted(by: { $0.key.text < $1.key.text })
        where visitsBefore[account] != visit {
            all.append(
                ServerQuery(ServerStatements.putVisit, [.text(account.text)] + ServerColumns.values(of: visit)))
        }
        for (stripe, count) in traceless.sorted(by: { $0.key < $1.key }) {
            all.append(ServerQuery(ServerStatements.addTraceless, [.integer(stripe), .integer(count)]))
        }
        return all
    }
}

extension Attempt {
    /// The account's uid, where the directory knows it.
    fileprivate var uid: UInt32? {
        switch standing {
        case .known(let uid): uid
        case .unknown, .cannotTell: nil
        }
    }
}
