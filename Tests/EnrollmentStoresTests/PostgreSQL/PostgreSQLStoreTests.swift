import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import Synchronization
import Testing

/// What a store owes that several daemons share, on a server that may be away.
@Suite struct PostgreSQLStoreTests {
    // MARK: Several daemons

    @Test func `of 400 attempts with one code over two daemons one is accepted`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        let outcomes = try PostgreSQLStoreTests.atOnce(2, place) { store in
            try (0..<20).flatMap { _ in
                try store.commit((0..<10).map { _ in bench.attempt(.typed("right 7"), by: bench.alice) })
            }
        }
        #expect(outcomes.count == 400)
        #expect(outcomes.filter { $0 == .accepted(bench.alice) }.count == 1)
        #expect(outcomes.allSatisfy { $0 == .accepted(bench.alice) || $0 == .rejected(.replayed) })
    }

    @Test(arguments: [true, false])
    func `no guesses over two daemons outrun the counter, even from nothing`(_ isEnrolled: Bool) throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        if isEnrolled { try bench.enrol(bench.alice) }
        let reason: Reason = isEnrolled ? .wrongAnswer : .notEnrolled
        let outcomes = try PostgreSQLStoreTests.atOnce(2, place) { store in
            try (0..<40).flatMap { _ in
                try store.commit([bench.attempt(.typed("wrong"), by: bench.alice, host: bench.host)])
            }
        }
        // Five are free; the sixth is looked at, and delays.
        let looked = outcomes.filter { $0 == .rejected(reason) || $0 == .delayed(seconds: 30, after: reason) }
        #expect(looked.count == 6)
        #expect(outcomes.filter { $0 == .delayed(seconds: 30, after: nil) }.count == 74)
        #expect(try bench.failures(of: bench.alice) == 6)
    }

    @Test func `failures of one remote host at two daemons are counted together`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        let outcomes = try PostgreSQLStoreTests.atOnce(2, place) { store in
            try (0..<20).flatMap { _ in try store.commit([bench.refusal()]) }
        }
        #expect(outcomes.filter { $0 == .rejected(.wrongPassword) }.count == HostCounter.limit)
        #expect(outcomes.filter { $0 == .rejected(.hostRefused) }.count == 40 - HostCounter.limit)
    }

    @Test
    func `makes room for remote hosts among those of its own logins, and forgets of the fleet's what is long over`()
        throws
    {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        let kept = ["@web17", "@web17 own", "@web17:alice", HostRow.key(of: "10.0.0.1", claimedBy: "web17")]
        let over = ["@web16", HostRow.key(of: "10.0.0.1", claimedBy: "web16")]
        let now = bench.clock.now.wall
        for (keys, since) in [(kept, now - 5000), (over, now - 8000)] {
            for key in keys { try place.run("INSERT INTO twostep.host VALUES ('\(key)', 7, \(since))") }
        }
        try place.run(
            "INSERT INTO twostep.host SELECT 'h' || i, 30, \(now - 4000) - (i = 4711)::int FROM generate_series(1, 65536) i"
        )
        _ = try bench.store.commit((0..<1024).map { bench.attempt(.unusable, by: bench.alice, host: "new\($0)") })
        for key in kept { #expect(try bench.store.hostCounter(of: key).failures == 7) }
        for key in over + ["h4711"] { #expect(try bench.store.hostCounter(of: key) == HostCounter()) }
        #expect(try bench.store.hostCounter(of: "new1023").failures == 1)
    }

    @Test
    func `failures through one host of the fleet at two daemons are counted together, an account's own among them`()
        throws
    {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        let names = try (0..<80).map { try StoreBench.account("nobody\($0)") }
        let outcomes = try PostgreSQLStoreTests.atOnce(2, place) { store in
            try names.flatMap { name in
                try store.commit([bench.attempt(.typed("wrong"), by: name, standing: .unknown, relay: "web17")])
            }
        }
        #expect(outcomes.count == 160)
        #expect(outcomes.filter { $0 == .unavailable(.hostBudgetSpent) }.count == 60)
        #expect(try bench.store.hostCounter(of: "@web17").failures == HostCounter.Bound.relayingHost.failures)
    }

    @Test func `crowds at two daemons, each with the accounts the other way round, are all judged`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        let people = try (0..<40).map { try StoreBench.account("user\($0)") }
        for account in people { try bench.enrol(account) }
        let turn = Atomic(0)
        let outcomes = try PostgreSQLStoreTests.atOnce(2, place) { store in
            let isFirst = turn.add(1, ordering: .relaxed).newValue == 1
            return try (1...10).flatMap { step in
                let order = isFirst ? people : people.reversed()
                return try store.commit(order.map { bench.attempt(.typed("right \(step)"), by: $0) })
            }
        }
        // Whoever comes second with a step is late; nobody is left without an outcome.
        let accepted = outcomes.filter { if case .accepted = $0 { true } else { false } }.count
        #expect(outcomes.count == 800 && accepted >= 400)
        #expect(outcomes.allSatisfy { $0 != .unavailable(.storeUnavailable) })
    }

    @Test func `what another daemon has blocked, removed or unlocked binds the next answer, and is told`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        let other = try place.openStore()
        try bench.enrol(bench.alice)
        try bench.enrol(bench.bob)
        #expect(try bench.store.changesByOthers()?.isEverything == true)
        #expect(try bench.store.changesByOthers() == StoreChanges())
        #expect(try !other.block(AccountBlock(account: bench.alice, reason: "left", since: 1)))
        #expect(try bench.answer("right 1", by: bench.alice) == .rejected(.blocked))
        // A daemon that knows of it says what it says of nobody.
        #expect(try bench.answer("right 1", by: bench.alice, standing: .unknown) == .rejected(.unknownAccount))
        for _ in 1...4 { _ = try bench.answer("wrong", by: bench.alice) }
        #expect(try bench.answer("wrong", by: bench.alice) == .delayed(seconds: 30, after: nil))
        #expect(try bench.failures(of: bench.alice) == 0)
        #expect(try bench.store.changesByOthers()?.accounts == [bench.alice])
        #expect(try bench.store.changesByOthers() == StoreChanges())
        #expect(try other.unblock(bench.alice))
        #expect(try bench.store.changesByOthers()?.accounts == [bench.alice])
        #expect(try !other.block(AccountBlock(account: bench.alice, reason: "back and away", since: 1)))
        #expect(try bench.answer("wrong", by: bench.alice) == .rejected(.blocked))
        #expect(try other.unblock(bench.alice))
        #expect(try bench.store.changesByOthers()?.accounts == [bench.alice])
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        #expect(try other.remove(DeviceKey(account: bench.bob, module: bench.module.id, device: "phone")))
        #expect(try bench.answer("right 1", by: bench.bob) == .rejected(.notEnrolled))
        #expect(try bench.store.changesByOthers()?.accounts == [bench.bob])
        #expect(try other.unlock(bench.bob) == 1)
        #expect(try bench.failures(of: bench.bob) == 0)
    }

    /// Does the same with so many stores of one database, each on a thread of its own, all at once.
    private static func atOnce(
        _ count: Int, _ place: ServerPlace, _ body: @escaping (PostgreSQLStore) throws -> [Outcome]
    ) throws -> [Outcome] {
        let stores = try (0..<count).map { _ in Lent(try place.openStore()) }
        let work = Lent(body)
        let found = Mutex<[Result<[Outcome], any Error>]>([])
        onThreads(count) { index in
            let result = Result { try work.value(stores[index].value) }
            found.withLock { $0.append(result) }
        }
        return try found.withLock { $0 }.flatMap { try $0.get() }
    }

    /// Threads of their own: a queue may do one after the other.
    private static func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            Thread {
                body(index)
                group.leave()
            }.start()
        }
        group.wait()
    }

    /// What one thread at a time has, or nobody changes.
    private struct Lent<Value>: @unchecked Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    // MARK: Faults

    @Test(arguments: ["40001", "40P01"])
    func `a transaction that others were in the way of is tried again`(_ state: String) throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        try place.fail(writesOf: "factor", with: state, where: "nextval('twostep.trouble') < 4")
        #expect(try bench.answer("wrong", by: bench.alice) == .rejected(.wrongAnswer))
        #expect(try bench.failures(of: bench.alice) == 1)
        #expect(try bench.store.unlock(bench.alice) == 1)
    }

    @Test func `an attempt that cannot be written is that one's trouble, and reported`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        for account in [bench.alice, bench.bob] { try bench.enrol(account) }
        try place.fail(writesOf: "factor", with: "P0001", where: "NEW.account = 'bob'")
        let outcomes = try bench.store.commit([
            bench.attempt(.typed("wrong"), by: bench.alice), bench.attempt(.typed("wrong"), by: bench.bob),
            bench.attempt(.typed("right 3"), by: bench.alice),
        ])
        #expect(
            outcomes == [.rejected(.wrongAnswer), .unavailable(.storeUnavailable), .accepted(bench.alice)])
        #expect(place.reports.all.count == 1)
        #expect(try bench.failures(of: bench.bob) == 0)
    }

    @Test func `a row that makes no sense is its account's trouble`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        for account in [bench.alice, bench.bob] { try bench.enrol(account) }
        try place.run("UPDATE twostep.device SET state = state + 1 WHERE account = 'bob'")
        let outcomes = try bench.store.commit([
            bench.attempt(.typed("right 2"), by: bench.bob), bench.attempt(.typed("right 2"), by: bench.alice),
        ])
        #expect(outcomes == [.unavailable(.storeUnavailable), .accepted(bench.alice)])
        #expect(throws: StoreFailure.self) { try bench.store.holdings(of: bench.bob) }
    }

    @Test func `a connection that is lost grants nothing, and what was spent before stays spent`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice))
        try place.run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'twostepd' "
                + "AND datname = current_database()")
        for _ in 0..<2 {
            do {
                _ = try bench.answer("right 8", by: bench.alice)
                Issue.record("it was judged without a server")
            } catch let failure as StoreFailure {
                guard case .unreachable = failure else { throw failure }
            }
        }
        try bench.restart()
        #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `a lock that somebody keeps is waited for no longer than a login can wait`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        let reader = try place.openStore()
        let before = Date()
        let holder = try PostgreSQLHolder(place, "LOCK TABLE twostep.stripe IN ACCESS EXCLUSIVE MODE")
        #expect(throws: StoreFailure.self) { try bench.answer("right 1", by: bench.alice) }
        #expect(Date().timeIntervalSince(before) > 1)
        #expect(try reader.devices(of: bench.alice).first?.device.state == 0)
        #expect(throws: StoreFailure.self) { try bench.store.tryWriting() }
        holder.letGo()
        try bench.store.tryWriting()
        try bench.restart()
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `lists are read while whoever lets in waits for a lock`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        for account in [bench.alice, bench.bob] { try bench.enrol(account) }
        _ = try bench.answer("wrong", by: bench.alice)
        let holder = try PostgreSQLHolder(
            place, "SELECT count(id) FROM (SELECT id FROM twostep.stripe FOR UPDATE) held")
        let reading = try #require(try bench.store.reading?())
        #expect(try reading.extent() == StoreExtent(accounts: 2, devices: 2))
        #expect(try reading.page(after: nil, atMost: 1).accounts == [bench.alice])
        #expect(try reading.counters(of: bench.alice).map(\.counter.failures) == [1])
        #expect(try reading.sharing()?.daemons == [])
        holder.letGo()
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
    }

    // MARK: Promises

    @Test func `a server that does not wait for the disk is refused, and one that waits for its own alone is not`()
        throws
    {
        let place = try ServerPlace()
        try place.run("ALTER DATABASE \(place.database) SET synchronous_commit = off")
        #expect {
            try place.openStore()
        } throws: { error in
            guard case .notDurable(let words) = error as? StoreFailure else { return false }
            return words.contains("synchronous_commit is off")
        }
        for setting in ["local", "on", "remote_write", "remote_apply"] {
            try place.run("ALTER DATABASE \(place.database) SET synchronous_commit = \(setting)")
            _ = try place.openStore()
        }
        #expect(place.reports.all.isEmpty)
    }

    @Test func `an empty database is refused, and made a store once, whoever makes it at the same time`() throws {
        let place = try ServerPlace(isEmpty: true)
        #expect {
            try place.openStore()
        } throws: { error in
            guard case .unreachable(let words) = error as? StoreFailure else { return false }
            return words.contains("`twostep init` makes one")
        }
        let made = Mutex<[Bool]>([])
        let address = place.address()
        PostgreSQLStoreTests.onThreads(4) { _ in
            guard let isMade = try? PostgreSQLStore.create(address) else { return }
            made.withLock { $0.append(isMade) }
        }
        #expect(made.withLock { $0.count { $0 } } == 1 && made.withLock(\.count) == 4)
        _ = try place.openStore()
    }

    // MARK: Versions

    private static let next = ServerSchema(
        steps: ServerSchema.current.steps + [
            ServerSchema.Step("ALTER TABLE twostep.device ADD COLUMN colour text", oldest: 1)
        ])

    @Test func `two versions work side by side after a step that only adds`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        let newer = try place.openStore(schema: PostgreSQLStoreTests.next)
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        let outcome = try newer.commit([bench.attempt(.typed("right 1"), by: bench.alice)])
        #expect(outcome == [.rejected(.replayed)])
        #expect(try bench.store.changesByOthers() != nil)
        try bench.restart()
        #expect(try bench.answer("right 2", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `tables that are newer than can be used are refused, at the start and while it runs`() throws {
        let place = try ServerPlace()
        let store = try place.openStore()
        try place.run("INSERT INTO twostep.version (version, oldest) VALUES (9, 9)")
        #expect(throws: StoreFailure.newer(found: 9, known: PostgreSQLStore.schema)) { try place.openStore() }
        #expect(throws: StoreFailure.newer(found: 9, known: PostgreSQLStore.schema)) { try store.changesByOthers() }
    }

    @Test func `a key that is not the store's is refused`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        let other = try ServerPlace(isEmpty: true)
        #expect {
            try PostgreSQLStore.open(place.address(), sealing: other.sealing)
        } throws: { error in
            if case .sealedWithAnotherKey = error as? StoreFailure { true } else { false }
        }
    }

    // MARK: Passwords

    @Test func `a password comes from its file, and is in no word of what goes wrong`() throws {
        let place = try ServerPlace()
        try place.run(
            """
            DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'tr\u{e4}umerei 77';
            GRANT USAGE ON SCHEMA twostep TO guarded; GRANT ALL ON ALL TABLES IN SCHEMA twostep TO guarded
            """)
        let right = try place.write("tr\u{e4}umerei 77\n", mode: 0o600)
        _ = try PostgreSQLStore.open(place.address(as: "guarded", passwordFile: right), sealing: place.sealing)
        for (text, mode) in [
            ("tr\u{e4}umerei 78\n", 0o600), ("tr\u{e4}umerei 77\n", 0o644), ("tr\u{e4}umerei 77\nmore\n", 0o600),
            ("\n", 0o600),
            ("", 0o600),
        ] {
            let file = try place.write(text, mode: mode)
            #expect {
                try PostgreSQLStore.open(place.address(as: "guarded", passwordFile: file), sealing: place.sealing)
            } throws: { error in
                guard case .unreachable(let words) = error as? StoreFailure else { return false }
                return !words.contains("umerei")
            }
        }
        #expect(!place.address(as: "guarded", passwordFile: right).description.contains("umerei"))
    }
}

extension StoreBench {
    /// A wrong password from the bench's host.
    fileprivate func refusal() -> Attempt {
        Attempt(
            .firstFactor(.wrongPassword), account: bob, standing: .known(uid: 1000), host: host, throttle: Throttle(),
            now: clock.now)
    }
}

extension ServerPlace {
    /// Makes writes to a table fail with an SQLSTATE while a condition holds.
    fileprivate func fail(writesOf table: String, with state: String, where condition: String) throws {
        try run(
            """
            CREATE SEQUENCE twostep.trouble;
            CREATE FUNCTION twostep.fail() RETURNS trigger LANGUAGE plpgsql SET search_path = twostep, pg_catalog AS $$
            BEGIN
                IF \(condition) THEN RAISE EXCEPTION 'trouble' USING ERRCODE = '\(state)'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON twostep.\(table) FOR EACH ROW EXECUTE FUNCTION twostep.fail()
            """)
    }
}
