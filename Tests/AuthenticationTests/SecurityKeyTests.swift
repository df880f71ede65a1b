import Authentication
import Testing

/// `ssh_key: second_factor`: which keys count, for whom, and in place of what.
@Suite struct SecurityKeyTests {
    static let key = "publickey sk-ssh-ed25519@openssh.com"
    static let pin = ModuleID("pin")

    @Test(
        arguments: [
            ([key], "sk-ssh-ed25519@openssh.com"),
            (["publickey sk-ssh-ed25519-cert-v01@openssh.com"], "sk-ssh-ed25519-cert-v01@openssh.com"),
            (["publickey sk-ecdsa-sha2-nistp256@openssh.com"], "sk-ecdsa-sha2-nistp256@openssh.com"),
            (["publickey sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"], "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"),
            (["password", key], "sk-ssh-ed25519@openssh.com"),
            (["publickey ssh-ed25519", key], "sk-ssh-ed25519@openssh.com"),
            ([], nil), (["publickey"], nil), (["publickey ssh-ed25519"], nil), (["publickey ecdsa-sha2-nistp256"], nil),
            (["hostbased sk-ssh-ed25519@openssh.com"], nil), (["password sk-ssh-ed25519@openssh.com"], nil),
            (["keyboard-interactive sk-ssh-ed25519@openssh.com"], nil), (["sk-ssh-ed25519@openssh.com"], nil),
            (["publickey sk-ssh-ed25519@openssh.com more"], nil), (["publickey  sk-ssh-ed25519@openssh.com"], nil),
            (["publickey SK-ssh-ed25519@openssh.com"], nil), (["publickey sk-ssh-ed448@openssh.com"], nil),
            (["publickey sk-ssh-ed25519"], nil), (["xpublickey sk-ssh-ed25519@openssh.com"], nil),
            (["publickey webauthn-sk-ecdsa-sha2-nistp256@openssh.com"], nil),
        ] as [([String], String?)])
    func `is one of four types, behind the method that proves it`(_ methods: [String], _ type: String?) {
        #expect(Evidence(methods: methods).securityKey == type)
    }

    /// A login that a key counts for, and what is done to it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout LoginRequest, inout Rule) -> Void

        init(_ name: String, _ change: @escaping @Sendable (inout LoginRequest, inout Rule) -> Void) {
            testDescription = name
            self.change = change
        }
    }

    static func plan(_ change: (inout LoginRequest, inout Rule) -> Void, steps: [Step]) throws -> Plan {
        var request = LoginRequest(service: "sshd", account: Some.ann, evidence: Evidence(methods: [key]))
        request.evidence.isSecurityKeyCertain = true
        var rule = Rule(services: ["sshd"], line: 4)
        rule.countsSecurityKey = true
        change(&request, &rule)
        let policy = Policy(
            chains: [
                ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: steps),
                ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: steps),
            ], rules: [rule])
        return try policy.plan(for: request, at: Some.moment(0))
    }

    @Test(
        arguments: [
            ([Step(Some.totp)], []), ([Step(Some.totp), Step(pin)], [Step(pin)]), ([], []),
        ] as [([Step], [Step])])
    func `stands for the first step of the chain, and what comes behind it stays owed`(
        _ steps: [Step], _ owed: [Step]
    ) throws {
        let plan = try Self.plan({ request, _ in request.provider = Some.pam }, steps: steps)
        #expect(plan.countedKey == "sk-ssh-ed25519@openssh.com")
        #expect(plan.chains.map(\.steps) == [owed])
        #expect(!plan.isExempt && !plan.isFirstFactorWaived)
    }

    @Test(arguments: [
        Case("nobody vouches for it") { request, _ in request.evidence.isSecurityKeyCertain = false },
        Case("no rule counts it") { _, rule in rule.countsSecurityKey = false },
        Case("the rule is for somebody else") { _, rule in rule.match.accounts = [Some.bob] },
        Case("a plain key") { request, _ in request.evidence.methods = ["publickey ssh-ed25519"] },
        Case("a password") { request, _ in request.evidence.methods = ["password"] },
        Case("nothing at all") { request, _ in request.evidence.methods = [] },
        Case("another service, whose rule it is") { request, rule in
            request.service = "sudo"
            rule.match = Match()
        },
        Case("the account itself says so") { request, _ in request.origin = .accountItself(uid: 1000) },
        Case("the PAM line names a provider that the rule is not for") { request, rule in
            rule.provider = Some.pam
            request.provider = Some.linux
        },
    ]) func `does not count where anything is missing, and all modules are owed`(_ row: Case) throws {
        let plan = try Self.plan(row.change, steps: [Step(Some.totp), Step(Self.pin)])
        #expect(plan.countedKey == nil)
        for chain in plan.chains { #expect(chain.steps == [Step(Some.totp), Step(Self.pin)]) }
    }

    @Test func `the provider is owed as ever`() throws {
        let plan = try Self.plan({ request, _ in request.provider = Some.pam }, steps: [Step(Some.totp)])
        var flow = LoginFlow(plan)
        #expect(flow.begin() == .ask(.provider))
        #expect(flow.answered() == .judge(.provider))
        #expect(flow.proved(.rejected(.noEvidence), mayTryAgain: false) == .end(.denied(.noEvidence)))
    }

    @Test func `who is blocked stays out`() throws {
        var plan = try Self.plan({ request, _ in request.provider = Some.pam }, steps: [Step(Some.totp)])
        plan.isBlocked = true
        var flow = LoginFlow(plan)
        _ = flow.begin()
        _ = flow.answered()
        #expect(flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: false) == .end(.denied(.blocked)))
    }

    @Test(arguments: [
        ("10.0.0.9 50000 10.0.0.1 22", true), ("2001:db8::9 50000 fe80::1%eth0 2222", true), ("", false),
        ("10.0.0.9 50000 10.0.0.1", false), ("10.0.0.9 50000 10.0.0.1 22 ", false), ("host 50000 10.0.0.1 22", false),
        ("10.0.0.9 50000 10.0.0.1 ssh", false), ("10.0.0.9 70000 10.0.0.1 22", false),
        ("10.0.0.9  50000 10.0.0.1 22", false),
    ]) func `a connection is two addresses, each with a port`(_ text: String, _ isOne: Bool) {
        #expect((SSHConnection(text, host: "client.example") != nil) == isOne)
    }
}
