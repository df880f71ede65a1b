/// Parts of transitions: the next state and the action, always together.
extension LoginFlow {
    static func over<Action>(_ verdict: Verdict, _ end: (Verdict) -> Action) -> (State, Action) {
        (.ended(verdict), end(verdict))
    }

    /// Whether another answer could do better. What is missing, changed or refused outside the form stays so,
    /// and the same wrong answer twice is nobody's typing error.
    static func canBeMended(_ reason: Reason) -> Bool {
        switch reason {
        case .wrongAnswer, .wrongPassword, .malformed, .replayed, .unusable, .notEnrolled, .unknownAccount, .offline,
            // None could, and nobody is told: it is said of answers that others may try again after.
            .blocked:
            true
        case .noEvidence, .repeated, .loginExpired, .tooManyRetries, .delayed, .locked, .hostRefused, .sessionUnknown,
            .hostBudgetSpent, .hubUnreachable, .decidedByHub,
            .sessionEnded, .outOfTurn, .usernameChanged, .credentialsRefused, .notPermitted, .tooBusy,
            .tooManyMessages, .shuttingDown, .noRandomness,
            .misconfigured, .storeUnavailable, .directoryUnavailable, .accountChanged, .moduleFailed, .providerFailed,
            .notLocal:
            false
        }
    }

    /// What the last refusal ends with: MAXTRIES where there were more tries than one, and wrong answers took them.
    func lastRefusal(_ reason: Reason) -> Verdict {
        LoginFlow.canBeMended(reason) && plan.tries > 1 ? .triesUsedUp(.tooManyRetries) : .denied(reason)
    }

    /// What comes after the first factor.
    func proved(_ progress: Progress, isWaived: Bool) -> (State, OnJudgement) {
        guard let username = progress.username else { return LoginFlow.over(.denied(.outOfTurn), OnJudgement.end) }
        // Where usernames are accounts only PAM_USER's own goes on; elsewhere the credentials tell which account it is.
        guard !progress.chain.speaksOfAccounts || username == plan.account else {
            return LoginFlow.over(.denied(.usernameChanged), OnJudgement.end)
        }
        // Who is blocked is asked what others are asked, and learns no more from it than from a wrong answer.
        if plan.isBlocked, plan.isExempt || progress.chain.steps.isEmpty {
            return LoginFlow.over(.denied(.blocked), OnJudgement.end)
        }
        guard !plan.isExempt else { return waived(progress, by: .exempt, saying: .exempt) }
        // Who has proved nothing is neither let off a module, nor remembered, nor given one.
        guard !plan.isBlocked, !isWaived, !progress.chain.steps.isEmpty else {
            return enter(.step(0), with: progress)
        }
        guard plan.rememberFor != nil, !plan.keepsNothing else { return enterNotRemembered(progress) }
        return (.recalling(progress), .recall(progress.chain.steps))
    }

    /// What comes for somebody who must pass the modules now.
    func enterNotRemembered(_ progress: Progress) -> (State, OnJudgement) {
        plan.unenrolled == .deny
            ? enter(.step(0), with: progress) : (.inquiring(progress), .inquire(progress.chain.steps))
    }

    /// What comes after the first factor for an account that has nothing.
    func enterUnenrolled(_ progress: Progress) -> (State, OnJudgement) {
        switch plan.unenrolled {
        case .deny: enter(.step(0), with: progress)
        case .skip: waived(progress, by: .skipped, saying: .skipped)
        case .enroll: enter(.enrollment(0), with: progress)
        }
    }

    /// The modules are waived. Where the first factor was proved outside, saying so is all there is to say.
    private func waived(
        _ progress: Progress, by waiver: Waiver, saying verdict: Verdict
    ) -> (State, OnJudgement) {
        progress.chain.livesOnEvidence
            ? LoginFlow.over(verdict, OnJudgement.end) : credit(progress.waived(by: waiver))
    }

    /// A module of the step has accepted; `next` is what comes then.
    func accept(
        _ account: AccountName, by module: ModuleID, at index: Int, _ progress: Progress, next: Stage
    ) -> (State, OnJudgement) {
        guard account == plan.account else { return LoginFlow.over(.denied(.usernameChanged), OnJudgement.end) }
        guard !plan.isBlocked else { return LoginFlow.over(.denied(.blocked), OnJudgement.end) }
        guard progress.chain.steps.indices.contains(index),
            // An administrator's code is accepted in place of any one step; for a login, and not for a way to many more.
            progress.chain.steps[index].alternatives.contains(module)
                || (module == .bypass && plan.purpose == .login)
        else { return LoginFlow.over(.denied(.outOfTurn), OnJudgement.end) }
        var progress = progress
        progress.passed.append(module)
        return enter(next, with: progress)
    }

    /// A stage, or what comes after the last.
    func enter(_ stage: Stage, with progress: Progress) -> (State, OnJudgement) {
        switch stage {
        case .step(let index), .enrollment(let index):
            index < progress.chain.steps.count ? (.asking(stage, progress), .ask(stage)) : credit(progress)
        case .provider: LoginFlow.over(.denied(.outOfTurn), OnJudgement.end)
        }
    }

    /// A change begins with what the account has already.
    func beginChange(_ chain: ProviderChain) -> (State, OnBegin) {
        guard plan.purpose != .change(settingUp: true) || chain.steps.count > 1, !chain.steps.isEmpty else {
            return LoginFlow.over(.unavailable(.misconfigured), OnBegin.end)
        }
        return (.asking(.step(0), Progress(chain: chain, username: plan.account)), .ask(.step(0)))
    }

    func credit(_ progress: Progress) -> (State, OnJudgement) {
        guard plan.purpose == .login else {
            let isPassed = progress.passed.count == progress.chain.steps.count && !progress.passed.isEmpty
            return LoginFlow.over(isPassed ? .proved : .denied(.outOfTurn), OnJudgement.end)
        }
        guard let username = progress.username else { return LoginFlow.over(.denied(.outOfTurn), OnJudgement.end) }
        return (.crediting(progress), .credit(progress.chain.provider, username, mayCreate: !plan.keepsNothing))
    }

    /// The steps for which a grant may be made should the login now be granted: all that were owed, each passed by an
    /// accepted answer, behind a first factor that was proved. Empty where there is nothing to remember.
    package var rememberable: [Step] {
        guard case .crediting(let progress) = state, plan.rememberFor != nil, !plan.keepsNothing, !progress.isWaived,
            progress.passed.count == progress.chain.steps.count, !progress.passed.contains(.bypass)
        else { return [] }
        return progress.chain.steps
    }
}

extension LoginFlow.Progress {
    /// The same, let off all modules.
    func waived(by waiver: Waiver) -> LoginFlow.Progress {
        var progress = self
        progress.waiver = waiver
        return progress
    }
}
