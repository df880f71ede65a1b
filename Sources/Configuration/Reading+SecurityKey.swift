import Authentication

/// `ssh_key: second_factor`: a security key that sshd has accepted stands for a step.
extension Reading {
    /// Whether a rule lets security keys count, as far as it may: for sshd alone, behind a first factor, and in place of a
    /// step that there is.
    mutating func readSecurityKey(_ values: [String: Setting], _ rule: Rule) -> Bool {
        guard let setting = values["ssh_key"], let word = text(setting, "ssh_key") else { return false }
        guard word == "second_factor" else {
            refuse(
                setting, "ssh_key is \(setting.found)", expected: "second_factor, or no such key",
                suggestion: Nearness.suggestion(for: word, among: ["second_factor"]))
            return false
        }
        guard rule.match.services == ["sshd"] else {
            refuse(
                setting, "ssh_key in a rule that is for other services, too", expected: "match: {service: sshd} in it")
            return false
        }
        guard !rule.isFirstFactorWaived else {
            refuse(
                setting, "ssh_key beside first_factor: none",
                expected: "one of them: a second factor stands behind a first")
            return false
        }
        let concerned = chains.filter { rule.provider == nil || rule.provider == $0.provider }
        if rule.steps == nil, !concerned.isEmpty, concerned.allSatisfy(\.steps.isEmpty), !rule.isExempt {
            refuse(setting, "ssh_key where no module is owed", expected: "modules, here or under the provider")
            return false
        }
        return !rule.isExempt
    }
}
