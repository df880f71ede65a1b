import Authentication
import AuthenticationTesting
import Testing

/// What is charged, refunded and spent when somebody outside judges: two transactions, and nothing in between.
@Suite struct ConsultingTests {
    /// The store's side of one module whose answers are judged outside.
    struct Bench {
        let module = ConsultedModule { _ in .wrong }
        var standing: Attempt.Standing = .known(uid: 1000)
        var now = Some.moment(1000)
        var record = AccountRecord(uid: 1000)
        var host = HostCounter()
        var session = Some.session()

        mutating func judge(_ subject: Attempt.Subject) -> Outcome {
            Attempt(
                subject, account: Some.ann, standing: standing, host: "h", throttle: Throttle(), now: now
            ).judge(in: &record, host: &host, sealing: OpenSealing())
        }

        /// The first transaction, which hands something out.
        mutating func charge() throws -> ChargedGuess {
            let guess = handOut(Some.input())
            return try #require(guess)
        }

        /// The first transaction; nil if nothing was handed out.
        mutating func handOut(_ input: UserInput) -> ChargedGuess? {
            guard
                case .charged(let guess) = judge(
                    .question(input, service: "sshd", session: session, module: module))
            else { return nil }
            return guess
        }

        /// The second.
        mutating func settle(_ testimony: Testimony, of guess: ChargedGuess) -> Outcome {
            judge(.testimony(testimony, of: guess, session: session, module: module))
        }

        var failures: Int { record.counters[module.id]?.failures ?? 0 }
    }

    static let right = Testimony.accepted(Testimony.Approval(Some.ann))

    @Test func `a guess is charged before anybody judges it`() throws {
        var bench = Bench()
        let guess = try bench.charge()
        #expect(bench.failures == 1)
        #expect(guess.account == Some.ann)
        #expect(bench.module.guesses.isEmpty)
    }

    @Test func `a wrong answer stays charged, once`() throws {
        var bench = Bench()
        let guess = try bench.charge()
        #expect(bench.settle(.wrong, of: guess) == .rejected(.wrongAnswer))
        #expect(bench.failures == 1)
    }

    @Test func `a right answer clears what was charged`() throws {
        var bench = Bench()
        bench.record.counters = [bench.module.id: FailureCounter(failures: 3), Some.pin: FailureCounter(failures: 1)]
        let guess = try bench.charge()
        #expect(bench.failures == 4)
        #expect(bench.settle(ConsultingTests.right, of: guess) == .accepted(Some.ann))
        #expect(bench.record.counters == [Some.pin: FailureCounter(failures: 1)])
    }

    @Test(arguments: [Testimony.malformed, .unavailable("it hangs")])
    func `what is no guess gives back what it has cost, as if nothing had been`(_ testimony: Testimony) throws {
        var bench = Bench()
        let before = FailureCounter(failures: 2, last: Some.moment(10))
        bench.record.counters = [bench.module.id: before]
        let guess = try bench.charge()
        let outcome = bench.settle(testimony, of: guess)
        #expect(outcome == (testimony == .malformed ? .rejected(.malformed) : .unavailable(.moduleFailed)))
        #expect(bench.record.counters == [bench.module.id: before])
    }

    @Test func `others that were charged meanwhile stay charged`() throws {
        var bench = Bench()
        let first = try bench.charge()
        bench.now = Some.moment(1001)
        _ = try bench.charge()
        #expect(bench.failures == 2)
        #expect(bench.settle(.unavailable("it hangs"), of: first) == .unavailable(.moduleFailed))
        #expect(bench.record.counters == [bench.module.id: FailureCounter(failures: 1, last: Some.moment(1001))])
    }

    @Test(arguments: [false, true])
    func `a counter that has not paid gives nothing back`(toWhoIsBlockedLater isLater: Bool) throws {
        var bench = Bench()
        if !isLater { bench.standing = bench.standing.ofNobody }
        let guess = try bench.charge()
        // By chance the other counter stands where the charge has left its own.
        let paid = bench.record.counters
        bench.standing = isLater ? bench.standing.ofNobody : .known(uid: 1000)
        #expect(bench.settle(.malformed, of: guess) == .rejected(.malformed))
        #expect(bench.record.counters == paid)
    }

    @Test func `guesses at once do not outrun the throttle: the seventh is not handed out`() throws {
        var bench = Bench()
        for _ in 0..<6 { _ = try bench.charge() }
        let seventh = bench.handOut(Some.input())
        #expect(seventh == nil)
        #expect(bench.failures == 6)
    }

    @Test func `what the module does not recognize is neither charged nor handed out`() {
        var bench = Bench()
        let bytes = Array("?".utf8)
        let guess = bench.handOut(UserInput(Secret(copying: bytes.span)))
        #expect(guess == nil)
        #expect(bench.failures == 0)
        #expect(bench.host.failures == 1)
    }

    @Test(arguments: [nil, AccountName("bob")])
    func `an answer for another name, or for nobody, is refused and stays charged`(_ name: AccountName?) throws {
        var bench = Bench()
        let guess = try bench.charge()
        #expect(
            bench.settle(.accepted(Testimony.Approval(name)), of: guess) == .rejected(.usernameChanged))
        #expect(bench.failures == 1)
    }

    @Test func `nobody whom the directory does not know gets in`() throws {
        var bench = Bench()
        bench.standing = .unknown
        let guess = try bench.charge()
        #expect(bench.settle(ConsultingTests.right, of: guess) == .rejected(.unknownAccount))
    }

    @Test func `nothing is settled for an account that has become another's`() throws {
        var bench = Bench()
        let guess = try bench.charge()
        bench.standing = .known(uid: 1001)
        #expect(bench.settle(ConsultingTests.right, of: guess) == .unavailable(.accountChanged))
        bench.standing = .cannotTell
        #expect(bench.settle(ConsultingTests.right, of: guess) == .unavailable(.directoryUnavailable))
        #expect(bench.failures == 1)
    }

    @Test func `an answer that nobody was asked about cannot be told`() {
        var bench = Bench()
        let outcome = bench.judge(.answer(.input(Some.input()), session: bench.session, module: bench.module))
        #expect(outcome == .unavailable(.moduleFailed))
        #expect(bench.failures == 0)
    }

    @Test func `a flow that is told of a charge, and of no judgement, lets nobody in`() {
        let guess = ChargedGuess(uncharged: Some.input(), of: Some.ann, service: "sshd")
        let chain = ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(Some.totp)])
        var flow = LoginFlow(Plan(for: Some.ann, chains: [chain]))
        _ = flow.begin()
        _ = flow.answered()
        _ = flow.proved(.proved(Some.ann, isWaived: false), mayTryAgain: false)
        _ = flow.answered()
        #expect(flow.judged(.charged(guess), by: Some.totp, mayTryAgain: true) == .end(.denied(.outOfTurn)))
    }
}
