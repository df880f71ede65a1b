/// Looks through the stacks that our module is in: whether there is a way in without it, whether its refusals count,
/// whether anybody gets in at all.
///
/// Every finding comes from walking a stack as libpam would, whatever its modules return; a mend is named only if
/// walking the mended stack has shown that the finding is gone and no other has come.
///
/// Before a change, review the tree with the change: `StackReview(tree.editing(path, bytes)).findings(of: service)`.
package struct StackReview: Sendable {
    let tree: StackTree
    let exempts: @Sendable (String) -> Bool
    let needsEvidence: @Sendable (String) -> Bool
    let modules: ModuleFolders

    /// `exempts`: whether the policy lets anybody off all modules in a service (`exempt: true`, `unenrolled: skip`);
    /// `needsEvidence`: whether it admits nobody there who has not given a password to a line above (provider `pam`).
    package init(
        _ tree: StackTree, exempts: @escaping @Sendable (String) -> Bool = { _ in false },
        needsEvidence: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.tree = tree
        self.exempts = exempts
        self.needsEvidence = needsEvidence
        modules = ModuleFolders(tree.files)
    }

    /// What is to be said of all services that have a file and our module in their stack; each line once.
    package var findings: [StackFinding] {
        var told: Set<Place> = []
        let ofServices = tree.services.flatMap { findings(of: $0) }
        return ofServices.filter { told.insert(Place(path: $0.path, line: $0.line)).inserted } + shared
    }

    /// What is to be said of one service: nothing if our module is not in its stack, and not meant to be either.
    package func findings(of service: String) -> [StackFinding] {
        let stack = tree.stack(of: service)
        let all = faults(stack)
        return all.enumerated().map { index, fault in
            guard index < StackReview.mostMended else { return fault.finding }
            return fault.finding.mended(by: fault.candidates.first { mends($0, fault.finding, of: stack, all) })
        }
    }

    /// For how many findings of a stack mends are tried: each try goes through the whole stack, and once these are mended the
    /// others can be asked for again.
    private static let mostMended = 24

    /// What is wrong, the worst of each line, with what might be written in its place.
    func faults(_ stack: Stack) -> [(finding: StackFinding, candidates: [Mend])] {
        let words = StackWords(stack, modules)
        let suggestions = StackSuggestions(stack, modules, files: tree.services)
        guard stack.isGuarded || stack.isMeantToBeGuarded(modules) else {
            return words.impostors.map { ($0, suggestions.forImpostor($0)) }
        }
        var weaknesses: [Weakness] = []
        if stack.isGuarded {
            weaknesses = Weakness.all(of: stack, exempts: exempts(stack.service)) { modules.lacks($0.line) }
            if needsEvidence(stack.service), let weakness = Weakness.withoutEvidence(stack) {
                weaknesses.append(weakness)
            }
        }
        let all =
            words.impostors.map { ($0, suggestions.forImpostor($0)) }
            + words.syntax.map { ($0, suggestions.forSyntax(of: $0)) }
            + weaknesses.compactMap { weakness in
                words.finding(weakness).map { ($0, suggestions.forWeakness(weakness)) }
            }
        var told: Set<Place> = []
        return all.filter { told.insert(Place(path: $0.0.path, line: $0.0.line)).inserted }
    }

    /// Whether it makes the finding go away, and nothing come.
    private func mends(
        _ candidate: Mend, _ finding: StackFinding, of stack: Stack,
        _ all: [(finding: StackFinding, candidates: [Mend])]
    ) -> Bool {
        guard let path = candidate.path, let bytes = candidate.applied(to: tree.files.contents(of: path)) else {
            return false
        }
        let after = StackReview(tree.editing(path, bytes), exempts: exempts, needsEvidence: needsEvidence)
        let mended = after.tree.stack(of: stack.service)
        // Without our line there is nothing to be found, and nothing is good.
        guard mended.isGuarded else { return false }
        let left = after.faults(mended).filter { $0.finding.severity != .advice }
        let before = all.filter { $0.finding.severity != .advice }
        return left.count < before.count
            && !left.contains { $0.finding.path == finding.path && $0.finding.line == finding.line }
            // Nor is anything good that could not be followed.
            && !StackWalk(mended.steps, isMissing: { after.modules.lacks($0.line) }).isCut
    }

    /// Files that many services include, with our line in them.
    private var shared: [StackFinding] {
        ["common-auth", "system-auth", "password-auth"].compactMap { name in
            guard let file = tree.file(named: name),
                let line = file.lines.first(where: { $0.module == "pam_twostep.so" && $0.group == .auth })
            else { return nil }
            let services = tree.services.filter { service in
                service != name && tree.stack(of: service).steps.contains { $0.isOurs && $0.path == file.path }
            }
            guard services.count > 1 else { return nil }
            return StackFinding(
                .advice, path: file.path, line: line.lines.lowerBound,
                found: "pam_twostep.so in what many services include: it holds for \(services.joined(separator: ", "))",
                expected: "that all of them are meant, also those where nobody can be asked for a code")
        }
    }

    private struct Place: Hashable {
        let path: String
        let line: Int?
    }
}
