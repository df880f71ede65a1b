import AdminProtocol
import Authentication
import AuthenticationTesting
import CPOSIX
import Daemon
import Dispatch
import Synchronization
import Testing
import Wire

/// What a slow directory does to logins.
@Suite struct DirectoryTests {
    @Test func `three look-ups that hang hold up nobody else`() async throws {
        let directory = StuckDirectory()
        defer { directory.letGo() }
        try await withWorld(LoginWorld(directory: directory)) { world in
            try world.enroll("alice")
            var stuck: [WireClient] = []
            for number in 1...3 {
                let client = try world.connect()
                try client.begin("stuck\(number)")
                _ = try client.receive()
                stuck.append(client)
            }
            for _ in 1...3 {
                let client = try world.connect()
                try client.begin("alice")
                _ = try client.receive()
                try client.answer("wrong")
                #expect(try client.receive() == .prompt(.secret, "That was not right.\nCode: "))
            }
            directory.letGo()
        }
    }

    @Test func `whoever comes behind a crowd is looked up as soon as the directory answers`() async throws {
        let crowd = 1100
        try #require(posix_raise_descriptor_limit() > 2 * crowd + 100)
        let directory = StuckDirectory()
        defer { directory.letGo() }
        try await withWorld(LoginWorld(directory: directory, capacity: 2 * crowd, mostConnections: 2 * crowd)) {
            world in
            // Nothing ends while a thread is stuck.
            defer { directory.letGo() }
            try world.enroll("alice")
            let before = try (1...crowd).map { number in
                let client = try world.connect()
                try client.begin("stuck\(number)")
                _ = try client.receive()
                return client
            }
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("wrong")
            withExtendedLifetime(before) { directory.letGo() }
            #expect(try client.receive() == .prompt(.secret, "That was not right.\nCode: "))
        }
    }

    @Test func `a look-up that takes longer than its limit cannot tell, and what it says later is for nobody`()
        async throws
    {
        let directory = StuckDirectory()
        defer { directory.letGo() }
        try await withWorld(LoginWorld(directory: directory)) { world in
            let client = try world.connect()
            try client.begin("stuck1")
            _ = try client.receive()
            try client.answer("right 1")
            world.clock.advance(seconds: 6)
            try await world.server.sweep()
            guard case .verdict(.unavailable, _) = try client.receive() else {
                Issue.record("an account that cannot be told was not unavailable")
                return
            }
            #expect(world.journal.messages.last?.contains("reason=directory_unavailable") == true)
            directory.letGo()
            #expect(try client.receive() == .closed)
        }
    }

    @Test func `a blocked account is told from no other by what waits for the directory`() async throws {
        let directory = StuckDirectory()
        defer { directory.letGo() }
        let digits = ShapedModule("digits", label: "Verification code", shape: .digits(6...8), right: "123456")
        var single = Rule(Match(services: ["sshd"]), line: 7)
        single.single = CombinedAnswer(codeDigits: 6)
        let step = try #require(Step(anyOf: [digits.id]))
        try await withWorld(
            LoginWorld(
                rules: [single], chain: [step], extra: [digits], providers: [PasswordProvider()], directory: directory)
        ) { world in
            defer { directory.letGo() }
            for name in ["alice", "bob"] { try world.enroll(name, module: digits.id) }
            guard case .blocked = try world.administer().ask(.block(account: "alice", reason: "left")) else {
                throw WorldFailure("not blocked")
            }
            directory.holdAll()
            for service in ["sshd", "su"] {
                for name in ["alice", "bob"] {
                    for password in service == "sshd" ? ["good", "wrong"] : ["good"] {
                        let client = try world.connect()
                        try client.begin(name, service: service, methods: [])
                        _ = try client.receive()
                        try client.answer(service == "sshd" ? password + "654321" : password)
                        if service == "su" {
                            _ = try client.receive()
                            try client.answer("654321")
                        }
                        world.clock.advance(seconds: 6)
                        try await world.server.sweep()
                        let said = try client.receive()
                        guard case .verdict(.unavailable, _) = said else {
                            Issue.record("\(name) with \(password) at \(service) was told \(said)")
                            continue
                        }
                    }
                }
            }
            directory.letGo()
        }
    }

    @Test func `whoever connects and leaves while the directory is slow holds up no login of root's`() async throws {
        let directory = StuckDirectory()
        defer { directory.letGo() }
        try await withWorld(LoginWorld(directory: directory)) { world in
            try world.enroll("alice")
            let staying = try (1...3).map { _ in try world.own() }
            for _ in 1...40 { _ = try world.own() }
            let client = try world.connect()
            try client.begin("alice")
            _ = try client.receive()
            try client.answer("wrong")
            #expect(try client.receive() == .prompt(.secret, "That was not right.\nCode: "))
            withExtendedLifetime(staying) { directory.letGo() }
        }
        // Two threads are for root, and what nobody waits for any more is not looked up.
        #expect(directory.ownersAsked <= 3)
    }

    @Test func `whoever asks at the socket of logins has so many look-ups waiting and no more, left or not`()
        async throws
    {
        let directory = StuckDirectory()
        defer { directory.letGo() }
        try await withWorld(LoginWorld(directory: directory)) { world in
            // Nothing ends while a thread is stuck.
            defer { directory.letGo() }
            /// As alice, about a name that the directory says nothing of, or says something of again.
            func ask(about name: String) throws -> WireClient {
                let client = try ThreadIdentity.with(uid: 1001) { try world.connect() }
                try client.begin(name)
                return client
            }
            /// What is said once there is a place for one more connection, and what is said is no `unwanted` any more.
            func said(about name: String, but unwanted: (WireClient.Said) -> Bool) throws -> WireClient.Said {
                for _ in 1...10_000 {
                    let said = try ask(about: name).receive()
                    if said != .closed, !unwanted(said) { return said }
                }
                return .closed
            }
            // Two look-ups keep all threads that one user may have, and behind them those of whoever has left wait in order.
            let staying = try (1...3).map { try ask(about: "stuck\($0)") }
            for number in 4...8 { _ = try ask(about: "stuck\(number)") }
            let ninth = try said(about: "stuck9") { _ in false }
            guard case .verdict(.unavailable, _) = ninth else {
                Issue.record("the ninth was told \(ninth)")
                return
            }
            #expect(world.journal.messages.last?.contains("reason=directory_unavailable") == true)
            // Nobody else has less for it.
            let root = try world.connect()
            try root.begin("alice")
            #expect(try root.receive() == .prompt(.secret, "Code: "))
            withExtendedLifetime(staying) { directory.letGo() }
            let again = try said(about: "alice") { if case .verdict(.unavailable, _) = $0 { true } else { false } }
            #expect(again == .prompt(.secret, "Code: "))
        }
    }

    @Test func `however many look-ups of one user hang, whoever asks next finds a thread`() async throws {
        let directory = StuckDirectory()
        defer { directory.letGo() }
        try await withWorld(LoginWorld(directory: directory)) { world in
            // Nothing ends while a thread is stuck.
            defer { directory.letGo() }
            let staying = try (1...8).map { number in
                let client = try ThreadIdentity.with(uid: 1001) { try world.connect() }
                try client.begin("stuck\(number)")
                return client
            }
            let other = try ThreadIdentity.with(uid: 1002) { try world.connect() }
            try other.begin("bob")
            #expect(try other.receive() == .prompt(.secret, "Code: "))
            withExtendedLifetime(staying) { directory.letGo() }
        }
    }
}

/// Knows alice, and of names that begin with "stuck" says nothing until it is let go.
private final class StuckDirectory: AccountDirectory {
    private let gate = DispatchSemaphore(value: 0)
    private let asked = Atomic<Int>(0)
    private let holdsAll = Atomic<Bool>(false)

    /// How many have asked whose a uid is.
    var ownersAsked: Int { asked.load(ordering: .sequentiallyConsistent) }

    func letGo() { gate.signal() }

    /// Says nothing of anybody from now on.
    func holdAll() { holdsAll.store(true, ordering: .sequentiallyConsistent) }

    func account(named name: AccountName) -> Lookup {
        let isStuck = name.text.hasPrefix("stuck") || holdsAll.load(ordering: .sequentiallyConsistent)
        guard isStuck else { return FakeDirectory().account(named: name) }
        gate.wait()
        // Whoever waits behind it goes on too.
        gate.signal()
        return .notFound
    }

    func owner(of uid: UInt32) -> UIDOwner {
        asked.add(1, ordering: .sequentiallyConsistent)
        gate.wait()
        gate.signal()
        return .nobody
    }

    func isMember(_ name: AccountName, gid: UInt32, of group: String) -> Bool? { false }
    func hasGroup(named name: String) -> Bool? { false }
}
