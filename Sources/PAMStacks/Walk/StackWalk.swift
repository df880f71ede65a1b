/// Every way through a stack that there is, whatever its modules return.
///
/// Ways that have come to the same are one, with all that has led to it: there are about as many as the stack has lines,
/// and they are followed to their ends.
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
        /// Whether our line was gone past, and is not to be asked on the way so far.
        var isPast = false
        /// Whether a refusal of ours was taken back.
        var isTakenBack = false

        var isSuccess: Bool { dispatch.outcome == .success }
    }

    /// Which steps have brought ways to the same place: each may have.
    struct Trace: Sendable {
        /// A step that went past our line, and whether it did so because it succeeded.
        struct Passing: Hashable, Sendable {
            let step: Int
            let inSuccess: Bool
        }

        var passedBy: Set<Passing> = []
        /// The step at which a failure was counted.
        var negativeBy: Set<Int> = []
        /// The last factor that failed.
        var failedFactor: Set<Int> = []
        /// Our last line that refused.
        var refusedAt: Set<Int> = []
        /// The step that took it back.
        var resetBy: Set<Int> = []

        mutating func merge(_ other: Trace) {
            passedBy.formUnion(other.passedBy)
            negativeBy.formUnion(other.negativeBy)
            failedFactor.formUnion(other.failedFactor)
            refusedAt.formUnion(other.refusedAt)
            resetBy.formUnion(other.resetBy)
        }
    }

    /// Which results are looked at.
    enum Supposition: Sendable {
        case anything
        /// Everybody has and knows what is asked for.
        case allIsWell
        /// The same, and our module has been told to let people off.
        case exempt
    }

    /// More are not followed: what many substacks within each other could reset takes as many as that.
    private static let mostWays = 50_000

    let steps: [StackStep]
    let isMissing: (StackStep) -> Bool
    private(set) var endings: [Way: Trace] = [:]
    /// How things stood each time that our line was asked.
    private(set) var askings: [Way: Trace] = [:]
    /// Whether there are more ways than are followed: of what was not seen nothing can be told.
    private(set) var isCut = false
    private let hasResets: Bool

    init(_ steps: [StackStep], suppose supposition: Supposition = .anything, isMissing: @escaping (StackStep) -> Bool) {
        self.steps = steps
        self.isMissing = isMissing
        hasResets = steps.contains { step in PAMResult.allCases.contains { step.control[$0] == .reset } }
        follow(supposition)
    }

    /// What sort of thing is decided at a step.
    func kind(of index: Int) -> ModuleKind {
        guard case .module = steps[index].kind else { return .deny }
        return ModuleKind(steps[index].line.module ?? "")
    }

    /// From line to line: nothing goes back.
    private mutating func follow(_ supposition: Supposition) {
        let first = Way(dispatch: Dispatch(steps))
        var waiting: [Int: [Way: Trace]] = [first.dispatch.index: [first: Trace()]]
        var count = 1
        for index in steps.indices {
            guard let ways = waiting.removeValue(forKey: index) else { continue }
            if kind(of: index) == .ours { askings.merge(ways) { $1 } }
            let results = results(at: index, supposition)
            for (way, trace) in ways {
                for result in results {
                    let (next, led) = step(way, trace, result)
                    let place = next.dispatch.index
                    if waiting[place]?[next] == nil { count += 1 }
                    guard count < StackWalk.mostWays else {
                        isCut = true
                        return
                    }
                    waiting[place, default: [:]][next, default: Trace()].merge(led)
                }
            }
        }
        endings = waiting[steps.count] ?? [:]
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

    private func step(_ way: Way, _ trace: Trace, _ result: PAMResult) -> (Way, Trace) {
        let index = way.dispatch.index
        var (next, led) = (way, trace)
        let before = way.dispatch.impression
        next.dispatch.took(result, steps)
        next.dispatch.simplify(keepingResets: hasResets)
        let isNegative = next.dispatch.impression == .negative
        if isNegative, before != .negative { led.negativeBy = [index] }
        if !isNegative { led.negativeBy = [] }
        switch kind(of: index) {
        case .ours:
            let said: Standing = result == .success ? .granted : result == .ignore ? .exempt : .refused
            next.ours = max(way.ours, said)
            if said == .refused {
                led.refusedAt = [index]
                (led.resetBy, next.isTakenBack) = ([], false)
            }
        case .factor where result == .success: next.proof = .proved
        case .factor:
            if next.proof == .none { next.proof = .failed }
            led.failedFactor = [index]
        case _: break
        }
        if before == .negative, !isNegative, steps[index].control[result] == .reset {
            (led.resetBy, next.isTakenBack) = ([index], true)
        }
        let passed = steps[(index + 1)..<max(index + 1, next.dispatch.index)]
        if next.ours == .notAsked, !next.isPast, passed.contains(where: \.isOurs) {
            (led.passedBy, next.isPast) = ([Trace.Passing(step: index, inSuccess: result == .success)], true)
        }
        if next.ours != .notAsked { (led.passedBy, next.isPast) = ([], false) }
        if next.ours != .refused { (led.resetBy, next.isTakenBack) = ([], false) }
        return (next, led)
    }
}
