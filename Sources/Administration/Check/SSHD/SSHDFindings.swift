package import Authentication
package import Daemon
package import PAMStacks

/// sshd, by what it says itself is in force: for everybody, and for those whom each Match line is for.
package struct SSHDFindings: FindingSource {
    package let subject = "sshd"
    let tree: StackTree
    /// Nil where there is none.
    let program: (any SSHDProgram)?
    /// Whether this process may run it: it reads its host keys.
    let isRoot: Bool
    /// Nil where there is no good configuration.
    let policy: Policy?

    package init(tree: StackTree, program: (any SSHDProgram)?, isRoot: Bool, policy: Policy?) {
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
            stackAsksBefore: stack.asksBefore, needsEvidence: needsEvidence(stack))
        let usual = usual(file, names)
        var findings: [CheckFinding] = []
        var seen: Set<SSHDFault> = []
        do throws(SSHDFailure) {
            for fault in judge.faults(try program.settings(for: usual), isBlock: false) {
                seen.insert(fault)
                findings.append(finding(fault, file, usual, names, for: nil))
            }
            for block in file.blocks {
                guard let connection = block.example(like: usual, names) else {
                    findings.append(unseen("nobody was found whom 'Match' is for", block.line))
                    continue
                }
                for fault in judge.faults(try program.settings(for: connection), isBlock: true)
                where seen.insert(fault).inserted {
                    findings.append(finding(fault, file, connection, names, for: connection.words(besides: usual)))
                }
            }
        } catch {
            findings.append(failed(error))
        }
        return findings
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
            found: "not looked at: \(reason)")
    }

    /// `/etc/ssh/sshd_config line 7: Bad configuration option: UsePam2` has a place of its own.
    private func failed(_ failure: SSHDFailure) -> CheckFinding {
        let words = failure.explanation.split(separator: " ", maxSplits: 3).map(String.init)
        let names = words.first.map { $0.hasSuffix(":") ? String($0.dropLast()) : $0 } ?? ""
        if words.count == 4, words[1] == "line", let number = Int(words[2].prefix { $0.isNumber }) {
            return CheckFinding(
                .problem, file: tree.files.prefix + names, line: number, found: "sshd takes no such line: \(words[3])")
        }
        return unseen("sshd -T has failed: \(failure.explanation)")
    }
}
