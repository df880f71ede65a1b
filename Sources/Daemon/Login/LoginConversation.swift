import Authentication
import NIOCore
import Wire

/// Drives one flow: performs what its transitions return, and reports back what came of it.
///
/// It belongs to the event loop. At any time it waits for one thing: an answer, an outcome, or nothing any more;
/// whatever comes out of turn ends the login with a denial.
final class LoginConversation {
    /// What the next answer is for.
    private enum Expectation {
        case nothing
        /// The number of a provider.
        case provider
        /// The number of an alternative of a step (`any_of`).
        case alternative(LoginFlow.Stage, Step)
        /// The next field of a form.
        case form(Form, LoginFlow.Stage, ModuleID?)
    }

    private let service: LoginService
    private weak var port: (any LoginPort)?
    private let configuration: ActiveConfiguration
    private let request: LoginRequest
    private let isRoot: Bool
    private var flow: LoginFlow
    private var record: LoginRecord
    private var expectation = Expectation.nothing
    private var session: ValidationSession?
    /// Until when the provider's own form may be answered, on CLOCK_BOOTTIME.
    private var providerDeadline: Int64 = 0
    private var providerTriesLeft: Int
    private var promptsLeft = Wire.maximumPrompts
    private var rejected: [UserInput] = []
    private var refusal: String?
    private var standing: Attempt.Standing?
    private var whenStanding: ((Attempt.Standing) -> Void)?
    private(set) var isOver = false

    init(
        _ request: LoginRequest, plan: Plan, isRoot: Bool, peer: UInt32, configuration: ActiveConfiguration,
        service: LoginService, port: any LoginPort
    ) {
        self.service = service
        self.port = port
        self.configuration = configuration
        self.request = request
        self.isRoot = isRoot
        flow = LoginFlow(plan)
        providerTriesLeft = plan.tries
        record = LoginRecord(verdict: .conversationFailed, peer: peer, generation: configuration.number)
        record.request = request
        record.ruleLine = plan.ruleLine
    }

    // MARK: What comes from outside

    /// Begins the login. The account is looked up while the person types.
    func begin(knownStanding: Attempt.Standing? = nil) {
        if let knownStanding { found(knownStanding) } else { lookUp() }
        perform(flow.begin())
    }

    /// An answer has come; nil is one that never left the host process.
    func answered(_ bytes: Span<UInt8>?) {
        let expected = expectation
        expectation = .nothing
        switch expected {
        case .nothing: end(flow.refused(.outOfTurn))
        case .provider:
            guard isInTime() else { return end(flow.expired()) }
            perform(flow.chose(LoginConversation.number(bytes).map { $0 - 1 } ?? -1))
        case .alternative(let stage, let step):
            guard checkSession() else { return }
            guard let number = LoginConversation.number(bytes), step.alternatives.indices.contains(number - 1) else {
                return chooseAlternative(of: step, at: stage)
            }
            ask(stage, module: step.alternatives[number - 1])
        case .form(let form, let stage, let module):
            form.answer(bytes)
            if form.next != nil { return ask(form, stage, module, notice: nil) }
            judge(form, stage, module)
        }
    }

    /// The person gave up, or the conversation failed.
    func cancelled() { end(flow.cancelled()) }

    /// The connection is gone. What is on its way to the store is charged all the same.
    func abandoned() {
        port = nil
        end(flow.cancelled())
    }

    /// The peer says something that is no sentence of the protocol.
    func violated() { end(flow.refused(.outOfTurn)) }

    /// The login cannot go on for a reason that lies outside it.
    func failed(_ reason: Reason) { end(flow.failed(reason)) }

    /// The login is refused for a reason that lies outside it.
    func refused(_ reason: Reason) { end(flow.refused(reason)) }

    // MARK: What the flow wants

    private func perform(_ action: LoginFlow.OnBegin) {
        switch action {
        case .choose(let providers):
            if providerDeadline == 0 { providerDeadline = service.clocks.now().boottime + flow.plan.sessionLifetime }
            expectation = .provider
            let names = providers.map { configuration.name(of: $0) }
            prompt(.visible, Texts.menu(Texts.menuTitle, names))
        case .ask(let stage): enter(stage)
        case .end(let verdict): end(verdict)
        }
    }

    private func perform(_ action: LoginFlow.OnJudgement) {
        switch action {
        case .askAgain(let stage): ask(stage, module: record.module, notice: refusal)
        case .ask(let stage): enter(stage)
        case .credit(let provider, let account, let keep): credit(provider, account, keep: keep)
        case .end(let verdict): end(verdict)
        }
    }

    private func enter(_ stage: LoginFlow.Stage) {
        closeSession()
        rejected = []
        refusal = nil
        record.module = nil
        guard case .asking(_, let progress) = flow.state else { return violated() }
        record.provider = progress.chain.provider
        record.modules = progress.passed
        switch stage {
        case .provider:
            guard let provider = configuration.providers[progress.chain.provider] else {
                return failed(.misconfigured)
            }
            if provider.livesOnEvidence { return proveByEvidence(provider) }
            if providerDeadline == 0 { providerDeadline = service.clocks.now().boottime + flow.plan.sessionLifetime }
            ask(stage, module: nil)
        case .step(let index):
            guard progress.chain.steps.indices.contains(index), let account = progress.account else {
                return failed(.misconfigured)
            }
            let step = progress.chain.steps[index]
            switch service.openSession(
                account: account, provider: progress.chain.provider, step: step, plan: flow.plan, isRoot: isRoot)
            {
            case .success(let opened): session = opened
            case .failure: return failed(.tooBusy)
            }
            if step.alternatives.count == 1 {
                ask(stage, module: step.alternatives[0])
            } else {
                chooseAlternative(of: step, at: stage)
            }
        }
    }

    private func chooseAlternative(of step: Step, at stage: LoginFlow.Stage) {
        expectation = .alternative(stage, step)
        let names = step.alternatives.map { configuration.name(of: $0) }
        prompt(.visible, Texts.menu(Texts.stepTitle, names))
    }

    private func ask(_ stage: LoginFlow.Stage, module: ModuleID?, notice: String? = nil) {
        guard case .asking(stage, let progress) = flow.state else { return violated() }
        record.module = module
        let schema: InputSchema?
        switch (stage, module) {
        case (.provider, _):
            let provider = configuration.providers[progress.chain.provider]
            refusal = provider?.refusal
            schema = provider?.inputSchema
        case (.step, let module?):
            refusal = configuration.modules[module]?.refusal
            schema = configuration.modules[module]?.inputSchema
        case (.step, nil): schema = nil
        }
        guard let schema else { return failed(.misconfigured) }
        ask(Form(schema), stage, module, notice: notice)
    }

    private func ask(_ form: Form, _ stage: LoginFlow.Stage, _ module: ModuleID?, notice: String?) {
        guard let field = form.next else { return judge(form, stage, module) }
        expectation = .form(form, stage, module)
        prompt(field.style, field.promptText(after: notice))
    }

    /// Puts a question. The module takes so many of them and no more; a caller that is no module is held to that too.
    private func prompt(_ style: PromptStyle, _ text: String) {
        guard promptsLeft > 0 else { return refused(.tooManyRetries) }
        promptsLeft -= 1
        port?.prompt(style, patience: 0, text: text)
    }

    // MARK: Judging

    private func judge(_ form: Form, _ stage: LoginFlow.Stage, _ module: ModuleID?) {
        switch stage {
        case .provider: guard isInTime() else { return end(flow.expired()) }
        case .step: guard checkSession() else { return }
        }
        let input = form.take()
        switch flow.answered() {
        case .judge(.provider): prove(input)
        case .judge(.step):
            guard let module = module.flatMap({ configuration.modules[$0] }) else { return failed(.misconfigured) }
            withStanding { self.judge(input, by: module, standing: $0) }
        case .end(let verdict): end(verdict)
        }
    }

    /// The provider `pam`: it looks at what is known already, so it is asked at once.
    private func proveByEvidence(_ provider: any AuthProvider) {
        guard case .judge(.provider) = flow.answered() else { return violated() }
        let proof = provider.prove(request, nil, isWaived: flow.plan.isFirstFactorWaived)
        if case .proved(_, isWaived: true) = proof { record.isFirstFactorWaived = true }
        if case .rejected(.noEvidence) = proof { record.hint = LoginConversation.evidenceHint(request.service) }
        perform(flow.proved(proof, mayTryAgain: false))
    }

    private static func evidenceHint(_ service: String) -> String {
        service == "sshd"
            ? "sshd_config needs AuthenticationMethods publickey,keyboard-interactive:pam (or password,…)"
            : "a line above pam_twostep in /etc/pam.d/\(service) must take the password (requisite pam_unix.so)"
    }

    private func prove(_ input: UserInput?) {
        guard case .judging(.provider, let progress) = flow.state,
            let provider = configuration.providers[progress.chain.provider]
        else { return failed(.misconfigured) }
        guard let input else { return proved(.rejected(.unusable)) }
        let request = request
        let isWaived = flow.plan.isFirstFactorWaived
        service.slowWork.run(for: request.account) {
            provider.prove(request, input, isWaived: isWaived)
        } then: { proof in
            guard let proof else { return self.failed(.tooBusy) }
            self.proved(proof)
        }
    }

    /// Has the provider's judgement counted for the remote host before anybody hears of it.
    private func proved(_ proof: Proof) {
        guard !isOver else { return }
        let rejection: Reason?
        switch proof {
        case .proved: rejection = nil
        case .rejected(let reason): rejection = reason
        case .unavailable(let explanation):
            service.journal.error("provider \(record.provider?.description ?? "?"): \(explanation)")
            return perform(flow.proved(proof, mayTryAgain: false))
        }
        // Evidence gets a person past the host's counter; what failed is counted all the same.
        let hasEvidence = request.evidence.provesFirstFactor
        if hasEvidence, rejection == nil { return conclude(proof) }
        service.submit(attempt(.firstFactor(rejection), standing: .unknown)) { outcome in
            switch outcome {
            case .rejected where hasEvidence: self.conclude(proof)
            case .accepted: self.conclude(proof)
            case .rejected(let reason): self.conclude(.rejected(reason))
            case .delayed, .locked: self.conclude(.rejected(.hostRefused))
            case .unavailable(let reason): self.failed(reason)
            }
        }
    }

    private func conclude(_ proof: Proof) {
        guard !isOver else { return }
        providerTriesLeft -= 1
        if case .rejected(let reason) = proof { record.lastRefusal = reason }
        let isFinal: Bool = if case .rejected(.hostRefused) = proof { true } else { false }
        perform(flow.proved(proof, mayTryAgain: providerTriesLeft > 0 && !isFinal))
    }

    private func judge(_ input: UserInput?, by module: any AuthModule, standing: Attempt.Standing) {
        guard !isOver, let session else { return }
        let answer: Attempt.Answer
        switch input {
        case nil: answer = .unusable
        case let input? where rejected.contains(where: { $0.isSame(as: input) }): answer = .repeated
        case let input?: answer = .input(input)
        }
        service.submit(attempt(.answer(answer, session: session, module: module), standing: standing)) { outcome in
            self.judged(outcome, input, by: module.id)
        }
    }

    private func attempt(_ subject: Attempt.Subject, standing: Attempt.Standing) -> Attempt {
        Attempt(
            subject, account: request.account, standing: standing,
            host: request.origin == .trusted ? request.remoteHost.flatMap { RemoteAddress($0)?.counterKey } : nil,
            throttle: configuration.throttle, now: service.clocks.now())
    }

    private func judged(_ outcome: Outcome, _ input: UserInput?, by module: ModuleID) {
        guard !isOver, let id = session?.id else { return }
        var triesLeft = 0
        switch outcome {
        case .accepted: break
        case .rejected(let reason):
            triesLeft = service.sessions.refused(id)
            record.lastRefusal = reason
            if let input, [.wrongAnswer, .notEnrolled, .unknownAccount].contains(reason) { rejected.append(input) }
        case .delayed(_, let reason), .locked(let reason): record.lastRefusal = reason
        case .unavailable(let reason):
            if reason == .accountChanged {
                record.hint = "the account's uid differs from the one it was enrolled with"
            }
        }
        perform(flow.judged(outcome, by: module, mayTryAgain: triesLeft > 0))
    }

    // MARK: Credentials, and the end

    private func credit(_ provider: ProviderID, _ username: AccountName, keep: Bool) {
        if case .crediting(let progress) = flow.state { record.modules = progress.passed }
        record.module = nil
        closeSession()
        guard keep else { return credited(.account(username)) }
        let speaksOfAccounts = configuration.providers[provider]?.speaksOfAccounts ?? false
        service.credentials(of: username, at: provider, createdForAccount: speaksOfAccounts ? username : nil) {
            self.credited($0)
        }
    }

    private func credited(_ credentials: Credentials) {
        guard !isOver else { return }
        // The account that the credentials open must be the one that PAM asked for, byte for byte.
        let matched: Credentials =
            if case .account(let account) = credentials, account != request.account {
                .refused
            } else {
                credentials
            }
        switch flow.credited(matched) {
        case .end(let verdict): end(verdict)
        }
    }

    private func end(_ verdict: Verdict) {
        guard !isOver else { return }
        isOver = true
        expectation = .nothing
        whenStanding = nil
        closeSession()
        rejected = []
        record.verdict = verdict
        service.ended(record)
        guard let port else { return }
        if verdict == .granted, isRoot {
            port.setEnvironment("TWOSTEP_PROVIDER", record.provider?.description ?? "")
            port.setEnvironment("TWOSTEP_MODULES", record.modules.map(\.description).joined(separator: ","))
        }
        port.finish(VerdictCode(verdict), text: Texts.ending(verdict, refusal: refusal))
    }

    private func closeSession() {
        guard let open = session else { return }
        service.sessions.close(open.id)
        session = nil
    }

    // MARK: Time and account

    /// Whether the open session may still be answered; if not, the login has ended.
    private func checkSession() -> Bool {
        guard let open = session else {
            violated()
            return false
        }
        do throws(SessionTable.Failure) {
            session = try service.sessions.check(
                open.id, account: open.account, step: open.step, at: service.clocks.now())
            return true
        } catch {
            end(error == .expired ? flow.expired() : flow.refused(.sessionUnknown))
            return false
        }
    }

    /// Whether the provider's form or menu may still be answered.
    private func isInTime() -> Bool { service.clocks.now().boottime <= providerDeadline }

    /// Whether nothing can be expected of this login any more: what the sweep asks.
    func isExpired(at now: Moment) -> Bool {
        guard case .nothing = expectation else {
            return session?.isExpired(at: now) ?? (now.boottime > providerDeadline)
        }
        return false
    }

    /// The sweep found it expired: the answer, if it ever came, would be refused.
    func sweep() { end(flow.expired()) }

    private func lookUp() {
        let account = request.account
        service.directory.ask {
            $0.account(named: account)
        } then: { lookup in
            self.found(Attempt.Standing(lookup))
        }
    }

    private func found(_ standing: Attempt.Standing) {
        self.standing = standing
        guard let waiting = whenStanding else { return }
        whenStanding = nil
        waiting(standing)
    }

    private func withStanding(_ body: @escaping (Attempt.Standing) -> Void) {
        if let standing { body(standing) } else { whenStanding = body }
    }

    /// The number that was typed at a menu; nil for anything that is none.
    private static func number(_ bytes: Span<UInt8>?) -> Int? {
        guard let bytes, bytes.count > 0, bytes.count <= 4 else { return nil }
        var number = 0
        for index in bytes.indices {
            guard (0x30...0x39).contains(bytes[index]) else { return nil }
            number = number * 10 + Int(bytes[index] - 0x30)
        }
        return number
    }
}

extension Attempt.Standing {
    init(_ lookup: Lookup?) {
        switch lookup {
        case .found(let facts): self = .known(uid: facts.uid)
        case .notFound: self = .unknown
        case .cannotTell, nil: self = .cannotTell
        }
    }
}

extension VerdictCode {
    /// The code that a verdict travels as.
    init(_ verdict: Verdict) {
        switch verdict {
        case .granted: self = .granted
        case .exempt: self = .exempt
        case .denied: self = .denied
        case .triesUsedUp: self = .triesUsedUp
        case .unavailable: self = .unavailable
        case .conversationFailed: self = .conversationFailed
        case .badArgument: self = .badArgument
        }
    }
}
