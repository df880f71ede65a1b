import Authentication
import Wire

/// The steps behind the first factor.
extension LoginConversation {
    /// Finds out whether the account has anything with these steps.
    func inquire(about steps: [Step]) {
        let wanted = steps.flatMap(\.alternatives)
        guard !configuration.isHeldByAll(wanted) else { return perform(flow.inquired(.enrolled)) }
        withStanding { standing in
            guard !self.isOver else { return }
            switch standing {
            case .known(let uid):
                self.service.holdings(of: self.request.account, bypassedBy: self.bypassOfSetUp) { holdings in
                    guard !self.isOver else { return }
                    var finding = Finding(holdings?.devices, of: wanted, uid: uid)
                    if finding == .unenrolled, holdings?.isBypassed == true { finding = .enrolled }
                    // It may have been enrolled since, and is let off nothing on that.
                    if finding == .unenrolled, holdings?.isUpToDate != true { finding = .cannotTell }
                    self.perform(self.flow.inquired(finding))
                }
            // Nobody who does not exist is let off anything.
            case .unknown: self.perform(self.flow.inquired(.enrolled))
            case .cannotTell: self.perform(self.flow.inquired(.cannotTell))
            }
        }
    }

    /// The module of administrators' codes, where one that is outstanding means that the step is asked for rather than set
    /// up: it is good in place of a step, and has been handed out for that.
    private var bypassOfSetUp: (any EnrollableModule)? {
        flow.plan.unenrolled == .enroll ? configuration.modules[.bypass] as? any EnrollableModule : nil
    }

    /// Opens a validation session for a step and asks for its form, or which of its modules it shall be.
    func enter(_ step: Step, of provider: ProviderID, at stage: LoginFlow.Stage) {
        guard let usable = open(step, of: provider) else { return }
        guard !isSingle else { return judgeCode(by: usable.map(\.id)) }
        withModulesHere(usable) { self.enter($0, at: stage) }
    }

    /// Opens a validation session for a step, and says which of its modules can be asked; nil where the login has ended with that.
    func open(_ step: Step, of provider: ProviderID) -> [any AuthModule]? {
        func ended(_ reason: Reason) -> [any AuthModule]? {
            failed(reason)
            return nil
        }
        switch service.openSession(
            account: request.account, provider: provider, step: step, plan: flow.plan, isRoot: hasReserve)
        {
        case .success(let opened): session = opened
        case .failure(let refusal): return ended(refusal.reason)
        }
        let modules = step.alternatives.compactMap { configuration.modules[$0] }
        guard modules.count == step.alternatives.count else { return ended(.misconfigured) }
        let usable = usable(of: modules)
        return usable.isEmpty ? ended(.moduleFailed) : usable
    }

    /// Asks for the form of these modules of a step, or which of them it shall be.
    private func enter(_ modules: [any AuthModule], at stage: LoginFlow.Stage) {
        guard !LoginConversation.sharesPrompt(modules) else { return ask(stage, modules: modules.map(\.id)) }
        // What somebody has is told to nobody who has proved nothing.
        guard !record.isFirstFactorWaived else { return chooseModule(of: modules.map(\.id), at: stage) }
        service.devices(of: request.account) { devices in
            guard !self.isOver else { return }
            guard let devices else { return self.failed(.storeUnavailable) }
            self.chooseModule(of: modules, among: devices, at: stage)
        }
    }

    /// Those of a step that can be asked now; the journal is told of the others.
    private func usable(of modules: [any AuthModule]) -> [any AuthModule] {
        modules.filter { module in
            guard let outage = module.outage else { return true }
            record.module = module.id
            service.journal.error("module \(module.id): \(outage)")
            return false
        }
    }

    /// A menu of the modules that the account has something with, the one used last first; of all of them, in their order,
    /// if it has nothing.
    private func chooseModule(
        of modules: [any AuthModule], among devices: [DeviceListing], at stage: LoginFlow.Stage
    ) {
        let held = Set(devices.map(\.key.module))
        let own = modules.filter { !($0 is any EnrollableModule) || held.contains($0.id) }
        let offered = own.isEmpty ? modules : own
        guard !LoginConversation.sharesPrompt(offered) else { return ask(stage, modules: offered.map(\.id)) }
        var order = offered.map(\.id)
        let used = devices.filter { order.contains($0.key.module) && $0.device.lastUsedAt != nil }
        let latest = used.max { ($0.device.lastUsedAt ?? 0) < ($1.device.lastUsedAt ?? 0) }
        if let latest, let index = order.firstIndex(of: latest.key.module) {
            order.insert(order.remove(at: index), at: 0)
        }
        chooseModule(of: order, at: stage)
    }

    /// Whether an answer is the wish to see the menu again.
    func goesBack(_ bytes: Span<UInt8>?, at stage: LoginFlow.Stage) -> Bool {
        guard case .step = stage, !menu.isEmpty, let bytes, bytes.count == 1 else { return false }
        return bytes[0] == UInt8(ascii: "r") || bytes[0] == UInt8(ascii: "R")
    }

    func chooseModule(of modules: [ModuleID], at stage: LoginFlow.Stage, notice: String? = nil) {
        expectation = .alternative(stage, modules)
        let menu = Texts.menu(Texts.stepTitle, modules.map { configuration.menuLine(of: $0) })
        prompt(.visible, (notice.map { $0 + "\n" } ?? "") + menu)
    }

    /// Whether one prompt will do: a single module, or several whose answers tell themselves apart.
    private static func sharesPrompt(_ modules: [any AuthModule]) -> Bool {
        guard modules.count > 1 else { return true }
        return modules.indices.allSatisfy { index in
            modules[index].inputSchema.fields.count == 1
                && modules[..<index].allSatisfy { $0.answerShape.isDistinct(from: modules[index].answerShape) }
        }
    }

    /// The form of a module, or the one field that several share; nil if one of them is not configured.
    func form(of modules: [ModuleID]) -> InputSchema? {
        let schemas = modules.compactMap { configuration.modules[$0]?.inputSchema }
        guard schemas.count == modules.count, let first = schemas.first else { return nil }
        refusal = modules.first.flatMap { configuration.modules[$0]?.refusal }
        let plan = flow.plan
        // What was sent, and where, is told whatever else a rule has to say.
        if let delivery, let message = delivery.message, modules == [delivery.module] {
            return first.with(label: message.label, echo: plan.echo)
        }
        guard schemas.count > 1 else { return first.with(label: plan.prompt, echo: plan.echo) }
        let fields = schemas.flatMap(\.fields)
        return InputSchema([
            InputField(
                name: "answer", label: Texts.either(fields.map(\.label)),
                // One of them that must not be seen hides them all.
                kind: fields.allSatisfy { $0.kind == .visible } ? .visible : .secret)
        ]).with(label: plan.prompt, echo: plan.echo)
    }

    // MARK: Judging

    /// Has an answer judged by the module whose answer it is.
    func judge(_ input: UserInput?, by modules: [ModuleID]) {
        let candidates = modules.compactMap { configuration.modules[$0] }
        let recognizing = input.flatMap { input in
            candidates.first { $0.answerShape != .anything && $0.isGuess(input) }
                ?? candidates.first { $0.isGuess(input) }
        }
        // An administrator's code is good at every step of a login.
        if flow.plan.purpose == .login, let input, let bypass = configuration.modules[.bypass],
            bypass.recognizes(input),
            recognizing.map({ $0.answerShape == .anything }) ?? true
        {
            return judge(input, by: bypass, or: recognizing)
        }
        guard let module = recognizing ?? candidates.first else { return failed(.misconfigured) }
        judge(input, by: module, isRecognized: recognizing != nil)
    }

    private func judge(_ input: UserInput?, by module: any AuthModule, isRecognized: Bool) {
        record.module = module.id
        refusal = module.refusal
        switch input {
        case nil: submit(.unusable, input, to: module)
        case let input? where rejected.contains(where: { $0.isSame(as: input) }): submit(.repeated, input, to: module)
        case let input? where module.stretchesAnswers && isRecognized: stretch(input, for: module)
        case let input?:
            if isRecognized, let module = module as? any ConsultingModule { return consult(module, about: input) }
            submit(.input(input), input, to: module)
        }
    }

    /// Has what may be an administrator's code judged as that, and where it is none that is good, by a module of the step
    /// that takes anything: a PIN may look like a code. The code is nothing to be guessed; the PIN is charged as ever.
    private func judge(_ input: UserInput, by bypass: any AuthModule, or module: (any AuthModule)?) {
        guard let module, !rejected.contains(where: { $0.isSame(as: input) }) else {
            return judge(input, by: module ?? bypass, isRecognized: true)
        }
        withStanding { standing in
            guard !self.isOver, let session = self.session else { return }
            let attempt = self.attempt(
                .answer(.input(input), session: session, module: bypass), standing: standing,
                visit: self.completedVisit,
                isConclusive: false)
            self.service.submit(attempt) { outcome in
                guard !self.isOver else { return }
                switch outcome {
                // A code that is spent is no guess at anything else.
                case .accepted, .rejected(.replayed):
                    self.owesPassword = false
                    self.record.module = bypass.id
                    self.refusal = bypass.refusal
                    self.judged(outcome, input, by: bypass)
                case .charged, .rejected, .delayed, .locked, .unavailable:
                    self.judge(input, by: module, isRecognized: true)
                }
            }
        }
    }

    /// On whose account an answer is worked on: the first factor is proved or waived, and in the latter case it is a
    /// stranger's all the same.
    var payer: SlowWork.Payer {
        if let relayed { return .host(serial: relayed.host.serial) }
        return record.isFirstFactorWaived ? .stranger(hostKey ?? "\(record.peer)") : .person(request.account)
    }

    /// The same for a set-up, which nobody begins who has proved nothing.
    var setupPayer: SlowWork.Payer { relayed == nil ? .person(request.account) : payer }

    private func stretch(_ input: UserInput, for module: any AuthModule) {
        let account = request.account
        service.slowWork.run(for: payer) { () -> UserInput? in
            module.stretch(input, for: account)
        } then: { stretched in
            guard !self.isOver else { return }
            switch stretched {
            case nil: self.failed(.tooBusy)
            case .some(nil): self.failed(.moduleFailed)
            case .some(let stretched?): self.submit(.stretched(stretched), input, to: module)
            }
        }
    }

    private func submit(_ answer: Attempt.Answer, _ input: UserInput?, to module: any AuthModule) {
        withStanding { standing in
            guard !self.isOver, let session = self.session else { return }
            let attempt = self.attempt(
                .answer(answer, session: session, module: module), standing: standing, visit: self.completedVisit)
            self.submitPaired(attempt) { self.judged($0, input, by: module) }
        }
    }

    func judged(_ outcome: Outcome, _ input: UserInput?, by module: any AuthModule) {
        let isBlocked = flow.plan.isBlocked
        service.metrics.count(isBlocked ? outcome.ofBlocked : outcome, by: module.id)
        guard !isOver, let id = session?.id else { return }
        var outcome = outcome
        if isProofVoid, outcome.isAcceptance { outcome = .rejected(.wrongPassword) }
        var triesLeft = 0
        switch outcome {
        case .accepted(_, let acceptance):
            if flow.plan.purpose != .login {
                record.modules.append(module.id)
                keepProof(acceptance, by: module.id)
            }
            if module.isInsecure { record.isInsecure = true }
            if acceptance.isOffline { record.isOffline = true }
            if let offset = acceptance.stepOffset { record.stepOffset = offset }
            if module.id == .bypass {
                record.usesBypass = true
                record.hint = acceptance.notice
            }
            if let notice = acceptance.notice { notices.append(notice) }
            tellLastLogin(acceptance)
        case .rejected(let reason):
            triesLeft = service.sessions.refused(id)
            noteRefusal(reason)
            // What a key was not touched for is right the next time.
            let wrong: [Reason] = [.wrongAnswer, .notEnrolled, .unknownAccount, .blocked]
            if let input, !module.needsPresence, wrong.contains(reason) {
                suspect = (input, module)
                rejected.append(input)
            }
        case .delayed(_, let reason), .locked(let reason): noteRefusal(reason)
        case .charged: break
        case .unavailable(let reason):
            if reason == .accountChanged {
                record.hint =
                    "the account's uid differs from the one it was enrolled with; if it is the same person: "
                    + "twostep adopt \(request.account)"
            }
        }
        if isBlocked {
            outcome = outcome.ofBlocked
            noteRefusal(outcome.refusal)
        }
        if isSingle, !outcome.isAcceptance { return refuseTogether(outcome, by: module.id) }
        perform(flow.judged(outcome, by: module.id, mayTryAgain: triesLeft > 0))
    }

    /// Notes for the journal why an answer was refused, if that is known; of who is blocked it is always the block.
    func noteRefusal(_ reason: Reason?) {
        record.lastRefusal = flow.plan.isBlocked ? .blocked : reason ?? record.lastRefusal
    }
}

extension Finding {
    /// From an account's devices, nil if the store does not tell, and its present uid: those of another uid are somebody
    /// else's, and then it cannot be told what this account has.
    init(_ devices: [DeviceListing]?, of modules: [ModuleID], uid: UInt32) {
        guard let devices, devices.allSatisfy({ $0.uid == uid }) else {
            self = .cannotTell
            return
        }
        self = devices.contains { modules.contains($0.key.module) } ? .enrolled : .unenrolled
    }
}
