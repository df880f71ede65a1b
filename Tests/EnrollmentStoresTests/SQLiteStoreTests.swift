import Authentication
import AuthenticationTesting
import CPOSIX
import EnrollmentStores
import Foundation
import GRDB
import Synchronization
import Testing

@Suite("The SQLite store")
struct SQLiteStoreTests {
    let place: SQLitePlace
    let bench: StoreBench

    init() throws {
        place = try SQLitePlace()
        bench = try StoreBench(place)
    }

    private var store: SQLiteStore {
        get throws { try #require(place.current) }
    }

    // MARK: Settings

    @Test func `waits for the disk on the connection that logins use`() throws {
        try store.withLoginConnection { database throws in
            // 2 is FULL: less, and a power cut would make spent codes good again.
            #expect(try Int.fetchOne(database, sql: "PRAGMA synchronous") == 2)
            #expect(try String.fetchOne(database, sql: "PRAGMA journal_mode") == "wal")
        }
    }

    @Test(arguments: [
        ("foreign_keys", 1), ("trusted_schema", 0), ("secure_delete", 1), ("cell_size_check", 1), ("temp_store", 2),
        ("application_id", 0x5477_3253), ("user_version", SQLiteStore.schema), ("busy_timeout", 2000), ("mmap_size", 0),
    ])
    func `sets on that connection`(_ name: String, _ value: Int) throws {
        try store.withLoginConnection { database throws in
            // Where there is nothing to map, mmap_size answers nothing.
            #expect(try Int.fetchOne(database, sql: "PRAGMA \(name)") ?? 0 == value)
        }
    }

    // MARK: Its end

    @Test func `is put away while others are, whatever GRDB's queues give back and when`() {
        let group = DispatchGroup()
        for _ in 0..<4 {
            group.enter()
            Thread {
                for _ in 0..<50 {
                    do {
                        let bench = try StoreBench(SQLitePlace())
                        #expect(try bench.answer("wrong", by: bench.alice) == .rejected(.notEnrolled))
                    } catch {
                        Issue.record("\(error)")
                    }
                }
                group.leave()
            }.start()
        }
        group.wait()
    }

    // MARK: One write an attempt

    /// An attempt, and the one row that it must write.
    struct Write: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var standing = Attempt.Standing.known(uid: 1000)
        var host: String?
        var answer: @Sendable () -> Attempt.Answer
    }

    static let writes = [
        Write(testDescription: "right") { .typed("right 1") },
        Write(testDescription: "wrong") { .typed("wrong") },
        Write(testDescription: "wrong, from a host", host: "192.0.2.1") { .typed("wrong") },
        Write(testDescription: "no guess, from a host", host: "192.0.2.1") { .unusable },
        Write(testDescription: "no guess, from nowhere") { .unusable },
        Write(testDescription: "unknown name", standing: .unknown) { .typed("wrong") },
        Write(testDescription: "unknown name, from a host", standing: .unknown, host: "192.0.2.1") { .typed("wrong") },
        Write(testDescription: "directory cannot tell", standing: .cannotTell) { .typed("right 1") },
        Write(testDescription: "module cannot tell") { .typed("broken") },
    ]

    @Test(arguments: writes)
    func `writes a row for an attempt, whoever the name is`(_ row: Write) throws {
        try bench.enrol(bench.alice)
        let before = try changes()
        _ = try bench.judge(bench.attempt(row.answer(), by: bench.alice, standing: row.standing, host: row.host))
        #expect(try changes() == before + 1)
    }

    /// Where nothing was proved whatever is refused counts for the host besides.
    @Test(arguments: [Attempt.Standing.known(uid: 1000), .unknown], ["wrong", "", "late"])
    func `writes two rows for what is refused where nothing was proved, whoever the name is`(
        _ standing: Attempt.Standing, _ text: String
    ) throws {
        try bench.enrol(bench.alice)
        func attempt(_ text: String) -> Attempt {
            bench.attempt(
                text.isEmpty ? .unusable : .typed(text), by: bench.alice, standing: standing, host: "192.0.2.1",
                share: .unproved)
        }
        if text == "late" {
            for _ in 0..<6 { _ = try bench.judge(attempt("wrong")) }
            #expect(try bench.judge(attempt("wrong")) == .delayed(seconds: 30, after: nil))
        }
        let before = try changes()
        #expect(try bench.judge(attempt(text)).refusal != nil)
        #expect(try changes() == before + 2)
    }

    @Test func `writes one row for a delayed attempt`() throws {
        try bench.enrol(bench.alice)
        for _ in 0..<6 { try bench.answer("wrong", by: bench.alice) }
        let before = try changes()
        #expect(try bench.answer("right 1", by: bench.alice) == .delayed(seconds: 30, after: nil))
        #expect(try changes() == before + 1)
    }

    private func changes() throws -> Int {
        try store.withLoginConnection { $0.totalChangesCount }
    }

    // MARK: Bounds

    @Test func `counts no more than 65,536 remote hosts, and lets the oldest go`() throws {
        try store.withLoginConnection { database throws in
            try database.execute(
                sql: """
                    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 65535)
                    INSERT INTO host SELECT 'h' || i, 30, 1699999990 + (i <> 4711) FROM n
                    """)
        }
        try bench.restart()
        #expect(try bench.firstFactor(nil, by: bench.alice, from: "h4711") == .rejected(.hostRefused))
        try bench.firstFactor(.wrongPassword, by: bench.alice, from: "new")
        try store.withLoginConnection { database throws in
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM host") == 65_536)
            #expect(try Int.fetchOne(database, sql: "SELECT failures FROM host WHERE prefix = 'new'") == 1)
        }
        #expect(try bench.firstFactor(nil, by: bench.alice, from: "h4711") == .accepted(bench.alice))
        #expect(try bench.firstFactor(nil, by: bench.alice, from: "h4712") == .rejected(.hostRefused))
    }

    @Test func `lets no remote host put out what hosts of the fleet have failed, or what they claim`() throws {
        let kept = ["@web17", "@web17 own", "@web17:alice", HostRow.key(of: "10.0.0.1", claimedBy: "web17")]
        try store.withLoginConnection { database throws in
            for key in kept {
                try database.execute(sql: "INSERT INTO host VALUES (?, 7, 1699999000)", arguments: [key])
            }
            try database.execute(
                sql: """
                    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 65535)
                    INSERT INTO host SELECT 'h' || i, 30, 1699999990 FROM n
                    """)
        }
        try bench.restart()
        for number in 0..<20 { try bench.firstFactor(.wrongPassword, by: bench.alice, from: "new\(number)") }
        for key in kept { #expect(try bench.store.hostCounter(of: key).failures == 7) }
        try store.withLoginConnection { database throws in
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM host WHERE prefix LIKE 'h%'") == 65_516)
        }
    }

    @Test func `keeps no more than 4,096 remote hosts that one host claims, and forgets what is long over`() throws {
        func claim(_ range: Range<Int>) throws {
            _ = try bench.store.commit(
                range.map {
                    bench.attempt(.unusable, by: bench.alice, host: HostRow.key(of: "h\($0)", claimedBy: "web17"))
                })
        }
        func count() throws -> Int {
            try store.withLoginConnection { try Int.fetchOne($0, sql: "SELECT count(*) FROM host") ?? .max }
        }
        for group in 0..<10 {
            try claim(group * 1000..<(group + 1) * 1000)
            #expect(try count() <= HostRow.mostClaims)
            if group == 5 { try bench.restart() }
        }
        _ = try bench.judge(bench.attempt(.typed("wrong"), by: bench.alice, relay: "web17"))
        bench.clock.advance(seconds: 2 * HostCounter.Bound.relayingHost.window + 1)
        try claim(0..<2048)
        #expect(try count() <= 2048)
        #expect(try bench.store.hostCounter(of: "@web17") == HostCounter())
    }

    @Test func `holds no more than 4,096 unknown names, and lets the oldest go`() throws {
        for _ in 0..<6 { try bench.answer("wrong", by: bench.alice, standing: .unknown) }
        #expect(
            try bench.answer("wrong", by: bench.alice, standing: .unknown) == .delayed(seconds: 30, after: nil))
        let others = try (0..<4095).map { try StoreBench.account("nobody\($0)") }
        _ = try bench.store.commit(others.map { bench.attempt(.typed("wrong"), by: $0, standing: .unknown) })
        #expect(
            try bench.answer("wrong", by: bench.alice, standing: .unknown) == .delayed(seconds: 30, after: nil))
        try bench.answer("wrong", by: StoreBench.account("one-more"), standing: .unknown)
        #expect(try bench.answer("wrong", by: bench.alice, standing: .unknown) == .rejected(.unknownAccount))
        #expect(try bench.store.counters(of: nil).isEmpty)
    }

    // MARK: One that fails

    @Test func `does each attempt alone when one of a group fails`() throws {
        let names = try ["alice", "bob", "carol"].map(StoreBench.account)
        for name in names { try bench.enrol(name) }
        try interfere(
            "CREATE TRIGGER t BEFORE UPDATE ON device WHEN old.account = 'bob' BEGIN SELECT RAISE(FAIL, 'no'); END")
        let outcomes = try bench.store.commit(names.map { bench.attempt(.typed("right 1"), by: $0) })
        #expect(outcomes == [.accepted(names[0]), .unavailable(.storeUnavailable), .accepted(names[2])])
        #expect(try names.map { try bench.state(of: $0) } == [1, 0, 1])
        #expect(try names.map { try bench.failures(of: $0) } == [0, 0, 0])
        #expect(!place.reports.all.isEmpty)
    }

    @Test func `counts unknown names once when their group is done again`() throws {
        try bench.enrol(bench.bob)
        try interfere("CREATE TRIGGER t BEFORE UPDATE ON device BEGIN SELECT RAISE(FAIL, 'no'); END")
        let stranger = try StoreBench.account("stranger")
        let outcomes = try bench.store.commit([
            bench.attempt(.typed("wrong"), by: stranger, standing: .unknown),
            bench.attempt(.typed("right 1"), by: bench.bob),
        ])
        #expect(outcomes == [.rejected(.unknownAccount), .unavailable(.storeUnavailable)])
        #expect(try bench.store.unlock(stranger) == 1)
    }

    @Test func `tells nobody anything when nothing can be committed`() throws {
        try bench.enrol(bench.alice)
        let stranger = try StoreBench.account("stranger")
        // A constraint that is looked at when the transaction is committed, and fails there.
        try interfere(
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
            CREATE TRIGGER t AFTER UPDATE ON device BEGIN INSERT INTO child VALUES (7); END
            """)
        #expect {
            try bench.store.commit([
                bench.attempt(.typed("wrong"), by: stranger, standing: .unknown),
                bench.attempt(.typed("right 1"), by: bench.alice),
            ])
        } throws: { error in
            guard case .notDurable = error as? StoreFailure else { return false }
            return true
        }
        #expect(try bench.state(of: bench.alice) == 0)
        #expect(try bench.store.unlock(stranger) == 0)
        try interfere("DROP TRIGGER t")
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `whether it can write again is found out without a login`() throws {
        try interfere(
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
            CREATE TRIGGER t AFTER INSERT ON tally BEGIN INSERT INTO child VALUES (7); END
            """)
        #expect {
            try bench.store.tryWriting()
        } throws: { error in
            guard case .notDurable = error as? StoreFailure else { return false }
            return true
        }
        try interfere("DROP TRIGGER t")
        try bench.store.tryWriting()
    }

    /// Rows that Twostep never writes: what they are set to, where.
    @Test(arguments: [
        "UPDATE device SET state = 'x' WHERE account = 'bob'",
        "UPDATE device SET state = 1 WHERE account = 'bob'",
        "UPDATE device SET state_check = 0 WHERE account = 'bob'",
        "UPDATE device SET sealed = 'text' WHERE account = 'bob'",
        "UPDATE device SET sealed = zeroblob(10000000) WHERE account = 'bob'",
        "UPDATE device SET device = x'ff' WHERE account = 'bob'",
        "UPDATE device SET device = CAST(x'ff' AS TEXT) WHERE account = 'bob'",
        "UPDATE device SET uid = -1 WHERE account = 'bob'",
        "UPDATE device SET uid = 1e300 WHERE account = 'bob'",
        "UPDATE device SET created_at = 'yesterday' WHERE account = 'bob'",
        "INSERT INTO factor VALUES ('bob', 'scripted', '', -1, 0, 0, 0)",
        "INSERT INTO factor VALUES ('bob', 'scripted', '', 9223372036854775807, 0, 0, 0)",
        "INSERT INTO factor VALUES ('bob', 'scripted', '', 1, 'now', 0, 0)",
    ])
    func `refuses one account for a row that makes no sense, and no other`(_ sql: String) throws {
        try bench.enrol(bench.alice)
        try bench.enrol(bench.bob)
        try interfere(sql)
        let outcomes = try bench.store.commit([
            bench.attempt(.typed("right 7"), by: bench.bob), bench.attempt(.typed("right 7"), by: bench.alice),
        ])
        #expect(outcomes == [.unavailable(.storeUnavailable), .accepted(bench.alice)])
        #expect(try bench.store.devices(of: nil).contains { $0.key.account == bench.alice })
        _ = try bench.store.counters(of: nil)
        #expect(!(try store.reader.check().isEmpty))
        #expect(!place.reports.all.isEmpty)
    }

    /// With `unenrolled: skip` an account without devices is let off: one whose only row is damaged is none of these.
    @Test(arguments: [
        "UPDATE device SET state_check = 0 WHERE account = 'bob'", "UPDATE device SET uid = -1 WHERE account = 'bob'",
        "UPDATE device SET sealed = zeroblob(10000000) WHERE account = 'bob'",
    ])
    func `does not say of an account that it has nothing when what it has makes no sense`(_ sql: String) throws {
        try bench.enrol(bench.bob)
        try interfere(sql)
        #expect(throws: StoreFailure.self) { try store.holdings(of: bench.bob) }
        #expect(try store.devices(of: bench.bob).isEmpty, "to be listed, and replaced, all the same")
    }

    /// The same among users: what one of them is set to.
    @Test(arguments: [
        "UPDATE user SET username = 'a/b' WHERE username = 'bob'",
        "UPDATE user SET username = '' WHERE username = 'bob'",
        "UPDATE user SET username = x'ff' WHERE username = 'bob'",
        "UPDATE user SET username = CAST(x'ff' AS TEXT) WHERE username = 'bob'",
        "UPDATE user SET sealed = 'text' WHERE username = 'bob'",
        "UPDATE user SET sealed = x'' WHERE username = 'bob'",
        "UPDATE user SET sealed = zeroblob(100) WHERE username = 'bob'",
        "UPDATE user SET sealed = zeroblob(10000000) WHERE username = 'bob'",
        "UPDATE user SET sealed = (SELECT sealed FROM user WHERE username = 'alice') WHERE username = 'bob'",
        "UPDATE user SET changed_at = 'yesterday' WHERE username = 'bob'",
    ])
    func `opens no hash of a user whose row makes no sense, and everybody else's`(_ sql: String) throws {
        let (alice, bob) = (try bench.user("alice", hash: "a"), try bench.user("bob", hash: "b"))
        for user in [alice, bob] { #expect(try store.add(user)) }
        try interfere(sql)
        #expect((try? bench.hash(of: bob.key)) != "b")
        #expect(try bench.hash(of: alice.key) == "a")
        #expect(try store.users(of: nil).contains(alice))
        #expect(try store.reader.check().count == 1)
    }

    @Test(arguments: [
        "'a/b', sealed", "CAST(x'ff' AS TEXT), sealed", "x'ff', sealed", "'bob', zeroblob(10000000)", "'bob', 'text'",
    ])
    func `goes on behind a user whose row makes no sense, and reports it`(_ row: String) throws {
        let users = try ["alice", "carol", "dave"].map { try bench.user($0, hash: "x") }
        for user in users { #expect(try store.add(user)) }
        try interfere(
            "INSERT INTO user SELECT provider_type, provider_id, \(row), changed_at FROM user WHERE username = 'alice'")
        for limit in 1...5 {
            var found: [ProviderUser] = []
            var place: UserPlace? = .beginning
            while let after = place {
                let page = try store.users(of: nil, after: after, atMost: limit)
                found += page.listed.map(\.user)
                place = page.next
            }
            #expect(found == users, "\(limit) at a time")
        }
        #expect(!place.reports.all.isEmpty)
    }

    @Test(arguments: [
        "UPDATE credential SET username = 'a/b'", "UPDATE credential SET account = ''",
        "UPDATE credential SET account = x'ff'", "UPDATE credential SET created_at = 'yesterday'",
    ])
    func `says of credentials that make no sense that they do not`(_ sql: String) throws {
        let user = try bench.user("bob", hash: "b").key
        #expect(try store.link(user, to: bench.alice, at: bench.clock.now) == .linked)
        try interfere(sql)
        #expect(try store.allCredentials().isEmpty)
        #expect(!place.reports.all.isEmpty)
        #expect(try store.reader.check().count == 1)
    }

    @Test func `has no room for a second username of an account`() throws {
        let user = try bench.user("bob", hash: "b").key
        #expect(try store.link(user, to: bench.alice, at: bench.clock.now) == .linked)
        #expect(throws: DatabaseError.self) {
            try interfere("INSERT INTO credential VALUES ('homeassistant', '', 'carol', 'alice', 0)")
        }
        try interfere("INSERT INTO credential VALUES ('homeassistant', 'other', 'carol', 'alice', 0)")
        #expect(try store.allCredentials().count == 2)
    }

    @Test func `finds the username of an account without looking at all of them`() throws {
        try store.withLoginConnection { database throws in
            let plan = try Row.fetchAll(
                database,
                sql: """
                    EXPLAIN QUERY PLAN SELECT username FROM credential
                    WHERE provider_type = 'a' AND provider_id = '' AND account = 'b'
                    """
            ).map { $0["detail"] as String }
            #expect(plan.count == 1 && plan.first?.contains("USING COVERING INDEX credential_account") == true)
        }
    }

    // MARK: Keys and places

    @Test func `opens no secret in another row`() throws {
        try bench.enrol(bench.alice)
        try bench.enrol(bench.bob)
        try interfere(
            "UPDATE device SET sealed = (SELECT sealed FROM device WHERE account = 'alice') WHERE account = 'bob'")
        #expect(try bench.answer("right 1", by: bench.bob) == .unavailable(.moduleFailed))
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        #expect(try store.reader.check().count == 1)
    }

    @Test func `says at once that the key is another`() throws {
        try bench.enrol(bench.alice)
        place.close()
        let other = try Sealer(SealingKey.generate("\(place.folder.path)/other.key"))
        let expected = StoreFailure.sealedWithAnotherKey(
            "the secret of alice, scripted, device phone is sealed with another key: \(place.keys.current) and not \(other.id)"
        )
        #expect(throws: expected) { _ = try SQLiteStore.open(in: place.folder.path, sealing: other) }
    }

    @Test func `says at once that the key is another where there are users alone`() throws {
        #expect(try store.add(bench.user("alice", hash: "a")))
        place.close()
        let other = try Sealer(SealingKey.generate("\(place.folder.path)/other.key"))
        let expected = StoreFailure.sealedWithAnotherKey(
            "the password of alice at homeassistant is sealed with another key: \(place.keys.current) and not \(other.id)"
        )
        #expect(throws: expected) { _ = try SQLiteStore.open(in: place.folder.path, sealing: other) }
    }

    // MARK: Checks and copies

    @Test func `finds nothing wrong with a store that is whole`() throws {
        try bench.enrol(bench.alice)
        try bench.answer("right 1", by: bench.alice)
        try bench.answer("wrong", by: bench.alice)
        let user = try bench.user("alice", hash: "a")
        #expect(try store.add(user))
        #expect(try store.link(user.key, to: bench.alice, at: bench.clock.now) == .linked)
        #expect(try store.reader.check().isEmpty)
        #expect(place.reports.all.isEmpty)
    }

    @Test(arguments: [
        "CREATE TRIGGER t AFTER UPDATE ON device BEGIN UPDATE device SET state = 0, state_check = -1; END",
        "CREATE VIEW v AS SELECT 1",
    ])
    func `opens no store with something in it that acts by itself`(_ sql: String) throws {
        try interfere(sql)
        #expect { try bench.restart() } throws: { words(of: $0)?.contains("trigger or view") == true }
    }

    @Test(arguments: ["device", "factor", "host", "tally", "credential", "user"])
    func `opens no store that lacks a table`(_ name: String) throws {
        try interfere("DROP TABLE \(name)")
        #expect(throws: StoreFailure.self) { try bench.restart() }
    }

    @Test func `copies the store for its owner alone, with secrets sealed`() throws {
        try bench.enrol(bench.alice)
        let path = "\(place.folder.path)/copy"
        try withUmask(0) { try store.backUp(to: path) }
        #expect(try mode(of: path) == 0o600)
        let copy = try SQLitePlace()
        delete(copy.file)
        try FileManager.default.copyItem(atPath: path, toPath: copy.file)
        let restored = try SQLiteStore.open(in: copy.folder.path, sealing: place.sealing)
        #expect(try restored.commit([bench.attempt(.typed("right 1"), by: bench.alice)]) == [.accepted(bench.alice)])
    }

    // MARK: Readers

    @Test func `lists the state before a group that is not done`() throws {
        try bench.enrol(bench.alice)
        let store = try store
        try store.withLoginConnection { database throws in
            try database.execute(sql: "BEGIN IMMEDIATE; UPDATE device SET state = 9, state_check = ~9")
            #expect(try store.reader.devices(of: nil).map(\.device.state) == [0])
            try database.execute(sql: "COMMIT")
        }
        #expect(try store.reader.devices(of: nil).map(\.device.state) == [9])
    }

    @Test func `shows users to many threads at once, and a new password as soon as it is kept`() throws {
        let store = try store
        let user = try bench.user("alice", hash: "0")
        #expect(try store.add(user))
        let database = store.userDatabase
        let isRight = Mutex(true)
        for round in 1...20 {
            #expect(try store.change(bench.user("alice", hash: "\(round)")))
            DispatchQueue.concurrentPerform(iterations: 16) { _ in
                let found = try? database.passwordHash(of: user.key)
                let isNew = found?.withBytes { $0.count == "\(round)".utf8.count } == true
                if !isNew { isRight.withLock { $0 = false } }
            }
            #expect(try bench.hash(of: user.key) == "\(round)")
        }
        #expect(isRight.withLock { $0 })
    }

    @Test func `shows users while a group of logins is not done`() throws {
        let store = try store
        let user = try bench.user("alice", hash: "a")
        #expect(try store.add(user))
        try store.withLoginConnection { database throws in
            try database.execute(sql: "BEGIN IMMEDIATE; DELETE FROM user")
            #expect(try bench.hash(of: user.key) == "a")
            try database.execute(sql: "COMMIT")
        }
        #expect(try bench.hash(of: user.key) == nil)
    }

    @Test func `judges while somebody reads`() throws {
        try bench.enrol(bench.alice)
        let other = try DatabaseQueue(path: place.file)
        try other.inDatabase { database throws in
            try database.execute(sql: "BEGIN")
            #expect(try Int.fetchOne(database, sql: "SELECT state FROM device") == 0)
            #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
            #expect(try Int.fetchOne(database, sql: "SELECT state FROM device") == 0)
            try database.execute(sql: "COMMIT")
        }
    }

    @Test func `says that another program has locked it`() throws {
        try bench.enrol(bench.alice)
        try store.withLoginConnection { try $0.execute(sql: "PRAGMA busy_timeout = 0") }
        let other = try DatabaseQueue(path: place.file)
        try other.inDatabase { database throws in
            try database.execute(sql: "BEGIN IMMEDIATE")
            #expect { try bench.answer("right 1", by: bench.alice) } throws: {
                words(of: $0)?.contains("locked by another program") == true
            }
            try database.execute(sql: "ROLLBACK")
        }
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `answers nothing once it is closed`() throws {
        let store = try store
        place.close()
        #expect(throws: StoreFailure.self) { try store.commit([bench.attempt(.unusable, by: bench.alice)]) }
        #expect(throws: StoreFailure.self) { try store.devices(of: nil) }
        #expect(throws: StoreFailure.self) { try store.credentials(of: UserKey(bench.alice, at: ProviderID("linux"))) }
        #expect(throws: StoreFailure.self) { try store.unlock(bench.alice) }
        let user = try bench.user("alice", hash: "a")
        #expect(throws: StoreFailure.self) { try store.add(user) }
        #expect(throws: StoreFailure.self) { try store.removeUser(user.key) }
        #expect(throws: StoreFailure.self) { try store.users(of: nil) }
        #expect(throws: StoreFailure.self) { try store.allCredentials() }
        #expect(throws: StoreFailure.self) { try store.link(user.key, to: bench.alice, at: bench.clock.now) }
        #expect(throws: StoreFailure.self) { _ = try store.userDatabase.passwordHash(of: user.key) }
        #expect(throws: StoreFailure.self) { try store.backUp(to: "\(place.folder.path)/copy") }
        #expect(throws: StoreFailure.self) { try store.reader.check() }
    }

    /// Does to the store, through a connection of its own, what only root or a broken disk could.
    private func interfere(_ sql: String) throws {
        try DatabaseQueue(path: place.file).inDatabase { try $0.execute(sql: sql) }
    }
}
