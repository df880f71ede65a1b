import Authentication
import Wire

/// What the flow wants, and the questions that it puts.
extension LoginConversation {
    /// Does what the flow wants at its beginning.
    func perform(_ action: LoginFlow.OnBegin) {
        switch action {
        case .choose(let providers):
            startProviderClock()
            expectation = .provider
            prompt(.visible, Texts.menu(Texts.menuTitle, providers.map { configuration.menuLine(of: $0) }))
        case .ask(let stage): enter(stage)
        case .end(let verdict): end(verdict)
        }
    }

    /// Does what the flow wants after an answer.
    func perform(_ action: LoginFlow.OnJudgement) {
        switch action {
        case .askAgain(let stage): ask(stage, modules: asked, notice: refusal)
        case .ask(let stage): enter(stage)
        case .recall(let steps): recall(steps)
        case .inquire(let steps): inquire(about: steps)
        case .credit(let provider, let username, let mayCreate):
            credit(UserKey(username, at: provider), mayCreate: mayCreate)
        case .end(let verdict): end(verdict)
        }
    }

    private func enter(_ stage: LoginFlow.Stage) {
        closeSession()
        asked = []
        menu = []
        rejected = []
        suspect = nil
        settingUp = nil
        refusal = nil
        record.module = nil
        guard case .asking(_, let progress) = flow.state else { return violated() }
        if flow.plan.purpose == .login { record.provider = progress.chain.provider }
        record.modules = progress.passed
        switch stage {
        case .provider:
            guard let provider = configuration.providers[progress.chain.provider] else {
                return failed(.misconfigured)
            }
            if let outage = provider.outage {
                service.journal.error("provider \(provider.id): \(outage)")
                return failed(.providerFailed)
            }
            if provider.livesOnEvidence { return proveByEvidence(provider) }
            startProviderClock()
            ask(stage, modules: [])
        case .step(let index):
            guard progress.chain.steps.indices.contains(index) else { return failed(.misconfigured) }
            enter(progress.chain.steps[index], of: progress.chain.provider, at: stage)
        case .enrollment(let index):
            guard progress.chain.steps.indices.contains(index) else { return failed(.misconfigured) }
            beginEnrollment(for: progress.chain.steps[index], of: progress.chain.provider, at: stage)
        }
    }

    /// Asks for the form of a stage: the provider's, or that of one or several modules.
    func ask(_ stage: LoginFlow.Stage, modules: [ModuleID], notice: String? = nil) {
        guard case .asking(stage, let progress) = flow.state else { return violated() }
        asked = modules
        record.module = modules.count == 1 ? modules[0] : nil
        let schema: InputSchema?
        switch stage {
        case .provider:
            let provider = configuration.providers[progress.chain.provider]
            refusal = provider?.refusal
            waitingTime = provider?.timeLimit ?? 0
            schema = isSingle ? singleForm(of: provider, progress.chain.steps) : provider?.inputSchema
        case .step:
            if let sender = sender(among: modules), delivery?.module != sender.id { return send(by: sender, at: stage) }
            schema = form(of: modules)
            waitingTime = modules.compactMap { configuration.modules[$0]?.waitingTime }.max() ?? 0
        case .enrollment: return askForSetup(stage, showing: .nothing, notice: notice)
        }
        guard let schema else { return failed(.misconfigured) }
        put(Form(schema), stage, modules, notice: notice)
    }

    /// Puts the next question of a form.
    func put(_ form: Form, _ stage: LoginFlow.Stage, _ modules: [ModuleID], notice: String?) {
        guard let field = form.next else { return judge(form, stage, modules) }
        expectation = .form(form, stage, modules)
        let hints = (wasSent ? [Texts.another] : []) + (menu.isEmpty ? [] : [Texts.back])
        prompt(field.style, field.promptText(after: notice, hint: hints.isEmpty ? nil : hints.joined(separator: ", ")))
    }

    /// Puts a question. The module takes so many of them and no more; a caller that is no module is held to that too.
    func prompt(_ style: PromptStyle, _ text: String) {
        guard mayPrompt() else { return }
        port?.prompt(style, patience: patience, text: text)
    }

    /// The same for a question that shows secrets.
    func prompt(_ style: PromptStyle, showing text: borrowing PromptText) {
        guard mayPrompt() else { return }
        port?.prompt(style, patience: patience, showing: text)
    }

    /// Says that something takes its time, and how long it may: the next question comes when that is over.
    func announce(_ text: String) { port?.prompt(.info, patience: patience, text: text) }

    /// How many seconds the next reply may take, 0 for the usual: what is worked out besides has its own time.
    var patience: UInt16 {
        waitingTime == 0 ? 0 : UInt16(clamping: min(waitingTime + Int(Wire.replySeconds), Int(Wire.maximumPatience)))
    }

    private func mayPrompt() -> Bool {
        guard promptsLeft > 0 else {
            refused(.tooManyRetries)
            return false
        }
        promptsLeft -= 1
        return true
    }

    /// Has the answer to a whole form judged.
    func judge(_ form: Form, _ stage: LoginFlow.Stage, _ modules: [ModuleID]) {
        switch stage {
        case .provider: guard isInTime() else { return end(flow.expired()) }
        case .step, .enrollment: guard checkSession() else { return }
        }
        let input = form.take()
        switch flow.answered() {
        case .judge(.provider): prove(input)
        case .judge(.step): judge(input, by: modules)
        case .judge(.enrollment): finishSetup(input)
        case .end(let verdict): end(verdict)
        }
    }
}
