import Authentication
import AuthenticationTesting
import AuthProviders
import Daemon
import Glibc
import Testing
import Wire

/// What a reviewer got through, or kept others out by.
@Suite struct ReviewTests {
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

    /// attacks.md, row 95: nobody is locked out by somebody who has no first factor.
    @Test func `guesses of strangers under way do not keep the owner out`() async throws {
        try await withWorld(LoginWorld(chain: [], providers: [SlowProvider()])) { world in
            var strangers: [WireClient] = []
            for _ in 0..<4 {
                let stranger = try world.connect()
                try stranger.begin("alice", methods: [], remoteHost: "203.0.113.9")
                _ = try stranger.receive()
                strangers.append(stranger)
            }
            let owner = try world.connect()
            try owner.begin("alice", methods: [])
            _ = try owner.receive()
            for stranger in strangers { try stranger.answer("guess") }
            usleep(100_000)
            try owner.answer("right")
            #expect(try owner.verdict() == .verdict(.granted, ""))
        }
    }
}

/// A provider that takes as long as crypt(3) on a busy machine.
private struct SlowProvider: AuthProvider {
    let id = ProviderID("slow")
    let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    let speaksOfAccounts = true
    let refusal = "No."

    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        usleep(400_000)
        let typed = input?.withField { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
        return typed == "right" ? .proved(request.account, isWaived: false) : .rejected(.wrongPassword)
    }
}
