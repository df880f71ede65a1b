package import Authentication
internal import GRDB

/// What logins have judged: read, decided and written in one transaction.
extension SQLiteStore {
    package func commit(_ attempts: [Attempt], reading users: [UserKey]) throws(StoreFailure) -> Judged {
        guard !attempts.isEmpty else { return Judged([]) }
        let statements = try openStatements()
        let result = queue.writeWithoutTransaction { _ -> Result<Judged, StoreFailure> in
            do throws(StoreFailure) {
                return .success(try judge(attempts, reading: users, with: statements))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    package func tryWriting() throws(StoreFailure) {
        let statements = try openStatements()
        let result = queue.writeWithoutTransaction { _ in
            transact(with: statements) { () throws(DatabaseFault) in try statements.addTraceless() }
        }
        if case .failure(let fault) = result { throw fault.failure(of: directory.database) }
    }

    /// All of them in one transaction; should that fail for one of them, each in its own.
    private func judge(
        _ attempts: [Attempt], reading users: [UserKey], with statements: LoginStatements
    ) throws(StoreFailure) -> Judged {
        switch transact(attempts, reading: users, with: statements) {
        case .success(let judged): return judged
        case .failure(let fault) where fault.isEverybodys: throw fault.failure(of: directory.database)
        case .failure(let fault) where attempts.count == 1:
            report(fault.failure(of: directory.database))
            return Judged([.unavailable(.storeUnavailable)])
        case .failure: return Judged(try judgeOneByOne(attempts, with: statements))
        }
    }

    private func judgeOneByOne(
        _ attempts: [Attempt], with statements: LoginStatements
    ) throws(StoreFailure) -> [Outcome] {
        try JudgingApart.outcomes(of: attempts, report: report) { (attempt) throws(JudgingApart.Fault) in
            switch transact([attempt], reading: [], with: statements) {
            case .success(let judged): return judged.outcomes
            case .failure(let fault):
                throw JudgingApart.Fault(
                    failure: fault.failure(of: directory.database), isEverybodys: fault.isEverybodys)
            }
        }
    }

    /// Why a transaction failed, and whether that was the attempts' own doing.
    private struct TransactionFault: Error {
        let fault: DatabaseFault
        /// It could not even begin, or could not be brought to the disk.
        let isAtTheEdge: Bool

        var isEverybodys: Bool { isAtTheEdge || fault.isEverybodys }

        func failure(of path: String) -> StoreFailure {
            let failure = fault.failure(of: path)
            // Only who opens it anew is rid of it: that it is not durable would mean that the next one may do better.
            guard isAtTheEdge, !fault.isOfLocks else { return failure }
            switch failure {
            case .unreachable(let words), .damaged(let words), .inUse(let words): return .notDurable(words)
            case .notDurable, .newer, .sealedWithAnotherKey: return failure
            }
        }
    }

    /// One transaction: on disk when it returns outcomes, and as if it had never been otherwise.
    private func transact(
        _ attempts: [Attempt], reading users: [UserKey], with statements: LoginStatements
    ) -> Result<Judged, TransactionFault> {
        transact(with: statements) { () throws(DatabaseFault) in
            var judged = Judged([])
            judged.outcomes.reserveCapacity(attempts.count)
            for attempt in attempts { judged.outcomes.append(try judge(attempt, with: statements)) }
            // Whose cannot be read is asked for again by whoever needs them; the attempts are judged all the same.
            if let found = try? statements.accounts(of: users) { judged.credentials = found }
            return judged
        }
    }

    /// The same for whatever is done in it.
    private func transact<Value>(
        with statements: LoginStatements, _ body: () throws(DatabaseFault) -> Value
    ) -> Result<Value, TransactionFault> {
        let hostsBefore = hosts
        var isAtTheEdge = true
        do throws(DatabaseFault) {
            // Left over only if a rollback failed.
            if !statements.isIdle { try statements.rollback.run() }
            try statements.begin.run()
            isAtTheEdge = false
            let value = try body()
            isAtTheEdge = true
            try statements.commit.run()
            unknown.commit()
            return .success(value)
        } catch {
            // SQLite may have rolled back by itself; then there is nothing to do, and nothing to complain of.
            if !statements.isIdle { try? statements.rollback.run() }
            unknown.rollback()
            hosts = hostsBefore
            return .failure(TransactionFault(fault: error, isAtTheEdge: isAtTheEdge))
        }
    }

    /// One attempt: what it needs is read, `Attempt` decides, and what that changed is written; at least one row.
    private func judge(
        _ attempt: Attempt, with statements: LoginStatements
    ) throws(DatabaseFault) -> Outcome {
        if let id = attempt.module?.id, id.isEmpty {
            // The empty text stands for no id in the tables.
            try statements.addTraceless()
            return .unavailable(.misconfigured)
        }
        var record = AccountRecord()
        if let module = attempt.module {
            let stored = try statements.records.counters(of: attempt.account)
            record.counters = unknown.counters(for: attempt, stored: stored)
            standInRecords.readCounters(missing: record.counters.count - stored.count)
            (record.devices, record.uid) = try statements.records.devices(
                of: attempt.account, module: module, known: attempt.uid)
            standInRecords.readDevice(isMissing: record.devices.isEmpty)
            if attempt.visit != nil { record.visit = try statements.visit(of: attempt.account) }
        }
        let visitBefore = record.visit
        let countersBefore = record.counters
        let hostBefore = try attempt.host.flatMap { (prefix) throws(DatabaseFault) in try statements.host(prefix) }
        var host = hostBefore ?? HostCounter()
        var ledger = RelayLedger()
        for key in attempt.ledgerKeys { ledger.rows[key] = try statements.host(key) }
        let ledgerBefore = ledger
        let outcome = attempt.judge(in: &record, host: &host, ledger: &ledger, sealing: sealing)
        if outcome.isOfNothing { standIn?.open(with: sealing) }

        var hasWritten = false
        if let module = attempt.module {
            for index in record.spent.sorted() where record.devices.indices.contains(index) {
                try statements.spend(record.devices[index], of: attempt.account, module: module)
                try offline?.note(attempt.account)
                hasWritten = true
            }
        }
        if record.counters != countersBefore {
            if attempt.standing == .unknown {
                unknown[attempt.account] = record.counters
                for (module, counter) in record.counters where countersBefore[module] != counter {
                    try statements.putNowhere(counter, of: attempt.account, module: module)
                }
            } else {
                try write(record.counters, over: countersBefore, of: attempt.account, with: statements)
                hasWritten = true
            }
        }
        if attempt.visit != nil, let visit = record.visit, visit != visitBefore {
            try statements.put(visit, of: attempt.account)
            hasWritten = true
        }
        if attempt.writesForAccount, !hasWritten {
            try statements.addTraceless()
            hasWritten = true
        }
        if let prefix = attempt.host {
            hasWritten = try put(host, over: hostBefore, of: prefix, at: attempt.now, with: statements) || hasWritten
        }
        for (key, counter) in ledger.rows {
            let before = ledgerBefore.rows[key]
            hasWritten = try put(counter, over: before, of: key, at: attempt.now, with: statements) || hasWritten
        }
        if !hasWritten { try statements.addTraceless() }
        return outcome
    }

    /// Writes what has become of a host's counter; returns whether that was anything.
    private func put(
        _ counter: HostCounter, over before: HostCounter?, of prefix: String, at now: Moment,
        with statements: LoginStatements
    ) throws(DatabaseFault) -> Bool {
        guard counter != before ?? HostCounter() else { return false }
        if before == nil { try hosts.makeRoom(for: prefix, at: now, with: statements) }
        try statements.put(counter, over: before, of: prefix)
        return true
    }

    private func write(
        _ counters: [ModuleID: FailureCounter], over before: [ModuleID: FailureCounter], of account: AccountName,
        with statements: LoginStatements
    ) throws(DatabaseFault) {
        for (module, counter) in counters where before[module] != counter {
            try statements.put(counter, of: account, module: module)
            let added = counter.failures - (before[module]?.failures ?? 0)
            if added > 0 { try offline?.note(added, of: account, with: module) }
        }
        for module in before.keys where counters[module] == nil {
            try statements.removeCounter(of: account, module: module)
        }
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
