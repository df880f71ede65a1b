import Authentication
import AuthenticationTesting
import AuthProviders
import Daemon
import Synchronization
import Testing
import Wire

/// Who must not get through, and who must not be kept out.
@Suite struct StrangerTests {
    /// "Not found" is what NSS says too while its source is away (sssd of Fedora, a stopped one behind `systemd`):
    /// who is in no directory is in no group either, so the rule that asks for more is missed.
    @Test func `an account that the directory does not know is not granted by missing the rule that asks for more`()
        async throws
    {
        let rule = Rule(Match(groups: ["dbusers"]), steps: [Step(LoginWorld.module)], line: 3)
        try await withWorld(LoginWorld(rules: [rule], chain: [])) { world in
            let client = try world.connect()
            try client.begin("ghost")
            #expect(try client.verdict() != .verdict(.granted, ""))
            #expect(try world.store.allCredentials().isEmpty)
        }
    }

    @Test(arguments: ["ghost", "limbo"])
    func `who cannot be found is granted nothing, even where no module is owed`(_ name: String) async throws {
        try await withWorld(LoginWorld(chain: [])) { world in
            let client = try world.connect()
            try client.begin(name)
            #expect(try client.verdict() != .verdict(.granted, ""))
        }
    }

    @Test(arguments: ["ghost", "limbo"])
    func `nor is anybody exempt who cannot be found`(_ name: String) async throws {
        let rule = Rule(services: ["sshd"], isExempt: true, line: 3)
        try await withWorld(LoginWorld(rules: [rule])) { world in
            let client = try world.connect()
            try client.begin(name)
            guard case .verdict(let code, _) = try client.verdict() else { return }
            #expect(code != .exempt && code != .granted)
        }
    }

    @Test func `a group that is not there makes the login unavailable, and does not miss the rule`() async throws {
        let rule = Rule(Match(groups: ["no-such-group"]), steps: [Step(LoginWorld.module)], line: 3)
        try await withWorld(LoginWorld(rules: [rule], chain: [])) { world in
            let client = try world.connect()
            try client.begin("alice")
            guard case .verdict(.unavailable, _) = try client.verdict() else {
                Issue.record("the rule was missed")
                return
            }
        }
    }

    @Test func `guesses of strangers under way do not keep the owner out`() async throws {
        let barrier = Barrier()
        let provider = NamingProvider(createsCredentials: true, barrier: barrier)
        try await withWorld(LoginWorld(chain: [], providers: [provider])) { world in
            for number in 0..<8 {
                let stranger = try world.connect()
                try stranger.begin("alice", methods: [], remoteHost: "203.0.113.\(number % 2)")
                _ = try stranger.receive()
                try stranger.answer("guess \(number)")
            }
            barrier.waitForArrival()
            barrier.waitForArrival()
            let owner = try world.connect()
            try owner.begin("alice", methods: [])
            _ = try owner.receive()
            try owner.answer("as alice")
            // By the time another is asked, what came before has been read.
            let other = try world.connect()
            try other.begin("bob", methods: [])
            _ = try other.receive()
            for _ in 0..<16 { barrier.open() }
            #expect(try owner.verdict() == .verdict(.granted, ""))
        }
    }

    @Test func `a host that was refused has no more hashes made for it, and is told the same`() async throws {
        let counted = CountedProvider()
        try await withWorld(LoginWorld(chain: [], providers: [counted])) { world in
            var said: [WireClient.Said] = []
            for number in 0..<34 {
                let client = try world.connect()
                try client.begin("alice", service: "sudo", methods: [], remoteHost: "198.51.100.7")
                _ = try client.receive()
                try client.answer("guess \(number)")
                said.append(try client.verdict())
            }
            // Thirty fail, the next is found refused, and from then on nothing is worked out.
            #expect(counted.proofs == 31)
            #expect(said.allSatisfy { $0 == said[0] })
            world.clock.advance(seconds: 700)
            let later = try world.connect()
            try later.begin("alice", service: "sudo", methods: [], remoteHost: "198.51.100.7")
            _ = try later.receive()
            try later.answer("guess")
            _ = try later.verdict()
            #expect(counted.proofs == 32)
        }
    }
}

/// A provider that takes nothing, and counts how often it was asked.
private final class CountedProvider: AuthProvider {
    let id = ProviderID("counted")
    let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    let speaksOfAccounts = true
    let refusal = "No."
    private let count = Atomic<Int>(0)
    var proofs: Int { count.load(ordering: .relaxed) }

    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        count.add(1, ordering: .relaxed)
        return .rejected(.wrongPassword)
    }
}
