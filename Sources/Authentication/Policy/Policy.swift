/// Which login owes what: the configured chains, and rules of which the first match wins.
package struct Policy: Equatable, Sendable {
    package var chains: [ProviderChain]
    package var rules: [Rule]
    /// How long a validation session lasts, in milliseconds.
    package var sessionLifetime: Int64

    package init(chains: [ProviderChain], rules: [Rule] = [], sessionLifetime: Int64 = 300_000) {
        self.chains = chains
        self.rules = rules
        self.sessionLifetime = sessionLifetime
    }

    /// Why there is no plan.
    package enum Failure: Error, Equatable, Sendable {
        /// The PAM line or a rule names a provider that is not configured.
        case unknownProvider(ProviderID)
    }

    /// The groups whose members must be known before it can be told which rule is for `request`: those of the rules
    /// that may be the first to match.
    package func groupsThatMatter(for request: LoginRequest) -> Set<String> {
        var groups: Set<String> = []
        // Where they stand: a rule that is taken out is copied, with all that it holds.
        for index in rules.indices where rules[index].match.holdsButForGroups(for: request) {
            guard !rules[index].match.groups.isEmpty else { break }
            groups.formUnion(rules[index].match.groups)
        }
        return groups
    }

    /// Whether more must be known before it can be told which rule is for `request`: the time, or groups.
    package func asksMore(about request: LoginRequest) -> Bool {
        looksAtTime || !groupsThatMatter(for: request).isEmpty
    }

    /// The rules that are looked at for `request`, in order: up to the one that is for it, which alone has no mismatch.
    package func rulesLookedAt(for request: LoginRequest) -> [(line: Int, mismatch: Match.Key?)] {
        var lookedAt: [(line: Int, mismatch: Match.Key?)] = []
        for rule in rules {
            lookedAt.append((rule.line, rule.match.mismatch(with: request)))
            if lookedAt.last?.mismatch == nil { break }
        }
        return lookedAt
    }

    /// The steps that a login may owe, each once: those of the chains, and those of the rules.
    package var steps: [Step] {
        var told: Set<Step> = []
        return (chains.flatMap(\.steps) + rules.flatMap { $0.steps ?? [] }).filter { told.insert($0).inserted }
    }

    /// Whether a security key counts for `request`, should it be certain that it was touched: a rule says so, and sshd has
    /// accepted one. Of nobody but sshd is that believed.
    package func wouldCountSecurityKey(of request: LoginRequest) -> Bool {
        guard rules.indices.contains(where: { rules[$0].countsSecurityKey }), request.origin == .trusted,
            request.service == "sshd",
            request.evidence.securityKey != nil
        else { return false }
        return rules.first { $0.match.holds(for: request) }?.countsSecurityKey ?? false
    }

    /// Whether any rule looks at the time.
    package var looksAtTime: Bool { rules.indices.contains { !rules[$0].match.times.isEmpty } }

    /// What `request` owes at `now`.
    package func plan(for request: LoginRequest, at now: Moment) throws(Failure) -> Plan {
        let rule = rules.indices.first { rules[$0].match.holds(for: request) }.map { rules[$0] }
        var plan = Plan(
            for: request.account, chains: chains, tries: rule?.tries ?? Policy.tries(of: request.service),
            sessionLifetime: rule?.sessionLifetime ?? sessionLifetime, ruleLine: rule?.line)
        plan.echo = rule?.echo
        plan.prompt = rule?.prompt
        plan.single = rule?.single
        var chosen = rule?.provider
        var steps = rule?.steps
        switch request.origin {
        case .trusted:
            plan.isExempt = rule?.isExempt ?? false
            plan.isFirstFactorWaived = rule?.isFirstFactorWaived ?? false
            plan.unenrolled = rule?.unenrolled(at: now) ?? .deny
            plan.rememberFor = rule?.rememberFor
            plan.needsTicket = rule?.needsTicket ?? false
            chosen = request.provider ?? chosen
        case .accountItself:
            // Whoever asks for himself chooses the service that he claims to be, so no rule may waive anything;
            // and what stands on a PAM line of his own making counts for nothing.
            plan.keepsNothing = true
        }
        if let meant = rule?.provider, chosen != meant {
            // The rule was written for another provider: what it waives, it waives there.
            plan.isExempt = false
            plan.isFirstFactorWaived = false
            plan.unenrolled = .deny
            plan.rememberFor = nil
            plan.single = nil
            steps = nil
        }
        let countsKey = request.evidence.isSecurityKeyCertain && wouldCountSecurityKey(of: request)
        if let chosen {
            guard let chain = chains.first(where: { $0.provider == chosen }) else { throw .unknownProvider(chosen) }
            plan.chains = [chain]
        } else if plan.keepsNothing, let own = chains.first(where: \.livesOnEvidence) {
            // Being that account is the evidence.
            plan.chains = [own]
        } else if chains.count > 1 {
            plan.chains = chains.filter { !$0.livesOnEvidence }
        }
        if let steps {
            plan.chains = plan.chains.map {
                ProviderChain(
                    provider: $0.provider, livesOnEvidence: $0.livesOnEvidence, speaksOfAccounts: $0.speaksOfAccounts,
                    steps: steps)
            }
        }
        // The provider's is the first factor, and the step behind it the second: what comes after that stays owed.
        if countsKey, rule?.provider == nil || chosen == rule?.provider {
            plan.countedKey = request.evidence.securityKey
            plan.chains = plan.chains.map { $0.withoutFirstStep }
        }
        // What was checked outside came without a code, and a second code has no place behind the first.
        if !plan.chains.allSatisfy({ !$0.livesOnEvidence && $0.steps.count == 1 }) { plan.single = nil }
        return plan
    }

    /// Answers a step may be given where no rule says so: sshd's keyboard-interactive and su ask once, so they
    /// get three; sudo, login and screen lockers call again by themselves, and so may what we do not know.
    static func tries(of service: String) -> Int {
        switch service {
        case "sshd", "su", "su-l": 3
        case _: 1
        }
    }
}
