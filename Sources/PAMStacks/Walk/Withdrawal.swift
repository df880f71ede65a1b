/// Whether a stack may take another's place when our line goes out of it: both are gone through, whatever their other
/// modules say.
///
/// What is neutral depends on the lines around: a module that is ignored leaves a stack that counted on our success with
/// nothing that speaks for anybody, and one that always succeeds speaks for people whom nothing has asked.
package struct Withdrawal {
    /// Stacks with more lines that may say one thing or the other are not looked at: 2^12 ways, each gone three times.
    private static let mostVaried = 12

    private let before: Stack
    private let after: Stack
    /// What the lines are told apart by that say now this and now that.
    private let varied: [Key]
    private let factors: Set<Key>
    private let losesProof: Bool

    /// `before` has our line, `after` has none. `losesProof`: whether what proved somebody before the stack was run, such as
    /// sshd's key, is asked for no more as well, so that nobody may come through for nothing.
    package init(from before: Stack, to after: Stack, losesProof: Bool) {
        self.before = before
        self.after = after
        self.losesProof = losesProof
        var varied: [Key] = []
        var factors: Set<Key> = []
        for step in before.steps + after.steps where step.kind == .module {
            let key = Key(step)
            switch ModuleKind(step.line.module ?? "") {
            case .ours, .permit, .deny: continue
            case .factor: factors.insert(key)
            case .condition, .bystander, .rootProcess: break
            }
            if !varied.contains(key) { varied.append(key) }
        }
        self.varied = varied
        self.factors = factors
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
        guard varied.count <= Withdrawal.mostVaried else { return .unproved("it has too many ways to go them all") }
        var isWayIn = false
        for bits in 0..<(1 << varied.count) {
            let failing = Set(varied.indices.filter { bits & (1 << $0) != 0 }.map { varied[$0] })
            let comesIn = isSuccess(after, failing, ours: .success)
            let came = isSuccess(before, failing, ours: .success)
            if factors.isDisjoint(with: failing) {
                if came, !comesIn { return .unsound("people would be refused who get in with a code") }
                isWayIn = isWayIn || comesIn
            }
            // What accounts and sessions go through asks for nothing.
            guard comesIn, before.group == .auth else { continue }
            let isProved = !factors.isSubset(of: failing)
            // Whoever has a password gets in again where it was a key that was asked for.
            guard came || (losesProof && isProved) else {
                return .unsound("people would get in who do not with a code")
            }
            guard !isProved, losesProof || !isSuccess(before, failing, ours: .authenticationError) else { continue }
            return .unsound("people would get in whom nothing has asked")
        }
        return isWayIn ? .sound : .unsound("nobody would get in")
    }

    private func isSuccess(_ stack: Stack, _ failing: Set<Key>, ours: PAMResult) -> Bool {
        var dispatch = Dispatch(stack.steps)
        while stack.steps.indices.contains(dispatch.index) {
            let step = stack.steps[dispatch.index]
            dispatch.took(result(of: step, failing, ours: ours), stack.steps)
        }
        return dispatch.outcome == .success
    }

    private func result(of step: StackStep, _ failing: Set<Key>, ours: PAMResult) -> PAMResult {
        guard case .module = step.kind else { return .permissionDenied }
        return switch ModuleKind(step.line.module ?? "") {
        case .ours: ours
        case .permit: .success
        case .deny: .authenticationError
        case .rootProcess, .condition, .bystander, .factor:
            failing.contains(Key(step)) ? .authenticationError : .success
        }
    }
}
