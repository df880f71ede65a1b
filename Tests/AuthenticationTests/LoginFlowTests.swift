import Authentication
import Testing

@Suite struct LoginFlowTests {
    static let chain = ProviderChain(
        provider: Some.linux, livesOnEvidence: false, steps: [Step(Some.pin), Step(Some.totp)])
    static let plan = Plan(for: Some.ann, chains: [chain])

    @Test func `the whole way once`() {
        var flow = LoginFlow(LoginFlowTests.plan)
        #expect(flow.begin() == .ask(.provider))
        #expect(flow.answered() == .judge(.provider))
        #expect(flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: true) == .ask(.step(0)))
        #expect(flow.answered() == .judge(.step(0)))
        #expect(flow.judged(.accepted(Some.ann), by: Some.pin, mayTryAgain: true) == .ask(.step(1)))
        #expect(flow.answered() == .judge(.step(1)))
        #expect(
            flow.judged(.accepted(Some.ann), by: Some.totp, mayTryAgain: true)
                == .credit(Some.linux, Some.ann, mayCreate: true))
        #expect(flow.credited(.account(Some.ann)) == .end(.granted))
        #expect(flow.state == .ended(.granted))
    }

    @Test func `an administrator's code is accepted in place of one step, and of no other module's`() {
        var flow = LoginFlow(LoginFlowTests.plan)
        _ = flow.begin()
        _ = flow.answered()
        _ = flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: true)
        _ = flow.answered()
        #expect(flow.judged(.accepted(Some.ann), by: .bypass, mayTryAgain: true) == .ask(.step(1)))
        _ = flow.answered()
        #expect(flow.judged(.accepted(Some.ann), by: .ticket, mayTryAgain: true) == .end(.denied(.outOfTurn)))
    }

    @Test func `a wrong password and a wrong code put the same form again`() {
        var flow = LoginFlow(LoginFlowTests.plan)
        _ = flow.begin()
        _ = flow.answered()
        #expect(flow.proved(.rejected(.wrongPassword), mayTryAgain: true) == .askAgain(.provider))
        _ = flow.answered()
        _ = flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: true)
        _ = flow.answered()
        #expect(flow.judged(.rejected(.wrongAnswer), by: Some.pin, mayTryAgain: true) == .askAgain(.step(0)))
        #expect(flow.answered() == .judge(.step(0)))
        #expect(flow.judged(.accepted(Some.ann), by: Some.pin, mayTryAgain: false) == .ask(.step(1)))
    }

    private static let single = {
        var plan = Plan(
            for: Some.ann,
            chains: [ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: [Step(Some.totp)])])
        plan.single = CombinedAnswer()
        return plan
    }()

    @Test(
        arguments: [
            .rejected(.wrongAnswer), .rejected(.replayed), .rejected(.notEnrolled), .rejected(.blocked),
            .rejected(.repeated),
            .delayed(seconds: 30, after: nil), .locked(after: .wrongAnswer), .unavailable(.accountChanged),
            .unavailable(.moduleFailed),
        ] as [Outcome])
    func `where both are one answer, a refused code is followed by what follows a wrong password`(_ outcome: Outcome) {
        for mayTryAgain in [true, false] {
            var wrong = LoginFlow(LoginFlowTests.single)
            var right = LoginFlow(LoginFlowTests.single)
            _ = wrong.begin()
            _ = right.begin()
            _ = wrong.answered()
            _ = right.answered()
            let expected = wrong.proved(.rejected(.wrongPassword), mayTryAgain: mayTryAgain)
            #expect(expected == (mayTryAgain ? .askAgain(.provider) : .end(.triesUsedUp(.tooManyRetries))))
            #expect(right.proved(.proved(Some.ann, isWaived: false), mayTryAgain: true) == .ask(.step(0)))
            #expect(right.answered() == .judge(.step(0)))
            #expect(right.judged(outcome, by: Some.totp, mayTryAgain: mayTryAgain) == expected)
            #expect(right.state == wrong.state)
        }
    }

    @Test func `where both are one answer, the password is proved again for each code`() {
        var flow = LoginFlow(LoginFlowTests.single)
        _ = flow.begin()
        for _ in 0..<2 {
            #expect(flow.answered() == .judge(.provider))
            #expect(flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: true) == .ask(.step(0)))
            #expect(flow.answered() == .judge(.step(0)))
            #expect(flow.judged(.rejected(.wrongAnswer), by: Some.totp, mayTryAgain: true) == .askAgain(.provider))
        }
        #expect(flow.answered() == .judge(.provider))
        #expect(flow.judged(.accepted(Some.ann), by: Some.totp, mayTryAgain: true) == .end(.denied(.outOfTurn)))
    }

    @Test func `where both are one answer, what keeps everybody out is said`() {
        var flow = LoginFlow(LoginFlowTests.single)
        _ = flow.begin()
        _ = flow.answered()
        _ = flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: true)
        _ = flow.answered()
        #expect(
            flow.judged(.unavailable(.storeUnavailable), by: Some.totp, mayTryAgain: true)
                == .end(.unavailable(.storeUnavailable)))
    }

    @Test func `the menu asks again for a number that is not on it`() {
        let other = ProviderChain(provider: ProviderID("legacy"), livesOnEvidence: false, steps: [])
        var flow = LoginFlow(Plan(for: Some.ann, chains: [LoginFlowTests.chain, other]))
        let menu = LoginFlow.OnBegin.choose([Some.linux, ProviderID("legacy")])
        #expect(flow.begin() == menu)
        for index in [-1, 2, Int.max, Int.min] { #expect(flow.chose(index) == menu) }
        #expect(flow.chose(1) == .ask(.provider))
        _ = flow.answered()
        #expect(
            flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: false)
                == .credit(ProviderID("legacy"), Some.ann, mayCreate: true))
    }

    @Test func `nothing configured lets nobody in`() {
        var flow = LoginFlow(Plan(for: Some.ann, chains: []))
        #expect(flow.begin() == .end(.unavailable(.misconfigured)))
    }

    @Test func `exempt waives the modules and says so where the first factor is outside`() {
        for livesOnEvidence in [true, false] {
            let chain = ProviderChain(
                provider: Some.pam, livesOnEvidence: livesOnEvidence, steps: [Step(Some.pin), Step(Some.totp)])
            var flow = LoginFlow(Plan(for: Some.ann, chains: [chain], isExempt: true))
            _ = flow.begin()
            _ = flow.answered()
            #expect(
                flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: false)
                    == (livesOnEvidence ? .end(.exempt) : .credit(Some.pam, Some.ann, mayCreate: true)))
        }
    }

    @Test func `exempt never waives the provider`() {
        let chain = ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(Some.pin)])
        var flow = LoginFlow(Plan(for: Some.ann, chains: [chain], isExempt: true))
        _ = flow.begin()
        _ = flow.answered()
        #expect(flow.proved(.rejected(.noEvidence), mayTryAgain: true) == .end(.denied(.noEvidence)))
    }

    @Test func `a caller that is the account itself keeps no credentials`() {
        let chain = ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [])
        var flow = LoginFlow(Plan(for: Some.ann, chains: [chain], keepsNothing: true))
        _ = flow.begin()
        _ = flow.answered()
        #expect(
            flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: false)
                == .credit(Some.pam, Some.ann, mayCreate: false))
    }

    @Test func `a provider that proves anybody but PAM_USER lets nobody in`() {
        for steps in [[], [Step(Some.totp)]] {
            for isExempt in [false, true] {
                let chain = ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: steps)
                var flow = LoginFlow(Plan(for: Some.ann, chains: [chain], isExempt: isExempt))
                _ = flow.begin()
                _ = flow.answered()
                #expect(
                    flow.proved(.proved(Some.bob, isWaived: false), mayTryAgain: true)
                        == .end(.denied(.usernameChanged)))
            }
        }
    }

    /// A flow that waits for a judgement of its first step.
    static func judging(tries: Int = 3) -> LoginFlow {
        var flow = LoginFlow(Plan(for: Some.ann, chains: [chain], tries: tries))
        _ = flow.begin()
        _ = flow.answered()
        _ = flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: true)
        _ = flow.answered()
        return flow
    }

    @Test func `a module that returns another username ends the flow`() {
        var flow = LoginFlowTests.judging()
        #expect(
            flow.judged(.accepted(Some.bob), by: Some.pin, mayTryAgain: true) == .end(.denied(.usernameChanged)))
    }

    @Test func `a module of another step is out of turn`() {
        var flow = LoginFlowTests.judging()
        #expect(flow.judged(.accepted(Some.ann), by: Some.totp, mayTryAgain: true) == .end(.denied(.outOfTurn)))
    }

    /// What a judgement leads to while tries are left, with the last of three, and with the only one.
    struct Ending: Sendable {
        let outcome: Outcome
        let withTries: LoginFlow.OnJudgement
        let lastOfThree: Verdict
        let onlyOne: Verdict
    }

    static let endings: [Ending] =
        [.wrongAnswer, .malformed, .replayed, .unusable, .notEnrolled, .unknownAccount].map {
            Ending(
                outcome: .rejected($0), withTries: .askAgain(.step(0)), lastOfThree: .triesUsedUp(.tooManyRetries),
                onlyOne: .denied($0))
        }
        + [.repeated, .usernameChanged, .hostRefused, .accountChanged].map {
            Ending(
                outcome: .rejected($0), withTries: .end(.denied($0)), lastOfThree: .denied($0), onlyOne: .denied($0))
        }
        + [
            (Outcome.delayed(seconds: 30, after: nil), Reason.delayed(seconds: 30)),
            (.locked(after: .wrongAnswer), .locked),
        ]
        .map {
            Ending(
                outcome: $0.0, withTries: .end(.triesUsedUp($0.1)), lastOfThree: .triesUsedUp($0.1),
                onlyOne: .triesUsedUp($0.1))
        }
        + [.moduleFailed, .storeUnavailable].map {
            Ending(
                outcome: .unavailable($0), withTries: .end(.unavailable($0)), lastOfThree: .unavailable($0),
                onlyOne: .unavailable($0))
        }

    @Test(arguments: endings) func `each judgement ends as it should`(_ ending: Ending) {
        var flow = LoginFlowTests.judging()
        #expect(flow.judged(ending.outcome, by: Some.pin, mayTryAgain: true) == ending.withTries)
        var last = LoginFlowTests.judging()
        #expect(last.judged(ending.outcome, by: Some.pin, mayTryAgain: false) == .end(ending.lastOfThree))
        var only = LoginFlowTests.judging(tries: 1)
        #expect(only.judged(ending.outcome, by: Some.pin, mayTryAgain: false) == .end(ending.onlyOne))
    }

    @Test func `credentials of another account, refused ones and none at all let nobody in`() {
        let table: [(Credentials, Verdict)] = [
            (.account(Some.bob), .denied(.credentialsRefused)), (.refused, .denied(.credentialsRefused)),
            (.outdated, .denied(.wrongPassword)), (.unavailable, .unavailable(.storeUnavailable)),
        ]
        for (credentials, verdict) in table {
            var flow = LoginFlowTests.judging()
            _ = flow.judged(.accepted(Some.ann), by: Some.pin, mayTryAgain: true)
            _ = flow.answered()
            _ = flow.judged(.accepted(Some.ann), by: Some.totp, mayTryAgain: true)
            #expect(flow.credited(credentials) == .end(verdict))
            #expect(flow.credited(.account(Some.ann)) == .end(verdict))
        }
    }

    @Test func `a plan has at least one try`() {
        #expect(Plan(for: Some.ann, chains: [], tries: 0).tries == 1)
        #expect(Plan(for: Some.ann, chains: [], tries: Int.min).tries == 1)
    }
}
