import Authentication
import Testing

@Suite struct PolicyTests {
    static let pam = ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(Some.totp)])
    static let linux = ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: [Step(Some.totp)])

    func request(
        _ service: String = "sshd", _ account: AccountName = Some.ann, provider: ProviderID? = nil,
        origin: LoginRequest.Origin = .trusted
    ) -> LoginRequest { LoginRequest(service: service, account: account, provider: provider, origin: origin) }

    @Test func `the first rule that matches wins, and none leaves all modules owed`() throws {
        let policy = Policy(
            chains: [PolicyTests.pam],
            rules: [
                Rule(services: ["cron"], isExempt: true, line: 1),
                Rule(accounts: [Some.bob], tries: 7, line: 2),
                Rule(services: ["sshd"], accounts: [Some.bob], isExempt: true, line: 3),
            ])
        #expect(try policy.plan(for: request("cron", Some.bob), at: Some.moment(0)).ruleLine == 1)
        let second = try policy.plan(for: request("sshd", Some.bob), at: Some.moment(0))
        #expect(second.ruleLine == 2)
        #expect(second.tries == 7)
        #expect(!second.isExempt)
        let none = try policy.plan(for: request(), at: Some.moment(0))
        #expect(none == Plan(for: Some.ann, chains: [PolicyTests.pam]))
    }

    @Test(arguments: [
        ("sudo", ["sudo", "sudo-i"], ["su", "sudoedit", "Sudo"]), ("su", ["su", "su-l"], ["sudo", "su-x"]),
        ("sudo-i", ["sudo-i"], ["sudo"]), ("sshd", ["sshd"], ["ssh"]),
    ]) func `a service means its other door too`(_ named: String, _ matched: [String], _ others: [String]) {
        let rule = Rule(services: [named], line: 1)
        for service in matched { #expect(rule.match.holds(for: request(service))) }
        for service in others { #expect(!rule.match.holds(for: request(service))) }
    }

    @Test(arguments: [("sshd", 3), ("su", 3), ("su-l", 3), ("sudo", 1), ("login", 1), ("swaylock", 1), ("", 1)])
    func `who asks once gets three tries, who loops gets one`(_ service: String, _ tries: Int) throws {
        #expect(try Policy(chains: [PolicyTests.pam]).plan(for: request(service), at: Some.moment(0)).tries == tries)
    }

    @Test func `whoever asks for himself is never exempt, and never without a first factor`() throws {
        let policy = Policy(
            chains: [PolicyTests.pam, PolicyTests.linux],
            rules: [Rule(steps: [], isExempt: true, isFirstFactorWaived: true, line: 1)])
        let own = try policy.plan(for: request("cron", origin: .accountItself(uid: 1000)), at: Some.moment(0))
        #expect(!own.isExempt)
        #expect(!own.isFirstFactorWaived)
        #expect(own.keepsNothing)
        #expect(own.chains == [PolicyTests.pam])
        let trusted = try policy.plan(for: request("cron"), at: Some.moment(0))
        #expect(trusted.isExempt)
        #expect(trusted.isFirstFactorWaived)
    }

    @Test func `whoever asks for himself cannot choose the provider`() throws {
        let weak = ProviderChain(provider: ProviderID("weak"), livesOnEvidence: false, steps: [])
        let policy = Policy(chains: [PolicyTests.pam, weak])
        let named = request(provider: ProviderID("weak"), origin: .accountItself(uid: 1000))
        #expect(try policy.plan(for: named, at: Some.moment(0)).chains == [PolicyTests.pam])
        #expect(try policy.plan(for: request(provider: ProviderID("weak")), at: Some.moment(0)).chains == [weak])
    }

    @Test func `a rule with no steps takes none away`() throws {
        let policy = Policy(chains: [PolicyTests.pam], rules: [Rule(steps: [], line: 1)])
        #expect(try policy.plan(for: request(), at: Some.moment(0)).chains == [PolicyTests.pam])
    }

    @Test func `a rule's steps stand in place of the chain's`() throws {
        let policy = Policy(chains: [PolicyTests.pam], rules: [Rule(steps: [Step(Some.pin)], line: 1)])
        #expect(try policy.plan(for: request(), at: Some.moment(0)).chains.map(\.steps) == [[Step(Some.pin)]])
    }

    @Test func `the PAM line comes before the rule, and neither may name what is not there`() throws {
        let policy = Policy(
            chains: [PolicyTests.pam, PolicyTests.linux],
            rules: [
                Rule(services: ["su"], provider: Some.pam, line: 1),
                Rule(services: ["sudo"], provider: ProviderID("gone"), line: 2),
            ])
        #expect(try policy.plan(for: request("su"), at: Some.moment(0)).chains == [PolicyTests.pam])
        #expect(
            try policy.plan(for: request("su", provider: Some.linux), at: Some.moment(0)).chains == [PolicyTests.linux])
        #expect(throws: Policy.Failure.unknownProvider(ProviderID("gone"))) {
            try policy.plan(for: request("sudo"), at: Some.moment(0))
        }
        #expect(throws: Policy.Failure.unknownProvider(ProviderID("linux", id: "x"))) {
            try policy.plan(for: request(provider: ProviderID("linux", id: "x")), at: Some.moment(0))
        }
    }

    @Test func `what a rule waives for its provider is not waived for the one on the PAM line`() throws {
        let other = ProviderChain(provider: ProviderID("pam", id: "b"), livesOnEvidence: true, steps: [])
        let policy = Policy(
            chains: [PolicyTests.pam, other],
            rules: [
                Rule(services: ["su"], provider: Some.pam, isFirstFactorWaived: true, line: 1),
                Rule(services: ["sudo"], provider: Some.pam, isExempt: true, line: 2),
            ])
        #expect(try policy.plan(for: request("su"), at: Some.moment(0)).isFirstFactorWaived)
        #expect(try !policy.plan(for: request("su", provider: other.provider), at: Some.moment(0)).isFirstFactorWaived)
        #expect(try policy.plan(for: request("sudo"), at: Some.moment(0)).isExempt)
        #expect(try !policy.plan(for: request("sudo", provider: other.provider), at: Some.moment(0)).isExempt)
    }

    @Test func `what lives on evidence is never in a menu`() throws {
        let other = ProviderChain(provider: ProviderID("linux", id: "b"), livesOnEvidence: false, steps: [])
        let policy = Policy(chains: [PolicyTests.pam, PolicyTests.linux, other])
        #expect(try policy.plan(for: request(), at: Some.moment(0)).chains == [PolicyTests.linux, other])
        #expect(
            try Policy(chains: [PolicyTests.pam]).plan(for: request(), at: Some.moment(0)).chains == [PolicyTests.pam])
    }

    @Test func `the plan is for the account that was asked about`() throws {
        #expect(
            try Policy(chains: [PolicyTests.pam]).plan(for: request("sshd", Some.bob), at: Some.moment(0)).account
                == Some.bob)
    }

    @Test func `enrolment within a login ends with its last day, and never begins for whoever speaks for himself`()
        throws
    {
        var rule = Rule(services: ["sshd"], line: 1)
        rule.unenrolled = .enroll
        rule.enrollUntil = Some.moment(100).wall
        let policy = Policy(chains: [PolicyTests.pam], rules: [rule])
        func unenrolled(_ request: LoginRequest, _ seconds: Int64) throws -> Unenrolled {
            try policy.plan(for: request, at: Some.moment(seconds)).unenrolled
        }
        #expect(try unenrolled(request("sshd"), 99) == .enroll)
        #expect(try unenrolled(request("sshd"), 100) == .deny)
        #expect(try unenrolled(request("login"), 0) == .deny)
        #expect(try unenrolled(request("sshd", origin: .accountItself(uid: 1000)), 0) == .deny)
    }
}

/// What is remembered for whom.
@Suite struct RememberingPolicyTests {
    private func policy(_ rule: Rule) -> Policy {
        Policy(
            chains: [
                ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(Some.totp)]),
                ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: [Step(Some.totp)]),
            ], rules: [rule])
    }

    @Test func `nothing is remembered unless a rule says so`() throws {
        let request = LoginRequest(service: "sudo", account: Some.ann)
        let off = policy(Rule(Match(services: ["sudo"]), line: 1))
        #expect(try off.plan(for: request, at: Some.moment(0)).rememberFor == nil)
        let on = policy(Rule(Match(services: ["sudo"]), rememberFor: 900_000, line: 1))
        #expect(try on.plan(for: request, at: Some.moment(0)).rememberFor == 900_000)
        #expect(try on.plan(for: LoginRequest(service: "su", account: Some.ann), at: Some.moment(0)).rememberFor == nil)
    }

    @Test func `nothing is remembered for whoever asks for himself, nor for another provider than the rule's`() throws {
        let on = policy(Rule(Match(), provider: Some.linux, rememberFor: 900_000, line: 1))
        let himself = LoginRequest(service: "sudo", account: Some.ann, origin: .accountItself(uid: 1001))
        #expect(try on.plan(for: himself, at: Some.moment(0)).rememberFor == nil)
        let other = LoginRequest(service: "sudo", account: Some.ann, provider: Some.pam)
        #expect(try on.plan(for: other, at: Some.moment(0)).rememberFor == nil)
    }

    @Test func `the rules that were looked at end with the one that matches`() {
        let rules = [
            Rule(Match(services: ["sudo"]), line: 3), Rule(Match(accounts: [Some.bob]), line: 5),
            Rule(Match(services: ["sshd"]), line: 7), Rule(Match(), line: 9),
        ]
        let policy = Policy(chains: [], rules: rules)
        let found = policy.rulesLookedAt(for: LoginRequest(service: "sshd", account: Some.ann))
        #expect(found.map(\.line) == [3, 5, 7])
        #expect(found.map(\.mismatch) == [.service, .user, nil])
        let none = Policy(chains: [], rules: [rules[0]]).rulesLookedAt(
            for: LoginRequest(service: "x", account: Some.ann))
        #expect(none.map(\.mismatch) == [.service])
    }

    @Test func `both in one answer is for the provider that the rule names, and never for what was checked outside`()
        throws
    {
        let linux = ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: [Step(Some.totp)])
        let pam = ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(Some.totp)])
        var rule = Rule(provider: Some.linux, line: 3)
        rule.single = CombinedAnswer(codeDigits: 8)
        let policy = Policy(chains: [pam, linux], rules: [rule])
        var request = LoginRequest(service: "sshd", account: Some.ann)
        let now = Some.moment(0)
        #expect(try policy.plan(for: request, at: now).single == CombinedAnswer(codeDigits: 8))
        #expect(try policy.plan(for: request, at: now).chains == [linux])
        request.provider = Some.pam
        #expect(try policy.plan(for: request, at: now).single == nil)
        // Nor where a rule that nobody has checked would have it so.
        rule.provider = nil
        request.provider = Some.linux
        #expect(try Policy(chains: [pam, linux], rules: [rule]).plan(for: request, at: now).single != nil)
        request.provider = Some.pam
        #expect(try Policy(chains: [pam, linux], rules: [rule]).plan(for: request, at: now).single == nil)
        let two = ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: [Step(Some.totp), Step(Some.pin)])
        request.provider = nil
        #expect(try Policy(chains: [two], rules: [rule]).plan(for: request, at: now).single == nil)
    }
}
