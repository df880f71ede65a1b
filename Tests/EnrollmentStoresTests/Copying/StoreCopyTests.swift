import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import Testing

@Suite("A store moves to another place, and is never used at both")
struct StoreCopyTests {
    private let now: Int64 = 1_700_000_000

    /// A store of a single machine with some of everything, and a database with nothing.
    private func places() throws -> (SQLitePlace, StoreBench, ServerPlace) {
        let place = try SQLitePlace()
        let bench = try StoreBench(place)
        try fill(bench)
        return (place, bench, try ServerPlace(isEmpty: true))
    }

    private func fill(_ bench: StoreBench) throws {
        for number in 0..<700 { try bench.enrol(try StoreBench.account("user\(number)"), state: Int64(number)) }
        for name in ["\u{e9}mile", "e\u{301}mile", "O'Neill"] {
            try bench.enrol(try StoreBench.account(name), state: 3)
        }
        try bench.enrol(bench.alice)
        try bench.enrol(bench.bob)
        #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice))
        #expect(try bench.answer("wrong", by: bench.bob, host: bench.host) == .rejected(.wrongAnswer))
        let user = try bench.user("carol", hash: "a hash")
        #expect(try bench.store.add(user))
        #expect(try bench.store.link(user.key, to: bench.alice, at: bench.clock.now) == .linked)
        #expect(try !bench.store.block(AccountBlock(account: bench.bob, reason: "left", since: 5)))
        try bench.store.note([
            AccountActivity(account: bench.alice, visit: Visit(at: 9, service: "sshd", host: nil, way: .granted)),
            AccountActivity(account: bench.bob, unenrolledAt: 7),
        ])
    }

    private func end(_ place: SQLitePlace) -> CopyEnd { .sqlite(directory: place.folder.path) }

    /// Opens the database with the key of `place`, as a daemon would.
    private func open(_ server: ServerPlace, as place: SQLitePlace) throws -> PostgreSQLStore {
        try PostgreSQLStore.open(server.address(), sealing: place.sealing)
    }

    private func copy(_ place: SQLitePlace, to server: ServerPlace) throws -> StoreCopy {
        try StoreCopy(from: end(place), to: .postgresql(server.address()), sealing: place.sealing, at: now)
    }

    private func complete(_ copy: StoreCopy) throws {
        for _ in 0..<1000 where !copy.progress.isCurrent { _ = try copy.proceed() }
        #expect(copy.progress.isCurrent)
    }

    /// Everything that a store says, in an order of its own.
    private func contents(_ store: any EnrollmentStore) throws -> [String] {
        var lines = try store.devices(of: nil).map { "\($0.key) \($0.device) \($0.uid)" }
        lines += try store.counters(of: nil).map { "\($0)" }
        lines += try store.allCredentials().map { "\($0)" }
        lines += try store.users(of: nil).map { "\($0)" }
        lines += try store.activities().map { "\($0)" }
        lines += try store.blocks().map { "\($0)" }
        lines.append("\(try store.hostCounter(of: "192.0.2.7"))")
        return lines.sorted()
    }

    @Test func `everything arrives on a server, and comes back, with what was spent on the way`() throws {
        let (place, bench, server) = try places()
        let before = try contents(bench.store)
        let there = try copy(place, to: server)
        try complete(there)
        // Somebody logs in, and somebody's device is lost, when all but the last moment is over.
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
        let gone = DeviceKey(account: try StoreBench.account("user5"), module: bench.module.id, device: "phone")
        #expect(try bench.store.remove(gone))
        let last = try contents(bench.store)
        #expect(last != before)
        let counts = try there.finish(holding: bench.store, at: now)
        #expect(counts.first { $0.table == "device" }?.rows == 704)
        #expect(throws: StoreFailure.self, "what was open is of no use any more") {
            _ = try bench.answer("right 9", by: bench.alice)
        }
        #expect(throws: StoreFailure.self) { _ = try place.open() }
        let store = try open(server, as: place)
        #expect(try contents(store) == last)
        #expect(
            try store.commit([
                bench.attempt(.typed("right 8"), by: bench.alice), bench.attempt(.typed("right 9"), by: bench.alice),
            ]) == [.rejected(.replayed), .accepted(bench.alice)])

        let present = try contents(store)
        let back = try StoreCopy(
            from: .postgresql(server.address()), to: end(place), sealing: place.sealing, at: now + 1)
        try complete(back)
        #expect(try back.finish(holding: store, at: now + 1).first { $0.table == "device" }?.rows == 704)
        #expect(throws: StoreFailure.self) {
            _ = try store.commit([bench.attempt(.typed("right 10"), by: bench.alice)])
        }
        try bench.restart()
        #expect(try contents(bench.store) == present)
        #expect(try bench.answer("right 9", by: bench.alice) == .rejected(.replayed))
        #expect(FileManager.default.fileExists(atPath: "\(place.file).moved-\(now + 1)"))
        #expect(try (bench.store as? SQLiteStore)?.reader.check() == [])
    }

    @Test func `a store that was moved says where to, whoever opens it`() throws {
        let (place, bench, server) = try places()
        let copy = try copy(place, to: server)
        try complete(copy)
        _ = try copy.finish(holding: bench.store, at: now)
        let words = "was moved to \(server.address().description)"
        let refusal = #expect(throws: StoreFailure.self) { _ = try place.open() }
        guard case .unreachable(let explanation)? = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(explanation.contains(words))
    }

    @Test func `a daemon that has a database open is refused as soon as that was moved`() throws {
        let server = try ServerPlace()
        let place = try SQLitePlace()
        delete(place.file)
        let bench = try StoreBench(server)
        try bench.enrol(bench.alice)
        let other = try server.openStore()
        let copy = try StoreCopy(
            from: .postgresql(server.address()), to: end(place), sealing: server.sealing, at: now)
        try complete(copy)
        _ = try copy.finish(holding: bench.store, at: now)
        for store in [bench.store, other] {
            #expect(throws: StoreFailure.self) {
                _ = try store.commit([bench.attempt(.typed("right 7"), by: bench.alice)])
            }
            #expect(throws: StoreFailure.self) { _ = try store.changesByOthers() }
        }
        #expect(throws: StoreFailure.self) { _ = try server.openStore() }
        #expect(throws: StoreFailure.self, "it is not empty, though nobody may use it") {
            _ = try StoreCopy(from: end(place), to: .postgresql(server.address()), sealing: server.sealing, at: now)
        }
    }

    @Test func `only what logins are judged by at the last moment is given up`() throws {
        let server = try ServerPlace()
        let elsewhere = try ServerPlace()
        let place = try SQLitePlace()
        delete(place.file)
        let bench = try StoreBench(server)
        try bench.enrol(bench.alice)
        let copy = try StoreCopy(
            from: .postgresql(server.address()), to: end(place), sealing: server.sealing, at: now)
        try complete(copy)
        let other = try elsewhere.openStore()
        #expect(throws: StoreFailure.self, "the configuration names another one by now") {
            _ = try copy.finish(holding: other, at: now)
        }
        #expect(throws: StoreFailure.self, "it could not be used a moment ago") {
            _ = try copy.finish(holding: nil, at: now)
        }
        #expect(try bench.answer("right 7", by: bench.alice) == .accepted(bench.alice), "logins go on")
        _ = try copy.finish(holding: bench.store, at: now)
        #expect(throws: StoreFailure.self) { _ = try bench.answer("right 8", by: bench.alice) }
    }

    @Test func `a second copy is refused while one is under way, and nothing is given up for one that is not the last`()
        throws
    {
        let (place, bench, server) = try places()
        let first = try copy(place, to: server)
        let another = try ServerPlace(isEmpty: true)
        #expect(throws: StoreFailure.self) { _ = try copy(place, to: another) }
        try complete(first)
        _ = try first.finish(holding: bench.store, at: now)
        let there = try open(server, as: place)
        let back = try StoreCopy(
            from: .postgresql(server.address()), to: end(place), sealing: place.sealing, at: now + 1)
        #expect(throws: StoreFailure.self) {
            _ = try StoreCopy(
                from: .postgresql(server.address()), to: .postgresql(another.address()), sealing: place.sealing,
                at: now + 1)
        }
        try complete(back)
        // As another one would leave it that has not seen the lock.
        try server.run("UPDATE twostep.mark SET copy = 'another'")
        #expect(throws: StoreFailure.self) { _ = try back.finish(holding: there, at: now + 1) }
        #expect(
            try there.commit([bench.attempt(.typed("right 8"), by: bench.alice)]) == [.accepted(bench.alice)],
            "it is the store as before")
        #expect(throws: StoreFailure.self) { _ = try place.open() }
        try server.run("UPDATE twostep.mark SET state = 'moved'")
        #expect(throws: StoreFailure.self, "and one that was given up is not announced again") {
            _ = try StoreCopy(
                from: .postgresql(server.address()), to: .postgresql(another.address()), sealing: place.sealing,
                at: now + 1)
        }
    }

    @Test(arguments: 0..<5)
    func `cut short anywhere it is begun again and goes on`(_ parts: Int) throws {
        let (place, bench, server) = try places()
        do {
            let first = try copy(place, to: server)
            for _ in 0..<parts { _ = try first.proceed() }
        }
        #expect(throws: StoreFailure.self, "nobody uses a copy that is not finished") {
            _ = try open(server, as: place)
        }
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice), "logins go on")
        let second = try copy(place, to: server)
        try complete(second)
        #expect(try second.finish(holding: bench.store, at: now).first { $0.table == "device" }?.rows == 705)
        #expect(
            try open(server, as: place).commit([bench.attempt(.typed("right 8"), by: bench.alice)]) == [
                .rejected(.replayed)
            ])
    }

    @Test func `cut short after the old store was given up neither can be used, until it is gone on with`() throws {
        let (place, bench, server) = try places()
        do {
            let first = try copy(place, to: server)
            try complete(first)
            // The tables cannot have their names back: as if it had been killed there.
            try server.run("CREATE TABLE twostep.device ()")
            #expect(throws: StoreFailure.self) { _ = try first.finish(holding: bench.store, at: now) }
        }
        #expect(throws: StoreFailure.self) { _ = try bench.answer("right 8", by: bench.alice) }
        #expect(throws: StoreFailure.self) { _ = try place.open() }
        #expect(throws: StoreFailure.self) { _ = try open(server, as: place) }
        try server.run("DROP TABLE twostep.device")
        let second = try copy(place, to: server)
        #expect(second.progress.isArriving)
        _ = try second.finish(holding: nil, at: now)
        #expect(
            try open(server, as: place).commit([bench.attempt(.typed("right 7"), by: bench.alice)]) == [
                .rejected(.replayed)
            ])
    }

    @Test func `a target that is in use is refused, and so is somebody else's unfinished copy`() throws {
        let (place, bench, _) = try places()
        let used = try ServerPlace()
        let there = try StoreBench(used)
        try there.enrol(there.alice)
        #expect(throws: StoreFailure.self) { _ = try copy(place, to: used) }
        #expect(try there.answer("right 7", by: there.alice) == .accepted(there.alice), "nothing has happened to it")
        let begun = try ServerPlace(isEmpty: true)
        _ = try copy(place, to: begun).proceed()
        let (other, _, _) = try places()
        #expect(throws: StoreFailure.self) { _ = try copy(other, to: begun) }
        #expect(throws: StoreFailure.self, "a machine that has a store of its own") {
            _ = try StoreCopy(from: .postgresql(used.address()), to: end(place), sealing: used.sealing, at: now)
        }
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
    }

    @Test func `a secret that does not open is not copied`() throws {
        let (place, bench, server) = try places()
        let key = DeviceKey(account: bench.bob, module: bench.module.id, device: "broken")
        _ = try bench.store.add(Device(name: "broken", sealed: [1, 2, 3], state: 0, createdAt: 0), at: key, uid: 1000)
        let copy = try copy(place, to: server)
        #expect(throws: StoreFailure.self) { try complete(copy) }
        #expect(try bench.answer("right 8", by: bench.alice) == .accepted(bench.alice))
    }
}
