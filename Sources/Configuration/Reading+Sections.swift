import Authentication

extension Reading {
    private static let topKeys: Set<String> = [
        "allow_insecure_example", "auth_providers", "callers", "hub", "issuer", "notices", "policy", "self_service",
        "sessions", "store", "throttle", "upstream",
    ]

    /// The configuration, as far as it can be made; it counts only if no problem was noted.
    mutating func configuration(_ root: Setting, hostName: String) -> Configuration? {
        // `homeassistant` and `auth` are the old design's: the providers one level down, and a key without a value.
        let sections = Dictionary(grouping: providerTypes.values.flatMap(\.sections), by: \.value)
            .mapValues { Set($0.map(\.key)) }
        let keys = Reading.topKeys.union(["homeassistant", "auth"]).union(sections.keys)
        guard let top = map(root, "the configuration", keys: keys) else { return nil }
        if let upstream = top["upstream"] { return configurationOfHost(upstream, top, root) }
        for (section, keys) in sections {
            self.sections[section] = top[section].flatMap { map($0, section, keys: keys) }
        }
        if boolean(top, "allow_insecure_example") { allowsInsecure = true }
        if let auth = top["auth"], auth.value != .nothing {
            refuse(auth, "auth is \(auth.found)", expected: "nothing: the key is read for the old form's sake")
        }
        let known = problems.count
        readProviders(providerList(top, root))
        areProvidersSound = problems.count == known
        let rules = top["policy"].map { readRules($0) } ?? []
        let throttle = top["throttle"].map { readThrottle($0) } ?? Throttle()
        let sessions = top["sessions"].map { readSessions($0) } ?? SessionLimits()
        let store = top["store"].map { readStore($0) } ?? StoreSettings()
        let callers = top["callers"].map { readCallers($0) } ?? [:]
        let issuer = top["issuer"].map { readIssuer($0) } ?? hostName
        var configuration = Configuration(
            policy: Policy(chains: chains, rules: rules, sessionLifetime: Int64(sessions.lifetime) * 1000),
            providers: providers, modules: modules, throttle: throttle, sessions: sessions, store: store,
            callers: callers, issuer: issuer, names: names, warnings: warnings, places: places)
        if let notices = top["notices"] { configuration.notices = readNotices(notices) }
        configuration.hub = top["hub"].flatMap { readHub($0) }
        configuration.selfService = top["self_service"].flatMap { readSelfService($0) }
        return configuration
    }

    /// The list of providers, in whichever of the two places it stands.
    private mutating func providerList(_ top: [String: Setting], _ root: Setting) -> Setting? {
        var old: Setting?
        if let form = top["homeassistant"], let inner = map(form, "homeassistant", keys: ["auth_providers"]) {
            old = inner["auth_providers"]
            if old == nil { refuse(form, "homeassistant has no auth_providers", expected: "a list of providers") }
        }
        guard let own = top["auth_providers"] else {
            if old == nil, top["homeassistant"] == nil {
                refuse(root, "no auth_providers", expected: "a list of at least one provider")
            }
            return old
        }
        if let old {
            refuse(
                own, "auth_providers twice",
                expected: "one list: another stands under homeassistant in line \(old.line)")
        }
        return own
    }

    private mutating func readThrottle(_ setting: Setting) -> Throttle {
        var throttle = Throttle()
        guard let values = map(setting, "throttle", keys: ["free", "first_delay", "longest_delay", "lock_at"]) else {
            return throttle
        }
        throttle.freeFailures = integer(values, "free", in: 0...99, default: throttle.freeFailures)
        throttle.firstDelay = Int64(integer(values, "first_delay", in: 1...3600, default: Int(throttle.firstDelay)))
        throttle.longestDelay = Int64(
            integer(values, "longest_delay", in: 1...86_400, default: Int(throttle.longestDelay)))
        // NIST SP 800-63B, 5.2.2: no more than 100 consecutive failures an account.
        throttle.lockAt = integer(values, "lock_at", in: 1...100, default: throttle.lockAt)
        if throttle.longestDelay < throttle.firstDelay {
            refuse(
                values["longest_delay"] ?? setting, "longest_delay is \(throttle.longestDelay)",
                expected: "no less than first_delay, which is \(throttle.firstDelay)")
        }
        if throttle.lockAt <= throttle.freeFailures {
            refuse(
                values["lock_at"] ?? setting, "lock_at is \(throttle.lockAt)",
                expected: "more than free, which is \(throttle.freeFailures)")
        }
        return throttle
    }

    private mutating func readSessions(_ setting: Setting) -> SessionLimits {
        var sessions = SessionLimits()
        guard let values = map(setting, "sessions", keys: ["lifetime", "capacity"]) else { return sessions }
        sessions.lifetime = integer(values, "lifetime", in: 30...3600, default: sessions.lifetime)
        sessions.capacity = integer(values, "capacity", in: 100...1_000_000, default: sessions.capacity)
        return sessions
    }

    private mutating func readNotices(_ setting: Setting) -> NoticeSettings {
        var notices = NoticeSettings()
        guard let values = map(setting, "notices", keys: ["last_login"]) else { return notices }
        notices.lastLogin = boolean(values, "last_login")
        return notices
    }

    /// What users may do about their own devices; nil where they may not even see them.
    private mutating func readSelfService(_ setting: Setting) -> SelfServiceSettings? {
        guard let values = map(setting, "self_service", keys: ["enroll", "remove"]) else { return nil }
        let settings = SelfServiceSettings(
            mayEnroll: boolean(values, "enroll"), mayRemove: boolean(values, "remove"))
        if settings.mayEnroll, areProvidersSound, !modules.keys.contains(where: { isSetUpByPeople($0) }) {
            refuse(
                values["enroll"] ?? setting, "self_service with enroll where nobody can enrol with any module",
                expected: "a module that people enrol with (totp), or no such key")
        }
        return settings
    }

    mutating func readCallers(_ setting: Setting) -> [String: CallerRule] {
        guard case .map(let entries) = setting.value else {
            refuse(setting, "callers is \(setting.found)", expected: "a map of account names")
            return [:]
        }
        var callers: [String: CallerRule] = [:]
        for entry in entries {
            guard AccountName(entry.key) != nil else {
                refuse(entry.place, "the caller '\(entry.key)'", expected: "the name or uid of an account")
                continue
            }
            // uid 0 is believed as it is; the overflow uid is what any uid of another namespace looks like.
            guard !["root", "0", "nobody", "65534"].contains(entry.key) else {
                refuse(entry.place, "the caller '\(entry.key)'", expected: "a service's own account")
                continue
            }
            guard let values = map(entry.value, "the caller \(entry.key)", keys: ["services", "groups"]) else {
                continue
            }
            places.callers[entry.key] = entry.place
            var sets: [String: Set<String>] = [:]
            for key in ["services", "groups"] {
                guard let value = values[key] else {
                    refuse(entry.place, "the caller '\(entry.key)' without \(key)", expected: "at least one")
                    continue
                }
                sets[key] = Set((texts(value, key) ?? []).map(\.0))
            }
            callers[entry.key] = CallerRule(services: sets["services"] ?? [], groups: sets["groups"] ?? [])
        }
        return callers
    }

    private mutating func readIssuer(_ setting: Setting) -> String {
        guard let issuer = text(setting, "issuer") else { return "" }
        // otpauth URIs part the issuer from the account with a colon.
        if issuer.utf8.count > 64 || issuer.utf8.contains(UInt8(ascii: ":")) {
            refuse(setting, "issuer is '\(issuer)'", expected: "at most 64 bytes without a colon")
        }
        return issuer
    }
}
