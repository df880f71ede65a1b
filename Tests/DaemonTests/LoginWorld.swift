import AdminProtocol
import Authentication
import AuthenticationTesting
import AuthProviders
import Configuration
import Daemon
import Glibc
import NIOCore
import Synchronization
import UnixSocket
import Testing
import Wire

/// A daemon in this process: the real server, flow, judge and wire, with a store in memory, a clock that tests
/// move, and a directory that knows alice (1001), bob (1002) and root.
final class LoginWorld {
    let clock = ManualClock()
    let journal = RecordingJournal()
    let store = InMemoryEnrollmentStore()
    let processes = ScriptedProcesses()
    let path: String
    let adminPath: String
    let ownPath: String
    let writer: StoreWriter
    private var active: ActiveConfiguration
    let server: LoginServer
    private var listeners: [any Channel] = []

    static let module = ModuleID("scripted")
    private static let counter = Atomic<Int>(0)

    init(
        rules: [Rule] = [], chain: [Step] = [Step(module)], extra: [any AuthModule] = [],
        providers: [any AuthProvider] = [PamProvider(ProviderID("pam"))], throttle: Throttle = Throttle(),
        callers: [UInt32: CallerRule] = [:], directory: some AccountDirectory = FakeDirectory(),
        isBroken: Bool = false, capacity: Int = 1000, mostConnections: Int = 100, tellsLastLogin: Bool = false,
        selfService: SelfServiceSettings? = nil, sshKeys: any SSHKeyWitness = NoSSHKeyWitness(),
        randomBytes: @escaping SessionIDs.Source = SessionIDs.libcrypto
    ) throws {
        let number = LoginWorld.counter.add(1, ordering: .relaxed).newValue
        let folder = "/run/twostep-tests-\(getpid())-\(number)"
        guard unsafe mkdir(folder, 0o755) == 0 else {
            throw WorldFailure(
                "cannot make \(folder): run the tests with 'make test', which gives them a /run of their own")
        }
        path = folder + "/login.sock"
        adminPath = folder + "/admin.sock"
        ownPath = folder + "/self.sock"
        let store = UncheckedBox(store)
        writer = StoreWriter { () throws(StoreFailure) in store.value }
        writer.start()
        let modules: [any AuthModule] = [ScriptedModule(LoginWorld.module)] + extra
        active = ActiveConfiguration(
            number: 1,
            policy: Policy(
                chains: providers.map {
                    ProviderChain(
                        provider: $0.id, livesOnEvidence: $0.livesOnEvidence, speaksOfAccounts: $0.speaksOfAccounts,
                        steps: chain)
                }, rules: rules),
            providers: Dictionary(uniqueKeysWithValues: providers.map { ($0.id, $0) }),
            modules: Dictionary(uniqueKeysWithValues: modules.map { ($0.id, $0) }), throttle: throttle,
            sessionCapacity: capacity, sessionReserve: capacity / 10, callers: callers, issuer: "test",
            tellsLastLogin: tellsLastLogin, selfService: selfService)
        let generation = Generation(
            number: isBroken ? 0 : 1, loadedAt: nil, active: isBroken ? nil : active,
            problems: isBroken ? ["config.yaml:1:1: broken"] : [])
        server = try LoginServer(
            clocks: TestClocks(clock: clock), journal: journal, writer: writer, accounts: directory,
            processes: processes, generation: generation, sshKeys: sshKeys, mostConnections: mostConnections,
            randomBytes: randomBytes
        ) { generation, sessions, tally in
            ServiceStatus(
                version: "test", isServing: true, problems: generation.problems,
                configuration: LoadedConfiguration(path: "config.yaml", generation: generation.number, loadedAt: nil),
                store: StoreStatus(path: "memory", schema: nil, problem: nil), sockets: [], openSessions: sessions,
                accounts: nil, devices: nil, granted: tally.granted, refused: tally.refused, uptime: 0,
                isClockSane: true)
        }
        listeners = [
            try server.serveLogins(on: .bind(path, mode: 0o666)),
            try server.serveAdministration(on: .bind(adminPath, mode: 0o600)),
            try server.serveSelfService(on: .bind(ownPath, mode: 0o666)),
        ]
    }

    /// Lets new logins follow another configuration.
    func follow(_ change: (inout ActiveConfiguration) -> Void) {
        change(&active)
        server.follow(Generation(number: active.number, loadedAt: nil, active: active, problems: []))
    }

    /// Gives an account a device with the scripted module.
    func enroll(
        _ name: String, module: ModuleID = LoginWorld.module, device: String = "phone", payload: String = "x",
        uid: UInt32 = 1001
    ) throws {
        let account = try #require(AccountName(name))
        let key = DeviceKey(account: account, module: module, device: device)
        let sealed = try store.sealing.seal(Secret(copying: Array(payload.utf8).span), at: key)
        _ = try store.add(Device(name: device, sealed: sealed, state: 0, createdAt: 0), at: key, uid: uid)
    }

    /// A user with a password, as an administrator has one kept.
    func keptUser(_ name: String, _ password: String, at provider: some PasswordKeeping) throws -> ProviderUser {
        let key = UserKey(try #require(provider.username(name)), at: provider.id)
        let sealed = try store.sealing.seal(provider.hash(Array(password.utf8).span), at: key)
        return ProviderUser(key: key, sealedHash: sealed, changedAt: 0)
    }

    func connect() throws -> WireClient { try WireClient(path) }

    func stop() async {
        await server.stop(listeners)
        writer.stop()
        unsafe unlink(path)
        unsafe unlink(adminPath)
        unsafe unlink(ownPath)
        unsafe rmdir(String(path.dropLast("/login.sock".utf8.count)))
    }
}

/// Runs `body` against a world and puts it away, whatever happens.
func withWorld(_ world: LoginWorld, _ body: (LoginWorld) async throws -> Void) async throws {
    do {
        try await body(world)
    } catch {
        await world.stop()
        throw error
    }
    await world.stop()
}

struct WorldFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The manual clock as the daemon wants it.
struct TestClocks: Clocks {
    let clock: ManualClock
    func now() -> Moment { clock.now }
    var isSynchronized: Bool? { clock.isSynchronized }

    /// The wall clock's, in UTC; 1970 began on a Thursday.
    func localTime(of wall: Int64) -> LocalTime? {
        let minutes = Int(wall / 60)
        return LocalTime(weekday: (minutes / 1440 + 3) % 7, minute: minutes % 1440)
    }
}

/// Keeps entries for tests to read.
final class RecordingJournal: Journal {
    private let entries = Mutex<[JournalEntry]>([])
    func record(_ entry: JournalEntry) { entries.withLock { $0.append(entry) } }
    var messages: [String] { entries.withLock { $0.map(\.message) } }
    var all: [JournalEntry] { entries.withLock { $0 } }
}

/// alice, bob, root, guest1 to guest8, and a name that cannot be told.
struct FakeDirectory: AccountDirectory {
    func account(named name: AccountName) -> Lookup {
        switch name.text {
        case "root": .found(AccountFacts(uid: 0, gid: 0))
        case "alice": .found(AccountFacts(uid: 1001, gid: 1001))
        case "bob": .found(AccountFacts(uid: 1002, gid: 1002))
        case "limbo": .cannotTell
        case let name where name.hasPrefix("guest"):
            UInt32(name.dropFirst(5)).flatMap {
                (1...8).contains($0) ? .found(AccountFacts(uid: 2000 + $0, gid: 2000)) : nil
            }
                ?? .notFound
        case _: .notFound
        }
    }
    func owner(of uid: UInt32) -> UIDOwner {
        switch uid {
        case 1001: AccountName("alice").map { .account($0) } ?? .nobody
        case 1002: AccountName("bob").map { .account($0) } ?? .nobody
        case 1003: .cannotTell
        case _: .nobody
        }
    }
    /// ALICE is alice, as where a directory folds case.
    func owner(of name: AccountName) -> UIDOwner {
        switch name.text {
        case "ALICE": AccountName("alice").map { .account($0) } ?? .nobody
        case "limbo": .cannotTell
        case _: account(named: name) == .notFound ? .nobody : .account(name)
        }
    }
    func hasGroup(named name: String) -> Bool? { name != "no-such-group" }
    func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? {
        name.text == "bob" && group == "dbusers"
    }
}

/// The store is used by the writer's thread alone once the world runs; tests look at it when it is idle.
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// Terminals whose sessions tests begin and end.
final class ScriptedProcesses: ProcessTable {
    /// Holds every look-up of a session up, once there is one.
    let barrier = Mutex<Barrier?>(nil)
    /// Holds every answer up that says whether a session is open, once there is one.
    let answering = Mutex<Barrier?>(nil)
    private let sessions = Mutex<[String: TerminalSession]>([:])

    /// A session begins at a terminal, in place of the one that was there.
    func begin(at terminal: String, leader: Int32) {
        sessions.withLock {
            $0[terminal] = TerminalSession(terminal: terminal, leader: leader, leaderStart: UInt64(leader))
        }
    }

    func end(at terminal: String) { sessions.withLock { $0[terminal] = nil } }

    func session(of process: Int32, at terminal: String) -> TerminalSession? {
        barrier.withLock { $0 }?.pass()
        let name = terminal.hasPrefix("/dev/") ? String(terminal.dropFirst(5)) : terminal
        return process == getpid() ? sessions.withLock { $0[name] } : nil
    }

    /// Whether whoever asks sits at the seat.
    let seated = Mutex<Bool>(false)

    func isAtSeat(_ process: Int32, console: String?) -> Bool { process == getpid() && seated.withLock { $0 } }

    func isOpen(_ session: TerminalSession) -> Bool {
        let isOpen = sessions.withLock { $0[session.terminal] } == session
        answering.withLock { $0 }?.pass()
        return isOpen
    }
}
