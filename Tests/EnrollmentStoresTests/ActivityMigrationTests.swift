import Authentication
import AuthenticationTesting
import EnrollmentStores
import GRDB
import Testing

@Suite struct ActivityMigrationTests {
    @Test func `a store from before logins were remembered has room for them, and keeps what it has`() throws {
        let place = try SQLitePlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice, state: 5)
        place.close()
        try DatabaseQueue(path: place.file).inDatabase { database throws in
            try database.execute(
                sql: "DROP TABLE activity; PRAGMA user_version = \(Schema.current.version - 1)")
        }
        try bench.restart()
        #expect(try bench.state(of: bench.alice) == 5)
        #expect(try bench.store.activities().isEmpty)
        let activity = AccountActivity(account: bench.alice, unenrolledAt: 7)
        try bench.store.note([activity])
        #expect(try bench.store.activities() == [activity])
    }
}
