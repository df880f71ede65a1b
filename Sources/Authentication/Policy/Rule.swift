/// One rule: whom it is for, and what it changes.
package struct Rule: Equatable, Sendable {
    package var match: Match
    package var provider: ProviderID?
    /// In place of the chain's own; never none at all.
    package private(set) var steps: [Step]?
    package var isExempt: Bool
    package var isFirstFactorWaived: Bool
    /// What becomes of accounts that have nothing with the modules that they owe.
    package var unenrolled: Unenrolled
    /// From this moment on (Unix seconds) nobody is set up within a login any more.
    package var enrollUntil: Int64?
    /// For how long whoever has passed all modules is let off them at the same terminal, in milliseconds.
    package var rememberFor: Int64?
    /// Whether a set-up within a login needs an administrator's ticket.
    package var needsTicket = false
    package var tries: Int?
    /// How long a validation session lasts, in milliseconds.
    package var sessionLifetime: Int64?
    /// Whether what is typed into a module's form is shown.
    package var echo: Bool?
    /// What a module's form asks for, in place of its own label.
    package var prompt: String?
    /// Password and code come in one answer; nil where the code is asked for by itself.
    package var single: CombinedAnswer?
    /// Whether a security key that sshd has accepted, and that is certain to have been touched, stands for the first step.
    package var countsSecurityKey = false
    /// Where it stands in the configuration.
    package var line: Int

    package init(
        _ match: Match, provider: ProviderID? = nil, steps: [Step]? = nil, isExempt: Bool = false,
        isFirstFactorWaived: Bool = false, unenrolled: Unenrolled = .deny, enrollUntil: Int64? = nil,
        rememberFor: Int64? = nil, tries: Int? = nil, sessionLifetime: Int64? = nil, echo: Bool? = nil,
        prompt: String? = nil, line: Int
    ) {
        self.unenrolled = unenrolled
        self.enrollUntil = enrollUntil
        self.rememberFor = rememberFor
        self.match = match
        self.provider = provider
        // No steps would waive the modules without saying so; `isExempt` says so.
        self.steps = steps?.isEmpty == false ? steps : nil
        self.isExempt = isExempt
        self.isFirstFactorWaived = isFirstFactorWaived
        self.tries = tries
        self.sessionLifetime = sessionLifetime
        self.echo = echo
        self.prompt = prompt
        self.line = line
    }

    /// What becomes of accounts that have nothing, at `now`: after the last day nobody is set up within a login.
    func unenrolled(at now: Moment) -> Unenrolled {
        guard unenrolled == .enroll, let enrollUntil else { return unenrolled }
        return now.wall < enrollUntil ? .enroll : .deny
    }

    /// The same for services and accounts alone.
    package init(
        services: Set<String> = [], accounts: Set<AccountName> = [], provider: ProviderID? = nil,
        steps: [Step]? = nil, isExempt: Bool = false, isFirstFactorWaived: Bool = false, tries: Int? = nil,
        line: Int
    ) {
        self.init(
            Match(services: services, accounts: accounts), provider: provider, steps: steps, isExempt: isExempt,
            isFirstFactorWaived: isFirstFactorWaived, tries: tries, line: line)
    }
}
