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
            #expect(try bench.store.hostCounter(of: Attempt.budgetKey(of: "web17", .proved)) == HostCounter())
        },
        Rule("counts first factors that a host relays, too, and its failures apart from those of remote hosts") {
            (bench) throws in
            let attempt = Attempt(
                .firstFactor(.wrongPassword), account: bench.alice, standing: .known(uid: 1000), host: bench.host,
                throttle: Throttle(), now: bench.clock.now, relay: "web17")
            #expect(try bench.judge(attempt) == .rejected(.wrongPassword))
            #expect(try bench.store.hostCounter(of: Attempt.budgetKey(of: "web17", .passwords)).failures == 1)
            #expect(try bench.store.hostCounter(of: bench.host).failures == 1)
        },
        Rule("counts nothing against a host that no account was charged with") { bench in
            try bench.enrol(bench.alice)
            for _ in 1...HostCounter.Bound.relayingHost.failures + 5 {
                for answer in [Attempt.Answer.unusable, .repeated] {
                    let attempt = bench.attempt(answer, by: bench.alice, host: "web17 10.0.0.1", relay: "web17")
                    #expect(try !bench.judge(attempt).isAcceptance)
                }
                _ = try bench.judge(bench.password(.hostRefused, by: bench.alice, relay: "web17"))
            }
            for share in RelayShare.allCases {
                #expect(try bench.store.hostCounter(of: Attempt.budgetKey(of: "web17", share)) == HostCounter())
            }
            #expect(try bench.judge(bench.attempt(.typed("right 1"), by: bench.alice, relay: "web17")).isAcceptance)
        },
        Rule("holds up nobody of one share of a host for what another has failed") { bench in
            try bench.enrol(bench.alice)
            for share in [RelayShare.own, .unproved] {
                for number in 0..<HostCounter.Bound.relayingHost.failures {
                    let nobody = try StoreBench.account("nobody\(number)")
                    _ = try bench.judge(
                        bench.attempt(.typed("wrong"), by: nobody, standing: .unknown, relay: "web17", share: share))
                }
                let spent = bench.attempt(.typed("right 1"), by: bench.alice, relay: "web17", share: share)
                #expect(try bench.judge(spent) == .unavailable(.hostBudgetSpent))
            }
            for _ in 0..<HostCounter.Bound.relayedPasswords.failures {
                _ = try bench.judge(bench.password(.wrongPassword, by: bench.alice, relay: "web17"))
            }
            // Right or wrong: nobody learns which.
            for found in [nil, Reason.wrongPassword] {
                let outcome = try bench.judge(bench.password(found, by: bench.alice, relay: "web17"))
                #expect(outcome == .unavailable(.hostBudgetSpent))
            }
            #expect(try bench.judge(bench.attempt(.typed("right 1"), by: bench.alice, relay: "web17")).isAcceptance)
        },
        Rule("brings what was charged to its end though the host has failed too often since") { bench in
            try bench.enrol(bench.alice)
            let module = ConsultedModule { _ in .wrong }
            let session = ValidationSession(
                id: ValidationSession.ID(high: 1, low: 2), account: bench.alice, provider: ProviderID("pam"),
                step: Step(module.id), deadline: bench.clock.now.boottime + 300_000, triesLeft: 3)
            func judge(_ subject: Attempt.Subject) throws -> Outcome {
                try bench.judge(
                    Attempt(
                        subject, account: bench.alice, standing: .known(uid: 1000), host: nil, throttle: Throttle(),
                        now: bench.clock.now, relay: "web17"))
            }
            let input = UserInput(Secret(copying: ([49, 50] as [UInt8]).span))
            let charged = try judge(.question(input, service: "sshd", session: session, module: module))
            guard case .charged(let guess) = charged else { throw StoreBench.Broken(explanation: "\(charged)") }
            #expect(try bench.failures(of: bench.alice) == 1)
            for number in 0..<HostCounter.Bound.relayingHost.failures {
                let nobody = try StoreBench.account("nobody\(number)")
                _ = try bench.judge(
                    bench.attempt(.typed("wrong"), by: nobody, standing: .unknown, relay: "web17"))
            }
            let another = bench.attempt(.typed("right 1"), by: bench.alice, relay: "web17")
            #expect(try bench.judge(another) == .unavailable(.hostBudgetSpent))
            let right = Testimony.accepted(Testimony.Approval(bench.alice))
            #expect(
                try judge(.testimony(right, of: guess, session: session, module: module)).isAcceptance,
                "it was looked at before")
            #expect(try bench.failures(of: bench.alice) == 0)
        },
        Rule("takes back from a host what an account makes good, and no more than that host has had charged") { bench in
            try bench.enrol(bench.alice)
            let row = Attempt.budgetKey(of: "web17", .proved)
            func judge(_ text: String, redeemable: Int = 0) throws -> Outcome {
                try bench.judge(
                    bench.attempt(.typed(text), by: bench.alice, relay: "web17", redeemable: redeemable))
            }
            for number in 1...3 { #expect(try judge("wrong \(number)") == .rejected(.wrongAnswer)) }
            #expect(try bench.store.hostCounter(of: row).failures == 3)
            #expect(try judge("right 1", redeemable: 2).isAcceptance)
            #expect(try bench.store.hostCounter(of: row).failures == 1)
            // Nothing was left to be made good.
            #expect(try judge("right 2", redeemable: 2).isAcceptance)
            #expect(try bench.store.hostCounter(of: row).failures == 1)
        },
    ]
}

extension StoreBench {
    /// What a provider of the hub's has found of a password that a host has relayed.
    fileprivate func password(_ refusal: Reason?, by account: AccountName, relay: String) -> Attempt {
        Attempt(
            .firstFactor(refusal), account: account, standing: .unknown, host: nil, throttle: Throttle(),
            now: clock.now,
            relay: relay)
    }
}

extension Outcome {
    fileprivate var isAcceptance: Bool { if case .accepted = self { true } else { false } }
}
