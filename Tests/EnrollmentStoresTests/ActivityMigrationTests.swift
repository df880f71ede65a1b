import Authentication
import AuthenticationTesting
import EnrollmentStores
import GRDB
import Testing

@Suite struct ActivityMigrationTests {
    @Test func `a store from before logins were remembered has room for them`() throws {
        let place = try SQLitePlace()
        delete(place.file)
        let steps = Schema.current.steps.prefix { !$0.contains("CREATE TABLE activity") }
        try SQLiteStore.create(in: place.folder.path, schema: Schema(steps: Array(steps)))
        try DatabaseQueue(path: place.file).inDatabase { database throws in
            #expect(try !database.tableExists("activity"))
        }
        let bench = try StoreBench(place)
        #expect(try bench.store.activities().isEmpty)
        let activity = AccountActivity(account: bench.alice, unenrolledAt: 7)
        try bench.store.note([activity])
        #expect(try bench.store.activities() == [activity])
    }
}
