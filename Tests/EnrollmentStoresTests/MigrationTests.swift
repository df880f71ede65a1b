import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import GRDB
import Testing

@Suite("A store is brought up to date, and never down")
struct MigrationTests {
    let place: SQLitePlace
    let next = Schema(steps: Schema.current.steps + ["ALTER TABLE device ADD COLUMN note TEXT"])
    var copy: String { "\(place.file).version-\(Schema.current.version)" }

    init() throws {
        place = try SQLitePlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice, state: 5)
        place.close()
    }

    private func open(_ schema: Schema) throws -> SQLiteStore {
        try SQLiteStore.open(in: place.folder.path, sealing: place.sealing, schema: schema)
    }

    @Test func `takes no copy where there is nothing to migrate`() throws {
        try open(.current).close()
        #expect(!FileManager.default.fileExists(atPath: copy))
    }

    @Test func `takes a copy before it migrates, for its owner alone`() throws {
        try open(next).close()
        #expect(try mode(of: copy) == 0o600)
        let before = try DatabaseQueue(path: copy)
        try before.inDatabase { database throws in
            #expect(try Int.fetchOne(database, sql: "PRAGMA user_version") == Schema.current.version)
            #expect(try Int.fetchOne(database, sql: "SELECT state FROM device") == 5)
        }
        try DatabaseQueue(path: place.file).inDatabase { database throws in
            #expect(try Int.fetchOne(database, sql: "PRAGMA user_version") == next.version)
            #expect(try Int.fetchOne(database, sql: "SELECT state FROM device WHERE note IS NULL") == 5)
        }
    }

    @Test func `refuses a newer store and leaves it as it is`() throws {
        try open(next).close()
        let before = try Data(contentsOf: URL(fileURLWithPath: place.file))
        #expect(throws: StoreFailure.newer(found: next.version, known: Schema.current.version)) {
            _ = try open(.current)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: place.file)) == before)
    }

    @Test func `leaves a store as it was when a step fails`() throws {
        let broken = Schema(
            steps: Schema.current.steps + ["CREATE TABLE later (x)", "ALTER TABLE nothing ADD COLUMN x"])
        #expect(throws: StoreFailure.self) { _ = try open(broken) }
        let store = try open(.current)
        #expect(try store.devices(of: nil).map(\.device.state) == [5])
        try store.withLoginConnection { database throws in
            #expect(try !database.tableExists("later"))
        }
    }

    @Test func `migrates again after a step has failed`() throws {
        let broken = Schema(steps: Schema.current.steps + ["ALTER TABLE nothing ADD COLUMN x"])
        #expect(throws: StoreFailure.self) { _ = try open(broken) }
        try open(next).close()
        #expect(try mode(of: copy) == 0o600)
    }
}

@Suite("A store of version 1 becomes one of version 2")
struct FirstMigrationTests {
    let place: SQLitePlace
    let bench: StoreBench
    let credentials: [CredentialListing]

    /// A store as version 1 left it: a device that has spent 7, failures, a host, and credentials of two providers.
    init() throws {
        place = try SQLitePlace()
        delete(place.file)
        try SQLiteStore.create(in: place.folder.path, schema: Schema(steps: Array(Schema.current.steps.prefix(1))))
        let alice = try StoreBench.account("alice")
        let key = DeviceKey(account: alice, module: ScriptedModule().id, device: "phone")
        let sealed = try place.sealing.seal(Secret(copying: [UInt8(42)].span), at: key)
        let names = try ["alice", "bob", "\u{e9}mile", "e\u{301}mile"].map(StoreBench.account)
        let credentials = [ProviderID("linux"), ProviderID("linux", id: "other")].flatMap { provider in
            names.map { CredentialListing(user: UserKey($0, at: provider), account: $0, createdAt: 7) }
        }
        try DatabaseQueue(path: place.file).inDatabase { database throws in
            #expect(try Int.fetchOne(database, sql: "PRAGMA user_version") == 1)
            try database.execute(
                sql: "INSERT INTO device VALUES ('alice', ?, '', 'phone', 1000, ?, 7, -8, 1, 2)",
                arguments: [key.module.type, Data(sealed)])
            try database.execute(
                sql: """
                    INSERT INTO factor VALUES ('bob', 'scripted', '', 3, 0, 0, 0);
                    INSERT INTO host VALUES ('192.0.2.7', 4, 5);
                    INSERT INTO tally VALUES ('traceless', 6);
                    """)
            for row in credentials {
                try database.execute(
                    sql: "INSERT INTO credential VALUES ('linux', ?, ?, ?, 7)",
                    arguments: [row.user.provider.id ?? "", row.user.username.text, row.account.text])
            }
        }
        self.credentials = credentials
        bench = try StoreBench(place)
    }

    @Test func `keeps all there is`() throws {
        let store = try #require(place.current)
        try store.withLoginConnection { database throws in
            #expect(try Int.fetchOne(database, sql: "SELECT failures FROM host WHERE prefix = '192.0.2.7'") == 4)
            #expect(try Int.fetchOne(database, sql: "SELECT count FROM tally") == 6)
        }
        #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
        #expect(try bench.failures(of: bench.bob) == 3)
        #expect(Set(try store.allCredentials().map(\.user)) == Set(credentials.map(\.user)))
        for row in credentials {
            #expect(try store.credentials(of: row.user) == row.account)
            #expect(
                try store.userDatabase.username(opening: row.account, at: row.user.provider) == row.user.username)
        }
        #expect(try store.reader.check().isEmpty)
    }

    @Test func `has room for users`() throws {
        let user = try bench.user("alice", hash: "a")
        #expect(try bench.store.users(of: nil).isEmpty)
        #expect(try bench.store.add(user))
        try bench.restart()
        #expect(try bench.hash(of: user.key) == "a")
    }

    @Test func `leaves a copy of version 1, for its owner alone`() throws {
        let copy = "\(place.file).version-1"
        #expect(try mode(of: copy) == 0o600)
        try DatabaseQueue(path: copy).inDatabase { database throws in
            #expect(try Int.fetchOne(database, sql: "PRAGMA user_version") == 1)
            #expect(try Int.fetchOne(database, sql: "SELECT state FROM device") == 7)
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM credential") == credentials.count)
            #expect(try !database.tableExists("user"))
        }
    }
}
