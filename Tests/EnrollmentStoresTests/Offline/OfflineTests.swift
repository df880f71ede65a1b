import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import GRDB
import Testing

@Suite("A copy stands in for a server that is away, and the server hears of everything")
struct OfflineTests {
    private let server: ServerPlace
    private let bench: StoreBench
    private let folder: TemporaryFolder
    private let copy: OfflineCopy
    private let refresher: OfflineRefresher
    private let limit: Int64 = 600

    init() throws {
        server = try ServerPlace()
        bench = try StoreBench(server)
        folder = try TemporaryFolder()
        copy = OfflineTests.open(folder, server)
        refresher = OfflineRefresher(of: server.address(), into: copy)
        try bench.enrol(bench.alice)
        try bench.enrol(bench.bob)
    }

    private static func open(_ folder: TemporaryFolder, _ server: ServerPlace) -> OfflineCopy {
        let keys = server.keys
        let reports = server.reports
        return OfflineCopy(in: folder.path, sealing: { () throws(StoreFailure) in keys }) { reports.add($0) }
    }

    private func refresh() throws {
        let now = bench.clock.now
        #expect(try refresher.refresh { now })
    }

    private func standIn() throws -> CachedStore {
        let now = bench.clock.now
        return try CachedStore(copy, of: server.address(), for: limit, clock: { now }) { false }
    }

    /// One answer to the copy.
    private func answer(
        _ text: String, by account: AccountName, to store: CachedStore, with module: ScriptedModule? = nil
    ) throws -> Outcome {
        try #require(store.commit([bench.attempt(.typed(text), by: account, with: module)]).first)
    }

    private func isAccepted(_ outcome: Outcome) -> Bool {
        guard case .accepted(_, let acceptance) = outcome else { return false }
        return acceptance.isOffline
    }

    /// The server's store, after it has taken over what was spent meanwhile.
    private func reconciled() throws -> PostgreSQLStore {
        let store = try server.openStore()
        _ = try copy.reconcile(into: store)
        return store
    }

    @Test func `a code passes once with the copy, and not again with the server`() throws {
        try refresh()
        let away = try standIn()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        #expect(try answer("right 7", by: bench.alice, to: away) == .rejected(.replayed))
        #expect(copy.isPending())
        let store = try reconciled()
        #expect(!copy.isPending())
        #expect(try store.commit([bench.attempt(.typed("right 7"), by: bench.alice)]) == [.rejected(.replayed)])
        #expect(try store.commit([bench.attempt(.typed("right 8"), by: bench.alice)]) == [.accepted(bench.alice)])
    }

    @Test func `what others have spent further stays spent`() throws {
        try refresh()
        let away = try standIn()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        #expect(try bench.answer("right 9", by: bench.alice) == .accepted(bench.alice))
        let store = try reconciled()
        #expect(try store.devices(of: bench.alice).map(\.device.state) == [9])
    }

    @Test func `failures are added to those of others, and nothing is lowered by what passed`() throws {
        try bench.answer("wrong", by: bench.alice)
        try bench.answer("wrong", by: bench.alice)
        try refresh()
        let away = try standIn()
        #expect(try answer("wrong", by: bench.alice, to: away) == .rejected(.wrongAnswer))
        #expect(try answer("wrong", by: bench.alice, to: away) == .rejected(.wrongAnswer))
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        #expect(try answer("wrong", by: bench.alice, to: away) == .rejected(.wrongAnswer))
        try bench.answer("wrong", by: bench.alice)
        _ = try reconciled()
        #expect(try bench.failures(of: bench.alice) == 6)
    }

    @Test func `cut short after the server has taken it over nothing is added twice`() throws {
        try refresh()
        let away = try standIn()
        #expect(try answer("wrong", by: bench.bob, to: away) == .rejected(.wrongAnswer))
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        copy.close()
        let file = "\(folder.path)/offline/twostep.sqlite"
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        _ = try reconciled()
        copy.close()
        // As if it had been killed before it could note that the server has it all.
        try before.write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        #expect(copy.isPending())
        #expect(try copy.reconcile(into: try server.openStore()).accounts == 2)
        #expect(try bench.failures(of: bench.bob) == 1)
        #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
        #expect(try copy.reconcile(into: try server.openStore()).accounts == 0)
    }

    @Test func `nothing older is taken over from the server while it stands in, or has something for it`() throws {
        try refresh()
        let away = try standIn()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        let now = bench.clock.now
        #expect(try !refresher.refresh { now })
        copy.close()
        #expect(try !refresher.refresh { now }, "after a restart as well")
        _ = try reconciled()
        #expect(try refresher.refresh { now })
    }

    @Test func `what has changed is taken over, and what has not is left`() throws {
        for number in 0..<30 { try bench.enrol(try StoreBench.account("user\(number)")) }
        try refresh()
        let gone = try StoreBench.account("user3")
        #expect(try bench.store.remove(DeviceKey(account: gone, module: bench.module.id, device: "phone")))
        #expect(try !bench.store.block(AccountBlock(account: bench.bob, reason: "lost", since: 1)))
        try bench.enrol(try StoreBench.account("carol"))
        try bench.answer("right 20", by: bench.alice)
        try refresh()
        let away = try standIn()
        #expect(throws: StoreFailure.self) { _ = try away.holdings(of: gone) }
        #expect(try away.blocks().map(\.account) == [bench.bob])
        #expect(try away.holdings(of: try StoreBench.account("carol")).count == 1)
        #expect(try away.extent().accounts == 32)
        #expect(try answer("right 20", by: bench.alice, to: away) == .rejected(.replayed))
    }

    @Test func `a database that lives another life is copied anew`() throws {
        try refresh()
        // As a restoration leaves it: other tables, whose transactions count something else.
        try server.run(
            """
            CREATE TABLE twostep.again (LIKE twostep.device INCLUDING ALL);
            INSERT INTO twostep.again SELECT * FROM twostep.device WHERE account = 'alice';
            DROP TABLE twostep.device; ALTER TABLE twostep.again RENAME TO device
            """)
        try refresh()
        let away = try standIn()
        #expect(throws: StoreFailure.self) { _ = try away.holdings(of: bench.bob) }
        #expect(try away.holdings(of: bench.alice).count == 1)
    }

    @Test func `a store that says that it was given up is not stood in for, and what was spent waits for its heir`()
        throws
    {
        try refresh()
        let away = try standIn()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        let place = try TemporaryFolder()
        try server.move(to: .sqlite(directory: place.path), holding: bench.store)
        var hasRefused = false
        #expect(throws: StoreFailure.self) {
            _ = try PostgreSQLStore.open(
                server.address(), sealing: server.sealing,
                refused: {
                    hasRefused = true
                    try? copy.giveUp()
                })
        }
        #expect(hasRefused)
        #expect(throws: StoreFailure.self) { _ = try standIn() }
        #expect(copy.isPending())
    }

    @Test func `it stands in for the database that it is a copy of, and for no other`() throws {
        try refresh()
        let other = try ServerPlace(isEmpty: true)
        let now = bench.clock.now
        #expect(throws: StoreFailure.self) {
            _ = try CachedStore(copy, of: other.address(), for: limit, clock: { now }) { false }
        }
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: try standIn())))
        _ = try PostgreSQLStore.create(other.address())
        #expect(try copy.reconcile(into: try other.openStore()).accounts == 0)
        #expect(throws: StoreFailure.self, "another one was judged by since") { _ = try standIn() }
    }

    @Test func `a row that makes no sense is one account's trouble, and the others' codes are spent`() throws {
        try refresh()
        let away = try standIn()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        #expect(isAccepted(try answer("right 7", by: bench.bob, to: away)))
        copy.close()
        let file = try DatabaseQueue(path: "\(folder.path)/offline/twostep.sqlite")
        try file.write { database in
            try database.execute(
                sql: """
                    INSERT INTO device SELECT account, 'pin', '', 'x', uid, sealed, 7, 7, created_at, NULL
                    FROM device WHERE account = 'alice';
                    INSERT INTO pending VALUES ('00', '', 0);
                    INSERT INTO pending_factor SELECT id, 'totp', '', 'many' FROM pending WHERE account = 'bob'
                    """)
        }
        try file.close()
        let store = try server.openStore()
        #expect(try copy.reconcile(into: store).accounts == 2)
        #expect(!copy.isPending())
        for account in [bench.alice, bench.bob] {
            #expect(try store.commit([bench.attempt(.typed("right 7"), by: account)]) == [.rejected(.replayed)])
        }
        #expect(server.reports.all.count >= 3)
    }

    @Test func `a copy that is taken away while it is open is made anew`() throws {
        try refresh()
        try FileManager.default.removeItem(atPath: "\(folder.path)/offline")
        let store = try server.openStore()
        #expect(try copy.reconcile(into: store).accounts == 0)
        try refresh()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: try standIn())))
        try FileManager.default.removeItem(atPath: "\(folder.path)/offline")
        #expect(try copy.reconcile(into: store).accounts == 0)
        try refresh()
        _ = try standIn()
    }

    @Test func `one that cannot be read any more keeps everybody out, until somebody has taken it away`() throws {
        try refresh()
        let away = try standIn()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        copy.close()
        let file = URL(fileURLWithPath: "\(folder.path)/offline/twostep.sqlite")
        for ending in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file.path + ending) }
        try Data("nothing".utf8).write(to: file)
        let store = try server.openStore()
        for _ in 0..<2 {
            let failure = #expect(throws: StoreFailure.self) { _ = try copy.reconcile(into: store) }
            guard case .damaged(let words)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(words.contains("move \(folder.path)/offline away"))
            let now = bench.clock.now
            #expect(throws: StoreFailure.self, "nor is it made anew") { _ = try refresher.refresh { now } }
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/offline")
        #expect(try copy.reconcile(into: store).accounts == 0)
        try refresh()
        _ = try standIn()
    }

    @Test func `what was spent is taken over though the key was changed meanwhile`() throws {
        try refresh()
        let away = try standIn()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        #expect(try answer("wrong", by: bench.bob, to: away) == .rejected(.wrongAnswer))
        copy.close()
        let key = "\(folder.path)/next.key"
        let next = try Sealer(SealingKey.generate(key))
        server.keys.rotate(to: next)
        _ = try server.openStore().reseal(after: nil, atMost: 1000)
        let ring = KeyRing(next)
        let other = OfflineCopy(in: folder.path, sealing: { () throws(StoreFailure) in ring }) { _ in }
        let store = try PostgreSQLStore.open(server.address(), sealing: ring)
        #expect(try other.reconcile(into: store).accounts == 2)
        #expect(try store.commit([bench.attempt(.typed("right 7"), by: bench.alice)]) == [.rejected(.replayed)])
        #expect(try bench.failures(of: bench.bob) == 1)
        let now = bench.clock.now
        let fresh = OfflineRefresher(of: server.address(), into: other)
        #expect(try fresh.refresh { now }, "and it is made anew with that key")
        _ = try CachedStore(other, of: server.address(), for: limit, clock: { now }) { false }
    }

    @Test func `one that is not kept any longer is removed, once the server has heard of everything`() throws {
        #expect(try copy.discard(), "there is none")
        try refresh()
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: try standIn())))
        #expect(try !copy.discard())
        #expect(copy.isPending())
        _ = try reconciled()
        #expect(try copy.discard())
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/offline"))
        try refresh()
        _ = try standIn()
    }

    @Test func `it is good for so long and no longer`() throws {
        #expect(throws: StoreFailure.self, "there is none yet") { _ = try standIn() }
        try refresh()
        let away = try standIn()
        bench.clock.advance(seconds: limit)
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
        bench.clock.advance(seconds: 1)
        #expect(throws: StoreFailure.self) { _ = try answer("right 8", by: bench.alice, to: away) }
        #expect(throws: StoreFailure.self) { _ = try standIn() }
    }

    @Test(arguments: ["recovery_code", "bypass", "ticket"])
    func `what is good once in all is refused, right or wrong, and the login may go on`(_ type: String) throws {
        let module = ScriptedModule(ModuleID(type))
        try bench.enrol(bench.alice, with: module)
        try refresh()
        let away = try standIn()
        for text in ["right 7", "wrong"] {
            #expect(try answer(text, by: bench.alice, to: away, with: module) == .rejected(.offline))
        }
        #expect(!copy.isPending())
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: away)))
    }

    @Test func `nothing that a host of the fleet has relayed is judged by it, right or wrong`() throws {
        try refresh()
        let store = try standIn()
        #expect(store.isLocalCopy)
        for text in ["right 1", "wrong"] {
            let attempt = bench.attempt(.typed(text), by: bench.alice, relay: "web1")
            #expect(try store.commit([attempt]) == [.rejected(.offline)])
        }
        #expect(isAccepted(try answer("right 1", by: bench.alice, to: store)))
    }

    @Test func `nothing can be changed, and what cannot be told is not told`() throws {
        try refresh()
        let away = try standIn()
        let carol = try StoreBench.account("carol")
        #expect(throws: StoreFailure.self) { _ = try away.holdings(of: carol) }
        #expect(throws: StoreFailure.self) { _ = try away.unlock(bench.alice) }
        #expect(throws: StoreFailure.self) { _ = try away.block(AccountBlock(account: carol, reason: "", since: 0)) }
        #expect(throws: StoreFailure.self) {
            _ = try away.remove(DeviceKey(account: carol, module: bench.module.id, device: "x"))
        }
        #expect(throws: StoreFailure.self) { _ = try away.devices(of: nil) }
    }

    @Test func `another key opens no copy, and one that is damaged stands aside and is made anew`() throws {
        try refresh()
        copy.close()
        let stranger = KeyRing(try Sealer(SealingKey.generate("\(folder.path)/other.key")))
        let other = OfflineCopy(in: folder.path, sealing: { () throws(StoreFailure) in stranger }) { _ in }
        let now = bench.clock.now
        #expect(throws: StoreFailure.self) {
            _ = try CachedStore(other, of: server.address(), for: limit, clock: { now }) { false }
        }
        let file = "\(folder.path)/offline/twostep.sqlite"
        try Data("nothing".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: StoreFailure.self) { _ = try standIn() }
        try refresh()
        #expect(FileManager.default.fileExists(atPath: "\(file).unusable"))
        #expect(isAccepted(try answer("right 7", by: bench.alice, to: try standIn())))
    }
}
