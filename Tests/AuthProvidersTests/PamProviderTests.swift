import AuthProviders
import Authentication
import Testing

@Suite("pam (case 10a)") struct PamProviderTests {
    private static func prove(_ evidence: Evidence, isWaived: Bool) throws -> Proof {
        let request = LoginRequest(service: "sshd", account: try account("alice"), evidence: evidence)
        return PamProvider(ProviderID("pam")).prove(request, nil, users: noUsers, isWaived: isWaived)
    }

    @Test(arguments: [
        Evidence(methods: ["publickey ssh-ed25519"]),
        Evidence(methods: ["keyboard-interactive", "publickey ssh-rsa"]),
        Evidence(methods: ["password"]),
        Evidence(methods: ["hostbased ssh-ed25519"]),
        Evidence(methods: ["gssapi-with-mic"]),
        Evidence(hasAuthtok: true),
        Evidence(isAccountItself: true),
    ])
    func `takes evidence of a first factor, and needs no waiver then`(evidence: Evidence) throws {
        #expect(try Self.prove(evidence, isWaived: false) == .proved(try account("alice"), isWaived: false))
        #expect(try Self.prove(evidence, isWaived: true) == .proved(try account("alice"), isWaived: false))
    }

    @Test(arguments: [
        Evidence(),
        Evidence(methods: ["keyboard-interactive"]),
        Evidence(methods: ["keyboard-interactive pam"]),
        Evidence(methods: ["none"]),
        Evidence(methods: [""]),
        Evidence(methods: ["publickeys"]),
        Evidence(methods: [" publickey"]),
    ])
    func `refuses without evidence, and says so where a rule waives it`(evidence: Evidence) throws {
        #expect(try Self.prove(evidence, isWaived: false) == .rejected(.noEvidence))
        #expect(try Self.prove(evidence, isWaived: true) == .proved(try account("alice"), isWaived: true))
    }

    @Test func `asks nothing, so it is in no menu`() {
        let provider = PamProvider(ProviderID("pam"))
        #expect(provider.livesOnEvidence && provider.inputSchema == .nothing)
        #expect(provider.speaksOfAccounts)
    }
}
