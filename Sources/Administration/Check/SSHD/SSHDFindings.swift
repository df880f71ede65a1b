package import Authentication
package import Daemon
package import PAMStacks

/// sshd, by what it says itself is in force: for everybody, and for those whom each Match line is for.
package struct SSHDFindings: FindingSource {
    package let subject = "sshd"
    /// More often sshd is not asked: it takes some ten milliseconds each time.
    private static let mostAsked = 1024

    let tree: StackTree
    /// Nil where there is none.
    let program: (any SSHDProgram)?
    /// Whether this process may run it: it reads its host keys.
    let isRoot: Bool
    /// Nil where there is no good configuration.
    let policy: Policy?
    /// Who else than root could change what is at a path of the tree, in words; nil for nobody.
    let faultOf: (String) -> String?

    package init(
        tree: StackTree, program: (any SSHDProgram)?, isRoot: Bool, policy: Policy?,
        faultOf: ((String) -> String?)? = nil
    ) {
        let prefix = tree.files.prefix
        self.faultOf = faultOf ?? { RootOnlyPath.fault(of: $0, below: prefix) }
        self.tree = tree
        self.program = program
        self.isRoot = isRoot
        self.policy = policy
    }

    package func findings() -> [CheckFinding] {
        let stack = tree.stack(of: "sshd")
        // Without our module there is nothing that sshd could keep from it.
        guard stack.isGuarded else { return [] }
        guard let program else {
            // Nobody comes in by it, then.
            return tree.files.exists(SSHDFile.path) ? [unseen("there is no sshd to be asked")] : []
        }
        guard isRoot else { return [unseen("only root can ask sshd")] }
        let file = SSHDFile(tree.files)
        let names = SystemNames(tree.files)
        let judge = SSHDJudge(
            stackAsksBefore: stack.asksBefore, needsEvidence: needsEvidence(stack),
            takesBoth: !stack.asksBefore && policy?.takesBoth(in: "sshd") ?? false)
        let usual = usual(file, names)
        var findings: [CheckFinding] = []
        var seen: Set<SSHDFault> = []
        do throws(SSHDFailure) {
            for fault in try faults(judge, program, usual, isBlock: false) {
                seen.insert(fault)
                findings.append(finding(fault, file, usual, names, for: nil))
            }
            // What is in force is the same for all whom the same lines are for.
            var judged: Set<[Int]> = []
            for (index, block) in file.blocks.enumerated() {
                let name = "'Match \(block.line.arguments.joined(separator: " "))'"
                let connections = block.examples(like: usual, names)
                var isCovered = true
                var isCut = false
                for connection in connections {
                    let holding = file.blocks.indices.filter { file.blocks[$0].holds(for: connection, names) }
                    if !judged.contains(holding), judged.count >= SSHDFindings.mostAsked {
                        isCut = true
                        continue
                    }
                    // Of two values the first counts: behind another line its own may not be seen.
                    if holding.first == index { isCovered = false }
                    guard judged.insert(holding).inserted else { continue }
                    for fault in try faults(judge, program, connection, isBlock: true)
                    where seen.insert(fault).inserted {
                        findings.append(finding(fault, file, connection, names, for: connection.words(besides: usual)))
                    }
                }
                if isCut {
                    findings.append(cutOff(name, block.line))
                    continue
                }
                guard isCovered else { continue }
                let reason =
                    connections.isEmpty
                    ? "nobody was found whom \(name) is for"
                    : "whoever was found for \(name) an earlier Match is for, too"
                findings.append(unseen(reason, block.line))
            }
            if let policy {
                let keys = SSHKeyReview(policy: policy, file: file, names: names, usual: usual, faultOf: faultOf)
                for fault in try keys.faults(by: program) {
                    findings.append(
                        finding(
                            fault.fault, file, fault.connection, names, for: fault.connection.words(besides: usual)))
                }
            }
        } catch {
            findings.append(failed(error))
        }
        return findings
    }

    /// What is in force for a connection and should not be; throws where sshd does not say.
    private func faults(
        _ judge: SSHDJudge, _ program: any SSHDProgram, _ connection: SSHDConnection, isBlock: Bool
    ) throws(SSHDFailure) -> [SSHDFault] {
        do throws(SSHDFailure) {
            return judge.faults(try program.settings(for: connection), isBlock: isBlock)
        } catch {
            guard let (method, list) = error.disabledMethod else { throw error }
            return [judge.fault(method, in: list)]
        }
    }

    private func needsEvidence(_ stack: Stack) -> Bool {
        let provider = stack.ours.flatMap { stack.steps[$0].line.arguments }.last { $0.hasPrefix("provider=") }
        if let provider { return provider == "provider=pam" }
        return policy?.needsEvidence(in: "sshd") ?? true
    }

    /// A connection that as few Match lines as possible are for.
    private func usual(_ file: SSHDFile, _ names: SystemNames) -> SSHDConnection {
        let users = names.users.filter { $0.uid >= 1000 && $0.uid < 65_534 }.map(\.name) + ["nobody", "stranger"]
        let connections = users.map { SSHDConnection(user: $0) }
        return connections.min { left, right in
            matching(left, file, names) < matching(right, file, names)
        } ?? SSHDConnection(user: "stranger")
    }

    private func matching(_ connection: SSHDConnection, _ file: SSHDFile, _ names: SystemNames) -> Int {
        file.blocks.count { $0.holds(for: connection, names) }
    }

    private func finding(
        _ fault: SSHDFault, _ file: SSHDFile, _ connection: SSHDConnection, _ names: SystemNames, for whom: String?
    ) -> CheckFinding {
        let line = file.line(setting: fault.keyword, for: connection, names)
        let place = line.map { ($0.path, $0.number) } ?? (SSHDFile.path, 1)
        let mend = fault.line.map { text in
            line.map { Mend.replace($0.path, $0.number...$0.number, with: $0.indentation + text) }
                // Of two values the first counts, so before everything else it does.
                ?? .insert(SSHDFile.path, before: 1, text)
        }
        let prefix = tree.files.prefix
        return CheckFinding(
            fault.severity, file: prefix + place.0, line: place.1,
            found: (whom.map { "for \($0): " } ?? "") + fault.found, expected: fault.expected,
            mend: mend?.below(prefix))
    }

    private func unseen(_ reason: String, _ line: SSHDLine? = nil) -> CheckFinding {
        CheckFinding(
            .advice, file: tree.files.prefix + (line?.path ?? SSHDFile.path), line: line?.number,
            found: "not looked at: \(reason)", isUnseen: line == nil)
    }

    /// Of whoever was not asked about nothing is known, so that nothing is called good.
    private func cutOff(_ name: String, _ line: SSHDLine) -> CheckFinding {
        CheckFinding(
            .advice, file: tree.files.prefix + line.path, line: line.number,
            found:
                "not looked at: there are more Match lines than sshd is asked about, and \(name) is among those left "
                + "out, as a whole or in part", isUnseen: true)
    }

    private func failed(_ failure: SSHDFailure) -> CheckFinding {
        if let (path, number, reason) = failure.refusedLine {
            return CheckFinding(
                .problem, file: tree.files.prefix + path, line: number, found: "sshd takes no such line: \(reason)")
        }
        return unseen("sshd -T has failed: \(failure.said.last ?? "")")
    }
}
