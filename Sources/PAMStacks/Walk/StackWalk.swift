/// Every way through a stack that there is, whatever its modules return.
struct StackWalk {
    /// What our module has come to on a way.
    enum Standing: Int, Comparable, Sendable {
        case notAsked
        case refused
        case exempt
        case granted

        static func < (left: Standing, right: Standing) -> Bool { left.rawValue < right.rawValue }
    }

    /// Whether something but our module has proved who somebody is.
    enum Proof: Hashable, Sendable {
        case none
        case failed
        case proved
    }

    /// Where somebody is on a way, and what of it counts later.
    struct Way: Hashable, Sendable {
        var dispatch: Dispatch
        var ours = Standing.notAsked
        var proof = Proof.none
        /// The step that went past our line, and whether it did so because it succeeded.
        var passedBy: Int?
        var passedInSuccess = false
        /// The step at which a failure was counted.
        var negativeBy: Int?
        /// The last factor that failed.
        var failedFactor: Int?
        /// Our last line that refused.
        var refusedAt: Int?
        /// The step that took it back.
        var resetBy: Int?

        var isSuccess: Bool { dispatch.outcome == .success }
    }

    /// Which results are looked at.
    enum Supposition: Sendable {
        case anything
        /// Everybody has and knows what is asked for.
        case allIsWell
        /// The same, and our module has been told to let people off.
        case exempt
    }

    /// More are not followed: no stack that somebody wrote has as many.
    private static let mostWays = 50_000

    let steps: [StackStep]
    let isMissing: (StackStep) -> Bool
    private(set) var endings: Set<Way> = []
    /// How things stood each time that our line was asked.
    private(set) var askings: Set<Way> = []

    init(_ steps: [StackStep], suppose supposition: Supposition = .anything, isMissing: @escaping (StackStep) -> Bool) {
        self.steps = steps
        self.isMissing = isMissing
        follow(supposition)
    }

    /// What sort of thing is decided at a step.
    func kind(of index: Int) -> ModuleKind {
        guard case .module = steps[index].kind else { return .deny }
        return ModuleKind(steps[index].line.module ?? "")
    }

    private mutating func follow(_ supposition: Supposition) {
        var waiting = [Way(dispatch: Dispatch(steps))]
        var seen = Set(waiting)
        while let way = waiting.popLast(), seen.count < StackWalk.mostWays {
            let index = way.dispatch.index
            guard index < steps.count else {
                endings.insert(way)
                continue
            }
            if kind(of: index) == .ours { askings.insert(way) }
            for result in results(at: index, supposition) {
                let next = step(way, result)
                if seen.insert(next).inserted { waiting.append(next) }
            }
        }
    }

    /// One result for each thing that the line may do.
    private func results(at index: Int, _ supposition: Supposition) -> [PAMResult] {
        let step = steps[index]
        if case .mustFail = step.kind { return [.permissionDenied] }
        if isMissing(step) { return [.moduleUnknown] }
        let kind = kind(of: index)
        let possible: [PAMResult] =
            switch (supposition, kind) {
            case (.anything, _), (_, .permit), (_, .deny), (_, .condition), (_, .rootProcess): kind.results
            case (.allIsWell, _): [.success]
            case (.exempt, .ours): step.line.arguments.contains("exempt=success") ? [.success] : [.ignore]
            // Debian's pam_cap and the like ignore most logins.
            case (.exempt, .bystander): [step.control.text.lowercased() == "optional" ? .ignore : .success]
            case (.exempt, .factor): [.success]
            }
        var told: Set<Told> = []
        return possible.filter {
            told.insert(Told(isSuccess: $0 == .success, isIgnore: $0 == .ignore, action: step.control[$0])).inserted
        }
    }

    /// What tells one result from another here.
    private struct Told: Hashable {
        let isSuccess: Bool
        let isIgnore: Bool
        let action: Action
    }

    private func step(_ way: Way, _ result: PAMResult) -> Way {
        let index = way.dispatch.index
        var next = way
        let before = way.dispatch.impression
        next.dispatch.took(result, steps)
        let isNegative = next.dispatch.impression == .negative
        if isNegative, before != .negative { next.negativeBy = index }
        if !isNegative { next.negativeBy = nil }
        switch kind(of: index) {
        case .ours:
            let said: Standing = result == .success ? .granted : result == .ignore ? .exempt : .refused
            next.ours = max(way.ours, said)
            if said == .refused {
                next.refusedAt = index
                next.resetBy = nil
            }
        case .factor where result == .success: next.proof = .proved
        case .factor:
            if next.proof == .none { next.proof = .failed }
            next.failedFactor = index
        case _: break
        }
        if before == .negative, !isNegative, steps[index].control[result] == .reset { next.resetBy = index }
        let passed = steps[(index + 1)..<max(index + 1, next.dispatch.index)]
        if next.ours == .notAsked, next.passedBy == nil, passed.contains(where: \.isOurs) {
            next.passedBy = index
            next.passedInSuccess = result == .success
        }
        return next
    }
}
