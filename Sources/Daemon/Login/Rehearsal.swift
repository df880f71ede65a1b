import Authentication

/// A login that nobody makes: the flow itself, with the policy's plan and copies of what the store has, in which every
/// answer is as right as it can be. Nothing is charged, spent or written.
struct Rehearsal {
    let request: LoginRequest
    let plan: Plan
    let configuration: ActiveConfiguration
    let situation: AccountSituation
    let now: Moment
    /// What would let the account off these steps, if anything does.
    let grant: ([Step]) -> Grant?

    /// How a rehearsal ended.
    struct Ending {
        var verdict: Verdict
        /// The provider that was in turn.
        var provider: ProviderID?
        /// How many steps were entered.
        var steps = 0
        var grant: Grant?
        /// What has let off the modules.
        var waiver: Waiver?
        var isFirstFactorWaived = false
        /// A module for demonstrations has had a part in it.
        var isInsecure = false
        /// A module has been set up.
        var hasEnrolled = false
        /// An administrator's code has stood in for a step.
        var usesBypass = false
        /// A step was not passed because the account is blocked.
        var isBlocked = false
        /// What the steps that were entered are answered with.
        var answered: [ModuleID] = []
    }

    /// Goes through the login, with the provider of this number where there is a menu.
    func perform(choosing number: Int) -> Ending {
        var flow = LoginFlow(plan)
        var ending = Ending(verdict: .denied(.outOfTurn))
        var begun = flow.begin()
        if case .choose = begun { begun = flow.chose(number) }
        if case .end(let verdict) = begun { ending.verdict = verdict }
        guard case .asking(.provider, let progress) = flow.state, case .judge = flow.answered() else { return ending }
        ending.provider = progress.chain.provider
        let proof = proof(by: progress.chain.provider)
        if case .proved(_, isWaived: true) = proof { ending.isFirstFactorWaived = true }
        // Where nothing more is asked the account must be one that is known.
        if plan.isExempt, case .proved = proof, let verdict = refusalOfStranger(&flow) {
            ending.verdict = verdict
            return ending
        }
        var action = flow.proved(proof, mayTryAgain: false)
        var counters = situation.counters
        var host = situation.host
        var triesLeft = plan.tries
        while true {
            switch action {
            case .recall(let steps):
                ending.grant = grant(steps)
                action = flow.recalled(ending.grant != nil)
            case .inquire(let steps): action = flow.inquired(finding(steps.flatMap(\.alternatives)))
            case .ask(let stage), .askAgain(let stage):
                if stage == .provider {
                    // Password and code are one answer, and it was refused.
                    guard case .judge = flow.answered() else {
                        ending.verdict = flow.failed(.misconfigured)
                        return ending
                    }
                    action = flow.proved(proof, mayTryAgain: false)
                    continue
                }
                if case .enrollment(let index) = stage {
                    action = setUp(index, progress.chain.steps, &flow, &ending, &counters, &host)
                    continue
                }
                guard !isOut(stage, of: progress.chain.steps) else {
                    ending.verdict = flow.failed(.moduleFailed)
                    return ending
                }
                if case .ask = action, plan.single == nil || ending.steps == 0 {
                    triesLeft = plan.tries
                    ending.steps += 1
                }
                guard case .judge(.step(let index)) = flow.answered(), stage == .step(index),
                    progress.chain.steps.indices.contains(index),
                    let module = module(for: progress.chain.steps[index], counters, host)
                else {
                    ending.verdict = flow.failed(request.mayBeLocal ? .misconfigured : .notLocal)
                    return ending
                }
                if triesLeft == plan.tries { ending.answered.append(module.id) }
                triesLeft -= 1
                let outcome = outcome(by: module, &counters, &host)
                if plan.isBlocked { ending.isBlocked = true }
                if case .accepted = outcome {
                    if module.isInsecure { ending.isInsecure = true }
                    if module.id == .bypass { ending.usesBypass = true }
                }
                action = flow.judged(outcome, by: module.id, mayTryAgain: triesLeft > 0)
            case .credit(let provider, let username, let mayCreate):
                if case .crediting(let progress) = flow.state { ending.waiver = progress.waiver }
                if let verdict = refusalOfStranger(&flow) {
                    ending.verdict = verdict
                    return ending
                }
                guard let credentials = credentials(of: username, at: provider, mayCreate: mayCreate) else {
                    ending.verdict = flow.failed(.directoryUnavailable)
                    return ending
                }
                switch flow.credited(credentials) {
                case .end(let verdict): ending.verdict = verdict
                }
                return ending
            case .end(let verdict):
                ending.verdict = verdict
                return ending
            }
        }
    }

    /// The end of a login of somebody whom the directory does not know; nil if it knows the account.
    private func refusalOfStranger(_ flow: inout LoginFlow) -> Verdict? {
        switch situation.standing {
        case .known: nil
        case .unknown: flow.refused(.unknownAccount)
        case .cannotTell: flow.failed(.directoryUnavailable)
        }
    }

    /// The provider's own judgement where it goes by evidence; else that of the right password.
    private func proof(by id: ProviderID) -> Proof {
        guard let provider = configuration.providers[id] else { return .unavailable("it is not configured") }
        let proof =
            provider.livesOnEvidence
            ? provider.prove(
                request, nil, users: NoUserDatabase(.unreachable("evidence is all there is")),
                isWaived: plan.isFirstFactorWaived)
            : .proved(username(at: provider), isWaived: false)
        // Without evidence the remote host is held to account, and a waived first factor is none.
        if case .proved = proof, !request.evidence.provesFirstFactor {
            var record = AccountRecord()
            var host = situation.host
            let counted = attempt(.firstFactor(nil)).judge(in: &record, host: &host, sealing: NothingSealed())
            if case .rejected(let reason) = counted { return .rejected(reason) }
        }
        return proof
    }

    private func username(at provider: any AuthProvider) -> AccountName {
        if provider.speaksOfAccounts { return request.account }
        let only = (provider as? any PasswordKeeping)?.onlyUsername
        return situation.usernames[provider.id] ?? only ?? request.account
    }

    private func finding(_ wanted: [ModuleID]) -> Finding {
        guard !configuration.isHeldByAll(wanted) else { return .enrolled }
        switch situation.standing {
        case .known(let uid):
            let finding = Finding(situation.devices, of: wanted, uid: uid)
            let isBypassed = plan.unenrolled == .enroll && bypass != nil
            guard finding == .unenrolled else { return finding }
            return isBypassed ? .enrolled : situation.isUpToDate ? .unenrolled : .cannotTell
        case .unknown: return .enrolled
        case .cannotTell: return .cannotTell
        }
    }

    /// What takes the administrator's code that the account has; nil if there is none that is still good.
    private var bypass: (any AuthModule)? {
        situation.standing(with: .bypass) == .usable ? configuration.modules[.bypass] : nil
    }

    /// Whether no module of a step can be asked now.
    private func isOut(_ stage: LoginFlow.Stage, of steps: [Step]) -> Bool {
        guard case .step(let index) = stage, steps.indices.contains(index) else { return false }
        return steps[index].alternatives.allSatisfy { configuration.modules[$0]?.outage != nil }
    }

    /// The module that the person answers with: the first of which they have something that is accepted now, else the
    /// administrator's code if one is outstanding, else the first of which they have anything.
    private func module(
        for step: Step, _ counters: [ModuleID: FailureCounter], _ host: HostCounter
    ) -> (any AuthModule)? {
        let known = step.alternatives.compactMap { configuration.modules[$0] }
        guard known.count == step.alternatives.count else { return nil }
        // Whether somebody is there who could be asked is not to be known here.
        let modules = known.filter { request.mayBeLocal || !$0.needsPresence }
        let held = modules.filter { $0.outage == nil }.filter {
            !($0 is any EnrollableModule) || situation.standing(with: $0.id) != nil
        }
        let best = (held + (bypass.map { [$0] } ?? [])).first { module in
            var (counters, host) = (counters, host)
            return if case .accepted = outcome(by: module, &counters, &host) { true } else { false }
        }
        return best ?? held.first ?? modules.first
    }

    /// A module of the step is set up, behind a ticket where one is needed.
    private func setUp(
        _ index: Int, _ steps: [Step], _ flow: inout LoginFlow, _ ending: inout Ending,
        _ counters: inout [ModuleID: FailureCounter], _ host: inout HostCounter
    ) -> LoginFlow.OnJudgement {
        guard steps.indices.contains(index),
            let module = SetupChoice.module(for: steps[index], among: configuration.modules)
        else { return .end(flow.failed(.misconfigured)) }
        if let verdict = refusalOfCredentials(&flow) { return .end(verdict) }
        ending.steps += 1
        if plan.needsTicket, !ending.hasEnrolled, let verdict = refusalOfTicket(&flow, &counters, &host) {
            return .end(verdict)
        }
        guard case .known = situation.standing else { return .end(flow.failed(.directoryUnavailable)) }
        guard case .judge = flow.answered() else { return .end(flow.refused(.outOfTurn)) }
        ending.hasEnrolled = true
        ending.answered.append(module.id)
        return flow.enrolled(.stored(module.id), mayTryAgain: false)
    }

    /// The end of a login of somebody whose credentials do not open the account; nil if they do.
    private func refusalOfCredentials(_ flow: inout LoginFlow) -> Verdict? {
        guard case .asking(_, let progress) = flow.state, let username = progress.username else {
            return flow.refused(.outOfTurn)
        }
        return switch credentials(of: username, at: progress.chain.provider, mayCreate: true) {
        case .account(request.account)?: nil
        case .account?, .refused?: flow.refused(.credentialsRefused)
        case .outdated?: flow.refused(.wrongPassword)
        case .unavailable?: flow.failed(.storeUnavailable)
        case nil: flow.failed(.directoryUnavailable)
        }
    }

    /// The end of a login of somebody whose ticket is not taken; nil if it is.
    private func refusalOfTicket(
        _ flow: inout LoginFlow, _ counters: inout [ModuleID: FailureCounter], _ host: inout HostCounter
    ) -> Verdict? {
        guard let ticket = configuration.modules[.ticket] else { return flow.failed(.misconfigured) }
        for triesLeft in (0..<max(plan.tries, SetupChoice.fewestTries)).reversed() {
            let outcome = outcome(by: ticket, &counters, &host)
            switch outcome {
            case .accepted: return nil
            case .rejected where triesLeft > 0: continue
            case .charged, .rejected, .delayed, .locked, .unavailable: return flow.turnedAway(outcome)
            }
        }
        return flow.refused(.outOfTurn)
    }

    /// The judgement of the one right answer, in a transaction that never was.
    private func outcome(
        by module: any AuthModule, _ counters: inout [ModuleID: FailureCounter], _ host: inout HostCounter
    ) -> Outcome {
        let own = situation.devices.filter { $0.key.module == module.id }
        // Should they disagree on the uid, it is one that the account does not have: as the store has it.
        let strange = own.first { Attempt.Standing.known(uid: $0.uid) != situation.standing }
        var record = AccountRecord(
            uid: (strange ?? own.first)?.uid, counters: counters, devices: own.map(\.device))
        let session = ValidationSession(
            id: ValidationSession.ID(high: 0, low: 0), account: request.account, provider: ProviderID(""),
            step: Step(module.id), deadline: now.boottime, triesLeft: plan.tries)
        let rehearsed = RehearsedModule(module, situation.standing(with: module.id))
        // What is typed plays no part: the module that judges it takes it for right.
        let answer = Attempt.Answer.stretched(UserInput(Secret(count: 0) { _ in }))
        let attempt = attempt(.answer(answer, session: session, module: rehearsed))
        let outcome = (plan.isBlocked ? attempt.ofBlocked : attempt)
            .judge(in: &record, host: &host, sealing: NothingSealed())
        counters = record.counters
        return plan.isBlocked ? outcome.ofBlocked : outcome
    }

    private func attempt(_ subject: Attempt.Subject) -> Attempt {
        Attempt(
            subject, account: request.account, standing: situation.standing,
            host: request.origin == .trusted ? request.remoteHost.flatMap { IPAddress($0)?.counterKey } : nil,
            throttle: configuration.throttle, now: now)
    }

    /// Nil if the system's directory cannot tell what it would be asked.
    private func credentials(of username: AccountName, at id: ProviderID, mayCreate: Bool) -> Credentials? {
        guard let provider = configuration.providers[id] else { return .unavailable }
        guard !provider.speaksOfAccounts else { return .account(username) }
        if situation.usernames[id] == username { return .account(request.account) }
        guard mayCreate, provider.createsCredentials, username == request.account else { return .refused }
        return switch situation.isPrivileged {
        case false?: .account(request.account)
        case true?: .refused
        case nil: nil
        }
    }
}
