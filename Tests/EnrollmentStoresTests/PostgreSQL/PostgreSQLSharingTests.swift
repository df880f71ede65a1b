import Authentication
import AuthenticationTesting
import EnrollmentStores
import Foundation
import Testing

/// What daemons that share a database tell each other, and what they remember of its servers.
@Suite struct PostgreSQLSharingTests {
    // MARK: Notices

    /// Something that somebody changes, and whose rights that concerns.
    struct Change: CustomTestStringConvertible {
        let testDescription: String
        /// Changes it, and returns whether that was the case.
        let make: @Sendable (PostgreSQLStore, StoreBench) throws -> Bool

        init(_ description: String, _ make: @escaping @Sendable (PostgreSQLStore, StoreBench) throws -> Bool) {
            testDescription = description
            self.make = make
        }
    }

    static let provider = ProviderID("homeassistant")
    static let changes = [
        Change("a block") { store, bench in
            try store.block(AccountBlock(account: bench.alice, reason: "left", since: 1))
        },
        Change("the end of a block") { store, bench in try store.unblock(bench.alice) },
        Change("another device") { store, bench in
            let device = Device(name: "tablet", sealed: [1], state: 0, createdAt: 1)
            return try !store.add(
                device, at: DeviceKey(account: bench.alice, module: bench.module.id, device: "tablet"), uid: 1000)
        },
        Change("a removed device") { store, bench in
            try store.remove(DeviceKey(account: bench.alice, module: bench.module.id, device: "phone"))
        },
        Change("an unlocked account") { store, bench in try store.unlock(bench.alice) == 0 },
        Change("an adopted uid") { store, bench in try store.adopt(bench.alice, uid: 7) == 1 },
        Change("credentials that are gone") { store, bench in
            try store.removeCredentials(of: UserKey(bench.alice, at: provider)) == bench.bob
        },
        Change("a changed password") { store, bench in
            try store.change(try bench.user("alice", at: provider, hash: "new"))
        },
        Change("a removed user") { store, bench in try store.removeUser(UserKey(bench.alice, at: provider)) },
    ]

    @Test(arguments: changes) func `is heard at once by whoever does not look`(_ change: Change) throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        let user = UserKey(bench.alice, at: PostgreSQLSharingTests.provider)
        let other = try place.openStore()
        #expect(try other.add(try bench.user("alice", at: user.provider, hash: "old")))
        #expect(try other.link(user, to: bench.bob, at: bench.clock.now) == .linked)
        _ = try other.block(AccountBlock(account: bench.alice, reason: "before", since: 1))
        let listener = HeardNotices(place)
        listener.waitForOne()
        _ = try bench.store.changesByOthers()
        #expect(try bench.store.changesByOthers() == StoreChanges())
        #expect(try change.make(other, bench))
        listener.waitForOne()
        #expect(try bench.store.changesByOthers()?.accounts.contains(bench.alice) == true)
    }

    @Test func `what is told comes with the commit, and not before it`() throws {
        let place = try ServerPlace()
        let listener = HeardNotices(place)
        listener.waitForOne()
        let holder = try PostgreSQLHolder(
            place, "INSERT INTO twostep.notice (account) VALUES ('alice'); NOTIFY twostep")
        #expect(!listener.hasHeard)
        let store = try place.openStore()
        _ = try store.changesByOthers()
        #expect(try store.changesByOthers() == StoreChanges())
        holder.commit()
        listener.waitForOne()
        #expect(try store.changesByOthers()?.accounts.map(\.text) == ["alice"])
    }

    @Test func `a listener that was ended says so, and listens again`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        try bench.enrol(bench.alice)
        let listener = HeardNotices(place)
        listener.waitForOne()
        try place.run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
                + "AND datname = current_database()")
        // Once for the end, and once when it is there again.
        listener.waitForOne()
        listener.waitForOne()
        #expect(listener.listener.isListening)
        #expect(try bench.answer("right 1", by: bench.alice) == .accepted(bench.alice))
        _ = try bench.store.block(AccountBlock(account: bench.bob, reason: "left", since: 1))
        listener.waitForOne()
    }

    @Test func `failures of a name that nobody has are forgotten by all daemons`() throws {
        let place = try ServerPlace()
        let bench = try StoreBench(place)
        let other = try place.openStore()
        let stranger = try StoreBench.account("stranger")
        for _ in 0..<6 {
            _ = try bench.store.commit([bench.attempt(.typed("wrong"), by: stranger, standing: .unknown)])
        }
        let delayed = try bench.store.commit([bench.attempt(.typed("wrong"), by: stranger, standing: .unknown)])
        #expect(delayed == [.delayed(seconds: 30, after: nil)])
        _ = try bench.store.changesByOthers()
        _ = try other.unlock(stranger)
        _ = try bench.store.changesByOthers()
        let after = try bench.store.commit([bench.attempt(.typed("wrong"), by: stranger, standing: .unknown)])
        #expect(after == [.rejected(.unknownAccount)])
    }

    // MARK: Who is there

    @Test func `daemons announce themselves, and those that have gone are not listed`() throws {
        let place = try ServerPlace()
        let names = ["db-one", "db-two"]
        let stores = try names.map { name in
            try place.openStore(announcing: SharingDaemon(host: name, place: "/var/lib/twostep", version: "1.2.3"))
        }
        for store in stores { _ = try store.changesByOthers() }
        let silent = try place.openStore()
        _ = try silent.changesByOthers()
        let sharing = try #require(try silent.sharing())
        #expect(sharing.daemons.map(\.host) == names)
        #expect(sharing.daemons.allSatisfy { $0.version == "1.2.3" && $0.place == "/var/lib/twostep" })
        #expect(sharing.warnings.isEmpty)
        try place.run("UPDATE twostep.daemon SET seen_at = now() - interval '2 minutes' WHERE host = 'db-one'")
        #expect(try silent.sharing()?.daemons.map(\.host) == ["db-two"])
    }

    // MARK: Servers

    @Test func `several servers are several places, of which each may have a port of its own`() {
        func places(_ host: String, _ port: String?) -> [String] {
            let parameters = [PostgreSQLPlace.Parameter("host", host), PostgreSQLPlace.Parameter("dbname", "a,b")]
            return PostgreSQLPlace(parameters + (port.map { [PostgreSQLPlace.Parameter("port", $0)] } ?? [])).servers
                .map(\.description)
        }
        #expect(places("/run", nil) == ["postgresql host=/run dbname=a,b"])
        #expect(places("a,b", nil) == ["postgresql host=a dbname=a,b", "postgresql host=b dbname=a,b"])
        #expect(places("a,b", "5") == ["postgresql host=a dbname=a,b port=5", "postgresql host=b dbname=a,b port=5"])
        #expect(places("a,b", "5,6") == ["postgresql host=a dbname=a,b port=5", "postgresql host=b dbname=a,b port=6"])
    }

    @Test func `a server of an older timeline than one that was written to is not used, by nobody`() throws {
        let place = try ServerPlace()
        let file = try place.write("", mode: 0o600)
        _ = try place.openStore(lineage: ServerLineage(keptAt: file))
        let numbers = try String(contentsOfFile: file, encoding: .utf8).split(separator: " ")
        #expect(numbers.count == 2 && numbers.last == "1\n")
        // The same timeline, and one that is known of another cluster.
        _ = try place.openStore(lineage: ServerLineage(keptAt: file))
        try "4711 9\n".write(toFile: file, atomically: true, encoding: .utf8)
        _ = try place.openStore(lineage: ServerLineage(keptAt: file))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "\(numbers[0]) 1\n")
        let store = try place.openStore(lineage: ServerLineage(keptAt: file))

        try "\(numbers[0]) 2\n".write(toFile: file, atomically: true, encoding: .utf8)
        let lineage = ServerLineage(keptAt: file)
        let isRefused = { (error: any Error) -> Bool in
            guard case .unreachable(let words) = error as? StoreFailure else { return false }
            return words.contains("timeline 1, and timeline 2 was written to")
        }
        #expect { try place.openStore(lineage: lineage) } throws: { isRefused($0) }
        #expect { try PostgreSQLStore.reach(place.address(lineage: lineage)) } throws: { isRefused($0) }
        #expect(try store.changesByOthers() != nil, "whoever is connected stays so")
    }

    /// What a server says, and what is warned of.
    struct Settings {
        let commit: String
        let names: String
        let standbys: Int64
        let servers: Int
        let words: [String]

        init(_ commit: String, _ names: String, _ standbys: Int64, _ servers: Int, _ words: String...) {
            self.commit = commit
            self.names = names
            self.standbys = standbys
            self.servers = servers
            self.words = words
        }
    }

    @Test(arguments: [
        Settings("on", "", 0, 1), Settings("on", "", 1, 1, "standbys that nobody waits for"),
        Settings("on", "", 0, 2, "2 servers, and nobody waits"), Settings("on", "a", 1, 2), Settings("on", "*", 0, 2),
        Settings("remote_apply", "FIRST 1 (a)", 1, 2), Settings("on", "ANY 2 (a, b)", 2, 3),
        Settings("on", "2 (a, b)", 2, 3), Settings("on", "a, b", 2, 3, "2 standbys, of which 1 must"),
        Settings("on", "any 1(a,b)", 2, 3, "2 standbys, of which 1 must"),
        Settings("local", "a", 1, 2, "synchronous_commit is local"),
        Settings("remote_write", "a", 1, 2, "synchronous_commit is remote_write"),
        Settings("local", "FIRST 1 (a, b)", 2, 2, "synchronous_commit is local", "2 standbys, of which 1 must"),
    ])
    func `warns of what a failover could lose, and of nothing else`(_ settings: Settings) {
        let promises = ServerPromises(
            synchronousCommit: settings.commit, fsync: "on", encoding: "UTF8", standbyNames: settings.names,
            standbys: settings.standbys)
        let warnings = promises.warnings(ofServers: settings.servers)
        #expect(warnings.count == settings.words.count)
        for (warning, words) in zip(warnings, settings.words) {
            #expect(warning.contains(words) && warning.contains("after a failover codes may be good again"))
        }
    }

    // MARK: Versions

    @Test func `a daemon of the version before goes on with tables that the next one has changed`() throws {
        let before = ServerSchema(steps: [ServerSchema.Step](ServerSchema.current.steps.dropLast()))
        let place = try ServerPlace(schema: before)
        let older = try place.openStore(schema: before)
        let bench = try StoreBench(place)
        let newer = bench.store
        #expect(try newer.changesByOthers() != nil)
        #expect(try newer.changesByOthers() == StoreChanges())
        try bench.enrol(bench.alice)
        _ = try newer.changesByOthers()
        #expect(try older.commit([bench.attempt(.typed("right 1"), by: bench.alice)]) == [.accepted(bench.alice)])
        #expect(try newer.commit([bench.attempt(.typed("right 1"), by: bench.alice)]) == [.rejected(.replayed)])
        // As the version before says it: without the columns that it does not know, and without a notice.
        try place.run("INSERT INTO twostep.notice (account) VALUES ('bob')")
        #expect(try newer.changesByOthers()?.accounts == [bench.bob])
    }
}

/// A listener on a thread of its own, and how often it has said that there may be something.
private final class HeardNotices: Sendable {
    let listener: NoticeListener
    private let heard = DispatchSemaphore(value: 0)

    init(_ place: ServerPlace) {
        let listener = NoticeListener(to: place.address())
        self.listener = listener
        let heard = heard
        Thread { listener.run { heard.signal() } }.start()
    }

    deinit { listener.stop() }

    func waitForOne() { heard.wait() }

    /// Whether it has said something since it was last waited for.
    var hasHeard: Bool {
        guard heard.wait(timeout: .now()) == .success else { return false }
        heard.signal()
        return true
    }
}
