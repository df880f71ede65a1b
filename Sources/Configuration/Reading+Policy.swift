import Authentication

extension Reading {
    private static let ruleKeys: Set<String> = [
        "code_digits", "conversation", "echo", "enroll_until", "exempt", "first_factor", "match", "modules", "prompt",
        "provider", "remember", "session", "ssh_key", "ticket", "tries", "unenrolled",
    ]

    /// Reads the rules; the first that matches a login wins.
    mutating func readRules(_ setting: Setting) -> [Rule] {
        guard case .list(let items) = setting.value else {
            refuse(setting, "policy is \(setting.found)", expected: "a list of rules")
            return []
        }
        var rules: [Rule] = []
        var catchAll: Place?
        for item in items {
            if let catchAll {
                warn(item.place, "a rule that is never reached: the one in line \(catchAll.line) matches every login")
            }
            guard let rule = readRule(item) else { continue }
            if rule.match.isEverything { catchAll = catchAll ?? item.place }
            rules.append(rule)
        }
        return rules
    }

    private mutating func readRule(_ item: Setting) -> Rule? {
        guard let values = map(item, "a rule", keys: Reading.ruleKeys) else { return nil }
        let match = values["match"].flatMap { readMatch($0) }
        if values["match"] == nil {
            refuse(item, "a rule without match", expected: "match: {service: …, user: …}, or match: {} for every login")
        }
        let provider = values["provider"].flatMap { readProviderName($0) }
        let steps = values["modules"].flatMap { readSteps($0, { reading, item in reading.moduleName(item) }) }
        var rule = Rule(
            match ?? Match(), provider: provider, steps: steps, isExempt: boolean(values, "exempt"),
            isFirstFactorWaived: readFirstFactor(values),
            unenrolled: values["unenrolled"].flatMap { readUnenrolled($0) } ?? .deny,
            enrollUntil: values["enroll_until"].flatMap { readLastDay($0) },
            rememberFor: values["remember"].flatMap { readRemember($0, match ?? Match()) },
            tries: values["tries"].map { _ in integer(values, "tries", in: 1...10, default: 1) },
            sessionLifetime: values["session"].map { _ in
                Int64(integer(values, "session", in: 30...3600, default: 300)) * 1000
            }, echo: values["echo"].map { _ in boolean(values, "echo") },
            prompt: values["prompt"].flatMap { readPrompt($0) }, line: item.line)
        rule.needsTicket = readTicket(values)
        rule.countsSecurityKey = readSecurityKey(values, rule)
        rule.single = readSingle(values)
        refuseContradictions(rule, values, item)
        return match == nil ? nil : rule
    }

    private mutating func readUnenrolled(_ setting: Setting) -> Unenrolled? {
        guard let word = text(setting, "unenrolled") else { return nil }
        let known = Unenrolled.allCases.map(\.rawValue)
        guard known.contains(word), let unenrolled = Unenrolled(rawValue: word) else {
            refuse(
                setting, "unenrolled is '\(word)'", expected: Reading.words(known),
                suggestion: Nearness.suggestion(for: word, among: known))
            return nil
        }
        if unenrolled == .skip {
            warn(setting.place, "unenrolled: skip lets in whoever has a first factor and no device yet")
        }
        return unenrolled
    }

    /// For how long people are let off modules, in milliseconds: `15m`, `2h`, `900s`.
    private mutating func readRemember(_ setting: Setting, _ match: Match?) -> Int64? {
        guard let word = text(setting, "remember") else { return nil }
        guard let seconds = Reading.seconds(word), (60...43_200).contains(seconds) else {
            refuse(setting, "remember is '\(word)'", expected: "a time from 1m to 12h, as in 15m, 2h or 900s")
            return nil
        }
        if match?.services == ["sshd"] {
            warn(
                setting.place, "remember for sshd alone, which has no terminal yet when it asks: nothing is remembered")
        }
        return seconds * 1000
    }

    /// A whole number and a unit, in seconds; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        guard let number = Settings.number(String(text.dropLast())) else { return nil }
        let unit: Int64
        switch text.last {
        case "s": unit = 1
        case "m": unit = 60
        case "h": unit = 3600
        case _: return nil
        }
        let (seconds, overflow) = Int64(number).multipliedReportingOverflow(by: unit)
        return overflow ? nil : seconds
    }

    private mutating func readTicket(_ values: [String: Setting]) -> Bool {
        guard let setting = values["ticket"], let word = text(setting, "ticket") else { return false }
        guard word == "required" else {
            refuse(setting, "ticket is \(setting.found)", expected: "required, or no such key")
            return false
        }
        return true
    }

    /// A day, to its end in UTC: the first second (Unix) after it.
    private mutating func readLastDay(_ setting: Setting) -> Int64? {
        guard let day = text(setting, "enroll_until") else { return nil }
        guard let number = CivilDay.number(day) else {
            refuse(setting, "enroll_until is '\(day)'", expected: "the last day, as in 2027-01-31")
            return nil
        }
        return (number + 1) * 86_400
    }

    /// What a person is asked for: one line that a terminal shows as it is.
    private mutating func readPrompt(_ setting: Setting) -> String? {
        guard let prompt = text(setting, "prompt") else { return nil }
        guard prompt.utf8.count <= 200, !prompt.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            refuse(
                setting, "prompt has \(prompt.utf8.count) bytes or a line end",
                expected: "one line of at most 200 bytes")
            return nil
        }
        return prompt
    }

    private mutating func readFirstFactor(_ values: [String: Setting]) -> Bool {
        guard let setting = values["first_factor"], let word = text(setting, "first_factor") else { return false }
        guard word == "none" else {
            refuse(setting, "first_factor is \(setting.found)", expected: "none, or no such key")
            return false
        }
        warn(setting.place, "first_factor: none lets logins of this rule in without a first factor")
        return true
    }

    private mutating func readProviderName(_ setting: Setting) -> ProviderID? {
        guard let name = text(setting, "provider") else { return nil }
        // Compared with what is configured, never taken apart: the text of a pair is for people.
        guard let id = places.providers.keys.first(where: { $0.description.utf8.elementsEqual(name.utf8) }) else {
            let known = places.providers.keys.map(\.description)
            // What is wrong with the provider itself has been said.
            if !unknown.contains(name), !known.isEmpty {
                refuse(
                    setting, "the provider '\(name)', which is not configured", expected: Reading.words(known),
                    suggestion: Nearness.suggestion(for: name, among: known))
            }
            return nil
        }
        return id
    }

    /// A module as a rule names it: one that a provider has defined.
    private mutating func moduleName(_ item: Setting) -> ModuleID? {
        guard case .text(let name, _) = item.value else {
            refuse(
                item, "a module in a rule is \(item.found)",
                expected: "the name of a configured module; its settings stand under its provider")
            return nil
        }
        guard let id = places.modules.keys.first(where: { $0.description.utf8.elementsEqual(name.utf8) }) else {
            let known = places.modules.keys.map(\.description)
            if !unknown.contains(name), !known.isEmpty || areProvidersSound {
                refuse(
                    item, "the module '\(name)', which is not configured",
                    expected: known.isEmpty ? "one that stands under a provider" : Reading.words(known),
                    suggestion: Nearness.suggestion(for: name, among: known))
            }
            return nil
        }
        return id
    }

    /// What a rule cannot say together.
    private mutating func refuseContradictions(_ rule: Rule, _ values: [String: Setting], _ item: Setting) {
        if rule.isExempt {
            for key in [
                "modules", "tries", "unenrolled", "enroll_until", "ticket", "first_factor", "echo", "prompt",
                "remember", "session", "conversation", "code_digits", "ssh_key",
            ] {
                guard let value = values[key] else { continue }
                refuse(value, "\(key) beside exempt: true", expected: "one of them: exempt waives the modules")
            }
        }
        if rule.isFirstFactorWaived, rule.unenrolled != .deny, let value = values["unenrolled"] {
            refuse(
                value, "unenrolled: \(rule.unenrolled.rawValue) beside first_factor: none",
                expected: "one of them: who has neither a first factor nor a device is nobody")
        }
        if rule.isFirstFactorWaived, let value = values["remember"] {
            refuse(
                value, "remember beside first_factor: none",
                expected: "one of them: who has proved nothing is not remembered")
        }
        refuseEnrolling(rule, values)
        refuseSingle(rule, values)
        guard rule.isFirstFactorWaived, let setting = values["first_factor"] else { return }
        let concerned = chains.filter { $0.livesOnEvidence && (rule.provider == nil || rule.provider == $0.provider) }
        if concerned.isEmpty, areProvidersSound {
            refuse(
                setting, "first_factor: none with \(rule.provider.map { "the provider \($0)" } ?? "these providers")",
                expected: "a provider that lives on evidence (pam)")
        }
        refuseSending(rule, setting, concerned)
        // Neither a first factor nor a second: anybody would be let in.
        let open = chains.first { $0.livesOnEvidence && $0.steps.isEmpty }
        if let open = concerned.first(where: { $0.steps.isEmpty }) ?? open, rule.steps == nil, !rule.isExempt {
            refuse(
                setting, "first_factor: none where the provider \(open.provider) owes no module",
                expected: "modules, here or under the provider")
        }
    }

    /// Enrolment within a login that could never be one.
    private mutating func refuseEnrolling(_ rule: Rule, _ values: [String: Setting]) {
        for key in ["enroll_until", "ticket"] where rule.unenrolled != .enroll && !rule.isExempt && problems.isEmpty {
            guard let setting = values[key] else { continue }
            refuse(setting, "\(key) without unenrolled: enroll", expected: "both, or neither")
        }
        guard rule.unenrolled == .enroll, let setting = values["unenrolled"], problems.isEmpty else { return }
        let concerned = chains.filter { rule.provider == nil || rule.provider == $0.provider }
        let owed = rule.steps.map { [$0] } ?? concerned.map(\.steps)
        if owed.allSatisfy(\.isEmpty) {
            return refuse(setting, "unenrolled: enroll where no module is owed", expected: "modules, or no such key")
        }
        for step in owed.joined() where !step.alternatives.contains(where: { isSetUpByPeople($0) }) {
            refuse(
                setting, "unenrolled: enroll with the step \(step), which nobody can set up within a login",
                expected: "a module in it that people enrol with (totp)")
            return
        }
        if rule.enrollUntil == nil, !rule.needsTicket {
            warn(
                setting.place, "unenrolled: enroll lets whoever has a first factor alone set up the second",
                expected: "enroll_until with the last day of the roll-out, or ticket: required")
        }
    }

    /// Whether people enrol with a module by themselves: recovery codes only come along, and an address has to be told.
    func isSetUpByPeople(_ id: ModuleID) -> Bool {
        guard let module = modules[id] as? any EnrollableModule else { return false }
        return !module.isIssuedWithFirstDevice && !module.needsParameters
    }
}
