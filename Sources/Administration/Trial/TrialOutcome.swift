/// What PAM said of a login that was tried.
struct TrialOutcome: Equatable {
    /// What one call of PAM's returned.
    struct Step: Equatable {
        let code: Int32
        /// As PAM's header calls it.
        let name: String
        /// As pam_strerror(3) puts it.
        let text: String
        let isContent: Bool
        /// The account is let in, and has to choose a new password first.
        let asksForPassword: Bool

        var json: JSONValue {
            .object([("code", .integer(Int64(code))), ("name", .text(name)), ("text", .text(text))])
        }
    }

    let authentication: Step
    /// Nil where the authentication had failed already.
    let account: Step?
    /// Which provider and modules Twostep let the login in by; nil where it did not.
    let provider: String?
    let modules: String?

    /// Whether the program would have let the person in.
    var isLetIn: Bool { account.map { $0.isContent || $0.asksForPassword } ?? false }

    /// The last call's.
    var last: Step { account ?? authentication }

    /// In plain words: what each call said, and what it would have come to.
    /// `sshd` is what sshd's own settings do to the login, where it is one of ssh.
    func sentences(service: String, user: String, questions: Int, sshd: SSHDOpinion? = nil) -> [String] {
        var lines = [
            "Asked: \(Wording.count(questions, "question"))",
            "Authentication: \(authentication.text) (\(authentication.name))",
            account.map { "Account: \($0.text) (\($0.name))" } ?? "Account: not asked",
        ]
        if let provider {
            lines.append("Twostep: \(modules.map { $0.isEmpty ? "no module" : $0 } ?? "no module") behind \(provider)")
        } else if isLetIn {
            lines.append(
                "Twostep: had no part in it. Its line was not reached, or a rule lets this login off: see twostep check"
            )
        }
        switch (isLetIn, account?.asksForPassword) {
        case (_, let asks) where sshd != nil:
            // What stands in sshd's own settings decides before and behind PAM, and no trial of PAM sees it.
            lines += sshd?.sentences(of: user, isAccepted: isLetIn, asksForPassword: asks == true) ?? []
            if !isLetIn { lines.append(TrialOutcome.reason(user)) }
        case (true, true?):
            lines.append("\(service) would let \(user) in, and ask for a new password first. Nobody was logged in.")
        case (true, _):
            lines.append("\(service) would let \(user) in. Nobody was logged in.")
        case (false, _):
            lines.append("\(service) would not let \(user) in. \(TrialOutcome.reason(user))")
        }
        return lines
    }

    private static func reason(_ user: String) -> String { "See why: twostep log --user \(Wording.word(user)) -n 1" }
}
