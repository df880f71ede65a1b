import Authentication
import Testing

/// Every reachable state against every event: what is granted was earned.
@Suite struct FlowWalkTests {
    static let modules = ["a", "b", "c", "never owed"].map { ModuleID($0) }

    /// Chains of up to three steps over a, b and c, alternatives included, no module twice.
    static let chains: [[Step]] = {
        let (a, b, c) = (modules[0], modules[1], modules[2])
        let choices = [[a, b], [b, c], [a, b, c]].compactMap { Step(anyOf: $0) }
        return [
            [], [Step(a)], [Step(a), Step(b)], [Step(a), Step(b), Step(c)], [choices[0]], [choices[2]],
            [choices[0], Step(c)], [Step(c), choices[0]], [Step(a), choices[1]], [choices[1], Step(a)],
        ]
    }()

    static let plans: [Plan] = {
        var plans: [Plan] = []
        for steps in chains {
            for livesOnEvidence in [true, false] {
                let chain = ProviderChain(provider: Some.pam, livesOnEvidence: livesOnEvidence, steps: steps)
                for (isExempt, isWaived, keepsNothing) in [
                    (false, false, false), (true, false, false), (false, true, false), (false, false, true),
                ] {
                    plans.append(
                        Plan(
                            for: Some.ann, chains: [chain], isExempt: isExempt, isFirstFactorWaived: isWaived,
                            keepsNothing: keepsNothing))
                }
                let own = ProviderChain(
                    provider: Some.linux, livesOnEvidence: livesOnEvidence, speaksOfAccounts: false, steps: steps)
                plans.append(Plan(for: Some.ann, chains: [own]))
                plans.append(Plan(for: Some.ann, chains: [own], isExempt: true))
                for unenrolled in [Unenrolled.skip, .enroll] {
                    for isWaived in [false, true] {
                        var plan = Plan(for: Some.ann, chains: [chain], isFirstFactorWaived: isWaived)
                        plan.unenrolled = unenrolled
                        plans.append(plan)
                    }
                }
                if steps.count == 1, !livesOnEvidence {
                    for (chain, isBlocked, tries) in [(chain, false, 3), (chain, true, 3), (own, false, 1)] {
                        var plan = Plan(for: Some.ann, chains: [chain], tries: tries)
                        plan.single = CombinedAnswer()
                        plan.isBlocked = isBlocked
                        plans.append(plan)
                    }
                }
                for unenrolled in [Unenrolled.deny, .skip] {
                    for (isWaived, keepsNothing, isExempt) in [
                        (false, false, false), (true, false, false), (false, true, false), (false, false, true),
                    ] {
                        var plan = Plan(
                            for: Some.ann, chains: [chain], isExempt: isExempt, isFirstFactorWaived: isWaived,
                            keepsNothing: keepsNothing)
                        plan.unenrolled = unenrolled
                        plan.rememberFor = 60_000
                        plans.append(plan)
                        plan.isBlocked = true
                        plans.append(plan)
                    }
                }
                let other = ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: [Step(modules[0])])
                plans.append(Plan(for: Some.ann, chains: [other, chain]))
                plans.append(Plan(for: Some.ann, chains: [chain, other], isExempt: true, tries: 1))
            }
        }
        return plans
    }()

    /// What the events of a path have earned, told from the events alone.
    struct Earned: Hashable {
        var chosen: Int?
        var isProved = false
        /// By itself, and not by a rule that waives it.
        var isEvidenced = false
        var isRemembered = false
        var isUnenrolled = false
        var accepted: [ModuleID] = []
        var isCredited = false

        mutating func take(_ event: Event, _ plan: Plan) {
            switch event {
            case .begin where plan.chains.count == 1: chosen = 0
            case .chose(let index) where plan.chains.indices.contains(index): chosen = index
            // Whose usernames are his own names may prove another; the credentials tell whose account it is.
            case .proved(.proved(let username, let isWaived), _):
                if username == plan.account || !plan.chains[chosen ?? 0].speaksOfAccounts {
                    isProved = true
                    isEvidenced = !isWaived
                }
            case .judged(.accepted(plan.account, _), let module, _): accepted.append(module)
            // Where both are one answer, the next one must prove the first factor again.
            case .judged where plan.single != nil:
                isProved = false
                isEvidenced = false
            // What was set up within the login counts as accepted: its first answer was, and it is on disk.
            case .enrolled(.stored(let module), _): accepted.append(module)
            case .recalled(true): isRemembered = true
            case .inquired(.unenrolled): isUnenrolled = true
            case .credited(.account(plan.account)): isCredited = true
            case _: break
            }
        }

        /// Whether a grant may be made for these steps.
        func pays(for steps: [Step], _ plan: Plan) -> Bool {
            guard !steps.isEmpty else { return true }
            return isEvidenced && !isRemembered && plan.rememberFor != nil && !plan.keepsNothing && !plan.isBlocked
                && !plan.isExempt && steps == plan.chains[chosen ?? 0].steps && accepted.count == steps.count
                && zip(accepted, steps).allSatisfy { $1.alternatives.contains($0) }
        }

        /// Whether a flow may end like this.
        func pays(for verdict: Verdict, _ plan: Plan) -> Bool {
            guard [.granted, .exempt, .skipped].contains(verdict) else { return true }
            guard isProved, !plan.isBlocked, let chosen else { return false }
            let chain = plan.chains[chosen]
            if verdict == .exempt { return plan.isExempt && chain.livesOnEvidence && accepted.isEmpty }
            let isLetOff = plan.unenrolled == .skip && isUnenrolled && accepted.isEmpty
            if verdict == .skipped { return isLetOff && chain.livesOnEvidence }
            guard isCredited else { return false }
            if isLetOff, !chain.livesOnEvidence { return true }
            if plan.isExempt { return !chain.livesOnEvidence && accepted.isEmpty }
            if isRemembered {
                return isEvidenced && plan.rememberFor != nil && !plan.keepsNothing && accepted.isEmpty
            }
            return accepted.count == chain.steps.count
                && zip(accepted, chain.steps).allSatisfy { $1.alternatives.contains($0) }
        }
    }

    /// A state with what was earned on the way to it: paths of any length and with any loop come down to these.
    struct Place: Hashable {
        let state: String
        let earned: Earned
    }

    @Test func `no path ends in granted without an accepted answer for each owed step`() {
        let events = Event.all(FlowWalkTests.modules)
        var (states, transitions, paths, granted, exempt) = (0, 0, 0, 0, 0)
        var (remembered, rememberable) = (0, 0)
        for plan in FlowWalkTests.plans {
            let start = Place(state: "\(LoginFlow.after([], plan).state)", earned: Earned())
            var seen: Set<Place> = [start]
            // A shortest way to each place, and how many ways of that length there are.
            var layer: [Place: (path: [Event], ways: Int)] = [start: ([], 1)]
            var isPassable = false
            while !layer.isEmpty {
                var next: [Place: (path: [Event], ways: Int)] = [:]
                for (place, (path, ways)) in layer {
                    for event in events {
                        transitions += 1
                        var flow = LoginFlow.after(path, plan)
                        let verdict = event.report(to: &flow)
                        var earned = place.earned
                        earned.take(event, plan)
                        #expect(earned.pays(for: flow.rememberable, plan), "\(path + [event])")
                        if !flow.rememberable.isEmpty { rememberable += ways }
                        if case .ended(let ending) = flow.state {
                            paths += ways
                            #expect(verdict == ending)
                            #expect(earned.pays(for: ending, plan), "\(path + [event])")
                            if ending == .granted { granted += ways }
                            if ending == .granted, earned.isRemembered { remembered += ways }
                            if ending == .exempt || ending == .skipped { exempt += ways }
                            if [.granted, .exempt, .skipped].contains(ending) { isPassable = true }
                        } else {
                            #expect(verdict == nil)
                        }
                        let reached = Place(state: "\(flow.state)", earned: earned)
                        if case .ended = flow.state {
                            seen.insert(reached)
                        } else if let known = next[reached] {
                            next[reached] = (known.path, known.ways + ways)
                        } else if seen.insert(reached).inserted {
                            next[reached] = (path + [event], ways)
                        }
                    }
                }
                layer = next
            }
            states += seen.count
            #expect(isPassable != plan.isBlocked, "who can pass \(plan)?")
        }
        #expect(remembered > 0 && rememberable > 0)
        print(
            "login flow: \(FlowWalkTests.plans.count) plans, \(states) states, \(transitions) transitions, "
                + "\(paths) paths to an end, \(granted) of them granted, \(remembered) remembered, \(exempt) exempt")
    }

    /// The way to one state of each kind, and the only kind of event that is in turn there.
    static let ways: [([Event], String)] = {
        let proved: Event = .proved(.proved(Some.ann, isWaived: false), mayTryAgain: true)
        let accepted: Event = .judged(.accepted(Some.ann), by: modules[0], mayTryAgain: true)
        return [
            ([], "begin"), ([.begin], "chose"), ([.begin, .chose(0)], "answered"),
            ([.begin, .chose(0), .answered], "proved"), ([.begin, .chose(0), .answered, proved], "answered"),
            ([.begin, .chose(0), .answered, proved, .answered], "judged"),
            ([.begin, .chose(0), .answered, proved, .answered, accepted], "credited"),
        ]
    }()

    static let menu = Plan(
        for: Some.ann,
        chains: [
            ProviderChain(provider: Some.linux, livesOnEvidence: false, steps: [Step(modules[0])]),
            ProviderChain(provider: Some.pam, livesOnEvidence: false, steps: []),
        ])

    @Test(arguments: ways) func `an event out of turn denies`(_ path: [Event], _ inTurn: String) {
        for event in Event.all(FlowWalkTests.modules) {
            guard !event.description.hasPrefix(inTurn) else { continue }
            var flow = LoginFlow.after(path, FlowWalkTests.menu)
            let expected: Verdict =
                switch event {
                case .expired: .denied(.loginExpired)
                case .cancelled: .conversationFailed
                case .failed: .unavailable(.storeUnavailable)
                case .refused: .denied(.notPermitted)
                case .turnedAway(.rejected): .triesUsedUp(.tooManyRetries)
                case .turnedAway(.delayed): .triesUsedUp(.delayed(seconds: 30))
                case .turnedAway(.locked): .triesUsedUp(.locked)
                case .turnedAway(.unavailable): .unavailable(.moduleFailed)
                case .begin, .chose, .answered, .proved, .judged, .recalled, .inquired, .enrolled,
                    .credited, .turnedAway, .declined:
                    .denied(.outOfTurn)
                }
            #expect(event.report(to: &flow) == expected, "\(event)")
            #expect(flow.state == .ended(expected))
        }
    }

    /// The way to each state in which somebody without a device is, and the only kind of event that is in turn there.
    static let waysOfUnenrolled: [([Event], String)] = {
        let start: [Event] = [.begin, .answered, .proved(.proved(Some.ann, isWaived: false), mayTryAgain: true)]
        return [
            (start, "inquired"), (start + [.inquired(.unenrolled)], "answered"),
            (start + [.inquired(.unenrolled), .answered], "enrolled"),
        ]
    }()

    @Test func `an event out of turn grants nothing to whoever may be remembered`() {
        var plan = Plan(
            for: Some.ann,
            chains: [ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(FlowWalkTests.modules[0])])])
        plan.rememberFor = 60_000
        let path: [Event] = [.begin, .answered, .proved(.proved(Some.ann, isWaived: false), mayTryAgain: true)]
        for event in Event.all(FlowWalkTests.modules) where !event.description.hasPrefix("recalled") {
            var flow = LoginFlow.after(path, plan)
            let verdict = event.report(to: &flow)
            #expect(verdict != nil && verdict != .granted && verdict != .skipped && verdict != .exempt, "\(event)")
        }
    }

    @Test(arguments: waysOfUnenrolled)
    func `an event out of turn grants nothing to whoever is being set up`(_ path: [Event], _ inTurn: String) {
        var plan = Plan(
            for: Some.ann,
            chains: [ProviderChain(provider: Some.pam, livesOnEvidence: true, steps: [Step(FlowWalkTests.modules[0])])])
        plan.unenrolled = .enroll
        for event in Event.all(FlowWalkTests.modules) where !event.description.hasPrefix(inTurn) {
            var flow = LoginFlow.after(path, plan)
            let verdict = event.report(to: &flow)
            #expect(verdict != nil && verdict != .granted && verdict != .skipped && verdict != .exempt, "\(event)")
        }
    }

    @Test func `ended stays ended`() {
        let ends: [[Event]] = [
            (FlowWalkTests.ways.last?.0 ?? []) + [.credited(.account(Some.ann))],
            [.begin, .cancelled], [.expired], [.failed], [.refused], [.answered],
            [.begin, .chose(0), .answered, .proved(.rejected(.wrongPassword), mayTryAgain: false)],
        ]
        var verdicts: [Verdict] = []
        for path in ends {
            guard case .ended(let verdict) = LoginFlow.after(path, FlowWalkTests.menu).state else {
                Issue.record("\(path) did not end")
                continue
            }
            verdicts.append(verdict)
            for event in Event.all(FlowWalkTests.modules) {
                var flow = LoginFlow.after(path, FlowWalkTests.menu)
                #expect(event.report(to: &flow) == verdict)
                #expect(flow.state == .ended(verdict))
            }
        }
        #expect(verdicts.first == .granted)
        #expect(verdicts.count(where: { $0 == .granted }) == 1)
    }
}
