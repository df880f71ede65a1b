import Authentication
import Wire

/// Answers that somebody outside judges.
extension LoginConversation {
    /// Has a guess charged, then judged outside, and what is said of it settled; only then anybody hears of it.
    ///
    /// Between the two transactions nothing waits for it: not the event loop, not the store's thread.
    func consult(_ module: any ConsultingModule, about input: UserInput) {
        withStanding { standing in
            guard !self.isOver, let session = self.session else { return }
            let question = self.attempt(
                .question(input, service: self.request.service, session: session, module: module), standing: standing)
            self.submitPaired(question) { outcome in
                guard case .charged(let guess) = outcome else { return self.judged(outcome, input, by: module) }
                self.consult(module, about: guess, in: session, standing)
            }
        }
    }

    private func consult(
        _ module: any ConsultingModule, about guess: ChargedGuess, in session: ValidationSession,
        _ standing: Attempt.Standing
    ) {
        if let announcement = module.announcement {
            port?.prompt(.info, patience: patience, text: announcement)
        }
        let consultation = Consultation(until: session.deadline)
        self.consultation = consultation
        let clocks = service.clocks
        let end = clocks.now().boottime + LoginConversation.workLimit
        service.programs.run(for: payer) { () -> Testimony in
            // It has waited its turn for longer than anybody waits for it.
            guard clocks.now().boottime <= end else { return .unavailable("too much was asked before") }
            return module.consult(guess, for: consultation)
        } then: { testimony in
            self.consultation = nil
            let said = testimony ?? .unavailable("too much is asked at a time")
            if case .unavailable(let reason) = said {
                self.service.journal.error("module \(module.id): \(reason)")
            } else if self.isOver {
                // Whoever leaves before he is told has paid.
                return
            }
            let settlement = self.attempt(
                .testimony(said, of: guess, session: session, module: module), standing: standing,
                visit: self.isOver ? nil : self.completedVisit)
            self.service.submit(settlement) { outcome in
                guard testimony != nil else { return self.failed(.tooBusy) }
                self.judged(outcome, guess.input, by: module)
            }
        }
    }
}
