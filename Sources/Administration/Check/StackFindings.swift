import Authentication
import Daemon
import PAMStacks

/// The stacks of PAM that the module is in.
struct StackFindings: FindingSource {
    let subject = "stacks"
    let tree: StackTree
    /// What is in force or would be; nil where there is none.
    let policy: Policy?

    func findings() -> [CheckFinding] {
        let policy = policy
        let review = StackReview(
            tree, exempts: { policy?.letsOff(in: $0) ?? false },
            needsEvidence: { policy?.needsEvidence(in: $0) ?? false })
        let findings = review.findings.map { CheckFinding($0, in: tree) } + takenApart
        let isGuarded = tree.services.contains { tree.stack(of: $0).isGuarded }
        return isGuarded || !findings.isEmpty ? findings : [unguarded]
    }

    /// What is said where nobody is asked for a code at all.
    private var unguarded: CheckFinding {
        let doors = DoorReview(tree).services
        let service = ["sudo", "sshd", "su", "login"].first { doors.contains($0) }
        let options = ["sshd": " --key --reload", "login": " --console"]
        // Of another system nothing can be enabled from here.
        let command = tree.files.prefix.isEmpty ? service : nil
        return CheckFinding(
            .advice, file: "\(tree.files.prefix)/etc/pam.d", found: "no service asks for a code",
            expected: "pam_twostep.so in the stack of one: twostep enable SERVICE",
            mend: command.map { .command("twostep enable \($0)\(options[$0] ?? "") --confirm-within 5m") })
    }

    /// Where a line above takes the password that is to be asked for together with the code.
    private var takenApart: [CheckFinding] {
        guard let policy else { return [] }
        return tree.services.filter { policy.takesBoth(in: $0) }.compactMap { service in
            let stack = tree.stack(of: service)
            guard stack.asksBefore, let ours = stack.ours.first.map({ stack.steps[$0] }) else { return nil }
            return CheckFinding(
                .warning, file: tree.files.prefix + ours.path, line: ours.line.lines.lowerBound,
                found: "a line above takes the password, and conversation: single asks for it together with the code",
                expected: "no such line above pam_twostep.so, or a rule without conversation: single")
        }
    }
}

/// Ways into the same accounts that do not come past the module.
struct DoorFindings: FindingSource {
    let subject = "doors"
    let tree: StackTree

    func findings() -> [CheckFinding] {
        (DoorReview(tree).findings + UnknownServices(tree).findings).map { CheckFinding($0, in: tree) }
    }
}

extension Policy {
    /// Whether a rule lets people off all modules in a service, and the module then returns what PAM is to ignore.
    func letsOff(in service: String) -> Bool {
        guard chains.contains(where: \.livesOnEvidence) else { return false }
        return rules.contains { rule in
            (rule.isExempt || rule.unenrolled == .skip)
                && (rule.match.services.isEmpty || rule.match.services.contains(service))
        }
    }

    /// Whether every login through a service is asked for password and code in one answer.
    func takesBoth(in service: String) -> Bool {
        for rule in rules where rule.match.services.isEmpty || rule.match.services.contains(service) {
            guard rule.single != nil else { return false }
            if rule.match == Match(services: rule.match.services) { return true }
        }
        return false
    }

    /// Whether every login through a service has to bring evidence of a first factor that others have asked for.
    func needsEvidence(in service: String) -> Bool {
        guard chains.allSatisfy(\.livesOnEvidence) else { return false }
        return !rules.contains { rule in
            rule.isFirstFactorWaived && (rule.match.services.isEmpty || rule.match.services.contains(service))
        }
    }
}

extension CheckFinding {
    /// What has been found in PAM's files, with the paths that they have here.
    init(_ finding: StackFinding, in tree: StackTree) {
        let severity: Severity =
            switch finding.severity {
            case .problem: .problem
            case .warning: .warning
            case .advice: .advice
            }
        self.init(
            severity, file: tree.files.prefix + finding.path, line: finding.line, found: finding.found,
            expected: finding.expected, mend: finding.mend?.below(tree.files.prefix))
    }
}
