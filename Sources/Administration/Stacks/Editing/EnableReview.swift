import AdminProtocol
import Daemon
import PAMStacks

/// Looks at the stacks as they would be, before anything is written.
enum EnableReview {
    /// Throws where the change would not do what it is for; returns what is worth a thought all the same.
    static func check(_ plan: PlannedChange, _ tree: StackTree) throws(CommandFailure) -> [String] {
        let after = EnablePlan.tree(tree, after: plan)
        let review = StackReview(after)
        var findings: [StackFinding] = []
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
            findings += review.findings(of: service).filter { !findings.contains($0) }
        }
        let problems = findings.filter { $0.severity == .problem }
        guard problems.isEmpty else {
            throw CommandFailure(
                .refused, code: .stack, "With our line in it the stack would not hold. Nothing was changed.",
                hint: problems.map { text($0, in: after) }.joined(separator: "\n"))
        }
        return findings.filter { $0.severity == .warning }.map { text($0, in: after) }
    }

    /// Throws where others than root could change what is written, or the folder that it is in.
    static func checkPermissions(_ plan: PlannedChange, root: String) throws(CommandFailure) {
        let paths = Set(
            plan.files.flatMap { file in
                [file.path, String(file.path[..<(file.path.lastIndex(of: "/") ?? file.path.startIndex)])]
            })
        let tree = HostTree(root: root)
        let problems = PermissionFindings(tree: tree).findings().filter { finding in
            finding.severity == .problem && paths.contains { finding.file == tree.prefix + $0 }
        }
        guard problems.isEmpty else {
            throw CommandFailure(
                .refused, code: .stack, "Others than root could take the code away again. Nothing was changed.",
                hint: problems.map(\.summary).joined(separator: "\n"))
        }
    }

    /// As `twostep check` writes it; the lines are counted as they would be.
    private static func text(_ finding: StackFinding, in tree: StackTree) -> String {
        var mend = ""
        if case .replace(_, _, let line)? = finding.mend { mend = "; write: \(line)" }
        if case .insert(_, _, let line)? = finding.mend { mend = "; write before it: \(line)" }
        return CheckFinding(finding, in: tree).summary + mend
    }
}
