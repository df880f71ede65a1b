import Authentication
import AuthenticationTesting
import CPOSIX
import EnrollmentStores
import Foundation
import GRDB
import Testing

@Suite("A store that is restored")
struct RestorationTests {
    let place: SQLitePlace
    let bench: StoreBench
    private let now: Int64 = 1_700_000_000

    init() throws {
        place = try SQLitePlace()
        bench = try StoreBench(place)
    }

    private var backup: String { "\(place.folder.path)/backup" }
    private var aside: String { "\(place.file).replaced-\(now)" }

    private func key(_ account: AccountName, _ device: String = "phone") -> DeviceKey {
        DeviceKey(account: account, module: bench.module.id, device: device)
    }

    private func makeBackup() throws {
        let store = try #require(place.current)
        let snapshot = try #require(store.inspection).snapshot()
        var bytes: [UInt8] = []
        while Int64(bytes.count) < snapshot.size {
            bytes += try snapshot.bytes(from: Int64(bytes.count), atMost: 5000)
        }
        #expect(FileManager.default.createFile(atPath: backup, contents: Data(bytes)))
        #expect(try snapshot.bytes(from: snapshot.size, atMost: 10).isEmpty)
    }

    /// Closes the store, looks at the backup, and does with it what `body` says.
    private func prepare(_ sealing: (any SecretSealing)? = nil) throws -> StoreRestoration {
        place.close()
        let descriptor = unsafe posix_open_for_reading(backup)
        defer { close(descriptor) }
        return try StoreRestoration(
            in: place.folder.path, from: descriptor, sealing: sealing ?? place.sealing, at: now)
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test func `keeps used what was used since, by its secret and whatever it is called now`() throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        try bench.answer("right 7", by: bench.alice)
        _ = try bench.store.remove(key(bench.alice))
        try bench.enrol(bench.alice, device: "renamed", state: 7)
        let restoration = try prepare()
        #expect(restoration.outlook.kept == [key(bench.alice)])
        #expect(restoration.outlook.exposed.isEmpty)
        // It is there under its old name.
        #expect(restoration.outlook.lost.isEmpty && restoration.outlook.replaced.isEmpty)
        #expect(try restoration.commit() == aside)
        try bench.restart()
        #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
    }

    @Test(arguments: [("recovery_code", Int64(0b1011)), ("totp", 0b1000)])
    func `keeps used what any of several has used, as its module counts`(_ type: String, _ expected: Int64) throws {
        let module = ModuleID(type)
        let payload: [UInt8] = [1]
        func add(_ name: String, state: Int64) throws {
            let place = DeviceKey(account: bench.alice, module: module, device: name)
            let sealed = try self.place.sealing.seal(Secret(copying: payload.span), at: place)
            _ = try bench.store.add(
                Device(name: name, sealed: sealed, state: state, createdAt: 0), at: place, uid: 1000)
        }
        let old = DeviceKey(account: bench.alice, module: module, device: "codes")
        try add("codes", state: 0b1000)
        try makeBackup()
        _ = try bench.store.remove(old)
        try add("one", state: 0b0001)
        try add("two", state: 0b0010)
        let restoration = try prepare()
        #expect(restoration.outlook.kept == (expected == 0b1000 ? [] : [old]))
        _ = try restoration.commit()
        try bench.restart()
        #expect(try bench.store.devices(of: nil).map(\.device.state) == [expected])
    }

    @Test func `names the devices of which it cannot know what was used`() throws {
        try bench.enrol(bench.alice)
        try bench.enrol(bench.bob)
        try makeBackup()
        _ = try bench.store.remove(key(bench.bob))
        let restoration = try prepare()
        #expect(restoration.outlook.exposed == [key(bench.bob)])
        #expect(restoration.outlook.extent == StoreExtent(accounts: 2, devices: 2))
    }

    @Test func `names the users whose password is not the one that it is now, and leaves out who was removed`() throws {
        let (alice, bob) = (try bench.user("alice", hash: "a"), try bench.user("bob", hash: "b"))
        for user in [alice, bob] { #expect(try bench.store.add(user)) }
        let carol = try bench.user("carol", hash: "c")
        #expect(try bench.store.add(carol))
        try makeBackup()
        bench.clock.advance(seconds: 5)
        #expect(try bench.store.change(bench.user("bob", hash: "new")))
        #expect(try bench.store.removeUser(carol.key))
        let restoration = try prepare()
        #expect(restoration.outlook.passwords == [bob.key] && restoration.outlook.removed == [carol.key])
        _ = try restoration.commit()
        try bench.restart()
        #expect(try bench.store.users(of: nil).map(\.key) == [alice.key, bob.key])
    }

    @Test func `keeps failures and blocks as they are, and not as they were`() throws {
        try bench.enrol(bench.alice)
        for _ in 0..<6 { try bench.answer("wrong", by: bench.alice) }
        _ = try bench.store.block(AccountBlock(account: bench.alice, reason: "", since: 1))
        try makeBackup()
        _ = try bench.store.unlock(bench.alice)
        try bench.answer("wrong", by: bench.alice)
        _ = try bench.store.unblock(bench.alice)
        _ = try bench.store.block(AccountBlock(account: bench.bob, reason: "gone", since: 2))
        _ = try prepare().commit()
        try bench.restart()
        #expect(try bench.failures(of: bench.alice) == 1)
        #expect(try bench.store.blocks().map(\.account) == [bench.bob])
    }

    @Test func `gives no account back to a user from whom it was taken`() throws {
        let keys = [try bench.user("alice", hash: "a"), try bench.user("bob", hash: "b")].map(\.key)
        for (key, account) in zip(keys, [bench.alice, bench.bob]) {
            #expect(try bench.store.link(key, to: account, at: bench.clock.now) == .linked)
        }
        try makeBackup()
        _ = try bench.store.removeCredentials(of: keys[1])
        let restoration = try prepare()
        #expect(restoration.outlook.unlinked.map(\.user) == [keys[1]] && restoration.outlook.unchecked == 0)
        _ = try restoration.commit()
        try bench.restart()
        #expect(try bench.store.allCredentials().map(\.user) == [keys[0]])
    }

    @Test func `says how many credentials it cannot compare`() throws {
        let user = try bench.user("alice", hash: "a")
        #expect(try bench.store.link(user.key, to: bench.alice, at: bench.clock.now) == .linked)
        try makeBackup()
        place.close()
        delete(place.file)
        let restoration = try prepare()
        #expect(restoration.outlook.unchecked == 1 && restoration.outlook.unlinked.isEmpty)
        _ = try restoration.commit()
        try bench.restart()
        #expect(try bench.store.allCredentials().map(\.user) == [user.key])
    }

    @Test func `leaves out what was handed out for a day and is not there any more`() throws {
        let bypass = DeviceKey(account: bench.alice, module: .bypass, device: "bypass")
        let payload: [UInt8] = [1]
        let sealed = try place.sealing.seal(Secret(copying: payload.span), at: bypass)
        _ = try bench.store.add(Device(name: "bypass", sealed: sealed, state: 0, createdAt: 0), at: bypass, uid: 1000)
        try makeBackup()
        _ = try bench.store.remove(bypass)
        let restoration = try prepare()
        #expect(restoration.outlook.dropped == [bypass] && restoration.outlook.exposed.isEmpty)
        _ = try restoration.commit()
        try bench.restart()
        #expect(try bench.store.devices(of: nil).isEmpty)
    }

    @Test func `changes nothing until it is committed, and leaves nothing behind`() throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        try bench.answer("right 7", by: bench.alice)
        place.close()
        let before = try Data(contentsOf: URL(filePath: place.file))
        do {
            _ = try prepare().outlook
        }
        #expect(try Data(contentsOf: URL(filePath: place.file)) == before)
        #expect(!exists("\(place.file).restored") && !exists(aside))
    }

    @Test func `has the directory for itself, and is refused while somebody has the store`() throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        let descriptor = unsafe posix_open_for_reading(backup)
        defer { close(descriptor) }
        #expect {
            try StoreRestoration(in: place.folder.path, from: descriptor, sealing: place.sealing, at: now)
        } throws: {
            guard case .inUse? = $0 as? StoreFailure else { return false }
            return true
        }
        let restoration = try prepare()
        #expect(throws: StoreFailure.self) { _ = try place.openSQLite() }
        _ = try restoration.commit()
    }

    @Test func `puts a damaged store aside, and the restored one never gets its log`() throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        place.close()
        let garbage = Data(repeating: 7, count: 9000)
        for path in [place.file, "\(place.file)-wal"] {
            delete(path)
            #expect(
                FileManager.default.createFile(atPath: path, contents: garbage, attributes: [.posixPermissions: 0o600]))
        }
        let restoration = try prepare()
        #expect(restoration.outlook.trouble != nil && restoration.outlook.exposed == [key(bench.alice)])
        #expect(try restoration.commit() == aside)
        #expect(try Data(contentsOf: URL(filePath: aside)) == garbage)
        #expect(!exists("\(place.file)-wal"))
        try bench.restart()
        #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice))
        #expect(try mode(of: place.file) == 0o600)
    }

    @Test func `brings a store back where there is none any more`() throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        place.close()
        delete(place.file)
        let restoration = try prepare()
        #expect(restoration.outlook.trouble == nil && restoration.outlook.exposed == [key(bench.alice)])
        #expect(try restoration.commit() == nil)
        try bench.restart()
        #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice))
    }

    @Test(arguments: [
        "PRAGMA user_version = 99", "PRAGMA application_id = 7", "UPDATE device SET sealed = zeroblob(60)",
        "UPDATE device SET state_check = 5", "CREATE VIEW v AS SELECT * FROM device", "DROP TABLE user",
        "CREATE TRIGGER t AFTER UPDATE ON device BEGIN DELETE FROM device; END", "CREATE TABLE strange (a)",
    ])
    func `refuses a backup that is not as Twostep writes it`(_ sql: String) throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        try DatabaseQueue(path: backup).inDatabase { try $0.execute(sql: sql) }
        #expect(throws: StoreFailure.self) { _ = try prepare() }
        #expect(!exists("\(place.file).restored"))
        try bench.restart()
        #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `knows what was used although the key is another, and is sealed with that one`() throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        try place.rotateKey()
        var next: SealedRow?
        repeat { next = try bench.store.reseal(after: next, atMost: 10).next } while next != nil
        try bench.answer("right 7", by: bench.alice)
        let restoration = try prepare()
        #expect(restoration.outlook.kept == [key(bench.alice)] && restoration.outlook.resealed == 1)
        _ = try restoration.commit()
        place.keys.retire()
        try bench.restart()
        #expect(try bench.answer("right 7", by: bench.alice) == .rejected(.replayed))
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `refuses a backup that is sealed with another key`() throws {
        try bench.enrol(bench.alice)
        try makeBackup()
        let other = try Sealer(SealingKey.generate("\(place.folder.path)/other.key"))
        #expect { try prepare(other) } throws: {
            guard case .sealedWithAnotherKey? = $0 as? StoreFailure else { return false }
            return true
        }
    }
}
