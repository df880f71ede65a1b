import AdminProtocol
import PAMStacks

/// Looks at the stacks as they would be before anything is written.
enum EnableReview {
    /// Throws where the change would not do what it is for.
    static func check(_ plan: PlannedChange, _ tree: StackTree) throws(CommandFailure) {
        let after = EnablePlan.tree(tree, after: plan)
        for service in plan.services where after.file(named: service) != nil {
            let stack = after.stack(of: service)
            if let failure = stack.failure {
                throw CommandFailure(
                    .refused, code: .stack,
                    "libpam could not read \(failure.path): \(failure.reason). Nothing was changed.")
            }
            guard stack.isGuarded else {
                throw CommandFailure(
                    .refused, code: .stack, "\(service) would ask for no code all the same. Nothing was changed.",
                    hint: "Write it by hand, then see twostep check.")
            }
        }
    }
}
