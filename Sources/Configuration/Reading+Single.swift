import Authentication

/// Rules that ask for password and code in one answer.
extension Reading {
    /// Nil where no rule says so.
    mutating func readSingle(_ values: [String: Setting]) -> CombinedAnswer? {
        let digits = integer(values, "code_digits", in: 6...8, default: 6)
        guard let setting = values["conversation"] else {
            if let stray = values["code_digits"] {
                refuse(stray, "code_digits without conversation: single", expected: "both, or neither")
            }
            return nil
        }
        guard let word = text(setting, "conversation") else { return nil }
        guard word == "single" else {
            refuse(setting, "conversation is '\(word)'", expected: "single, or no such key")
            return nil
        }
        return CombinedAnswer(codeDigits: digits)
    }

    /// What cannot be asked for in one answer, and what cannot be said beside it.
    mutating func refuseSingle(_ rule: Rule, _ values: [String: Setting]) {
        guard let single = rule.single, let setting = values["conversation"], !rule.isExempt else { return }
        for key in ["first_factor", "remember"] {
            guard let value = values[key] else { continue }
            refuse(
                value, "\(key) beside conversation: single",
                expected: "one of them: the code is asked for before it can be known whether it is owed")
        }
        if rule.unenrolled != .deny, let value = values["unenrolled"] {
            refuse(
                value, "unenrolled: \(rule.unenrolled.rawValue) beside conversation: single",
                expected: "one of them: who has no code cannot type one behind the password")
        }
        if let echo = values["echo"] {
            refuse(echo, "echo beside conversation: single", expected: "one of them: a password is never shown")
        }
        guard areProvidersSound, rule.steps != nil || values["modules"] == nil else { return }
        for chain in chains where rule.provider == nil || rule.provider == chain.provider {
            guard let provider = providers[chain.provider] else { continue }
            let steps = rule.steps ?? chain.steps
            guard let reason = reason(against: single, provider, steps) else { continue }
            return refuse(setting, "conversation: single with \(reason.found)", expected: reason.expected)
        }
    }

    /// Why a provider and its steps cannot be asked for in one answer; nil if they can.
    private func reason(
        against single: CombinedAnswer, _ provider: any AuthProvider, _ steps: [Step]
    ) -> (found: String, expected: String)? {
        guard !provider.livesOnEvidence else {
            return (
                "the provider \(provider.id), for which something else has taken the password already",
                "a provider that checks the password itself, named in the rule (provider: linux)"
            )
        }
        let fields = provider.inputSchema.fields
        guard fields.count == 1, fields.allSatisfy({ $0.kind == .password || $0.kind == .secret }) else {
            return ("the provider \(provider.id), which does not ask for one password", "one that does (linux)")
        }
        guard steps.count == 1, let step = steps.first else {
            return (
                "the provider \(provider.id), which owes \(steps.isEmpty ? "no step" : "\(steps.count) steps")",
                "one step, whose code stands behind the password"
            )
        }
        var told: [AnswerShape] = []
        for id in step.alternatives {
            // What is wrong with the module itself has been said.
            guard let module = modules[id] else { return nil }
            guard module.canFollowPassword, single.canTellApart(module.answerShape) else {
                return (
                    "the module \(id), whose answer cannot stand behind a password",
                    "codes that are at hand before they are asked for (totp, hotp, recovery_code)"
                )
            }
            guard told.allSatisfy({ $0.isDistinct(from: module.answerShape) }) else {
                return ("the step \(step), in which codes look alike", "codes that tell themselves apart")
            }
            told.append(module.answerShape)
        }
        return nil
    }
}
