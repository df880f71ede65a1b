import Authentication

/// Being let off modules at a terminal where they were passed not long ago.
extension LoginConversation {
    /// Finds out whether a grant stands for these steps.
    func recall(_ steps: [Step]) {
        withStanding { standing in
            guard !self.isOver else { return }
            let now = self.service.clocks.now()
            let key = self.grantKey(steps, standing)
            let grant = key.flatMap {
                self.service.grants.grant(for: $0, within: self.flow.plan.rememberFor ?? 0, at: now)
            }
            self.perform(self.flow.recalled(grant != nil))
        }
    }

    /// Makes a grant for what was passed, where a rule lets remember it. Full tables and lost sessions make none, and say
    /// nothing: the code is asked for again.
    func remember() {
        guard !rememberable.isEmpty, let span = flow.plan.rememberFor,
            configuration.number == service.generation.number
        else { return }
        withStanding { standing in
            guard let key = self.grantKey(self.rememberable, standing) else { return }
            self.service.grants.make(key, for: span, at: self.service.clocks.now(), since: self.revocations)
        }
    }

    /// Nil where there is nothing to remember a login by: no terminal of a caller of uid 0, no account.
    private func grantKey(_ steps: [Step], _ standing: Attempt.Standing) -> Grant.Key? {
        guard isRoot, case .known(let uid) = standing, let terminalSession else { return nil }
        return Grant.Key(
            account: request.account, uid: uid, service: request.service, session: terminalSession, steps: steps,
            generation: configuration.number)
    }
}
