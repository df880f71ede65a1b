import AdminProtocol

/// An explanation for people: one thought a line, the end last.
extension Explanation {
    var lines: [String] {
        var lines = rules.filter { $0.mismatch != nil }.map {
            "rule in line \($0.line): does not match, because of '\($0.mismatch ?? "")'"
        }
        if let terms {
            lines.append(terms.rule.map { "rule in line \($0): matches" } ?? "no rule matches: all modules are owed")
            lines += terms.lines
        }
        lines.append(
            evidence.isEmpty
                ? "nothing outside has proved a first factor" : "first factor: \(evidence.joined(separator: ", "))")
        lines += standingLines
        for way in ways { lines += way.lines(inOne: terms?.codeDigits != nil) }
        if let ending { lines.append("it ends at once: \(ending.sentence)") }
        if evidence.isEmpty, (ways.map(\.ending) + [ending].compactMap { $0 }).contains(where: \.lacksEvidence) {
            lines.append("suppose that a factor was proved with --ssh publickey, or with --authtok for a password")
        }
        return lines
    }

    private var standingLines: [String] {
        var lines: [String] = []
        if let block { lines.append(block.sentence) }
        if !formerUIDs.isEmpty, let uid {
            let former = formerUIDs.map(String.init).joined(separator: ", ")
            lines.append(
                "\(account) has the uid \(uid), and devices enrolled for uid \(former): if it is the same person, "
                    + "twostep adopt \(Wording.word(account))")
        }
        switch standing {
        case .open where failures > 0: lines.append("\(account) has \(Wording.count(failures, "failure"))")
        case .open: break
        case .delayed:
            lines.append(
                "\(account) has \(Wording.count(failures, "failure")), and must wait for "
                    + Wording.span(seconds: delaySeconds))
        case .locked:
            lines.append(
                "\(account) has \(Wording.count(failures, "failure")), and is locked until: "
                    + "twostep unlock \(Wording.word(account))")
        }
        if let bypass { lines.append("a bypass code is outstanding, \(bypass)") }
        if let grant {
            lines.append(
                "grant \(grant.id): let off at \(grant.terminal), in the session of process \(grant.leader), for "
                    + Wording.span(seconds: grant.secondsLeft))
        }
        return lines
    }
}

extension Explanation.Terms {
    fileprivate var lines: [String] {
        var lines: [String] = []
        if isExempt { lines.append("  exempt: no module is owed") }
        if isFirstFactorWaived { lines.append("  first_factor: none") }
        if unenrolled != "deny" { lines.append("  unenrolled: \(unenrolled)") }
        if let codeDigits {
            lines.append("  conversation: single, with codes of \(codeDigits) digits right behind the password")
        }
        if let securityKey {
            lines.append(
                "  ssh_key: second_factor, and \(securityKey) stands for the first module if sshd is strict at the login"
            )
        }
        if let rememberSeconds { lines.append("  remember: \(Wording.span(seconds: rememberSeconds))") }
        lines.append("  \(Wording.count(tries, "answer")) a step, each within \(Wording.span(seconds: sessionSeconds))")
        return lines
    }
}

extension Explanation.Way {
    /// `isOne`: what is asked for is asked for at once.
    fileprivate func lines(inOne isOne: Bool) -> [String] {
        let steps = owed.map { step in
            step.map { held in
                let standing = held.standing.map { $0 == .damaged ? ", damaged" : ", used up" } ?? ""
                return held.module.name + (held.devices.map { " (\(Wording.count($0, "device"))\(standing))" } ?? "")
            }.joined(separator: " or ")
        }
        var lines = ["provider \(provider.name)\(isChosen ? ", if it is picked from the menu" : "")"]
        lines.append("  owes \(steps.isEmpty ? "no module" : steps.joined(separator: ", then "))")
        var questions: [String] = []
        if asksFirst { questions.append("for its own proof") }
        questions += steps.prefix(asked).map { "for \($0)" }
        let asked =
            isOne ? questions.joined(separator: " and ") + ", in one answer" : questions.joined(separator: ", then ")
        lines.append(questions.isEmpty ? "  asks for nothing" : "  asks \(asked)")
        let means = isObvious ? "" : ", with \(answered.map(\.name).joined(separator: ", then "))"
        lines.append("  and if all is answered right\(means): \(ending.sentence)")
        return lines
    }

    /// Whether each step is answered with the first that the account has of it.
    private var isObvious: Bool {
        zip(owed, answered).allSatisfy { step, answer in
            (step.first { $0.devices != 0 } ?? step.first)?.module == answer
        }
    }
}

extension Explanation.Ending {
    fileprivate var lacksEvidence: Bool { reason == "no_evidence" }

    fileprivate var sentence: String {
        let why = reason.map { ", \($0)" } ?? ""
        let wait = delaySeconds.map { " for \(Wording.span(seconds: $0))" } ?? ""
        let other = code == "PAM_IGNORE" ? ", or PAM_SUCCESS where the PAM line says exempt=success" : ""
        return "\(result)\(why)\(wait) (\(code)\(other))"
    }
}
