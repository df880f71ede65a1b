/// One person's way through a login: provider, modules, credentials, and how it ended.
///
/// A flow decides and never acts. It holds no clock, no socket and no secret: its driver performs what a
/// transition returns and reports back with the next one. An event out of turn ends the flow with a
/// denial and never traps; a flow that has ended stays as it is.
///
///     begin ─ choosing ─┐
///        └──────────────┴─ asking(provider) ⇄ judging ─ asking(step) ⇄ judging ─ … ─ crediting ─ ended
///                                                ├ recalling ───────────────────────────────────┤
///                                                └ inquiring ─ asking(enrollment) ⇄ judging ─ … ┘
///
/// A change of the account's own devices is no login, and has no provider: `begin ─ asking(step) ⇄ judging ─ … ─ ended`,
/// the last step an enrollment where a device is set up along with it.
package struct LoginFlow: ~Copyable, Sendable {
    /// Where a form stands: the provider's own, or that of a step of its chain.
    package enum Stage: Hashable, Sendable {
        case provider
        /// Counted from 0.
        case step(Int)
        /// In place of that step, for somebody who has nothing yet: a module of it is set up, and its first answer
        /// is the step's.
        case enrollment(Int)
    }

    /// What is settled once a provider is: the chain, and from the proof on the username.
    package struct Progress: Equatable, Sendable {
        package let chain: ProviderChain
        /// The provider's username; nil until it has proved it. It never changes from then on.
        package var username: AccountName?
        /// A rule has let the first factor off.
        package var isWaived = false
        /// The modules whose answers were accepted, one for each step passed.
        package var passed: [ModuleID] = []
        /// What lets off all modules; nil where they are owed.
        package var waiver: Waiver?
    }

    package enum State: Equatable, Sendable {
        /// Goes to choosing, asking, ended.
        case ready
        /// Goes to asking, ended.
        case choosing
        /// Goes to judging, ended.
        case asking(Stage, Progress)
        /// Goes to asking (the same stage again, or the next), recalling, inquiring, crediting, ended.
        case judging(Stage, Progress)
        /// Goes to asking, inquiring, crediting, ended.
        case recalling(Progress)
        /// Goes to asking, crediting, ended.
        case inquiring(Progress)
        /// Goes to ended.
        case crediting(Progress)
        /// Goes nowhere.
        case ended(Verdict)
    }

    package let plan: Plan
    package private(set) var state: State = .ready

    package init(_ plan: Plan) { self.plan = plan }

    /// The provider's user who has proved the first factor of a login that is under way; nil where nobody has yet.
    package var provedUser: UserKey? {
        switch state {
        case .ready, .choosing, .ended: nil
        case .asking(_, let progress), .judging(_, let progress), .recalling(let progress), .inquiring(let progress),
            .crediting(let progress):
            progress.username.map { UserKey($0, at: progress.chain.provider) }
        }
    }

    // MARK: Provider

    package enum OnBegin: Equatable, Sendable {
        /// Show a menu of these and report with `chose`.
        case choose([ProviderID])
        /// Enter the stage: open what it needs, ask, and report with `answered`.
        case ask(Stage)
        case end(Verdict)
    }

    /// The login begins.
    package mutating func begin() -> OnBegin {
        let action: OnBegin
        (state, action) =
            switch (state, plan.chains.count) {
            case (.ready, 0): LoginFlow.over(.unavailable(.misconfigured), OnBegin.end)
            case (.ready, 1) where plan.purpose != .login: beginChange(plan.chains[0])
            case (.ready, 1): (.asking(.provider, Progress(chain: plan.chains[0])), .ask(.provider))
            case (.ready, _): (.choosing, .choose(plan.chains.map(\.provider)))
            case (.ended(let verdict), _): (.ended(verdict), .end(verdict))
            case (.choosing, _), (.asking, _), (.judging, _), (.recalling, _), (.inquiring, _), (.crediting, _):
                LoginFlow.over(.denied(.outOfTurn), OnBegin.end)
            }
        return action
    }

    /// Somebody picked a number from the menu, counted from 0. One that is not on it asks again.
    package mutating func chose(_ index: Int) -> OnBegin {
        let action: OnBegin
        (state, action) =
            switch state {
            case .choosing where plan.chains.indices.contains(index):
                (.asking(.provider, Progress(chain: plan.chains[index])), .ask(.provider))
            case .choosing: (.choosing, .choose(plan.chains.map(\.provider)))
            case .ended(let verdict): (.ended(verdict), .end(verdict))
            case .ready, .asking, .judging, .recalling, .inquiring, .crediting:
                LoginFlow.over(.denied(.outOfTurn), OnBegin.end)
            }
        return action
    }

    // MARK: Answers

    package enum OnAnswer: Equatable, Sendable {
        /// Have the answer judged and report with `proved` or `judged`.
        case judge(Stage)
        case end(Verdict)
    }

    /// The form has been filled in.
    package mutating func answered() -> OnAnswer {
        let action: OnAnswer
        (state, action) =
            switch state {
            case .asking(let stage, let progress): (.judging(stage, progress), .judge(stage))
            case .ended(let verdict): (.ended(verdict), .end(verdict))
            case .ready, .choosing, .judging, .recalling, .inquiring, .crediting:
                LoginFlow.over(.denied(.outOfTurn), OnAnswer.end)
            }
        return action
    }

    package enum OnJudgement: Equatable, Sendable {
        /// Put the same form again; the reason rides in the prompt.
        case askAgain(Stage)
        /// Enter the next stage.
        case ask(Stage)
        /// Find out whether the account has passed these steps here not long ago, and report with `recalled`.
        case recall([Step])
        /// Find out whether the account has anything with these steps, and report with `inquired`.
        case inquire([Step])
        /// Get the credentials of a provider's username, or create them if that is allowed, and report with `credited`.
        case credit(ProviderID, AccountName, mayCreate: Bool)
        case end(Verdict)
    }

    /// The provider has judged. `mayTryAgain` says whether its form may be filled in once more.
    package mutating func proved(_ proof: Proof, mayTryAgain: Bool) -> OnJudgement {
        let action: OnJudgement
        (state, action) =
            switch (state, proof) {
            case (.judging(.provider, let progress), .proved(_, isWaived: true))
            where plan.isExempt || progress.chain.steps.isEmpty:
                // Neither a first factor nor a second: anybody would be let in.
                LoginFlow.over(.denied(.noEvidence), OnJudgement.end)
            case (.judging(.provider, let progress), .proved(let username, let isWaived)):
                proved(Progress(chain: progress.chain, username: username, isWaived: isWaived), isWaived: isWaived)
            case (.judging(.provider, let progress), .rejected(let reason))
            where mayTryAgain && LoginFlow.canBeMended(reason):
                (.asking(.provider, progress), .askAgain(.provider))
            case (.judging(.provider, _), .rejected(let reason)): LoginFlow.over(lastRefusal(reason), OnJudgement.end)
            case (.judging(.provider, _), .unavailable):
                LoginFlow.over(.unavailable(.providerFailed), OnJudgement.end)
            case (.ended(let verdict), _): (.ended(verdict), .end(verdict))
            case (.judging(.step, _), _), (.judging(.enrollment, _), _), (.ready, _), (.choosing, _), (.asking, _),
                (.recalling, _), (.inquiring, _), (.crediting, _):
                LoginFlow.over(.denied(.outOfTurn), OnJudgement.end)
            }
        return action
    }

    /// Whether a grant stands for the steps that `recall` named: then none is owed, behind a first factor that was proved.
    package mutating func recalled(_ isRemembered: Bool) -> OnJudgement {
        let action: OnJudgement
        (state, action) =
            switch (state, isRemembered) {
            case (.recalling(let progress), true): credit(progress.waived(by: .remembered))
            case (.recalling(let progress), false): enterNotRemembered(progress)
            case (.ended(let verdict), _): (.ended(verdict), .end(verdict))
            case (.ready, _), (.choosing, _), (.asking, _), (.judging, _), (.inquiring, _), (.crediting, _):
                LoginFlow.over(.denied(.outOfTurn), OnJudgement.end)
            }
        return action
    }

    /// Whether the account has anything with the steps that `inquire` named.
    package mutating func inquired(_ finding: Finding) -> OnJudgement {
        let action: OnJudgement
        (state, action) =
            switch (state, finding) {
            case (.inquiring(let progress), .enrolled): enter(.step(0), with: progress)
            case (.inquiring(let progress), .unenrolled): enterUnenrolled(progress)
            // "Not enrolled" and "cannot tell" are different things.
            case (.inquiring, .cannotTell): LoginFlow.over(.unavailable(.storeUnavailable), OnJudgement.end)
            case (.ended(let verdict), _): (.ended(verdict), .end(verdict))
            case (.ready, _), (.choosing, _), (.asking, _), (.judging, _), (.recalling, _), (.crediting, _):
                LoginFlow.over(.denied(.outOfTurn), OnJudgement.end)
            }
        return action
    }

    /// A set-up in place of a step has ended: its first answer was right, or refused. What was set up is on disk, all
    /// of it together, before the last step's is reported.
    package mutating func enrolled(_ enrolling: Enrolling, mayTryAgain: Bool) -> OnJudgement {
        let action: OnJudgement
        (state, action) =
            switch (state, enrolling) {
            case (.judging(.enrollment(let index), let progress), .stored(let module)):
                accept(plan.account, by: module, at: index, progress, next: .enrollment(index + 1))
            case (.judging(.enrollment(let index), let progress), .rejected) where mayTryAgain:
                (.asking(.enrollment(index), progress), .askAgain(.enrollment(index)))
            case (.judging(.enrollment, _), .rejected(let reason)):
                LoginFlow.over(lastRefusal(reason), OnJudgement.end)
            case (.judging(.enrollment, _), .unavailable(let reason)):
                LoginFlow.over(.unavailable(reason), OnJudgement.end)
            case (.ended(let verdict), _): (.ended(verdict), .end(verdict))
            case (.judging(.provider, _), _), (.judging(.step, _), _), (.ready, _), (.choosing, _), (.asking, _),
                (.recalling, _), (.inquiring, _), (.crediting, _):
                LoginFlow.over(.denied(.outOfTurn), OnJudgement.end)
            }
        return action
    }

    /// A module of the step has judged, and what it spent is on disk. `mayTryAgain` says whether the session
    /// has tries left; where password and code are one answer, whether the provider's form may be filled in once more.
    package mutating func judged(_ outcome: Outcome, by module: ModuleID, mayTryAgain: Bool) -> OnJudgement {
        let action: OnJudgement
        (state, action) =
            switch (state, outcome) {
            case (.judging(.step, let progress), let outcome) where plan.single != nil && outcome.refusal != nil:
                refuseCombined(progress, outcome.refusal ?? .wrongAnswer, mayTryAgain: mayTryAgain)
            case (.judging(.step(let index), let progress), .accepted(let account, _)):
                accept(
                    account, by: module, at: index, progress,
                    next: plan.stage(after: index, of: progress.chain.steps))
            case (.judging(.step(let index), let progress), .rejected(let reason)):
                if mayTryAgain && LoginFlow.canBeMended(reason) {
                    (.asking(.step(index), progress), .askAgain(.step(index)))
                } else {
                    LoginFlow.over(lastRefusal(reason), OnJudgement.end)
                }
            case (.judging(.step, _), .delayed(let seconds, _)):
                LoginFlow.over(.triesUsedUp(.delayed(seconds: seconds)), OnJudgement.end)
            case (.judging(.step, _), .locked): LoginFlow.over(.triesUsedUp(.locked), OnJudgement.end)
            case (.judging(.step, _), .unavailable(let reason)):
                LoginFlow.over(.unavailable(reason), OnJudgement.end)
            // Nothing was judged: whoever says so has skipped a turn.
            case (.judging(.step, _), .charged): LoginFlow.over(.denied(.outOfTurn), OnJudgement.end)
            case (.ended(let verdict), _): (.ended(verdict), .end(verdict))
            case (.judging(.provider, _), _), (.judging(.enrollment, _), _), (.ready, _), (.choosing, _), (.asking, _),
                (.recalling, _), (.inquiring, _), (.crediting, _):
                LoginFlow.over(.denied(.outOfTurn), OnJudgement.end)
            }
        return action
    }

    // MARK: The end

    package enum OnCredentials: Equatable, Sendable {
        case end(Verdict)
    }

    /// The credentials are there, and open this account; or they could not be had.
    package mutating func credited(_ credentials: Credentials) -> OnCredentials {
        let verdict: Verdict
        (state, verdict) =
            switch (state, credentials) {
            case (.crediting, .account(plan.account)):
                // The one place where a login is granted.
                (.ended(.granted), .granted)
            case (.crediting, .account), (.crediting, .refused):
                (.ended(.denied(.credentialsRefused)), .denied(.credentialsRefused))
            case (.crediting, .outdated): (.ended(.denied(.wrongPassword)), .denied(.wrongPassword))
            case (.crediting, .unavailable):
                (.ended(.unavailable(.storeUnavailable)), .unavailable(.storeUnavailable))
            case (.ended(let verdict), _): (.ended(verdict), verdict)
            case (.ready, _), (.choosing, _), (.asking, _), (.judging, _), (.recalling, _), (.inquiring, _):
                (.ended(.denied(.outOfTurn)), .denied(.outOfTurn))
            }
        return .end(verdict)
    }

    /// The person wants no change, and was asked for nothing yet.
    package mutating func declined() -> Verdict {
        stop(state == .ready && plan.purpose != .login ? .declined : .denied(.outOfTurn))
    }

    /// The session's deadline has passed: start again from the first factor.
    package mutating func expired() -> Verdict { stop(.denied(.loginExpired)) }

    /// The person, or the program in between, gave up.
    package mutating func cancelled() -> Verdict { stop(.conversationFailed) }

    /// Something that the login needs is not there.
    package mutating func failed(_ reason: Reason) -> Verdict { stop(.unavailable(reason)) }

    /// The login is refused for a reason that lies outside the flow (the peer, the host).
    package mutating func refused(_ reason: Reason) -> Verdict { stop(.denied(reason)) }

    /// What a set-up needs beforehand was not accepted, and there is no further try: it ends as an answer to a step would.
    package mutating func turnedAway(_ outcome: Outcome) -> Verdict {
        switch outcome {
        case .accepted, .charged: stop(.denied(.outOfTurn))
        case .rejected(let reason): stop(lastRefusal(reason))
        case .delayed(let seconds, _): stop(.triesUsedUp(.delayed(seconds: seconds)))
        case .locked: stop(.triesUsedUp(.locked))
        case .unavailable(let reason): stop(.unavailable(reason))
        }
    }

    /// Ends the flow with a verdict that is no pass; a flow that has ended keeps the one it has.
    private mutating func stop(_ refusal: Verdict) -> Verdict {
        let verdict: Verdict
        (state, verdict) =
            switch state {
            case .ended(let earlier): (.ended(earlier), earlier)
            case .ready, .choosing, .asking, .judging, .recalling, .inquiring, .crediting: (.ended(refusal), refusal)
            }
        return verdict
    }
}

/// What came of getting or creating credentials.
package enum Credentials: Equatable, Sendable {
    /// They open this local account.
    case account(AccountName)
    /// They open another, or must not be created.
    case refused
    /// Whoever has proved them did so with what is no longer the password.
    case outdated
    case unavailable
}

/// What lets a login off its modules behind a first factor that was proved.
package enum Waiver: Sendable {
    /// A rule waives them.
    case exempt
    /// The account has nothing with them, and a rule lets it off.
    case skipped
    /// They were passed at the same terminal not long ago.
    case remembered
}

/// What an account has with the modules that it owes.
package enum Finding: Equatable, Sendable {
    case enrolled
    case unenrolled
    case cannotTell
}

/// How a set-up within a login ended.
package enum Enrolling: Equatable, Sendable {
    /// The first answer was right; behind the last step all devices are on disk, the answers spent.
    case stored(ModuleID)
    case rejected(Reason)
    case unavailable(Reason)
}
