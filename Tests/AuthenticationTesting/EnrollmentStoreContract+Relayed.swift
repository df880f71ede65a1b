import Authentication
import Testing

/// What a host of the fleet may fail before it is asked nothing more.
extension EnrollmentStoreContract {
    static let relayed = [
        Rule("looks at nothing that a host relays after a hundred failures, and charges nobody for it") { bench in
            try bench.enrol(bench.alice)
            let most = HostCounter.Bound.relayingHost.failures
            // In one group, and of names that nobody has: what bounds them is the host alone.
            let wrong = try (0..<most + 20).map { number in
                bench.attempt(
                    .typed("wrong"), by: try StoreBench.account("nobody\(number)"), standing: .unknown, relay: "web17")
            }
            let outcomes = try bench.store.commit(wrong)
            #expect(outcomes.filter { $0 == .unavailable(.hostBudgetSpent) }.count == 20)
            #expect(outcomes.last == .unavailable(.hostBudgetSpent))
            for text in ["wrong", "right 1"] {
                let outcome = try bench.judge(bench.attempt(.typed(text), by: bench.alice, relay: "web17"))
                #expect(outcome == .unavailable(.hostBudgetSpent))
            }
            #expect(try bench.failures(of: bench.alice) == 0)
            #expect(try bench.judge(bench.attempt(.typed("right 1"), by: bench.alice, relay: "web18")).isAcceptance)
            bench.clock.advance(seconds: HostCounter.Bound.relayingHost.window)
            #expect(try bench.judge(bench.attempt(.typed("right 2"), by: bench.alice, relay: "web17")).isAcceptance)
        },
        Rule("counts no right answer against the host that has relayed it") { bench in
            try bench.enrol(bench.alice)
            for number in 1...HostCounter.Bound.relayingHost.failures + 5 {
                let attempt = bench.attempt(.typed("right \(number)"), by: bench.alice, relay: "web17")
                #expect(try bench.judge(attempt).isAcceptance)
            }
            #expect(try bench.store.hostCounter(of: Attempt.budgetKey(of: "web17")) == HostCounter())
        },
        Rule("counts first factors that a host relays, too, and its failures apart from those of remote hosts") {
            (bench) throws in
            let attempt = Attempt(
                .firstFactor(.wrongPassword), account: bench.alice, standing: .known(uid: 1000), host: bench.host,
                throttle: Throttle(), now: bench.clock.now, relay: "web17")
            #expect(try bench.judge(attempt) == .rejected(.wrongPassword))
            #expect(try bench.store.hostCounter(of: Attempt.budgetKey(of: "web17")).failures == 1)
            #expect(try bench.store.hostCounter(of: bench.host).failures == 1)
        },
    ]
}

extension Outcome {
    fileprivate var isAcceptance: Bool { if case .accepted = self { true } else { false } }
}
