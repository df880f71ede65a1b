import Authentication
import Testing

/// Flows that prove whose devices are to be changed: they let nobody in.
@Suite struct ChangeFlowTests {
    static let modules = ["a", "b", "new"].map { ModuleID($0) } + [.bypass, .ticket]

    static let plans: [Plan] = {
        let (a, new) = (Step(modules[0]), Step(modules[2]))
        let either = Step(anyOf: [modules[0], modules[1]]) ?? a
        var plans: [Plan] = []
        for steps in [[a], [either], [Step(.ticket)], [a, either]] {
            plans.append(Plan.change(of: Some.ann, steps: steps, settingUp: false, tries: 3, sessionLifetime: 1))
            plans.append(Plan.change(of: Some.ann, steps: steps + [new], settingUp: true, tries: 3, sessionLifetime: 1))
        }
        for settingUp in [false, true] {
            plans.append(Plan.change(of: Some.ann, steps: [], settingUp: settingUp, tries: 3, sessionLifetime: 1))
        }
        // Nothing would be proved before it.
        plans.append(Plan.change(of: Some.ann, steps: [new], settingUp: true, tries: 3, sessionLifetime: 1))
        var blocked = Plan.change(of: Some.ann, steps: [a], settingUp: false, tries: 3, sessionLifetime: 1)
        blocked.isBlocked = true
        plans.append(blocked)
        return plans
    }()

    /// What the events of a path have earned, told from the events alone: an acceptance for each step, in order.
    struct Earned: Hashable {
        var passed = 0

        mutating func take(_ event: Event, in state: LoginFlow.State, _ plan: Plan) {
            let steps = plan.chains[0].steps
            guard passed < steps.count else { return }
            let isSetUp = plan.purpose == .change(settingUp: true) && passed == steps.count - 1
            switch (event, state) {
            case (.judged(.accepted(Some.ann, _), let module, _), .judging(.step(passed), _)) where !isSetUp:
                if steps[passed].alternatives.contains(module) { passed += 1 }
            case (.enrolled(.stored(let module), _), .judging(.enrollment(passed), _)) where isSetUp:
                if steps[passed].alternatives.contains(module) { passed += 1 }
            case _: break
            }
        }
    }

    struct Place: Hashable {
        let state: String
        let earned: Earned
    }

    @Test(arguments: plans) func `no path is proved without an answer for each step, and none lets anybody in`(
        _ plan: Plan
    ) {
        let events = Event.all(ChangeFlowTests.modules)
        let steps = plan.chains[0].steps
        let isPossible =
            !plan.isBlocked && !steps.isEmpty && (plan.purpose == .change(settingUp: false) || steps.count > 1)
        var layer: [Place: [Event]] = [Place(state: "\(LoginFlow.after([], plan).state)", earned: Earned()): []]
        var seen = Set(layer.keys)
        var isProved = false
        while !layer.isEmpty {
            var next: [Place: [Event]] = [:]
            for (place, path) in layer {
                for event in events {
                    var earned = place.earned
                    earned.take(event, in: LoginFlow.after(path, plan).state, plan)
                    let flow = LoginFlow.after(path + [event], plan)
                    #expect(flow.rememberable.isEmpty)
                    if case .ended(let verdict) = flow.state {
                        #expect(![.granted, .exempt, .skipped].contains(verdict), "\(path + [event])")
                        if verdict == .proved {
                            isProved = true
                            #expect(isPossible && earned.passed == steps.count, "\(path + [event])")
                        }
                        if verdict == .declined { #expect(path.isEmpty && event == .declined) }
                        continue
                    }
                    let reached = Place(state: "\(flow.state)", earned: earned)
                    if seen.insert(reached).inserted { next[reached] = path + [event] }
                }
            }
            layer = next
        }
        #expect(isProved == isPossible)
    }

    @Test func `no login is proved, and none is declined`() {
        for plan in FlowWalkTests.plans.prefix(40) {
            var flow = LoginFlow(plan)
            #expect(flow.declined() == .denied(.outOfTurn))
        }
    }

    @Test func `an ended change stays ended`() {
        let plan = ChangeFlowTests.plans[0]
        let paths: [[Event]] = [
            [.declined], [.begin, .answered, .judged(.accepted(Some.ann), by: modules[0], mayTryAgain: true)],
        ]
        for path in paths {
            guard case .ended(let verdict) = LoginFlow.after(path, plan).state else {
                Issue.record("\(path) did not end")
                continue
            }
            for event in Event.all(ChangeFlowTests.modules) {
                #expect(LoginFlow.after(path + [event], plan).state == .ended(verdict))
            }
        }
    }

    private var modules: [ModuleID] { ChangeFlowTests.modules }
}
