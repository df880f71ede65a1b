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
    /// The lines of both stacks by their number in `choices`; nil for those that always say the same.
    private let numbers: (before: [Int?], after: [Int?])
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
        func number(_ step: StackStep) -> Int? {
            guard step.kind == .module else { return nil }
            let kind = ModuleKind(step.line.module ?? "")
            switch kind {
            case .ours, .permit, .deny: return nil
            case .factor, .condition, .bystander, .rootProcess: break
            }
            if let number = found[Key(step)] { return number }
            let number = choices.count
            found[Key(step)] = number
            choices.append(Withdrawal.choices(of: step, kind))
            if kind.isFactor { factors.append(number) }
            return number
        }
        numbers = (before.steps.map(number), after.steps.map(number))
        self.choices = choices
        self.factors = factors
    }

    /// One result for each thing that the control does. A token may have nothing to say (`nullok`), which proves nobody;
    /// pam_unix always has.
    private static func choices(of step: StackStep, _ kind: ModuleKind) -> [PAMResult] {
        let control = step.control
        let mayAbstain = kind.isFactor && step.line.module != "pam_unix.so"
        var chosen: [PAMResult] = []
        for result in kind.results + (mayAbstain ? [.ignore] : []) {
            let isKnown = chosen.contains { known in
                guard control[known] == control[result] else { return false }
                // What is passed over has said nothing, and of failures it is all the same which.
                let isSilent = control[result] == .ignore
                guard !isSilent || kind.isFactor else { return true }
                return (known == .success) == (result == .success)
                    && (isSilent || (known == .ignore) == (result == .ignore))
            }
            if !isKnown { chosen.append(result) }
        }
        return chosen
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
            let comesIn = isSuccess(after, numbers.after, results, ours: .success)
            let came = isSuccess(before, numbers.before, results, ours: .success)
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
                losesProof || !isSuccess(before, numbers.before, results, ours: .authenticationError)
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

    private func isSuccess(_ stack: Stack, _ numbers: [Int?], _ results: [PAMResult], ours: PAMResult) -> Bool {
        var dispatch = Dispatch(stack.steps)
        while stack.steps.indices.contains(dispatch.index) {
            let index = dispatch.index
            dispatch.took(
                result(of: stack.steps[index], numbers[index].map { results[$0] }, ours: ours), stack.steps)
        }
        return dispatch.outcome == .success
    }

    private func result(of step: StackStep, _ chosen: PAMResult?, ours: PAMResult) -> PAMResult {
        guard case .module = step.kind else { return .permissionDenied }
        return switch ModuleKind(step.line.module ?? "") {
        case .ours: ours
        case .permit: .success
        case .deny: .authenticationError
        case .rootProcess, .condition, .bystander, .factor: chosen ?? .serviceError
        }
    }
}
