import Authentication

/// Steps that begin with a message to the person.
extension LoginConversation {
    /// The module that has to send something before these are asked about; nil if none has.
    func sender(among modules: [ModuleID]) -> (any SendingModule)? {
        guard modules.count == 1, let id = modules.first else { return nil }
        return configuration.modules[id] as? any SendingModule
    }

    /// Whether something was sent that the present form is about.
    var wasSent: Bool { delivery.map { asked == [$0.module] && $0.message != nil } ?? false }

    /// Whether somebody has proved anything yet: a name alone has nothing sent to anybody.
    private var mayBeSent: Bool {
        guard record.isFirstFactorWaived else { return true }
        guard case .asking(_, let progress) = flow.state else { return false }
        return !progress.passed.isEmpty
    }

    // MARK: Sending

    /// Has a message sent, and asks about it once it is on its way.
    func send(by module: any SendingModule, at stage: LoginFlow.Stage) {
        guard mayBeSent else { return refused(.noEvidence) }
        guard let session else { return violated() }
        if let relayed, let seconds = service.relayedMessages.wait(of: relayed.host.serial, at: service.clocks.now()) {
            return notSent(Texts.tooManyMessages(seconds), .tooManyMessages, by: module, at: stage)
        }
        waitingTime = module.waitingTime
        lastHeard = service.clocks.now().boottime
        announce(Texts.sending)
        withStanding { standing in
            guard !self.isOver else { return }
            let errand = self.attempt(
                .errand(service: self.request.service, session: session, module: module), standing: standing,
                isConclusive: self.menu.isEmpty)
            self.service.submit(errand) { outcome in
                guard !self.isOver else { return }
                guard case .charged(let errand) = outcome else { return self.mayNotAnswer(outcome, module, at: stage) }
                self.send(errand, in: session, by: module, at: stage)
            }
        }
    }

    private func send(
        _ errand: ChargedGuess, in session: ValidationSession, by module: any SendingModule, at stage: LoginFlow.Stage
    ) {
        let clocks = service.clocks
        let end = clocks.now().boottime + LoginConversation.workLimit
        let host = request.origin == .trusted ? request.remoteHost : nil
        let issuer = configuration.issuer
        let asker = relayed?.host.serial
        service.programs.run(for: payer) { () -> Sending in
            let now = clocks.now()
            // It has waited its turn for longer than anybody waits for it.
            guard now.boottime <= end else { return .failed(["too much was asked before"]) }
            return module.send(
                Errand(
                    session: session, service: errand.service, host: host, issuer: issuer, devices: errand.devices,
                    now: now, asker: asker))
        } then: { sending in
            // It went out, whether or not anybody is there still.
            if let asker, case .sent? = sending { self.service.relayedMessages.note(asker, at: clocks.now()) }
            // Whoever has left, or was told that it took too long, has no use for it.
            guard !self.isOver else { return module.withdraw(session) }
            self.sent(sending ?? .failed(["too much is sent at a time"]), by: module, at: stage)
        }
    }

    private func sent(_ sending: Sending, by module: any SendingModule, at stage: LoginFlow.Stage) {
        switch sending {
        case .sent(let message, let undelivered):
            for fault in undelivered { service.journal.error("module \(module.id): \(fault)") }
            service.keep(MessageRecord(request: request, module: module.id, device: message.device).entry)
            delivery = Delivery(module: module.id, message: message, count: (delivery?.count ?? 0) + 1)
            ask(stage, modules: [module.id])
        case .nobody:
            delivery = Delivery(module: module.id, message: nil, count: 0)
            ask(stage, modules: [module.id])
        case .limited(let seconds):
            notSent(Texts.tooManyMessages(seconds), .tooManyMessages, by: module, at: stage)
        case .failed(let faults):
            for fault in faults { service.journal.error("module \(module.id): \(fault)") }
            notSent(Texts.nothingSent, .moduleFailed, by: module, at: stage)
        }
    }

    /// Goes on without a new message: with the one before it, or with the other modules of the menu; else it is the end.
    private func notSent(
        _ notice: String, _ reason: Reason, by module: any SendingModule, at stage: LoginFlow.Stage
    ) {
        record.lastRefusal = reason
        if delivery?.message != nil {
            let notice = reason == .tooManyMessages ? notice : Texts.noOtherSent
            return ask(stage, modules: [module.id], notice: notice)
        }
        guard menu.isEmpty else { return chooseModule(of: menu, at: stage, notice: notice) }
        refusal = notice
        failed(reason)
    }

    /// An account that may not answer now is sent nothing.
    private func mayNotAnswer(_ outcome: Outcome, _ module: any SendingModule, at stage: LoginFlow.Stage) {
        service.metrics.count(outcome, by: module.id)
        noteRefusal(outcome.refusal)
        switch outcome {
        // Other modules of the menu may be open, or those that open this one again.
        case .delayed(let seconds, _) where !menu.isEmpty:
            chooseModule(of: menu, at: stage, notice: Texts.delayed(seconds))
        case .locked where !menu.isEmpty: chooseModule(of: menu, at: stage, notice: Texts.locked)
        case .accepted, .charged, .rejected, .delayed, .locked, .unavailable: end(flow.turnedAway(outcome))
        }
    }

    // MARK: Another

    /// Whether an answer asks for another message.
    func wantsAnother(_ bytes: Span<UInt8>?, at stage: LoginFlow.Stage) -> Bool {
        guard case .step = stage, wasSent, let bytes, bytes.count == 1 else { return false }
        return bytes[0] == UInt8(ascii: "s") || bytes[0] == UInt8(ascii: "S")
    }

    func sendAnother(at stage: LoginFlow.Stage) {
        guard let delivery, let module = sender(among: [delivery.module]) else { return failed(.misconfigured) }
        guard delivery.count < Delivery.most else {
            return ask(stage, modules: [module.id], notice: Texts.noMoreMessages)
        }
        send(by: module, at: stage)
    }

    /// The session is over, and with it what was sent for it.
    func withdraw(from session: ValidationSession) {
        guard let sent = delivery else { return }
        delivery = nil
        sender(among: [sent.module])?.withdraw(session)
    }

    // MARK: Approval

    /// Whether an answer says that the request was approved: nothing is typed for it.
    func saysApproved(_ bytes: Span<UInt8>?, at stage: LoginFlow.Stage) -> Bool {
        guard case .step = stage, wasSent, let bytes else { return false }
        return bytes.isEmpty && delivery?.message?.awaitsApproval == true
    }

    /// Asks whether it was, and has the answer judged like one that was typed.
    func confirm(at stage: LoginFlow.Stage) {
        guard let delivery, let session, let module = sender(among: [delivery.module]) else {
            return failed(.misconfigured)
        }
        waitingTime = module.waitingTime
        let clocks = service.clocks
        service.programs.run(for: payer) {
            module.confirmation(for: session, at: clocks.now())
        } then: { confirmation in
            guard !self.isOver else { return }
            switch confirmation {
            case .answered(let input)?:
                // Time has passed since the person said so.
                guard self.checkSession() else { return }
                switch self.flow.answered() {
                case .judge(.step): self.judge(input, by: [module.id])
                case .judge: self.violated()
                case .end(let verdict): self.end(verdict)
                }
            case .pending?: self.ask(stage, modules: [module.id], notice: Texts.notApproved)
            case .unavailable(let reason)?:
                self.service.journal.error("module \(module.id): \(reason)")
                self.ask(stage, modules: [module.id], notice: Texts.approvalUnknown)
            case nil: self.ask(stage, modules: [module.id], notice: Texts.approvalUnknown)
            }
        }
    }
}
