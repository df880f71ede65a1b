/// One step of a chain: a module, or several of which any one will do (`any_of`).
package struct Step: Hashable, Sendable, CustomStringConvertible {
    /// At least one.
    package let alternatives: [ModuleID]

    package init(_ module: ModuleID) { alternatives = [module] }

    /// Nil for none at all: a step that nothing can satisfy is a broken configuration.
    package init?(anyOf alternatives: [ModuleID]) {
        guard !alternatives.isEmpty, Set(alternatives).count == alternatives.count else { return nil }
        self.alternatives = alternatives
    }

    package var description: String { alternatives.map(\.description).joined(separator: "|") }
}

/// A provider and what it owes: all of these steps, in this order.
package struct ProviderChain: Equatable, Sendable {
    package let provider: ProviderID
    /// It asks nothing and goes by what was proved outside: never in a menu.
    package let livesOnEvidence: Bool
    /// Its usernames are the local accounts themselves: it may prove no other than PAM_USER.
    package let speaksOfAccounts: Bool
    package let steps: [Step]

    package init(provider: ProviderID, livesOnEvidence: Bool, speaksOfAccounts: Bool = true, steps: [Step]) {
        self.provider = provider
        self.livesOnEvidence = livesOnEvidence
        self.speaksOfAccounts = speaksOfAccounts
        self.steps = steps
    }
}

extension ProviderChain {
    /// The same without what stands first in it.
    var withoutFirstStep: ProviderChain {
        ProviderChain(
            provider: provider, livesOnEvidence: livesOnEvidence, speaksOfAccounts: speaksOfAccounts,
            steps: Array(steps.dropFirst()))
    }
}

/// What one login owes, as policy has decided before it begins. The flow follows it and decides nothing more.
package struct Plan: Equatable, Sendable {
    /// Whose login it is: PAM_USER. No other name, whoever proved it, ends in a pass.
    package var account: AccountName
    /// The chains on offer: one is taken, several are a menu, none is nothing that could let anybody in.
    package var chains: [ProviderChain]
    /// The modules are waived. Never the provider.
    package var isExempt: Bool
    /// `first_factor: none`: the provider `pam` passes without evidence.
    package var isFirstFactorWaived: Bool
    /// What becomes of an account that has nothing with the modules that it owes.
    package var unenrolled = Unenrolled.deny
    /// For how long whoever passes all modules is let off them at the same terminal, in milliseconds; nil for not at all.
    package var rememberFor: Int64?
    /// An administrator has blocked the account: it is asked like others, and refused whatever it answers.
    package var isBlocked = false
    /// Whether a set-up within the login needs an administrator's ticket.
    package var needsTicket = false
    /// Password and code come in one answer: the provider's form takes both, and its chain has one step. Whatever is wrong
    /// with either of them, it is the provider's form that comes again.
    package var single: CombinedAnswer?
    /// What all this is for.
    package var purpose = Purpose.login
    /// Answers a step may be given, 1 or more.
    package var tries: Int
    /// How long a validation session lasts, in milliseconds.
    package var sessionLifetime: Int64
    /// The caller is the account itself: no credentials, no grants.
    package var keepsNothing: Bool
    /// Whether what is typed into a module's form is shown; nil leaves that to the module.
    package var echo: Bool?
    /// What a module's form asks for; nil leaves that to the module.
    package var prompt: String?
    /// The security key that has stood for the first step of each chain, by its type; nil where none has.
    package var countedKey: String?
    /// The line of the rule that matched, for the journal and `explain`; nil where none did.
    package var ruleLine: Int?

    /// What somebody's answers are asked for.
    package enum Purpose: Equatable, Sendable {
        /// Letting them in.
        case login
        /// Changing the devices of their own account; nobody is let in by it. With `settingUp` the last step of the one chain
        /// is a device that is set up, and all before it are asked for.
        case change(settingUp: Bool)
    }

    package init(
        for account: AccountName, chains: [ProviderChain], isExempt: Bool = false,
        isFirstFactorWaived: Bool = false, tries: Int = 3,
        sessionLifetime: Int64 = 300_000, keepsNothing: Bool = false, ruleLine: Int? = nil
    ) {
        self.account = account
        self.chains = chains
        self.isExempt = isExempt
        self.isFirstFactorWaived = isFirstFactorWaived
        self.tries = max(tries, 1)
        self.sessionLifetime = sessionLifetime
        self.keepsNothing = keepsNothing
        self.ruleLine = ruleLine
    }
}

extension Plan {
    /// What a change of an account's own devices needs: an answer that is accepted for each step, but for the last one where
    /// that is to be set up. There is no provider in it: what is asked for is something that the account has already.
    package static func change(
        of account: AccountName, steps: [Step], settingUp: Bool, tries: Int, sessionLifetime: Int64
    ) -> Plan {
        var plan = Plan(
            for: account,
            chains: [ProviderChain(provider: ProviderID("none"), livesOnEvidence: true, steps: steps)], tries: tries,
            sessionLifetime: sessionLifetime, keepsNothing: true)
        plan.purpose = .change(settingUp: settingUp)
        return plan
    }

    /// What comes behind a step that was passed.
    func stage(after index: Int, of steps: [Step]) -> LoginFlow.Stage {
        purpose == .change(settingUp: true) && index + 2 == steps.count ? .enrollment(index + 1) : .step(index + 1)
    }
}

/// What becomes of accounts that have nothing with the modules that they owe.
package enum Unenrolled: String, CaseIterable, Sendable {
    /// Refused, as if the answer were wrong.
    case deny
    /// Let off, as if exempt; the first factor is proved all the same.
    case skip
    /// Set up within the login: granted once the first answer was right.
    case enroll
}
