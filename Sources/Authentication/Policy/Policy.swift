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

    /// What `request` owes.
    package func plan(for request: LoginRequest) throws(Failure) -> Plan {
        let rule = rules.first { $0.matches(request) }
        var plan = Plan(
            for: request.account, chains: chains, tries: rule?.tries ?? Policy.tries(of: request.service),
            sessionLifetime: sessionLifetime, ruleLine: rule?.line)
        var chosen = rule?.provider
        switch request.origin {
        case .trusted:
            plan.isExempt = rule?.isExempt ?? false
            plan.isFirstFactorWaived = rule?.isFirstFactorWaived ?? false
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
        }
        if let chosen {
            guard let chain = chains.first(where: { $0.provider == chosen }) else { throw .unknownProvider(chosen) }
            plan.chains = [chain]
        } else if plan.keepsNothing, let own = chains.first(where: \.livesOnEvidence) {
            // Being that account is the evidence.
            plan.chains = [own]
        } else if chains.count > 1 {
            plan.chains = chains.filter { !$0.livesOnEvidence }
        }
        if let steps = rule?.steps {
            plan.chains = plan.chains.map {
                ProviderChain(
                    provider: $0.provider, livesOnEvidence: $0.livesOnEvidence, speaksOfAccounts: $0.speaksOfAccounts,
                    steps: steps)
            }
        }
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

/// One rule: whom it is for, and what it changes.
package struct Rule: Equatable, Sendable {
    /// The services it is for; empty means all.
    package var services: Set<String>
    /// The accounts it is for; empty means all.
    package var accounts: Set<AccountName>
    package var provider: ProviderID?
    /// In place of the chain's own; never none at all.
    package private(set) var steps: [Step]?
    package var isExempt: Bool
    package var isFirstFactorWaived: Bool
    package var tries: Int?
    /// Where it stands in the configuration.
    package var line: Int

    package init(
        services: Set<String> = [], accounts: Set<AccountName> = [], provider: ProviderID? = nil,
        steps: [Step]? = nil, isExempt: Bool = false, isFirstFactorWaived: Bool = false, tries: Int? = nil,
        line: Int
    ) {
        self.services = Rule.expand(services)
        self.accounts = accounts
        self.provider = provider
        // No steps would waive the modules without saying so; `isExempt` says so.
        self.steps = steps?.isEmpty == false ? steps : nil
        self.isExempt = isExempt
        self.isFirstFactorWaived = isFirstFactorWaived
        self.tries = tries
        self.line = line
    }

    package func matches(_ request: LoginRequest) -> Bool {
        (services.isEmpty || services.contains(request.service))
            && (accounts.isEmpty || accounts.contains(request.account))
    }

    /// `sudo` means sudo and sudo-i, `su` means su and su-l: two doors to one thing.
    private static func expand(_ services: Set<String>) -> Set<String> {
        var all = services
        if services.contains("sudo") { all.insert("sudo-i") }
        if services.contains("su") { all.insert("su-l") }
        return all
    }
}
