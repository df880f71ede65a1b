/// How the weaknesses of a stack are told.
struct StackWords {
    /// The services whose program asks as whoever has started it, so that pam_rootok tells root from others.
    private static let askedAsCaller: Set<String> = [
        "su", "su-l", "runuser", "runuser-l", "chfn", "chsh", "chage", "passwd", "newusers", "chpasswd", "groupadd",
        "groupdel", "groupmod", "useradd", "userdel", "usermod", "vlock", "xscreensaver", "swaylock", "i3lock",
    ]
    /// Where root's way past our line is what is left when the daemon is down.
    private static let rootsConsole: Set<String> = ["login"]

    let stack: Stack
    let modules: ModuleFolders

    init(_ stack: Stack, _ modules: ModuleFolders) {
        self.stack = stack
        self.modules = modules
    }

    /// What libpam cannot make anything of, in the order of the lines.
    var syntax: [StackFinding] {
        var findings: [StackFinding] = []
        if let failure = stack.failure {
            findings.append(
                StackFinding(
                    .problem, path: failure.path, line: failure.line?.lines.lowerBound, found: failure.reason,
                    expected: "something that libpam can read: it refuses the service '\(stack.service)' altogether"))
        }
        for step in stack.steps {
            switch step.kind {
            case .mustFail(let reason):
                findings.append(
                    problem(step, "\(reason)", expected: "a line that libpam understands: this one always fails"))
            case .module where !step.control.isUnderstood:
                findings.append(
                    problem(
                        step, "the control '\(step.control.text)'",
                        expected: "required, requisite, sufficient, optional or pairs in brackets: "
                            + "this line always fails"))
            case .module where !step.isOurs && modules.lacks(step.line):
                findings.append(
                    problem(
                        step, "\(name(step)), which is not in \(modules.found.joined(separator: ", "))",
                        expected: "a module that is there"))
            case _: break
            }
        }
        return findings
    }

    /// What only looks like our module.
    var impostors: [StackFinding] {
        stack.steps.filter { $0.kind == .module && $0.line.isImpostor }.map {
            problem(
                $0, "\(name($0)) is another file than the module of Twostep, whatever it is called",
                expected: "pam_twostep.so, which libpam looks for where modules are")
        }
    }

    /// What is wrong, as it is told; nil for what is meant to be.
    func finding(_ weakness: Weakness) -> StackFinding? {
        switch weakness {
        case .goesPast(let index, let inSuccess, let proved): goesPast(stack.steps[index], inSuccess, proved)
        case .refusalIgnored(let index):
            problem(
                stack.steps[index], "a refusal of pam_twostep.so does not count here",
                expected: "required or requisite")
        case .refusalTakenBack(let index):
            problem(
                stack.steps[index], "\(name(stack.steps[index])) takes back that pam_twostep.so has refused",
                expected: "no reset after \(ours)")
        case .askedInVain(let index):
            problem(
                stack.steps[index], "after a refusal of \(name(stack.steps[index])) a code is asked for all the same",
                expected: "a line that ends the login before it comes to \(ours)")
        case .factorNotNeeded(let index):
            problem(
                stack.steps[index], "\(name(stack.steps[index])) may refuse, and a code alone is enough",
                expected: "a line whose refusal counts")
        case .askedTwice(let index):
            problem(
                stack.steps[index], "pam_twostep.so asks a second time, and no code is good twice",
                expected: "one line of it in the stack of '\(stack.service)'")
        case .noEvidence(let index):
            problem(
                stack.steps[index],
                "no line above pam_twostep.so asks for a password, which the provider pam needs: nobody gets in",
                expected: "the lines that ask for the password above this one")
        case .perhapsNoEvidence(let index):
            StackFinding(
                .warning, path: stack.steps[index].path, line: stack.steps[index].line.lines.lowerBound,
                found: "no line above pam_twostep.so asks for a password, which the provider pam needs: nobody gets in "
                    + "through '\(stack.service)' unless its program runs as the user",
                expected: "the lines that ask for the password above this one")
        case .exemptJumps(let index):
            problem(
                stack.steps[index], "exempt=success on a line that passes others over: who is exempt skips them, too",
                expected: "no exempt=success here")
        case .unknownArgument(let index, let argument):
            problem(
                stack.steps[index], "the argument '\(argument)' of pam_twostep.so, which refuses everybody then",
                expected: "socket=/PATH, provider= or exempt=success, once each")
        case .moduleMissing(let index):
            problem(
                stack.steps[index],
                "\(stack.steps[index].line.module ?? "a module") is not where libpam looks: "
                    + "nobody gets in through '\(stack.service)'",
                expected: "the module in \(modules.found.joined(separator: " or "))")
        case .nobody(let index): nobody(index)
        case .unclear(let index):
            problem(
                stack.steps[index],
                "it cannot be told who gets in through '\(stack.service)': there are too many ways through its stack",
                expected: "fewer substacks within each other, or no reset in them")
        case .exemptRefused(let index):
            problem(
                stack.steps[index], "whom the policy exempts is refused: nothing else in the stack succeeds",
                expected: "exempt=success")
        }
    }

    private func goesPast(_ step: StackStep, _ inSuccess: Bool, _ proved: Bool) -> StackFinding? {
        let kind: ModuleKind = step.kind == .module ? ModuleKind(step.line.module ?? "") : .deny
        switch kind {
        case .rootProcess:
            guard !StackWords.askedAsCaller.contains(stack.service) else { return nil }
            return problem(
                step,
                "pam_rootok.so lets everybody past pam_twostep.so: in '\(stack.service)' it is a process of "
                    + "root's that asks",
                expected: "no such line")
        case .condition where !proved:
            return isRoot(step, inSuccess) && StackWords.askedAsCaller.contains(stack.service)
                ? nil
                : problem(
                    step, "\(condition(step, inSuccess)) gets in without any factor",
                    expected: "a line that goes on")
        case .condition:
            if isRoot(step, inSuccess), StackWords.rootsConsole.contains(stack.service) { return nil }
            return StackFinding(
                .warning, path: step.path, line: step.line.lines.lowerBound,
                found: "\(condition(step, inSuccess)) gets in without pam_twostep.so",
                expected: "a rule with exempt: true in the policy, where each use is logged")
        case _:
            let what = inSuccess ? "whoever \(name(step)) accepts" : "whoever \(name(step)) does not accept"
            return problem(step, "\(what) gets in without pam_twostep.so", expected: "a line that goes on to \(ours)")
        }
    }

    private func nobody(_ index: Int?) -> StackFinding? {
        guard let step = index.map({ stack.steps[$0] }) ?? stack.ours.first.map({ stack.steps[$0] }) else { return nil }
        let reason =
            index == nil
            ? "nothing in the stack counts as a success" : "what comes of \(name(step)) is always a refusal"
        return problem(
            step, "nobody gets in through '\(stack.service)': \(reason)",
            expected: "a way to the end of the stack for whoever has everything")
    }

    /// Whether who takes this way is root.
    private func isRoot(_ step: StackStep, _ inSuccess: Bool) -> Bool {
        let flags = ["quiet", "quiet_success", "quiet_fail", "debug", "use_uid", "audit"]
        let text = step.line.arguments.filter { !flags.contains($0) }.joined(separator: " ")
        return inSuccess
            ? ["uid = 0", "uid eq 0", "user = root"].contains(text)
            : ["uid != 0", "uid ne 0", "user != root", "uid > 0", "uid gt 0", "uid >= 1", "uid ge 1"].contains(text)
    }

    private func condition(_ step: StackStep, _ inSuccess: Bool) -> String {
        let arguments = step.line.arguments.isEmpty ? "" : " (\(step.line.arguments.joined(separator: " ")))"
        return "whoever \(inSuccess ? "fulfils" : "does not fulfil") \(step.line.module ?? "it")\(arguments)"
    }

    private func problem(_ step: StackStep, _ found: String, expected: String? = nil) -> StackFinding {
        StackFinding(.problem, path: step.path, line: step.line.lines.lowerBound, found: found, expected: expected)
    }

    private func name(_ step: StackStep) -> String { step.line.module ?? step.line.groupWord }

    /// Our line, as a place.
    private var ours: String {
        guard let step = stack.ours.first.map({ stack.steps[$0] }) else { return "pam_twostep.so" }
        return "pam_twostep.so (\(step.path):\(step.line.lines.lowerBound))"
    }
}
