import Authentication
import Wire

/// The ticket that a set-up in the login may need: no secret is shown before it.
extension LoginConversation {
    /// Asks for the ticket that an administrator has handed out.
    func askForTicket(_ stage: LoginFlow.Stage, notice: String? = nil) {
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
            if let refusal = openSetupSession(for: judged.step, of: judged.provider) {
                return failed(refusal.reason)
            }
            service.journal.notice("ticket used user=\"\(request.account)\"")
            beginSetup(at: stage)
        case .rejected(let reason):
            record.lastRefusal = reason
            guard service.sessions.refused(judged.id) > 0 else { return end(flow.turnedAway(outcome)) }
            askForTicket(stage, notice: refusal)
        case .charged, .delayed, .locked, .unavailable: end(flow.turnedAway(outcome))
        }
    }
}
