package import Authentication

/// What logins have judged: read, decided and written in one transaction.
extension PostgreSQLStore {
    package func commit(_ attempts: [Attempt], reading users: [UserKey]) throws(StoreFailure) -> Judged {
        guard !attempts.isEmpty else { return Judged([]) }
        let deadline = ServerClock.now + ServerClock.limit
        do throws(ServerFault) {
            return try transact(attempts, reading: users, by: deadline)
        } catch {
            if error.isEverybodys || error.isPassing { throw error.failure(of: place.description) }
            guard attempts.count > 1 else {
                report(error.failure(of: place.description))
                return Judged([.unavailable(.storeUnavailable)])
            }
        }
        return Judged(try judgeOneByOne(attempts, by: deadline))
    }

    private func judgeOneByOne(_ attempts: [Attempt], by deadline: Int64) throws(StoreFailure) -> [Outcome] {
        try JudgingApart.outcomes(of: attempts, report: report) { (attempt) throws(JudgingApart.Fault) in
            do throws(ServerFault) {
                return try transact([attempt], reading: [], by: deadline).outcomes
            } catch {
                throw JudgingApart.Fault(
                    failure: error.failure(of: place.description), isEverybodys: error.isEverybodys)
            }
        }
    }

    /// One transaction, tried again for as long as others are in its way: durable when it returns outcomes. After a fault it is as
    /// if it had never been, unless the server was lost: then codes may be spent that nobody was let in for.
    private func transact(
        _ attempts: [Attempt], reading users: [UserKey], by deadline: Int64
    ) throws(ServerFault) -> Judged {
        while true {
            do throws(ServerFault) {
                let judged = try judge(attempts, reading: users, by: deadline)
                unknown.commit()
                return judged
            } catch {
                unknown.rollback()
                connection.rollBack()
                guard error.isPassing, ServerClock.now < deadline else { throw error }
            }
        }
    }

    /// Two ways to the server and back, however many attempts there are.
    private func judge(
        _ attempts: [Attempt], reading users: [UserKey], by deadline: Int64
    ) throws(ServerFault) -> Judged {
        var found = try connection.run([.begin] + reads(for: attempts, users), by: deadline)
        guard found.count == 8 else { throw .lost("\(found.count) results of 8 statements") }
        found.removeFirst(2)
        var records = try GroupRecords(
            devices: found[0], counters: found[1], hosts: found[2], visits: found[3], blocked: found[4])
        var judged = Judged([])
        judged.outcomes.reserveCapacity(attempts.count)
        for attempt in attempts {
            judged.outcomes.append(
                try records.judge(attempt, unknown: &unknown, sealing: sealing, standIn: standIn))
        }
        for row in 0..<found[5].count {
            // Whose cannot be read is asked for again by whoever needs them; the attempts are judged all the same.
            guard let user = try? ServerColumns.userKey(in: found[5], row),
                let account = try? ServerColumns.account(in: found[5], row, 3)
            else { continue }
            judged.credentials[user] = account
        }
        try end(records.writes, by: deadline)
        if let now = attempts.first?.now { makeRoom(after: records.newHosts, at: now) }
        return judged
    }

    /// Writes, and commits what was written; throws unless all of it is durable.
    func end(_ writes: [ServerQuery], by deadline: Int64) throws(ServerFault) {
        // It only says ROLLBACK where a transaction had failed before.
        guard try connection.run(writes + [.commit], by: deadline).last?.command == "COMMIT" else {
            throw .lost("the server has rolled back what was to be committed")
        }
        try connection.checkUnwarned()
    }

    /// The locks, and then what they are for: each of these is a statement that sees all that was committed before it.
    private func reads(for attempts: [Attempt], _ users: [UserKey]) -> [ServerQuery] {
        // By their bytes: texts that are equal to Swift may be two names.
        var accounts: Set<AccountName> = []
        var visitors: Set<AccountName> = []
        var prefixes: Set<String> = []
        var stripes: Set<Int64> = []
        for attempt in attempts {
            stripes.insert(Stripe.of(attempt.account))
            if attempt.module != nil { accounts.insert(attempt.account) }
            if attempt.visit != nil { visitors.insert(attempt.account) }
            if let prefix = attempt.host, prefixes.insert(prefix).inserted { stripes.insert(Stripe.of(host: prefix)) }
            // All that a host of the fleet has failed hangs together.
            if let relay = attempt.relay { stripes.insert(Stripe.of(host: Attempt.budgetKey(of: relay, .proved))) }
            prefixes.formUnion(attempt.ledgerKeys)
        }
        // The empty text stands for no id in the tables.
        let asked = users.filter { $0.provider.id != "" }
        let names = ServerValue.texts(accounts.map(\.text).sorted())
        return [
            Stripe.lock(stripes), ServerQuery(ServerStatements.devices, [names]),
            ServerQuery(ServerStatements.counters, [names]),
            ServerQuery(ServerStatements.hosts, [.texts(prefixes.sorted())]),
            ServerQuery(ServerStatements.visits, [.texts(visitors.map(\.text).sorted())]),
            ServerQuery(ServerStatements.blocked, [names]),
            ServerQuery(
                ServerStatements.credentials,
                [
                    .texts(asked.map(\.provider.type)), .texts(asked.map { $0.provider.id ?? "" }),
                    .texts(asked.map(\.username.text)),
                ]),
        ]
    }

    /// Forgets the hosts whose windows are the oldest, where there are too many, and what of the fleet's hosts means nothing any more.
    /// What comes of it concerns no login.
    private func makeRoom(after count: Int, at now: Moment) {
        newHosts += count
        guard newHosts >= HostRow.newOnes else { return }
        newHosts = 0
        for query in [
            ServerQuery(ServerStatements.evictHosts, [.integer(PostgreSQLStore.hostCapacity)]),
            ServerQuery(ServerStatements.evictClaims, [.integer(Int64(HostRow.mostClaims))]),
            ServerQuery(ServerStatements.forgetHosts, [.integer(HostRow.oldest(at: now))]),
        ] {
            _ = try? connection.run(query, by: ServerClock.now + ServerClock.limit)
        }
    }
}
