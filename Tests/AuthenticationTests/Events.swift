import Authentication

/// Everything that can be reported to a flow.
enum Event: Equatable, Sendable, CustomStringConvertible {
    case begin
    case chose(Int)
    case answered
    case proved(Proof, mayTryAgain: Bool)
    case judged(Outcome, by: ModuleID, mayTryAgain: Bool)
    case recalled(Bool)
    case inquired(Finding)
    case enrolled(Enrolling, mayTryAgain: Bool)
    case credited(Credentials)
    case turnedAway(Outcome)
    case expired, cancelled, failed, refused, declined

    /// The verdict that the event's action carries, nil if the flow goes on.
    func report(to flow: inout LoginFlow) -> Verdict? {
        switch self {
        case .begin: Event.verdict(flow.begin())
        case .chose(let index): Event.verdict(flow.chose(index))
        case .answered:
            switch flow.answered() {
            case .end(let verdict): verdict
            case .judge: nil
            }
        case .proved(let proof, let mayTryAgain): Event.verdict(flow.proved(proof, mayTryAgain: mayTryAgain))
        case .judged(let outcome, let module, let mayTryAgain):
            Event.verdict(flow.judged(outcome, by: module, mayTryAgain: mayTryAgain))
        case .recalled(let isRemembered): Event.verdict(flow.recalled(isRemembered))
        case .inquired(let finding): Event.verdict(flow.inquired(finding))
        case .enrolled(let enrolling, let mayTryAgain):
            Event.verdict(flow.enrolled(enrolling, mayTryAgain: mayTryAgain))
        case .credited(let credentials):
            switch flow.credited(credentials) {
            case .end(let verdict): verdict
            }
        case .turnedAway(let outcome): flow.turnedAway(outcome)
        case .expired: flow.expired()
        case .cancelled: flow.cancelled()
        case .failed: flow.failed(.storeUnavailable)
        case .refused: flow.refused(.notPermitted)
        case .declined: flow.declined()
        }
    }

    private static func verdict(_ action: LoginFlow.OnBegin) -> Verdict? {
        switch action {
        case .end(let verdict): verdict
        case .choose, .ask: nil
        }
    }

    private static func verdict(_ action: LoginFlow.OnJudgement) -> Verdict? {
        switch action {
        case .end(let verdict): verdict
        case .askAgain, .ask, .recall, .inquire, .credit: nil
        }
    }

    var description: String {
        switch self {
        case .begin: "begin"
        case .chose(let index): "chose \(index)"
        case .answered: "answered"
        case .proved(let proof, let again): "proved \(proof) \(again)"
        case .judged(let outcome, let module, let again): "judged \(outcome) by \(module) \(again)"
        case .recalled(let isRemembered): "recalled \(isRemembered)"
        case .inquired(let finding): "inquired \(finding)"
        case .enrolled(let enrolling, let again): "enrolled \(enrolling) \(again)"
        case .credited(let credentials): "credited \(credentials)"
        case .turnedAway(let outcome): "turned away \(outcome)"
        case .expired: "expired"
        case .cancelled: "cancelled"
        case .failed: "failed"
        case .refused: "refused"
        case .declined: "declined"
        }
    }

    /// One of every kind, for the right account and the wrong one, by each of these modules.
    static func all(_ modules: [ModuleID]) -> [Event] {
        var events: [Event] = [.begin, .answered, .expired, .cancelled, .failed, .refused, .declined]
        events += [-1, 0, 1, 2].map { .chose($0) }
        for again in [true, false] {
            events += [
                .proved(.proved(Some.ann, isWaived: false), mayTryAgain: again),
                .proved(.proved(Some.ann, isWaived: true), mayTryAgain: again),
                .proved(.proved(Some.bob, isWaived: false), mayTryAgain: again),
                .proved(.rejected(.wrongPassword), mayTryAgain: again),
                .proved(.rejected(.noEvidence), mayTryAgain: again),
                .proved(.unavailable("gone"), mayTryAgain: again),
                .enrolled(.rejected(.wrongAnswer), mayTryAgain: again),
                .enrolled(.unavailable(.storeUnavailable), mayTryAgain: again),
            ]
            for module in modules {
                events.append(.enrolled(.stored(module), mayTryAgain: again))
                events += [
                    .judged(.accepted(Some.ann), by: module, mayTryAgain: again),
                    .judged(.accepted(Some.bob), by: module, mayTryAgain: again),
                    .judged(.rejected(.wrongAnswer), by: module, mayTryAgain: again),
                    .judged(.rejected(.repeated), by: module, mayTryAgain: again),
                    .judged(.rejected(.usernameChanged), by: module, mayTryAgain: again),
                    .judged(.delayed(seconds: 30, after: nil), by: module, mayTryAgain: again),
                    .judged(.locked(after: nil), by: module, mayTryAgain: again),
                    .judged(.unavailable(.moduleFailed), by: module, mayTryAgain: again),
                ]
            }
        }
        events += [
            .turnedAway(.accepted(Some.ann)), .turnedAway(.rejected(.wrongAnswer)),
            .turnedAway(.delayed(seconds: 30, after: nil)), .turnedAway(.locked(after: nil)),
            .turnedAway(.unavailable(.moduleFailed)),
        ]
        events += [.recalled(true), .recalled(false)]
        events += [.inquired(.enrolled), .inquired(.unenrolled), .inquired(.cannotTell)]
        events += [
            .credited(.account(Some.ann)), .credited(.account(Some.bob)), .credited(.refused), .credited(.unavailable),
        ]
        return events
    }
}

extension LoginFlow {
    /// A flow that these events have been reported to.
    static func after(_ events: [Event], _ plan: Plan) -> LoginFlow {
        var flow = LoginFlow(plan)
        for event in events { _ = event.report(to: &flow) }
        return flow
    }
}
