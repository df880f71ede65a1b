import Authentication
import Testing

/// What one transaction decides: what is a guess, what it costs, and what it gives back.
@Suite struct JudgingTests {
    /// The module, the standing and the moment of an attempt, and what the store knows before and after it.
    struct Bench {
        var module = FakeModule(id: Some.totp)
        var answer: Attempt.Answer = .input(Some.input())
        var standing: Attempt.Standing = .known(uid: 1000)
        var now = Some.moment(1000)
        var record = AccountRecord(uid: 1000)
        var host = HostCounter()
        var session = Some.session()
        var share = RelayShare.proved
        var isConclusive = true
        var hasEvidence = false

        mutating func judge() -> Outcome {
            Attempt(
                .answer(answer, session: session, module: module), account: Some.ann, standing: standing, host: "h",
                throttle: Throttle(), now: now, isConclusive: isConclusive, hasEvidence: hasEvidence, share: share
            ).judge(in: &record, host: &host, sealing: OpenSealing())
        }

        /// Failures with the module itself.
        var failures: Int { record.counters[module.id]?.failures ?? 0 }
    }

    @Test func `a wrong answer is a guess and is charged`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .wrong))
        #expect(bench.judge() == .rejected(.wrongAnswer))
        #expect(bench.record.counters == [Some.totp: FailureCounter(failures: 1, last: Some.moment(1000))])
        #expect(bench.host.failures == 0)
    }

    @Test(arguments: [InvalidAuth.wrong, .notEnrolled, .malformed], [Attempt.Standing.known(uid: 1000), .unknown])
    func `whatever is refused where nothing was proved counts for the host once, whoever the name is`(
        failure: InvalidAuth, standing: Attempt.Standing
    ) {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: failure), standing: standing, share: .unproved)
        // From the seventh on, guesses are delayed.
        for count in 1...9 {
            #expect(bench.judge().refusal != nil)
            #expect(bench.host.failures == count)
        }
        // Another attempt will be made of the same answer.
        bench.isConclusive = false
        if failure != .malformed {
            #expect(bench.judge().refusal != nil)
            #expect(bench.host.failures == 9)
        }
    }

    @Test func `what cannot be told counts for no host`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .unavailable), share: .unproved)
        #expect(bench.judge() == .unavailable(.moduleFailed))
        #expect(bench.host.failures == 0)
    }

    @Test(arguments: [(RelayShare.proved, false), (.unproved, true)])
    func `a guess of somebody who has proved something does not count for the host`(
        share: RelayShare, hasEvidence: Bool
    ) {
        var bench = Bench(
            module: FakeModule(id: Some.totp, failure: .wrong), share: share, hasEvidence: hasEvidence)
        for _ in 1...7 { #expect(bench.judge().refusal != nil) }
        #expect(bench.host.failures == 0)
    }

    @Test func `so is the answer of somebody who has not enrolled`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .notEnrolled))
        #expect(bench.judge() == .rejected(.notEnrolled))
        #expect(bench.failures == 1)
    }

    @Test func `a right answer clears the failures of its own module and no other`() {
        var bench = Bench()
        bench.record.counters = [Some.totp: FailureCounter(failures: 2), Some.pin: FailureCounter(failures: 3)]
        #expect(bench.judge() == .accepted(Some.ann))
        #expect(bench.record.counters == [Some.pin: FailureCounter(failures: 3)])
        #expect(bench.host.failures == 0)
    }

    @Test func `a recovery code clears the failures of all`() {
        var bench = Bench(module: FakeModule(id: ModuleID("recovery_code"), isLowEntropy: false, resetsThrottle: true))
        bench.record.counters = [Some.totp: FailureCounter(failures: 60), Some.pin: FailureCounter(failures: 3)]
        #expect(bench.judge() == .accepted(Some.ann))
        #expect(bench.record.counters.isEmpty)
    }

    @Test func `a module that nobody can guess is not charged, and works while others are locked`() {
        var bench = Bench(module: FakeModule(id: ModuleID("recovery_code"), isLowEntropy: false, failure: .wrong))
        #expect(bench.judge() == .rejected(.wrongAnswer))
        #expect(bench.record.counters.isEmpty)
        bench.record.counters = [Some.totp: FailureCounter(failures: 50, last: Some.moment(0))]
        #expect(bench.judge() == .locked(after: .wrongAnswer))
        bench.module.failure = nil
        #expect(bench.judge() == .accepted(Some.ann))
    }

    // MARK: What is no guess

    /// Not charged to the account, counted for the host.
    func isNoGuess(_ outcome: Outcome, _ expected: Reason, _ bench: Bench) -> Bool {
        outcome == .rejected(expected) && bench.record.counters.isEmpty && bench.host.failures == 1
    }

    @Test func `what lies outside the alphabet or the length is no guess`() {
        var bench = Bench(module: FakeModule(id: Some.totp, recognizes: false))
        #expect(isNoGuess(bench.judge(), .malformed, bench))
    }

    @Test func `what the module finds malformed later is no guess either`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .malformed))
        #expect(isNoGuess(bench.judge(), .malformed, bench))
    }

    @Test func `the password in place of a code is no guess`() {
        var bench = Bench(answer: .unusable)
        #expect(isNoGuess(bench.judge(), .unusable, bench))
    }

    @Test func `the same wrong answer again is no guess`() {
        var bench = Bench(answer: .repeated)
        #expect(isNoGuess(bench.judge(), .repeated, bench))
    }

    @Test func `a replay is no guess, and its charge is given back`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .replayed))
        #expect(isNoGuess(bench.judge(), .replayed, bench))
        let before = [Some.totp: FailureCounter(failures: 4, last: Some.moment(7))]
        bench.record.counters = before
        #expect(bench.judge() == .rejected(.replayed))
        #expect(bench.record.counters == before)
    }

    @Test func `none of them locks anybody out, a thousand times over`() {
        let answers: [(Attempt.Answer, FakeModule)] = [
            (.unusable, FakeModule(id: Some.totp)), (.repeated, FakeModule(id: Some.totp)),
            (.input(Some.input()), FakeModule(id: Some.totp, recognizes: false)),
            (.input(Some.input()), FakeModule(id: Some.totp, failure: .replayed)),
        ]
        for (answer, module) in answers {
            var bench = Bench(module: module, answer: answer)
            for _ in 0..<1000 { _ = bench.judge() }
            #expect(bench.record.counters.isEmpty)
            bench.answer = .input(Some.input())
            bench.module = FakeModule(id: Some.totp)
            #expect(bench.judge() == .accepted(Some.ann))
        }
    }

    @Test func `a failed first factor counts for the host alone`() {
        func judge(_ refusal: Reason?, _ host: inout HostCounter) -> Outcome {
            var record = AccountRecord(uid: 1000)
            let outcome = Attempt(
                .firstFactor(refusal), account: Some.ann, standing: .known(uid: 1000), host: "h", throttle: Throttle(),
                now: Some.moment(1)
            ).judge(in: &record, host: &host, sealing: OpenSealing())
            #expect(record.counters.isEmpty)
            return outcome
        }
        var host = HostCounter()
        #expect(judge(nil, &host) == .accepted(Some.ann))
        #expect(host.failures == 0)
        for _ in 1...30 { #expect(judge(.wrongPassword, &host) == .rejected(.wrongPassword)) }
        #expect(judge(.wrongPassword, &host) == .rejected(.hostRefused))
        #expect(judge(nil, &host) == .rejected(.hostRefused))
    }

    // MARK: The throttle

    @Test func `five are free, the sixth delays, and the delay refuses the right answer too`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .wrong))
        for _ in 1...5 { #expect(bench.judge() == .rejected(.wrongAnswer)) }
        #expect(bench.judge() == .delayed(seconds: 30, after: .wrongAnswer))
        #expect(bench.failures == 6)
        bench.module.failure = nil
        #expect(bench.judge() == .delayed(seconds: 30, after: nil))
        #expect(bench.failures == 6)
        bench.now = Some.moment(1030)
        #expect(bench.judge() == .accepted(Some.ann))
        #expect(bench.record.counters.isEmpty)
    }

    @Test func `the failures of all modules add up`() {
        var bench = Bench(module: FakeModule(id: Some.pin, failure: .wrong))
        bench.record.counters = [Some.totp: FailureCounter(failures: 5, last: Some.moment(0))]
        #expect(bench.judge() == .delayed(seconds: 30, after: .wrongAnswer))
        #expect(bench.failures == 1)
    }

    @Test func `a right PIN between wrong codes does not lower the codes' count`() {
        var wrong = Bench(module: FakeModule(id: Some.totp, failure: .wrong))
        for round in 1...5 {
            _ = wrong.judge()
            wrong.module = FakeModule(id: Some.pin)
            #expect(wrong.judge() == .accepted(Some.ann))
            wrong.module = FakeModule(id: Some.totp, failure: .wrong)
            #expect(wrong.failures == round)
        }
        #expect(wrong.judge() == .delayed(seconds: 30, after: .wrongAnswer))
    }

    @Test func `the youngest failure is the one to wait after`() {
        var bench = Bench()
        bench.record.counters = [
            Some.totp: FailureCounter(failures: 5, last: Some.moment(0)),
            Some.pin: FailureCounter(failures: 1, last: Some.moment(995)),
        ]
        #expect(bench.judge() == .delayed(seconds: 25, after: nil))
    }

    @Test func `locked at fifty, and nothing more is looked at or charged`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .wrong))
        bench.record.counters = [Some.totp: FailureCounter(failures: 49, last: Some.moment(0, wall: 0))]
        bench.now = Some.moment(1 << 20)
        #expect(bench.judge() == .locked(after: .wrongAnswer))
        bench.module.failure = nil
        #expect(bench.judge() == .locked(after: nil))
        #expect(bench.failures == 50)
    }

    @Test func `counters that no store should hold trap nothing`() {
        for failures in [Int.min, -1, Int.max] {
            var bench = Bench(module: FakeModule(id: Some.totp, failure: .wrong))
            bench.record.counters = [
                Some.totp: FailureCounter(failures: failures), Some.pin: FailureCounter(failures: failures),
            ]
            let outcome = bench.judge()
            #expect(outcome == (failures > 0 ? .locked(after: nil) : .rejected(.wrongAnswer)))
        }
    }

    // MARK: Whose account it is

    @Test func `an account whose uid has changed cannot be told`() {
        var bench = Bench()
        bench.record.uid = 1001
        #expect(bench.judge() == .unavailable(.accountChanged))
        #expect(bench.record.counters.isEmpty)
    }

    @Test func `a directory that does not answer is no unknown name`() {
        var bench = Bench(standing: .cannotTell)
        #expect(bench.judge() == .unavailable(.directoryUnavailable))
    }

    @Test func `an unknown name owns nothing and is never accepted, whatever the module says`() {
        var bench = Bench(
            module: FakeModule(id: Some.totp, spends: 5), standing: .unknown,
            record: AccountRecord(uid: nil, devices: [Device(name: "old", sealed: [1], state: 1, createdAt: 0)]))
        #expect(bench.judge() == .rejected(.unknownAccount))
        #expect(bench.record.devices.map(\.state) == [1])
        // A module that looks at no device.
        bench.module.spends = nil
        #expect(bench.judge() == .rejected(.unknownAccount))
        #expect(bench.failures == 2)
        #expect(bench.host.failures == 2)
    }

    @Test func `a module that returns another username lets nobody in and spends nothing`() {
        var bench = Bench(
            module: FakeModule(id: Some.totp, username: Some.bob, spends: 5),
            record: AccountRecord(uid: 1000, devices: [Device(name: "phone", sealed: [1], state: 1, createdAt: 0)]))
        #expect(bench.judge() == .rejected(.usernameChanged))
        #expect(bench.record.devices.map(\.state) == [1])
        #expect(bench.record.spent.isEmpty)
        #expect(bench.failures == 1)
    }

    @Test func `a session of another account lets nobody in`() {
        var bench = Bench(session: Some.session(account: Some.bob))
        #expect(bench.judge() == .rejected(.usernameChanged))
    }

    @Test func `what is spent is in the record, and good once`() {
        var bench = Bench(
            module: FakeModule(id: Some.totp, spends: 5),
            record: AccountRecord(uid: 1000, devices: [Device(name: "phone", sealed: [1], state: 1, createdAt: 0)]))
        #expect(bench.judge() == .accepted(Some.ann))
        #expect(bench.record.devices.map(\.state) == [5])
        #expect(bench.record.devices.map(\.lastUsedAt) == [Some.moment(1000).wall])
        #expect(bench.record.spent == [0])
        #expect(bench.judge() == .rejected(.replayed))
        bench.module.spends = 4
        #expect(bench.judge() == .rejected(.replayed))
    }

    @Test func `what cannot be told is neither charged nor counted`() {
        var bench = Bench(module: FakeModule(id: Some.totp, failure: .unavailable))
        #expect(bench.judge() == .unavailable(.moduleFailed))
        #expect(bench.record.counters.isEmpty)
        #expect(bench.host.failures == 0)
    }

    @Test func `a device that is not there or does not open cannot be told`() {
        let devices = Devices(
            [Device(name: "phone", sealed: [0], state: 1, createdAt: 0)], of: Some.ann, module: Some.totp,
            sealing: OpenSealing())
        for index in [-1, 0, 1, Int.max] {
            #expect(throws: InvalidAuth.unavailable) { try devices.withPayload(of: index) { $0.count } }
        }
    }
}
