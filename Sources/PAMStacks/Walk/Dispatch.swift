/// How far libpam has come with a stack, and what it thinks of it: its dispatcher, without modules.
///
/// Whoever runs it asks for the `step`, decides what the module there returns, and gives that back with `took`, until
/// there is no step any more. Then `outcome` is what the application is told.
package struct Dispatch: Hashable, Sendable {
    /// What has been said so far.
    package enum Impression: Hashable, Sendable {
        case none
        case positive
        case negative
    }

    /// What is gone back to by `reset`.
    private struct Standing: Hashable {
        var impression = Impression.none
        var status = PAMResult.permissionDenied

        mutating func simplify() {
            if impression != .positive || status != .success { status = .permissionDenied }
        }
    }

    /// The step that is to be run, or is behind the last one.
    package private(set) var index = 0
    private var now = Standing()
    /// By level: as it was when the substack was entered.
    private var saved = [Standing()]
    private var level = 0

    package init(_ steps: [StackStep]) { settle(steps) }

    package var impression: Impression { now.impression }

    /// What the application is told: without anything that counted for it, it is a refusal.
    package var outcome: PAMResult {
        now.status == .success && now.impression != .positive ? .permissionDenied : now.status
    }

    /// The module at `index` has returned `result`. Not for `incomplete`, which ends no stack.
    package mutating func took(_ result: PAMResult, _ steps: [StackStep]) {
        guard steps.indices.contains(index) else { return }
        let action = steps[index].control[result]
        switch action {
        case .ignore: break
        case .reset: now = saved[level]
        case .ok, .done:
            if now.impression == .none || (now.impression == .positive && now.status == .success) {
                now = Standing(impression: .positive, status: result)
            }
            if action == .done, now.impression == .positive { leave(steps) }
        case .bad, .die:
            if now.impression != .negative {
                now = Standing(impression: .negative, status: result == .ignore ? .permissionDenied : result)
            }
            if action == .die { leave(steps) }
        case .jump(let count): jump(count, steps)
        }
        index += 1
        settle(steps)
    }

    /// Makes states equal that lead to the same: of results that are none of success it is all the same which one stands, and
    /// what a reset would go back to counts only where there is one.
    mutating func simplify(keepingResets: Bool) {
        now.simplify()
        // Deeper ones are noted anew where their substack begins.
        saved = Array(saved.prefix(level + 1))
        for depth in saved.indices {
            if keepingResets { saved[depth].simplify() } else { saved[depth] = Standing() }
        }
    }

    /// Everything that is left of this level and of what it holds is passed over.
    private mutating func leave(_ steps: [StackStep]) {
        while index + 1 < steps.count, steps[index + 1].level >= level { index += 1 }
    }

    /// A substack counts as one. Who jumps further than the level goes has refused.
    private mutating func jump(_ count: Int, _ steps: [StackStep]) {
        var left = count
        while left > 0, index + 1 < steps.count, steps[index + 1].level >= level {
            repeat { index += 1 } while index + 1 < steps.count && steps[index + 1].level > level
            left -= 1
        }
        if left > 0 { now = Standing(impression: .negative, status: .permissionDenied) }
    }

    /// Goes on to what is to be run, and notes on the way how things stood where a substack begins.
    private mutating func settle(_ steps: [StackStep]) {
        while index < steps.count {
            let next = steps[index].level
            if next > level {
                while saved.count <= next { saved.append(now) }
                saved[next] = now
            }
            level = next
            guard steps[index].kind == .substack else { return }
            index += 1
        }
    }
}
