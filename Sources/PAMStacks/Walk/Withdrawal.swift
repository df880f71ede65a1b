/// Whether a stack may take another's place when our line goes out of it: both are gone through, whatever their other
/// modules say.
///
/// What is neutral depends on the lines around: a module that is ignored leaves a stack that counted on our success with
/// nothing that speaks for anybody, and one that always succeeds speaks for people whom nothing has asked.
package struct Withdrawal {
    /// Stacks whose lines may come to more than so many things together are not looked at: each is gone through three times.
    private static let mostWays = 60_000

    private let before: Stack
    private let after: Stack
    /// What each line may come to that says now this and now that, as far as its control tells it apart.
    private let choices: [[PAMResult]]
    /// Which of those asks for a factor.
    private let factors: [Int]
    /// What each line of the two stacks says.
    private let says: (before: [Saying], after: [Saying])
    private let losesProof: Bool

    /// `before` has our line, `after` has none. `losesProof`: whether what proved somebody before the stack was run, such as
    /// sshd's key, is asked for no more as well, so that nobody may come through for nothing.
    package init(from before: Stack, to after: Stack, losesProof: Bool) {
        self.before = before
        self.after = after
        self.losesProof = losesProof
        var found: [Key: Int] = [:]
        var choices: [[PAMResult]] = []
        var factors: [Int] = []
        func saying(_ step: StackStep) -> Saying {
            guard step.kind == .module else { return .always(.permissionDenied) }
            let kind = ModuleKind(step.line.module ?? "")
            switch kind {
            case .ours: return .ours
            case .permit: return .always(.success)
            case .deny: return .always(.authenticationError)
            case .factor, .condition, .bystander, .rootProcess: break
            }
            if let number = found[Key(step)] { return .chosen(number) }
            let number = choices.count
            found[Key(step)] = number
            choices.append(Withdrawal.choices(of: step, kind))
            if kind.isFactor { factors.append(number) }
            return .chosen(number)
        }
        says = (before.steps.map(saying), after.steps.map(saying))
        self.choices = choices
        self.factors = factors
    }

    /// What a line comes to in each of the ways.
    private enum Saying {
        case ours
        case always(PAMResult)
        /// What is chosen of `choices` with this number.
        case chosen(Int)
    }

    /// What becomes of a result, as far as it makes a difference here. What is passed over has said nothing but whether a
    /// factor was right, and of failures it is all the same which.
    private struct Effect: Hashable {
        let action: Action
        let isSuccess: Bool
        let isIgnored: Bool

        init(_ result: PAMResult, _ control: Control, _ kind: ModuleKind) {
            action = control[result]
            let isSilent = action == .ignore
            isSuccess = result == .success && (!isSilent || kind.isFactor)
            isIgnored = result == .ignore && !isSilent
        }
    }

    /// One result for each effect. A token may have nothing to say (`nullok`), which proves nobody; pam_unix always has.
    private static func choices(of step: StackStep, _ kind: ModuleKind) -> [PAMResult] {
        let mayAbstain = kind.isFactor && step.line.module != "pam_unix.so"
        var effects: Set<Effect> = []
        return (kind.results + (mayAbstain ? [.ignore] : [])).filter {
            effects.insert(Effect($0, step.control, kind)).inserted
        }
    }

    /// A line, wherever it has come to stand.
    private struct Key: Hashable {
        let path: String
        let words: [String]

        init(_ step: StackStep) {
            path = step.path
            words = step.line.tokens.map(\.text)
        }
    }

    /// What has come of it; the reasons follow upon "without our line".
    package enum Verdict: Equatable, Sendable {
        /// Whoever got in with a code gets in without one, and nobody who did not.
        case sound
        case unsound(String)
        /// It cannot be told.
        case unproved(String)
    }

    /// Whether it may.
    package var verdict: Verdict {
        guard before.failure == nil, after.failure == nil else {
            return .unproved("libpam cannot read what it includes")
        }
        var ways = 1
        for choice in choices {
            ways *= choice.count
            guard ways <= Withdrawal.mostWays else { return .unproved("it has too many ways to go them all") }
        }
        var isWayIn = false
        for way in 0..<ways {
            let results = results(of: way)
            let comesIn = isSuccess(after, says.after, results, ours: .success)
            let came = isSuccess(before, says.before, results, ours: .success)
            if factors.allSatisfy({ results[$0] == .success }) {
                if came, !comesIn { return .unsound("people would be refused who get in with a code") }
                isWayIn = isWayIn || comesIn
            }
            // What accounts and sessions go through asks for nothing.
            guard comesIn, before.group == .auth else { continue }
            let isProved = factors.contains { results[$0] == .success }
            // Whoever has a password gets in again where it was a key that was asked for.
            guard came || (losesProof && isProved) else {
                return .unsound("people would get in who do not with a code")
            }
            guard !isProved,
                losesProof || !isSuccess(before, says.before, results, ours: .authenticationError)
            else { continue }
            return .unsound("people would get in whom nothing has asked")
        }
        return isWayIn ? .sound : .unsound("nobody would get in")
    }

    /// What each line comes to in one of the ways.
    private func results(of way: Int) -> [PAMResult] {
        var rest = way
        return choices.map { choice in
            let (left, index) = rest.quotientAndRemainder(dividingBy: max(choice.count, 1))
            rest = left
            return choice.indices.contains(index) ? choice[index] : .serviceError
        }
    }

    private func isSuccess(_ stack: Stack, _ says: [Saying], _ results: [PAMResult], ours: PAMResult) -> Bool {
        var dispatch = Dispatch(stack.steps)
        while says.indices.contains(dispatch.index) {
            let result =
                switch says[dispatch.index] {
                case .ours: ours
                case .always(let result): result
                case .chosen(let number): results[number]
                }
            dispatch.took(result, stack.steps)
        }
        return dispatch.outcome == .success
    }
}
