import Authentication
import QRCodes
import Wire

/// Steps that are set up within the login, for somebody who has nothing yet.
extension LoginConversation {
    /// How much of a set-up a prompt shows.
    enum Showing {
        case everything, key, nothing
    }

    private func module(for step: Step) -> (any EnrollableModule)? {
        SetupChoice.module(for: step, among: configuration.modules)
    }

    /// Begins a set-up in place of a step, for somebody whom it would let in.
    func beginEnrollment(for step: Step, of provider: ProviderID, at stage: LoginFlow.Stage) {
        guard isRoot, request.origin == .trusted else { return refused(.notPermitted) }
        guard module(for: step) != nil else { return failed(.misconfigured) }
        guard let user = userSettingUp else { return violated() }
        whereOpened(by: user) { self.openSetup(for: step, of: provider, at: stage) }
    }

    /// Whoever sets something up: the provider's username.
    private var userSettingUp: UserKey? {
        switch flow.state {
        case .asking(.enrollment, let progress), .judging(.enrollment, let progress):
            progress.username.map { UserKey($0, at: progress.chain.provider) }
        case .ready, .choosing, .asking, .judging, .recalling, .inquiring, .crediting, .ended: nil
        }
    }

    /// Opens a session for the step and begins.
    private func openSetup(for step: Step, of provider: ProviderID, at stage: LoginFlow.Stage) {
        guard openSetupSession(for: step, of: provider) else { return failed(.tooBusy) }
        guard flow.plan.needsTicket, !hasTicket else { return beginSetup(at: stage) }
        askForTicket(stage)
    }

    /// Opens a session, in place of the present one, whose tries are those of a set-up; false if there is no room.
    private func openSetupSession(for step: Step, of provider: ProviderID) -> Bool {
        closeSession()
        var plan = flow.plan
        plan.tries = max(plan.tries, SetupChoice.fewestTries)
        guard
            case .success(let opened) = service.openSession(
                account: request.account, provider: provider, step: step, plan: plan, isRoot: isRoot)
        else { return false }
        session = opened
        return true
    }

    /// Begins the set-up of the stage's step, and shows it.
    private func beginSetup(at stage: LoginFlow.Stage) {
        guard let step = session?.step, let module = module(for: step) else { return failed(.misconfigured) }
        withStanding { standing in
            guard !self.isOver else { return }
            guard case .known(let uid) = standing else { return self.failed(.directoryUnavailable) }
            self.beginSetup(with: module, uid: uid, at: stage)
        }
    }

    private func beginSetup(with module: any EnrollableModule, uid: UInt32, at stage: LoginFlow.Stage) {
        asked = [module.id]
        record.module = module.id
        refusal = module.refusal
        let setup = SetupRequest(
            account: request.account, device: change?.freeName(for: module) ?? module.usualDeviceName,
            issuer: configuration.issuer, parameters: [:])
        waitingTime = module.waitingTime
        let companion = AdminDesk.enrollable(configuration).first(where: \.isIssuedWithFirstDevice)
        service.beginSetup(setup, with: module, uid: uid, companion: companion, for: .person(request.account)) {
            begun in
            guard !self.isOver else { return }
            switch begun {
            case .success(let pending)?:
                self.settingUp = pending
                self.askForSetup(stage, showing: .everything)
            case .failure(let failure)?:
                self.service.journal.error("module \(module.id) cannot set up anything: \(failure.explanation)")
                self.failed(.moduleFailed)
            case nil: self.failed(.tooBusy)
            }
        }
    }

    // MARK: The ticket

    private func askForTicket(_ stage: LoginFlow.Stage, notice: String? = nil) {
        guard let module = configuration.modules[.ticket], let field = module.inputSchema.fields.first else {
            return failed(.misconfigured)
        }
        record.module = module.id
        refusal = module.refusal
        expectation = .ticket(stage)
        prompt(field.style, field.promptText(after: notice))
    }

    /// Has a ticket judged like any answer; no secret is shown before it is spent, on disk.
    func judgeTicket(_ bytes: Span<UInt8>?, at stage: LoginFlow.Stage) {
        guard let session, let module = configuration.modules[.ticket] else { return failed(.misconfigured) }
        var answer = Attempt.Answer.unusable
        if let bytes, bytes.count <= Wire.maximumAnswer { answer = .input(UserInput(Secret(copying: bytes))) }
        withStanding { standing in
            guard !self.isOver else { return }
            let attempt = self.attempt(.answer(answer, session: session, module: module), standing: standing)
            self.service.submit(attempt) { self.ticketJudged($0, session, at: stage) }
        }
    }

    private func ticketJudged(_ outcome: Outcome, _ judged: ValidationSession, at stage: LoginFlow.Stage) {
        guard !isOver else { return }
        switch outcome {
        case .accepted:
            hasTicket = true
            // The tries that wrong tickets have taken are not the first code's: the right one is spent now.
            guard openSetupSession(for: judged.step, of: judged.provider) else { return failed(.tooBusy) }
            service.journal.notice("ticket used user=\"\(request.account)\"")
            beginSetup(at: stage)
        case .rejected(let reason):
            record.lastRefusal = reason
            guard service.sessions.refused(judged.id) > 0 else { return end(flow.turnedAway(outcome)) }
            askForTicket(stage, notice: refusal)
        case .charged, .delayed, .locked, .unavailable: end(flow.turnedAway(outcome))
        }
    }

    // MARK: Asking

    /// Asks for the answer that finishes the set-up.
    func askForSetup(_ stage: LoginFlow.Stage, showing: Showing, notice: String? = nil) {
        guard let pending = settingUp, case .asking(stage, _) = flow.state else { return violated() }
        let form = Form(pending.setup.confirmation)
        guard let field = form.next else { return failed(.misconfigured) }
        expectation = .form(form, stage, asked)
        let isOfDevice = pending.isOfDevice
        let title = setupTitle
        let question = isOfDevice ? Texts.firstCode : field.label + ": "
        // What it is made from stands beside it: a first code may be seen.
        let style = isOfDevice ? PromptStyle.visible : field.style
        switch showing {
        case .nothing: prompt(style, (notice.map { $0 + "\n" } ?? "") + question)
        case .key: prompt(style, showing: pending.text(title, withPicture: false, question: question))
        case .everything:
            let text = pending.text(title, withPicture: true, question: question)
            if text.fits {
                prompt(style, showing: text)
            } else {
                prompt(style, showing: pending.text(title, withPicture: false, question: question))
            }
        }
    }

    /// Whether an answer asks for the key alone: where the picture cannot be read, by a person or by a program.
    func asksForKey(_ bytes: Span<UInt8>?, at stage: LoginFlow.Stage) -> Bool {
        guard case .enrollment = stage, settingUp?.isOfDevice == true, let bytes else { return false }
        let plain = Array("plain".utf8)
        return bytes.count == plain.count && bytes.indices.allSatisfy { bytes[$0] == plain[$0] }
    }

    // MARK: Finishing

    /// Has the answer judged and, if it is right, the device kept for the store.
    func finishSetup(_ input: UserInput?) {
        guard let pending = settingUp else { return failed(.misconfigured) }
        guard let input else { return setUp(.rejected(.unusable)) }
        let now = service.clocks.now()
        service.pool(for: pending.module).run(for: .person(request.account)) {
            pending.finish(input, at: now)
        } then: { result in
            guard !self.isOver else { return }
            switch result {
            case .success(let finished)?: self.keep(pending, finished)
            case .failure(.wrong)?: self.setUp(.rejected(.wrongAnswer))
            case .failure(.malformed)?: self.setUp(.rejected(.malformed))
            case .failure(.unacceptable(let explanation))?:
                self.refusal = explanation
                self.setUp(.rejected(.wrongAnswer))
            case .failure(.unavailable)?: self.setUp(.unavailable(.moduleFailed))
            case nil: self.setUp(.unavailable(.tooBusy))
            }
        }
    }

    /// Keeps what was set up, and has it stored with the last step: who leaves in between has set up nothing.
    private func keep(_ pending: PendingEnrollment, _ finished: FinishedEnrollment) {
        guard case .judging(.enrollment(let index), let progress) = flow.state, let user = userSettingUp else {
            return violated()
        }
        finishedSetups.append((pending, finished))
        guard index + 1 >= progress.chain.steps.count else { return setUp(.stored(pending.key.module)) }
        let owed = Set(progress.chain.steps.flatMap(\.alternatives))
        whereOpened(by: user) { self.store(owed, for: user) }
    }

    /// Stores all that was set up, unless the account has come by anything of it in the meantime: somebody else may be
    /// logging in.
    private func store(_ owed: Set<ModuleID>, for user: UserKey) {
        let finished = finishedSetups
        guard let (first, _) = finished.first, let (last, _) = finished.last,
            case .judging = flow.state
        else { return violated() }
        let speaksOfAccounts = change != nil || configuration.providers[user.provider]?.speaksOfAccounts == true
        let change = change
        let proof = proof
        let journal = service.journal
        let now = service.clocks.now()
        service.ask { store throws(StoreFailure) -> StoredSetup in
            let account = first.key.account
            // Strictly: what is damaged is not nothing.
            let existing = try store.holdings(of: account)
            guard existing.allSatisfy({ $0.uid == first.uid }) else { return .accountChanged }
            let isFree =
                change.map {
                    $0.isStillDue(after: proof, among: existing) && existing.count < DeviceChange.most
                        && !existing.contains { $0.key == first.key }
                } ?? !existing.contains { owed.contains($0.key.module) }
            guard isFree else { return .taken }
            // What can be created was looked at a moment ago; what somebody else has got since counts.
            if !speaksOfAccounts, let prospect = try store.prospect(of: user, for: account),
                prospect != .account(account)
            {
                return .notOpened(prospect)
            }
            var listings: [DeviceListing] = []
            for (pending, finished) in finished {
                listings.append(try pending.sealed(finished.setup, at: now, in: store))
            }
            let companion = existing.allSatisfy({ $0.key.module.isStopgap }) ? first.companion : nil
            if let companion {
                let unchanged = FinishedSetup(state: companion.setup.initialState)
                listings.append(try companion.sealed(unchanged, at: now, in: store))
            }
            try store.add(listings)
            for (pending, _) in finished { journal.notice(pending.entry("enrolled")) }
            if let companion { journal.notice(companion.entry("issued")) }
            return .stored(issued: companion != nil)
        } deliver: {
            self.stored($0, last.key.module, issuing: first.companion, for: user)
        }
    }

    private func stored(
        _ result: Result<StoredSetup, StoreFailure>, _ last: ModuleID, issuing companion: PendingEnrollment?,
        for user: UserKey
    ) {
        finishedSetups = []
        guard !isOver else { return }
        switch result {
        case .failure: setUp(.unavailable(.storeUnavailable))
        case .success(.accountChanged):
            record.hint = "the account's uid differs from the one it was enrolled with"
            setUp(.unavailable(.accountChanged))
        case .success(.taken):
            record.hint =
                change == nil
                ? "the account was enrolled by another login while this one was at it"
                : "the account's devices were changed while this change was at it"
            refusal = Texts.refused
            setUp(.rejected(.notPermitted), isFinal: true)
        case .success(.notOpened(let credentials)): turnAway(user, credentials)
        case .success(.stored(let isIssued)):
            record.hasEnrolled = true
            guard isIssued, let companion else { return setUp(.stored(last)) }
            show(companion, after: last)
        }
    }

    /// Shows codes once. Whatever is typed then, they have been seen.
    private func show(_ companion: PendingEnrollment, after module: ModuleID) {
        var text = PromptText()
        text.append(Texts.codesIssued)
        text.append(lines: companion.setup.codes)
        text.append(Texts.keepCodes)
        expectation = .acknowledgement(module)
        prompt(.visible, showing: text)
    }

    /// Reports to the flow how the set-up has ended.
    func setUp(_ enrolling: Enrolling, isFinal: Bool = false) {
        var triesLeft = 0
        if case .rejected(let reason) = enrolling {
            record.lastRefusal = reason
            if !isFinal, let id = session?.id { triesLeft = service.sessions.refused(id) }
        }
        perform(flow.enrolled(enrolling, mayTryAgain: triesLeft > 0))
    }
}

/// What became of a set-up at the store.
private enum StoredSetup: Sendable {
    case stored(issued: Bool)
    /// The account has something with the modules by now.
    case taken
    /// The credentials of whoever sets it up do not open it any more.
    case notOpened(Credentials)
    /// Its devices are those of another uid.
    case accountChanged
}

extension PendingEnrollment {
    /// Whether a device makes the answers, from a secret that is shown.
    var isOfDevice: Bool { setup.uri.count > 0 || setup.key.count > 0 }

    /// What a prompt shows of it, with `title` at the beginning and `question` at the end.
    fileprivate func text(_ title: String, withPicture: Bool, question: String) -> PromptText {
        var text = PromptText()
        text.append(title)
        guard isOfDevice else {
            text.append(Texts.setUp + "\n" + question)
            return text
        }
        if withPicture, let code = setup.uri.withBytes({ QRCode($0) }) {
            text.append(Texts.scan + "\n")
            // No colours: what PAM shows goes through programs that take them out.
            code.draw(inColour: false) { text.append($0) }
            text.append(Texts.orType)
            text.append(grouped: setup.key)
            text.append("\n" + Texts.plain + "\n" + question)
        } else {
            text.append(Texts.type)
            text.append(grouped: setup.key)
            text.append("\n" + question)
        }
        return text
    }
}
