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
    var userSettingUp: UserKey? {
        switch flow.state {
        case .asking(.enrollment, let progress), .judging(.enrollment, let progress):
            progress.username.map { UserKey($0, at: progress.chain.provider) }
        case .ready, .choosing, .asking, .judging, .recalling, .inquiring, .crediting, .ended: nil
        }
    }

    /// Opens a session for the step and begins.
    private func openSetup(for step: Step, of provider: ProviderID, at stage: LoginFlow.Stage) {
        if let refusal = openSetupSession(for: step, of: provider) { return failed(refusal.reason) }
        guard flow.plan.needsTicket, !hasTicket else { return beginSetup(at: stage) }
        askForTicket(stage)
    }

    /// Opens a session, in place of the present one, whose tries are those of a set-up; returns why there is none.
    func openSetupSession(for step: Step, of provider: ProviderID) -> SessionRefusal? {
        closeSession()
        var plan = flow.plan
        plan.tries = max(plan.tries, SetupChoice.fewestTries)
        switch service.openSession(
            account: request.account, provider: provider, step: step, plan: plan, isRoot: hasReserve)
        {
        case .success(let opened): session = opened
        case .failure(let refusal): return refusal
        }
        return nil
    }

    /// Begins the set-up of the stage's step, and shows it.
    func beginSetup(at stage: LoginFlow.Stage) {
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
            issuer: configuration.issuer, parameters: [:], isWithinLogin: true)
        waitingTime = module.waitingTime
        let companion = AdminDesk.enrollable(configuration).first(where: \.isIssuedWithFirstDevice)
        service.beginSetup(setup, with: module, uid: uid, companion: companion, for: setupPayer) {
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
        service.pool(for: pending.module).run(for: setupPayer) {
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
