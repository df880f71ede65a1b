import Authentication
import Wire

/// Password and code in one answer (`conversation: single`).
///
/// The password is judged first, and only behind a right one the code, which is then charged as ever. Whichever of them
/// is wrong, the person hears the same after the same work: one hash, a transaction that asks whether anything may be looked at, and
/// one with a code looked at, which counts for the hosts what is refused.
extension LoginConversation {
    var isSingle: Bool { flow.plan.single != nil }

    /// Whether password and code are one answer, and no such answer was right yet.
    var isUndecidedTogether: Bool { if case .crediting = flow.state { false } else { isSingle } }

    /// The provider's form, for both; nil if something is not configured.
    func singleForm(of provider: (any AuthProvider)?, _ steps: [Step]) -> InputSchema? {
        let modules = singleModules(steps)
        guard let field = provider?.inputSchema.fields.first, !modules.isEmpty else { return nil }
        let label = Texts.together(field.label, modules.flatMap { $0.inputSchema.fields.map(\.label) })
        return InputSchema([InputField(name: field.name, label: flow.plan.prompt ?? label, kind: field.kind)])
    }

    private func singleModules(_ steps: [Step]) -> [any AuthModule] {
        (steps.first?.alternatives ?? []).compactMap { configuration.modules[$0] }
    }

    // MARK: Taking apart

    /// The password of an answer; its code is kept for the step. An answer without a code is all password: it is judged
    /// like one, and refused.
    func password(of answer: UserInput, _ steps: [Step]) -> UserInput? {
        guard let single = flow.plan.single else { return nil }
        // An administrator's code is good at every step.
        let shapes = (singleModules(steps) + [configuration.modules[.bypass]].compactMap { $0 }).map(\.answerShape)
        let start = answer.withField { single.start(ofCodeIn: $0, shapes) }
        guard let start, let parts = answer.cut(at: start) else {
            combined = TypedTogether(whole: answer, code: nil, passwordLength: 0)
            return answer
        }
        combined = TypedTogether(whole: answer, code: parts.behind, passwordLength: start)
        return parts.before
    }

    /// Whether a password stands alone where a code belongs behind it.
    func lacksCode(_ proof: Proof) -> Bool {
        guard isSingle, case .proved = proof else { return false }
        return combined?.code == nil
    }

    /// Whether all of it was refused before in this login. That it is so says nothing about either part.
    var isRepeatedTogether: Bool {
        guard let combined else { return false }
        return refusedTogether.contains { $0.isSame(as: combined.whole) }
    }

    // MARK: Judging

    /// Has the code behind a right password judged.
    func judgeCode(by modules: [ModuleID]) {
        guard let code = combined?.code else { return violated() }
        asked = modules
        switch flow.answered() {
        case .judge(.step): judge(code, by: modules)
        case .judge: violated()
        case .end(let verdict): end(verdict)
        }
    }

    /// Has the code behind a wrong password looked at as somebody's who has nothing. It is charged to no account, and the hosts are
    /// charged for the password.
    func judgeCodeForNobody(then body: @escaping () -> Void) {
        guard case .judging(.provider, let progress) = flow.state, let step = progress.chain.steps.first else {
            return body()
        }
        // A session behind a wrong password, too: where there is room for none, that is told behind both.
        guard let modules = open(step, of: progress.chain.provider) else { return }
        guard let session else { return violated() }
        let input = combined?.code ?? combined?.whole
        guard
            let module = modules.first(where: { module in input.map { module.recognizes($0) } ?? false })
                ?? modules.first
        else { return failed(.misconfigured) }
        let answer = input.map { Attempt.Answer.input($0) } ?? .unusable
        withStanding { standing in
            guard !self.isOver else { return }
            let attempt = self.attempt(
                .answer(answer, session: session, module: UnchargedModule(module)),
                standing: standing.ofNobody)
            self.submitPaired(attempt) { outcome in
                guard !self.isOver, !self.isRefusedForAll(outcome) else { return }
                self.closeRefused()
                body()
            }
        }
    }

    /// Ends the login by what keeps everybody out, whatever was typed; returns whether it did.
    private func isRefusedForAll(_ outcome: Outcome) -> Bool {
        switch outcome {
        case .rejected(.hostRefused):
            if let host = hostKey { service.refuse(host) }
            record.lastRefusal = .hostRefused
            refused(.hostRefused)
        case .unavailable(let reason) where outcome.refusal == nil: failed(reason)
        case .accepted, .charged, .rejected, .delayed, .locked, .unavailable: return false
        }
        return true
    }

    /// An administrator has taken away what has proved the first factor. The login ends with that; but while the code in the same
    /// answer is judged it goes on as behind a wrong password, or its end would tell that it was right.
    func proofIsVoid(for reason: Reason) {
        guard isUndecidedTogether else { return refused(reason) }
        isProofVoid = true
    }

    /// Closes the session of an answer that was refused, and keeps the answer to know it by.
    private func closeRefused() {
        closeSession()
        if let combined { refusedTogether.append(combined.whole) }
        combined = nil
    }

    /// The code behind a right password was not accepted.
    func refuseTogether(_ outcome: Outcome, by module: ModuleID) {
        guard !isRefusedForAll(outcome) else { return }
        closeRefused()
        noteRefusal(outcome.refusal)
        perform(flow.judged(outcome, by: module, mayTryAgain: providerTriesLeft > 0))
    }

    // MARK: The end

    /// Leaves the password alone to the lines below, which would otherwise take the code for a part of it. Only where it
    /// was typed here: what a line above has set is that line's.
    func leavePassword(to port: any LoginPort) {
        guard isSingle, isRoot, let length = combined?.passwordLength, let prefix = UInt16(exactly: length), prefix > 0,
            let provider = record.provider.flatMap({ configuration.providers[$0] }),
            provider.inputSchema.fields.first?.kind == .password,
            !request.evidence.hasAuthtok || providerTriesLeft < flow.plan.tries - 1
        else { return }
        port.setPassword(prefix: prefix)
    }
}

extension Outcome {
    var isAcceptance: Bool {
        switch self {
        case .accepted: true
        case .charged, .rejected, .delayed, .locked, .unavailable: false
        }
    }
}
