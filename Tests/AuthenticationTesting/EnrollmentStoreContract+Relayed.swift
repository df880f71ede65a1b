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
        Rule("counts in one window what hubs have judged whose clocks differ a little") { bench in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            var isBehind = false
            /// The one hub and the other take turns.
            func fail(_ account: AccountName, standing: Attempt.Standing = .known(uid: 1000)) throws -> Outcome {
                bench.clock.set(wall: bench.clock.now.wall + (isBehind ? 3 : -3))
                isBehind.toggle()
                _ = try bench.store.unlock(account)
                return try bench.relay("wrong", by: account, standing: standing)
            }
            let own = HostCounter.Bound.relayedAccount.failures
            for number in 0..<own + 4 {
                #expect(try (fail(bench.alice) == .unavailable(.hostBudgetSpent)) == (number >= own))
            }
            for number in own..<HostCounter.Bound.relayingHost.failures {
                let outcome = try fail(StoreBench.account("nobody\(number)"), standing: .unknown)
                #expect(outcome != .unavailable(.hostBudgetSpent))
            }
            for _ in 0..<4 { #expect(try fail(bench.bob) == .unavailable(.hostBudgetSpent)) }
        },
        Rule("counts what an account fails at a hub whose clock is behind that of the one that began the window") {
            bench in
            try bench.enrol(bench.alice)
            let wall = bench.clock.now.wall
            bench.clock.set(wall: wall + 3)
            #expect(try bench.relay("wrong", by: bench.bob, standing: .unknown) != .unavailable(.hostBudgetSpent))
            bench.clock.set(wall: wall)
            let own = HostCounter.Bound.relayedAccount.failures
            for number in 0..<own + 4 {
                _ = try bench.store.unlock(bench.alice)
                let outcome = try bench.relay("wrong", by: bench.alice)
                #expect((outcome == .unavailable(.hostBudgetSpent)) == (number >= own))
            }
        },
        Rule("counts whatever is refused with a password in one answer once among passwords, and tells nothing else") {
            bench in
            try bench.enrol(bench.alice)
            let own = HostCounter.Bound.relayedAccount.failures
            var refused = 0
            func expectRefused(_ attempt: Attempt) throws {
                let outcome = try bench.judge(attempt)
                #expect(outcome.refusal != nil, "\(outcome)")
                refused += 1
                #expect(try bench.budget(.passwords) == refused)
            }
            // The password was wrong, or right and alone, or somebody blocked meanwhile.
            for refusal in [Reason.wrongPassword, .malformed, .repeated, .blocked] {
                try expectRefused(bench.password(refusal, by: bench.alice, relay: "web17", pairing: .wholly))
            }
            // It was right, and the code was not; at first it is looked at.
            for number in 0..<own + 4 {
                _ = try bench.store.unlock(bench.alice)
                try expectRefused(bench.paired("wrong", by: bench.alice))
                #expect(try bench.budget(.proved) == min(number + 1, own))
            }
            #expect(try bench.store.hostCounter(of: bench.host).failures == own + 4)
            // Also a right one by then, and one of somebody who has nothing.
            try expectRefused(bench.paired("right 1", by: bench.alice))
            try expectRefused(bench.paired("wrong", by: bench.bob))
            // A look for its time alone.
            let idle = bench.paired("wrong", by: bench.alice, isConclusive: false)
            #expect(try bench.judge(idle) == .rejected(.hostBudgetSpent))
            #expect(try bench.budget(.passwords) == refused)
            bench.clock.advance(seconds: HostCounter.Bound.relayingHost.window)
            #expect(try bench.judge(bench.paired("right 2", by: bench.alice)).isAcceptance)
        },
        Rule("looks at one password with its code at the bound, right or wrong, and at none before it may") { bench in
            try bench.enrol(bench.alice)
            let bound = HostCounter.Bound.relayedPasswords.failures
            for standing in [Attempt.Standing.known(uid: 1000), .unknown] {
                for _ in 1..<bound {
                    let wrong = bench.password(.wrongPassword, by: bench.bob, relay: "web17")
                    #expect(try bench.judge(wrong) == .rejected(.wrongPassword))
                }
                // All of them have been asked about before one has an answer.
                let asked = bench.password(nil, by: bench.alice, relay: "web17", pairing: .wholly)
                for _ in 0..<4 { #expect(try bench.judge(asked).isAcceptance) }
                #expect(try bench.budget(.passwords) == bound - 1)
                let answers = (0..<4).map { _ in bench.paired("wrong", by: bench.alice, standing: standing) }
                let outcomes = try bench.store.commit(answers)
                #expect(outcomes.first?.refusal != nil)
                #expect(outcomes.dropFirst().allSatisfy { $0 == .unavailable(.hostBudgetSpent) })
                bench.clock.advance(seconds: HostCounter.Bound.relayedPasswords.window)
                _ = try bench.store.unlock(bench.alice)
            }
        },
        Rule("refuses passwords with codes of a remote host like passwords") { bench in
            try bench.enrol(bench.alice)
            for _ in 0..<HostCounter.limit { try bench.firstFactor(.wrongPassword, by: bench.bob, from: bench.host) }
            for standing in [Attempt.Standing.known(uid: 1000), .unknown] {
                let attempt = bench.paired("right 1", by: bench.alice, standing: standing)
                #expect(try bench.judge(attempt) == .rejected(.hostRefused))
            }
            #expect(try bench.budget(.passwords) == 0)
        },
        Rule("counts passwords that come with evidence, whatever remote host is claimed") { bench in
            try bench.enrol(bench.alice)
            func judge(_ refusal: Reason?) throws -> Outcome {
                try bench.judge(
                    Attempt(
                        .firstFactor(refusal), account: bench.alice, standing: .unknown, host: bench.host,
                        throttle: Throttle(), now: bench.clock.now, hasEvidence: true, relay: "web17"))
            }
            for _ in 0..<HostCounter.Bound.relayedPasswords.failures {
                #expect(try judge(.wrongPassword) == .rejected(.wrongPassword))
            }
            for refusal in [nil, Reason.wrongPassword] {
                #expect(try judge(refusal) == .unavailable(.hostBudgetSpent))
            }
            // Without it that host is refused, and nothing is said of the password.
            #expect(try bench.firstFactor(nil, by: bench.alice, from: bench.host) == .rejected(.hostRefused))
        },
        Rule("holds up one account alone for passwords that its own programs have had judged") { (bench) throws in
            let own = HostCounter.Bound.relayedOwnPasswords.failures
            func judge(_ refusal: Reason?, by account: AccountName) throws -> Outcome {
                try bench.judge(bench.password(refusal, by: account, relay: "web17", share: .own))
            }
            for number in 0..<own {
                #expect(try judge(.wrongPassword, by: bench.alice).refusal == .wrongPassword)
                // A right one may be another provider's.
                if number < own - 1 { #expect(try judge(nil, by: bench.alice).isAcceptance) }
            }
            for refusal in [nil, Reason.wrongPassword] {
                #expect(try judge(refusal, by: bench.alice) == .unavailable(.hostBudgetSpent))
            }
            #expect(try judge(nil, by: bench.bob).isAcceptance)
            #expect(try bench.judge(bench.password(nil, by: bench.alice, relay: "web17")).isAcceptance)
            #expect(try bench.budget(.ownPasswords) == own)
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
            for number in 1...3 {
                #expect(try bench.relay("wrong \(number)", by: bench.alice) == .rejected(.wrongAnswer))
            }
            _ = try bench.relay("wrong", by: bench.bob)
            _ = try bench.judge(bench.attempt(.typed("wrong 4"), by: bench.alice))
            #expect(try bench.budget(.proved) == 4)
            // Four are made good, three of them here; what others have failed stays.
            #expect(try bench.relay("right 1", by: bench.alice).isAcceptance)
            #expect(try bench.budget(.proved) == 1)
            // Nothing was left to be made good.
            #expect(try bench.relay("right 2", by: bench.alice).isAcceptance)
            #expect(try bench.budget(.proved) == 1)
        },
        Rule("takes back what an account makes good from every share of the host, whichever way it comes") { bench in
            try bench.enrol(bench.alice)
            var codes = 0
            for round in 0..<30 {
                for number in 1...4 {
                    let share: RelayShare = number == 4 ? .unproved : .proved
                    #expect(
                        try bench.relay("wrong \(round) \(number)", by: bench.alice, share) == .rejected(.wrongAnswer))
                }
                codes += 1
                #expect(try bench.relay("right \(codes)", by: bench.alice, .own).isAcceptance)
                for share in RelayShare.ofFactors { #expect(try bench.budget(share) == 0) }
            }
        },
        Rule(
            "counts a dozen failures of one account against a share, and looks at no more, whatever is made good elsewhere"
        ) {
            (bench) throws in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            var looked = 0
            for round in 1...40 {
                for number in 1...5 {
                    let outcome = try bench.relay("wrong \(round) \(number)", by: bench.bob)
                    looked += outcome == .unavailable(.hostBudgetSpent) ? 0 : 1
                }
                // The account's own counter is cleared at another host.
                #expect(try bench.judge(bench.attempt(.typed("right \(round)"), by: bench.bob)).isAcceptance)
            }
            #expect(looked == 12)
            #expect(try bench.budget(.proved) == 12)
            #expect(try bench.relay("right 41", by: bench.bob) == .unavailable(.hostBudgetSpent))
            // It is its own share alone that is spent: others go on, and it elsewhere.
            #expect(try bench.relay("right 1", by: bench.alice).isAcceptance)
            #expect(try bench.relay("right 42", by: bench.bob, .own).isAcceptance)
            bench.clock.advance(seconds: HostCounter.Bound.relayedAccount.window)
            #expect(try bench.relay("right 43", by: bench.bob).isAcceptance)
        },
        Rule("holds up an account for its hour, though others begin a new window of the share") { (bench) throws in
            try bench.enrol(bench.alice)
            try bench.enrol(bench.bob)
            _ = try bench.relay("wrong", by: bench.alice)
            bench.clock.advance(seconds: HostCounter.Bound.relayingHost.window - 60)
            for number in 1...HostCounter.Bound.relayedAccount.failures {
                #expect(try bench.relay("wrong \(number)", by: bench.bob) == .rejected(.wrongAnswer))
                _ = try bench.store.unlock(bench.bob)
            }
            bench.clock.advance(seconds: 120)
            #expect(try bench.relay("wrong", by: bench.alice) == .rejected(.wrongAnswer))
            #expect(try bench.relay("right 1", by: bench.bob) == .unavailable(.hostBudgetSpent))
            // What it makes good by another way lets it go on, and takes nothing from what others have failed since.
            #expect(try bench.relay("wrong", by: bench.bob, .own) == .rejected(.wrongAnswer))
            #expect(try bench.relay("right 1", by: bench.bob, .own).isAcceptance)
            #expect(try bench.relay("right 2", by: bench.bob).isAcceptance)
            #expect(try bench.budget(.proved) == 1)
            bench.clock.advance(seconds: HostCounter.Bound.relayedAccount.window)
            #expect(try bench.relay("right 3", by: bench.bob).isAcceptance)
        },
        Rule("counts names apart whose bytes differ, though they look alike") { bench in
            let names = try ["\u{e9}ve", "e\u{301}ve"].map(StoreBench.account)
            for name in names {
                try bench.enrol(name)
                for number in 1...12 {
                    _ = try bench.relay("wrong \(number)", by: name)
                    bench.clock.advance(seconds: 60)
                    _ = try bench.store.unlock(name)
                }
            }
            #expect(try bench.budget(.proved) == 24)
        },
        Rule("holds up a first factor that is waived for what strangers have failed, and for no password") { bench in
            for _ in 0..<HostCounter.Bound.relayedPasswords.failures {
                _ = try bench.judge(bench.password(.wrongPassword, by: bench.alice, relay: "web17"))
            }
            let waived = bench.password(nil, by: bench.alice, relay: "web17", share: .unproved)
            #expect(try bench.judge(waived).isAcceptance)
            for number in 0..<HostCounter.Bound.relayingHost.failures {
                let nobody = try StoreBench.account("nobody\(number)")
                _ = try bench.relay("wrong", by: nobody, .unproved, standing: .unknown)
            }
            #expect(try bench.judge(waived) == .unavailable(.hostBudgetSpent))
        },
        Rule("lets no remote host that one host claims put out what others have failed, or what it has failed itself") {
            (bench) throws in
            for number in 0..<HostCounter.Bound.relayingHost.failures {
                let nobody = try StoreBench.account("nobody\(number)")
                _ = try bench.relay("wrong", by: nobody, standing: .unknown)
            }
            let others = [bench.host, HostRow.key(of: bench.host, claimedBy: "web18")]
            for host in others { _ = try bench.judge(bench.nonsense(from: host)) }
            func claim(_ number: Int) -> String {
                HostRow.key(of: "10.0.\(number / 256).\(number % 256)", claimedBy: "web17")
            }
            for group in 0..<8 {
                bench.clock.advance(seconds: 1)
                let outcomes = try bench.store.commit(
                    (0..<1024).map { bench.nonsense(from: claim(group * 1024 + $0)) })
                #expect(outcomes.allSatisfy { $0 == .rejected(.unusable) })
            }
            for host in others { #expect(try bench.store.hostCounter(of: host).failures == 1) }
            #expect(try bench.budget(.proved) == HostCounter.Bound.relayingHost.failures)
            #expect(try bench.relay("right 1", by: bench.alice) == .unavailable(.hostBudgetSpent))
            // Its own have made room, the oldest first.
            #expect(try bench.store.hostCounter(of: claim(0)) == HostCounter())
            #expect(try bench.store.hostCounter(of: claim(2000)) == HostCounter())
            #expect(try bench.store.hostCounter(of: claim(8191)).failures == 1)
        },
    ]
}

extension StoreBench {
    /// What a provider of the hub's has found of a password that a host has relayed.
    fileprivate func password(
        _ refusal: Reason?, by account: AccountName, relay: String, share: RelayShare = .proved,
        pairing: Attempt.Pairing = .alone
    ) -> Attempt {
        Attempt(
            .firstFactor(refusal), account: account, standing: .unknown, host: nil, throttle: Throttle(),
            now: clock.now, pairing: pairing, relay: relay, share: share)
    }

    /// A code behind a right password, in one answer through `web17`.
    fileprivate func paired(
        _ text: String, by account: AccountName, standing: Attempt.Standing = .known(uid: 1000),
        isConclusive: Bool = true
    ) -> Attempt {
        attempt(
            .typed(text), by: account, standing: standing, host: host, relay: "web17", pairing: .wholly,
            isConclusive: isConclusive)
    }

    /// An answer through the host `web17`.
    fileprivate func relay(
        _ text: String, by account: AccountName, _ share: RelayShare = .proved,
        standing: Attempt.Standing = .known(uid: 1000)
    ) throws -> Outcome {
        try judge(attempt(.typed(text), by: account, standing: standing, relay: "web17", share: share))
    }

    /// What counts for a remote host and for nobody else.
    fileprivate func nonsense(from host: String) -> Attempt { attempt(.unusable, by: alice, host: host) }

    /// What `web17` has failed in a share.
    fileprivate func budget(_ share: RelayShare) throws -> Int {
        try store.hostCounter(of: Attempt.budgetKey(of: "web17", share)).failures
    }
}

extension Attempt.Pairing {
    /// One answer, of which nothing else is looked at.
    fileprivate static let wholly = Attempt.Pairing.withPassword
}

extension Outcome {
    fileprivate var isAcceptance: Bool { if case .accepted = self { true } else { false } }
}
