import Authentication

/// The first factor.
extension LoginConversation {
    /// The provider `pam`: it looks at what is known already, so it is asked at once.
    func proveByEvidence(_ provider: any AuthProvider) {
        guard case .judge(.provider) = flow.answered() else { return violated() }
        let proof = provider.prove(
            request, nil, users: NoUserDatabase(.unreachable("evidence is all there is")),
            isWaived: flow.plan.isFirstFactorWaived)
        if case .proved(_, isWaived: true) = proof { record.isFirstFactorWaived = true }
        if case .rejected(.noEvidence) = proof { record.hint = LoginConversation.evidenceHint(request.service) }
        // A waived first factor is none: its host is held to account like that of any stranger.
        if case .proved(_, isWaived: true) = proof { return proved(proof) }
        report(proof, mayTryAgain: false)
    }

    private static func evidenceHint(_ service: String) -> String {
        service == "sshd"
            ? "sshd_config needs AuthenticationMethods publickey,keyboard-interactive:pam, or /etc/pam.d/sshd a line above "
                + "pam_twostep that takes the password (requisite pam_unix.so)"
            : "a line above pam_twostep in /etc/pam.d/\(service) must take the password (requisite pam_unix.so)"
    }

    func prove(_ input: UserInput?) {
        guard case .judging(.provider, let progress) = flow.state,
            let provider = configuration.providers[progress.chain.provider]
        else { return failed(.misconfigured) }
        guard let input = input.flatMap({ isSingle ? password(of: $0, progress.chain.steps) : $0 }) else {
            return proved(.rejected(.unusable))
        }
        guard !isRepeatedTogether else { return proved(.rejected(.repeated)) }
        isProofVoid = false
        mark = nil
        let request = request
        let isWaived = flow.plan.isFirstFactorWaived
        let users = NotedUserDatabase(service.writer.userDatabase)
        // Whoever was refused a moment ago is refused again without another hash being made for it.
        let host = hostKey
        if !request.evidence.provesFirstFactor, let host, service.isRefused(host) {
            return proved(.rejected(.wrongPassword))
        }
        if let spent = spentKey, service.isRefused(spent) { return failed(.hostBudgetSpent) }
        // Strangers pay for themselves: nobody's guesses at an account keep out its owner.
        let payer: SlowWork.Payer =
            if let relayed {
                .host(serial: relayed.host.serial)
            } else if request.evidence.provesFirstFactor {
                .person(request.account)
            } else {
                .stranger(host ?? "\(request.service) \(request.terminal ?? "") \(record.peer)")
            }
        let pool = provider.timeLimit > 0 ? service.programs : service.slowWork
        pool.run(for: payer) {
            provider.prove(request, input, users: users, isWaived: isWaived)
        } then: { proof in
            guard let proof else { return self.failed(.tooBusy) }
            if case .proved(let username, _) = proof { self.mark = users.mark(of: UserKey(username, at: provider.id)) }
            self.proved(proof)
        }
    }

    /// Has the provider's judgement counted for the remote host before anybody hears of it.
    private func proved(_ judged: Proof) {
        guard !isOver else { return forsaken(judged) }
        let proof = lacksCode(judged) ? .rejected(.malformed) : judged
        let rejection: Reason?
        switch proof {
        case .proved: rejection = nil
        case .rejected(let reason): rejection = reason
        case .unavailable(let explanation):
            service.journal.error("provider \(record.provider?.description ?? "?"): \(explanation)")
            return perform(flow.proved(proof, mayTryAgain: false))
        }
        // Evidence gets a person past the host's counter; what failed is counted all the same. Through a host of the fleet it is the
        // host's word: there right and wrong go the same way, or the budget's refusal would tell them apart.
        if request.evidence.provesFirstFactor, rejection == nil, !isSingle, relayed == nil { return conclude(proof) }
        // Where the code is looked at with it, that counts; here it is only asked whether anything may be looked at.
        let attempt = attempt(.firstFactor(isSingle ? nil : rejection), standing: .unknown)
        owesPassword = isSingle
        service.submit(attempt) { outcome in
            self.keepRefusal(outcome, of: attempt)
            if !outcome.isAcceptance { self.owesPassword = false }
            switch outcome {
            case .accepted(_, let acceptance):
                if acceptance.isOffline { self.record.isOffline = true }
                self.conclude(proof)
            case .rejected(let reason): self.conclude(.rejected(reason))
            case .charged: self.refused(.outOfTurn)
            case .delayed, .locked: self.conclude(.rejected(.hostRefused))
            case .unavailable(let reason): self.failed(reason)
            }
        }
    }

    /// The login has ended while a password was worked on. A host of the fleet could have any number of them worked on so, and
    /// nobody would know: each counts for it, right or wrong.
    private func forsaken(_ judged: Proof) {
        switch judged {
        case .unavailable, .rejected(.malformed): return
        case .proved, .rejected: countForsaken()
        }
    }

    /// The same where whoever asks has ended the login before the code was looked at, which counts for both. Not where it has ended
    /// for a reason that lies outside it.
    func settlePassword(at verdict: Verdict) {
        guard owesPassword, [.conversationFailed, .denied(.outOfTurn)].contains(verdict) else { return }
        countForsaken()
    }

    private func countForsaken() {
        owesPassword = false
        guard relayed != nil else { return }
        let attempt = attempt(.firstFactor(.wrongPassword), standing: .unknown)
        service.submit(attempt) { self.keepRefusal($0, of: attempt) }
    }

    /// Keeps in mind who is refused before anything is looked at, so that nothing is worked out for it in vain.
    private func keepRefusal(_ outcome: Outcome, of attempt: Attempt) {
        switch outcome {
        case .rejected(.hostRefused):
            if let hostKey { service.refuse(hostKey) }
        // Not where it is the budget of those who have waived the first factor.
        case .unavailable(.hostBudgetSpent) where attempt.relayShare == attempt.passwordShare:
            if let spentKey { service.refuse(spentKey) }
        case .accepted, .charged, .rejected, .delayed, .locked, .unavailable: break
        }
    }

    /// What no more passwords are judged for once the fleet's host of this login has relayed too many, so that none is hashed for
    /// nothing: all that root asks there, or all of the account that asks for itself. Nil for a login of this machine.
    private var spentKey: String? {
        guard let serial = relayed?.host.serial else { return nil }
        return relayShare == .own
            ? Attempt.contributionKey(of: request.account, to: serial, .ownPasswords)
            : Attempt.budgetKey(of: serial, .passwords)
    }

    private func conclude(_ proof: Proof) {
        guard !isOver else { return }
        guard isSingle, case .rejected(let reason) = proof, reason != .hostRefused else { return settle(proof) }
        // A wrong password takes as long as a wrong code behind a right one.
        judgeCodeForNobody { self.settle(proof) }
    }

    private func settle(_ proof: Proof) {
        providerTriesLeft -= 1
        if case .rejected(let reason) = proof { record.lastRefusal = reason }
        let isFinal: Bool = if case .rejected(.hostRefused) = proof { true } else { false }
        report(proof, mayTryAgain: providerTriesLeft > 0 && !isFinal)
    }

    /// Tells the flow what was proved. Where nothing more is asked that may be all there is to it, so there the account
    /// must be one that is known.
    private func report(_ proof: Proof, mayTryAgain: Bool) {
        guard flow.plan.isExempt, case .proved = proof else {
            return perform(flow.proved(proof, mayTryAgain: mayTryAgain))
        }
        whereKnown { self.perform(self.flow.proved(proof, mayTryAgain: mayTryAgain)) }
    }
}
