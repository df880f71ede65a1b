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
