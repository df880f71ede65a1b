import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import GRDB
import Testing

@Suite("What was spent with a copy is forgotten once its own database has it, and never before")
struct ReconciliationTests {
    private let server: ServerPlace
    private let bench: StoreBench
    private let folder: TemporaryFolder
    private let copy: OfflineCopy
    private let refresher: OfflineRefresher

    init() throws {
        server = try ServerPlace()
        bench = try StoreBench(server)
        folder = try TemporaryFolder()
        let (keys, reports) = (server.keys, server.reports)
        copy = OfflineCopy(in: folder.path, sealing: { () throws(StoreFailure) in keys }) { reports.add($0) }
        refresher = OfflineRefresher(of: server.address(), into: copy)
        try bench.enrol(bench.alice)
    }

    private var file: String { "\(folder.path)/offline/twostep.sqlite" }

    private func refresh() throws {
        let now = bench.clock.now
        #expect(try refresher.refresh { now })
    }

    private func standIn() throws -> CachedStore {
        let now = bench.clock.now
        return try CachedStore(copy, of: server.address(), for: 600, clock: { now }) { false }
    }

    private func spend(_ text: String = "right 7", of account: AccountName, with away: CachedStore) throws {
        let outcome = try #require(away.commit([bench.attempt(.typed(text), by: account)]).first)
        guard case .accepted = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    /// The states of an account's devices in a store there.
    private func states(of account: AccountName, in store: PostgreSQLStore) throws -> [Int64] {
        try store.devices(of: account).map(\.device.state)
    }

    /// Has the copy hear that the store there was given up.
    private func heedRefusal(of place: PostgreSQLPlace) {
        #expect(throws: StoreFailure.self) {
            _ = try PostgreSQLStore.open(place, sealing: server.sealing, refused: { try? copy.giveUp() })
        }
    }

    // MARK: A server that is far away

    @Test func `many accounts are taken over in two ways to the server and back for each so many`() throws {
        let people = try (0..<64).map { try StoreBench.account("user\($0)") }
        for account in people { try bench.enrol(account) }
        try refresh()
        let away = try standIn()
        for account in people { try spend(of: account, with: away) }
        let store = try server.openStore()
        let before = store.ways
        #expect(try copy.reconcile(into: store).accounts == 64)
        // Which database it is, and the two.
        #expect(store.ways - before <= 4)
        for account in people { #expect(try states(of: account, in: store) == [7]) }
    }

    @Test func `where so many are too many for the server, fewer are tried until all are there`() throws {
        let people = try (0..<12).map { try StoreBench.account("user\($0)") }
        for account in people { try bench.enrol(account) }
        try refresh()
        let away = try standIn()
        for account in people { try spend(of: account, with: away) }
        // As a server is that is too slow for more.
        try server.run(
            """
            CREATE FUNCTION twostep.count() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE done int := coalesce(nullif(current_setting('twostep.done', true), ''), '0')::int + 1;
            BEGIN
                IF done > 5 THEN RAISE EXCEPTION 'too slow' USING ERRCODE = '57014'; END IF;
                PERFORM set_config('twostep.done', done::text, true);
                RETURN NEW;
            END $$;
            CREATE TRIGGER count BEFORE UPDATE ON twostep.device FOR EACH ROW EXECUTE FUNCTION twostep.count()
            """)
        var (tries, accounts) = (0, 0)
        while tries < 4, accounts == 0 {
            tries += 1
            do {
                accounts = try copy.reconcile(into: try server.openStore()).accounts
            } catch is StoreFailure {
                #expect(copy.isPending())
            }
        }
        #expect(accounts == 12)
        let store = try server.openStore()
        for account in people { #expect(try states(of: account, in: store) == [7]) }
    }

    // MARK: Another database

    @Test func `another database judges meanwhile, and the own one hears of everything when it is back`() throws {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        let other = try ServerPlace()
        let kept = try copy.reconcile(into: try other.openStore())
        #expect(kept.accounts == 0)
        #expect(kept.keptFor == server.address().description)
        #expect(copy.isPending())
        #expect(try !copy.discard())
        copy.close()
        let now = bench.clock.now
        let others = OfflineRefresher(of: other.address(), into: copy)
        #expect(try !others.refresh { now }, "it is no copy of that one before")
        let back = try copy.reconcile(into: try server.openStore())
        #expect(back.accounts == 1)
        #expect(back.keptFor == nil)
        #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
        try refresh()
    }

    @Test func `another database that has the same secrets spends what was spent`() throws {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        let other = try ServerPlace()
        let clone = try PostgreSQLStore.open(other.address(), sealing: server.sealing)
        try clone.add(bench.store.devices(of: nil))
        #expect(try copy.reconcile(into: clone).keptFor != nil)
        #expect(try states(of: bench.alice, in: clone) == [7])
        #expect(copy.isPending())
    }

    @Test func `the store that has taken the place of the own one takes it over`() throws {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        let other = try ServerPlace(isEmpty: true)
        try server.move(to: .postgresql(other.address()), holding: bench.store)
        heedRefusal(of: server.address())
        let heir = try PostgreSQLStore.open(other.address(), sealing: server.sealing)
        #expect(try copy.reconcile(into: heir).accounts == 1)
        #expect(!copy.isPending())
        #expect(try heir.commit([bench.attempt(.typed("right 7"), by: bench.alice)]) == [.rejected(.replayed)])
    }

    @Test func `the own one may be called otherwise when it is moved, and its heir be moved on`() throws {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        let (heir, last) = (try ServerPlace(isEmpty: true), try ServerPlace(isEmpty: true))
        let otherwise = server.address(in: "\(server.server.folder)/.")
        let held = try PostgreSQLStore.open(otherwise, sealing: server.sealing)
        try server.move(from: otherwise, to: .postgresql(heir.address()), holding: held)
        let between = try PostgreSQLStore.open(heir.address(), sealing: server.sealing)
        try server.move(from: heir.address(), to: .postgresql(last.address()), holding: between)
        let store = try PostgreSQLStore.open(last.address(), sealing: server.sealing)
        #expect(try copy.reconcile(into: store).accounts == 1)
        #expect(!copy.isPending())
    }

    @Test func `whoever has taken the place of another one is not its heir`() throws {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        // Meanwhile another one is configured, which says that it was moved.
        let (other, heir) = (try ServerPlace(), try ServerPlace(isEmpty: true))
        try other.move(to: .postgresql(heir.address()), holding: try other.openStore())
        heedRefusal(of: other.address())
        let moved = try PostgreSQLStore.open(heir.address(), sealing: other.sealing)
        #expect(try copy.reconcile(into: moved).keptFor == server.address().description)
        #expect(copy.isPending())
        #expect(try copy.reconcile(into: try server.openStore()).accounts == 1)
    }

    @Test func `whoever has taken the place of another one of the same name is not its heir`() throws {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        // Meanwhile there is another one in its place, which is moved from there.
        let heir = try ServerPlace(isEmpty: true)
        try server.replace()
        try server.move(to: .postgresql(heir.address()), holding: try server.openStore())
        heedRefusal(of: server.address())
        let moved = try PostgreSQLStore.open(heir.address(), sealing: server.sealing)
        #expect(try copy.reconcile(into: moved).keptFor == server.address().description)
        #expect(copy.isPending())
    }

    @Test func `tables that were made anew in the own one are another store, and so is whoever takes its place`() throws
    {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        try server.run("DROP SCHEMA twostep CASCADE")
        _ = try PostgreSQLStore.create(server.address())
        let fresh = try server.openStore()
        #expect(try copy.reconcile(into: fresh).keptFor != nil)
        let heir = try ServerPlace(isEmpty: true)
        try server.move(to: .postgresql(heir.address()), holding: fresh)
        let moved = try PostgreSQLStore.open(heir.address(), sealing: server.sealing)
        #expect(try copy.reconcile(into: moved).keptFor != nil)
        #expect(copy.isPending())
    }

    @Test func `a database that was restored under the same name is the own one`() throws {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        try server.restore()
        let store = try server.openStore()
        #expect(try copy.reconcile(into: store).accounts == 1)
        #expect(!copy.isPending())
        #expect(try states(of: bench.alice, in: store) == [7])
        #expect(throws: StoreFailure.self, "its connection was ended") { try refresh() }
        try refresh()
        _ = try standIn()
    }

    // MARK: A disk that is full

    @Test
    func `a copy that cannot be written keeps nobody out of the database, and stands in no more until it is fresh`()
        throws
    {
        try refresh()
        try spend(of: bench.alice, with: try standIn())
        let queue = try DatabaseQueue(path: file)
        let full = ["UPDATE ON pending", "DELETE ON pending", "DELETE ON freshness"]
        try queue.write { database in
            for (number, event) in full.enumerated() {
                try database.execute(
                    sql: "CREATE TRIGGER full\(number) BEFORE \(event) BEGIN SELECT RAISE(ABORT, 'full'); END")
            }
        }
        let store = try server.openStore()
        #expect(try copy.reconcile(into: store).accounts == 1)
        #expect(try store.commit([bench.attempt(.typed("right 7"), by: bench.alice)]) == [.rejected(.replayed)])
        #expect(throws: StoreFailure.self) { _ = try standIn() }
        try queue.write { database in
            for number in full.indices { try database.execute(sql: "DROP TRIGGER full\(number)") }
        }
        try queue.close()
        #expect(throws: StoreFailure.self, "the database has judged since") { _ = try standIn() }
        try refresh()
        #expect(!copy.isPending())
        _ = try standIn()
    }

    @Test func `failures of a later absence are added, whatever of the earlier one is still there`() throws {
        try refresh()
        let first = try standIn()
        #expect(try first.commit([bench.attempt(.typed("wrong"), by: bench.alice)]) == [.rejected(.wrongAnswer)])
        copy.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        _ = try copy.reconcile(into: try server.openStore())
        copy.close()
        // As if the server had been lost before it could be forgotten.
        try before.write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let second = try standIn()
        #expect(try second.commit([bench.attempt(.typed("wrong"), by: bench.alice)]) == [.rejected(.wrongAnswer)])
        _ = try copy.reconcile(into: try server.openStore())
        #expect(try bench.failures(of: bench.alice) == 2)
    }

    // MARK: A clock that was wrong

    @Test func `a clock that was wrong once is put right by the next refresh`() throws {
        try refresh()
        var wrong = bench.clock.now
        wrong.wall += 400 * 86_400
        #expect(try refresher.refresh { wrong })
        try copy.noteSeen(wrong)
        try refresh()
        let now = bench.clock.now
        let afterBoot = Moment(wall: now.wall + 5, boottime: 1000, boot: now.boot + 1)
        #expect((try? copy.check(at: afterBoot, for: 600)) == 595)
        try copy.noteSeen(Moment(wall: now.wall + 60, boottime: 0, boot: now.boot))
        #expect(throws: StoreFailure.self, "one that is set back while nobody confirms it shows") {
            _ = try copy.check(at: afterBoot, for: 600)
        }
    }

    // MARK: Taken away while it is filled

    @Test func `a copy that is removed while it is filled is not made anew`() throws {
        let now = bench.clock.now
        var isRemoved = false
        let isFresh = try refresher.refresh {
            isRemoved = (try? copy.discard()) ?? false
            return now
        }
        #expect(isRemoved)
        #expect(!isFresh)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/offline"))
        #expect(try !refresher.refresh({ now }, isWanted: { false }), "nor where nobody wants it any more")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/offline"))
        try refresh()
        _ = try standIn()
    }

    @Test func `a copy that somebody takes away while it is filled is not called whole`() throws {
        let now = bench.clock.now
        let isFresh = try refresher.refresh {
            try? FileManager.default.removeItem(atPath: "\(folder.path)/offline")
            return now
        }
        #expect(!isFresh)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/offline"))
        #expect(throws: StoreFailure.self) { _ = try standIn() }
        try refresh()
        _ = try standIn()
    }

    @Test func `what was judged by another database while it is filled is not overwritten by it`() throws {
        let other = try ServerPlace()
        let now = bench.clock.now
        let isFresh = try refresher.refresh {
            _ = try? copy.reconcile(into: try other.openStore())
            return now
        }
        #expect(!isFresh)
        #expect(throws: StoreFailure.self) { _ = try standIn() }
    }

    @Test func `nothing of it is left, of whatever version it was`() throws {
        try refresh()
        for ending in [".version-1", ".unusable", ".version-1-wal"] {
            try Data("seeds".utf8).write(to: URL(fileURLWithPath: file + ending))
        }
        #expect(try copy.discard())
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/offline"))
    }
}
