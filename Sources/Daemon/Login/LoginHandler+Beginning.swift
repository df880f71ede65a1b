import Authentication
import Configuration
import UnixSocket
import Wire

/// From the first frame to a conversation, or to why there is none.
extension LoginHandler {
    /// Begins what a frame asks for, in a version that both ends speak.
    func begin(_ payload: Span<UInt8>) {
        do throws(WireError) {
            let offer = try Begin.offer(payload)
            guard let common = LoginHandler.common(offer.lowest, offer.highest) else {
                write(
                    JournalEntry(
                        .error,
                        "pam_twostep.so speaks versions \(offer.lowest) to \(offer.highest) of the wire, twostepd "
                            + "\(Wire.versions.lowerBound) to \(Wire.versions.upperBound): restart whichever is older"))
                return refuse(.unavailable(.misconfigured), request: nil)
            }
            version = common
            begin(try Begin(payload), payload)
        } catch {
            malformed()
        }
    }

    /// The highest version that both ends speak.
    static func common(_ lowest: UInt8, _ highest: UInt8) -> UInt8? {
        let best = min(highest, Wire.versions.upperBound)
        return best >= max(lowest, Wire.versions.lowerBound) ? best : nil
    }

    private func begin(_ begin: Begin, _ payload: Span<UInt8>) {
        let rule = relayed?.rule ?? PeerRule(peer, callers: service.generation.active?.callers ?? [:])
        guard rule != .nobody else { return refuse(.denied(.notPermitted), request: nil) }
        guard let reading = RequestReading(begin, payload, rule) else {
            return refuse(.denied(.unknownAccount), request: nil)
        }
        switch reading {
        case .badArgument(let argument, let request): refuse(.badArgument(argument), request: request)
        case .request(let request):
            guard relayed == nil else { return admitRelayed(request, rule, at: begin.stage) }
            switch begin.stage {
            case .authenticate: authenticate(request, rule)
            case .account: checkAccount(request, rule)
            case .changeCheck: change(request, rule, flags: begin.flags, isCheck: true)
            case .changeUpdate: change(request, rule, flags: begin.flags, isCheck: false)
            }
        }
    }

    func authenticate(_ request: LoginRequest, _ rule: PeerRule) {
        guard let configuration = service.generation.active else {
            return refuse(.unavailable(.misconfigured), request: request)
        }
        if !service.writer.isOpen, let problem = service.writer.problem {
            return refuse(.unavailable(.storeUnavailable), request: request, hint: problem.description)
        }
        // What most policies look at is there already: nothing has to be kept for later.
        guard configuration.policy.asksMore(about: request) else { return weigh(request, rule, configuration) }
        let now = service.clocks.now()
        let asked = service.complete(request, for: configuration.policy, payer: lookUpPayer, at: now) { completed in
            self.lookUp = nil
            guard !self.isClosing else { return }
            guard let completed else { return self.refuse(.unavailable(.directoryUnavailable), request: request) }
            self.weigh(completed, rule, configuration)
        }
        // What was known at once may have led to the next question already.
        if let asked { lookUp = asked }
    }

    /// The stage of pam_sm_acct_mgmt: whether the account is blocked. On everything else there is no opinion.
    func checkAccount(_ request: LoginRequest, _ rule: PeerRule) {
        guard rule.isRoot else { return finish(request.origin == .trusted ? .noOpinion : .denied, text: "") }
        guard service.writer.isOpen else { return refuse(.unavailable(.storeUnavailable), request: request) }
        guard !service.writer.blocks.isEmpty else { return finish(.noOpinion, text: "") }
        guard service.writer.blocks[request.account] == nil else { return refuseBlocked(request) }
        // Whoever is blocked may be called otherwise as well, where the directory folds case.
        let name = request.account
        lookUp = service.directory.ask(for: lookUpPayer) {
            $0.owner(of: name)
        } then: { owner in
            self.lookUp = nil
            guard !self.isClosing else { return }
            switch owner {
            case .account(let other) where self.service.writer.blocks[other] != nil: self.refuseBlocked(request)
            case .account, .nobody: self.finish(.noOpinion, text: "")
            case .cannotTell, nil: self.refuse(.unavailable(.directoryUnavailable), request: request)
            }
        }
    }

    private func refuseBlocked(_ request: LoginRequest) {
        record(.denied(.blocked), request: request)
        finish(.blocked, text: Texts.refused)
    }

    /// How long a question about sshd may wait for its turn, in milliseconds: with its answer it is less than the PAM module
    /// waits for a reply.
    private static let mostWaiting: Int64 = 3000

    /// Begins the login; finds out before whether the security key that sshd has accepted counts, where a rule lets it.
    private func weigh(_ request: LoginRequest, _ rule: PeerRule, _ configuration: ActiveConfiguration) {
        guard rule.isRoot, configuration.policy.wouldCountSecurityKey(of: request) else {
            return begin(request, rule, configuration, nil)
        }
        guard relayed == nil else {
            return begin(request, rule, configuration, "sshd of another machine cannot be asked")
        }
        guard let question = SSHKeyQuestion(request, process: peer.pid) else {
            return begin(request, rule, configuration, "sshd cannot be asked about such a connection")
        }
        let witness = service.sshKeys
        let clocks = service.clocks
        let end = clocks.now().boottime + LoginHandler.mostWaiting
        service.questions.run(for: .person(request.account)) {
            clocks.now().boottime <= end ? witness.testify(question) : .doubtful("too many logins are waiting")
        } then: { testimony in
            guard !self.isClosing else { return }
            var attested = request
            switch testimony {
            case .counts?:
                attested.evidence.isSecurityKeyCertain = true
                self.begin(attested, rule, configuration, nil)
            case .doubtful(let reason)?: self.begin(request, rule, configuration, reason)
            case nil: self.begin(request, rule, configuration, "too many logins are waiting")
            }
        }
    }

    /// `doubt` is why a security key does not count.
    private func begin(
        _ request: LoginRequest, _ rule: PeerRule, _ configuration: ActiveConfiguration, _ doubt: String?
    ) {
        let plan: Plan
        do throws(Policy.Failure) {
            plan = try configuration.policy.plan(for: request, at: service.clocks.now())
        } catch {
            switch error {
            case .unknownProvider(let id): return refuse(.badArgument("provider=\(id)"), request: request)
            }
        }
        // Only where a rule lets remember it.
        guard rule.isRoot, plan.rememberFor != nil, let terminal = request.terminal else {
            return converse(request, rule, plan, nil, configuration, doubt)
        }
        if let relayed { return converse(request, rule, plan, relayed.session, configuration, doubt) }
        withSession(of: terminal) { self.converse(request, rule, plan, $0, configuration, doubt) }
    }

    private func converse(
        _ request: LoginRequest, _ rule: PeerRule, _ plan: consuming Plan, _ session: TerminalSession?,
        _ configuration: ActiveConfiguration, _ doubt: String?
    ) {
        // Not before: a block ends the logins that it finds, and this one is none as yet.
        plan.isBlocked = service.writer.blocks[request.account] != nil
        let conversation = LoginConversation(
            request, plan: plan, isRoot: rule.isRoot, peer: peer.uid, process: peer.pid, terminalSession: session,
            configuration: configuration, service: service, port: self, relayed: relayed)
        conversation.record.hint = doubt.map { "the security key does not count: \($0)" }
        self.conversation = conversation
        admit(conversation, request, rule)
    }

    /// Finds out which session of a terminal a login is asked from.
    private func withSession(of terminal: String, _ body: @escaping (TerminalSession?) -> Void) {
        let process = peer.pid
        let processes = service.processes
        service.directory.ask(for: lookUpPayer) { _ in
            processes.session(of: process, at: terminal)
        } then: { session in
            guard !self.isClosing else { return }
            body(session ?? nil)
        }
    }

    /// Begins a conversation, once the directory has said that the caller may ask.
    private func admit(_ conversation: LoginConversation, _ request: LoginRequest, _ rule: PeerRule) {
        // Whom a host may ask about was looked at before, by the hub's own rule.
        if relayed != nil { return conversation.begin(knownStanding: relayedStanding) }
        switch rule {
        case .root: conversation.begin()
        case .itself, .listed, .nobody:
            lookUp = service.directory.ask(for: lookUpPayer) {
                rule.admission(of: request.account, service: request.service, in: $0)
            } then: { admission in
                self.lookUp = nil
                switch admission {
                case .admitted(let facts): conversation.begin(knownStanding: facts.map { .known(uid: $0.uid) })
                case .refused: conversation.refused(.notPermitted)
                case .cannotTell, nil: conversation.failed(.directoryUnavailable)
                }
            }
        }
    }
}
