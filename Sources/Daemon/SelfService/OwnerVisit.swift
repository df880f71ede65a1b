import AdminProtocol
import Authentication
import Configuration
import UnixSocket
import Wire

/// A user's, who sees to the devices of the account that the peer's uid has: no request names another.
///
/// Whatever changes something needs a proof before it, which is judged as the answers of a login are, in a conversation of
/// its own that lets nobody in.
final class OwnerVisit: ServiceVisit {
    /// A proof that was accepted.
    struct Proof {
        let change: DeviceChange
        let devices: [DeviceKey]
        let configuration: ActiveConfiguration
        /// Until when it is good, on CLOCK_BOOTTIME.
        let deadline: Int64
    }

    /// How long nothing may be asked once something was, in milliseconds: as long as a login's session lasts at most.
    private static let idleLimit: Int64 = 3_600_000

    let desk: AdminDesk
    private(set) var account: AccountName?
    private(set) var uid = PeerCredentials.overflowUID
    var proof: Proof?
    private var conversation: LoginConversation?
    /// What the conversation is about.
    private var proving: (change: DeviceChange, configuration: ActiveConfiguration)?
    /// Who waits for the conversation to ask or to end.
    private var waiting: AdminAnswer?
    /// How the conversation has ended while nobody was waiting.
    private var ending: AdminRefusal?
    private var close: (() -> Void)?
    /// What the directory is being asked.
    private var lookUp: (any Forgettable)?
    /// When it is closed unless something is asked.
    private var deadline: Int64

    var service: LoginService { desk.service }

    init(_ desk: AdminDesk) {
        self.desk = desk
        deadline = desk.service.clocks.now().boottime + ConnectionTable<OwnerVisit>.beginLimit
    }

    // MARK: ServiceVisit

    func admit(uid: UInt32, hangUp: @escaping () -> Void, then: @escaping (AdminRefusal?) -> Void) {
        close = hangUp
        self.uid = uid
        switch uid {
        case 0:
            return then(
                AdminRefusal(
                    .notPermitted, "Root sees to devices over admin.sock, and names the user.",
                    hint: "Type: twostep enroll <user> <module>"))
        case PeerCredentials.overflowUID: return then(AdminRefusal(.notPermitted, "This uid is nobody's."))
        case _: break
        }
        guard service.visits.admit(self, uid: uid).isAdmitted else {
            return then(AdminRefusal(.busy, "Too many connections at once. Try again."))
        }
        // It stays: whoever has no account is sent away at once.
        service.visits.hasSpoken(self, uid: uid)
        lookUp = service.directory.ask(for: uid) {
            $0.owner(of: uid)
        } then: { owner in
            self.lookUp = nil
            switch owner {
            case .account(let account):
                self.account = account
                then(nil)
            case .nobody: then(AdminRefusal(.unknownAccount, "There is no account with the uid \(uid)."))
            case .cannotTell, nil:
                then(AdminRefusal(.busy, "The system's directory does not say whose the uid \(uid) is. Try again."))
            }
        }
    }

    func answer(
        _ request: SelfServiceRequest, _ input: UserInput, enrollment: PendingEnrollment?, _ answer: AdminAnswer
    ) {
        let now = service.clocks.now().boottime
        deadline = now + OwnerVisit.idleLimit
        guard let account else { return answer.refuse(.notPermitted, "Nobody is known here.") }
        guard let configuration = service.generation.active else {
            return answer.refuse(.misconfigured, Texts.changeUnavailable)
        }
        guard let settings = configuration.selfService else {
            return answer.refuse(.notPermitted, Texts.changeNotOffered, hint: OwnerVisit.remedy(account))
        }
        guard service.writer.blocks[account] == nil else { return answer.refuse(.notPermitted, Texts.refused) }
        if let proof, now > proof.deadline { self.proof = nil }
        switch request {
        case .list: desk.list(account: account, answer)
        case .prove: prove(account, configuration, answer)
        case .answer: self.answer(with: input, answer)
        case .beginEnrollment(let module, let device, let parameters):
            begin(account, module?.module, device, parameters, settings, answer)
        case .finishEnrollment: finish(enrollment, input, settings, answer)
        case .remove(let device, let module): remove(account, device, module?.module, settings, answer)
        case .checkRemoval(let device, let module): checkRemoval(account, device, module?.module, settings, answer)
        }
    }

    func left() {
        close = nil
        waiting = nil
        proof = nil
        service.visits.remove(self, uid: uid)
        if let lookUp { service.directory.forget(lookUp) }
        lookUp = nil
        conversation?.abandoned()
        conversation = nil
    }

    // MARK: From outside

    /// The session that waits for an answer of this connection.
    var openSession: OpenSession? { conversation?.openSession }

    /// Ends what is under way, proof and connection.
    func end(_ reason: Reason) {
        proof = nil
        conversation?.refused(reason)
        hangUp()
    }

    /// An administrator has removed or replaced a device of the account, perhaps because it is in the wrong hands: what was
    /// proved is proved no more, and nothing that is being asked proves anything.
    func forgetProof() {
        proof = nil
        conversation?.refused(.sessionEnded)
    }

    /// Closes the connection.
    func hangUp() { close?() }

    /// Ends what has stood still too long.
    func sweep(at now: Moment) {
        conversation?.sweep(at: now)
        if now.boottime > deadline { hangUp() }
    }

    static func remedy(_ account: AccountName) -> String { "Ask the administrator: twostep enroll \(account)" }

    // MARK: The proof

    private func prove(_ account: AccountName, _ configuration: ActiveConfiguration, _ answer: AdminAnswer) {
        guard conversation == nil else { return answer.refuse(.badParameter, "A question waits for its answer.") }
        proof = nil
        ending = nil
        let request = LoginRequest.ofAccountItself(account, service: OwnerVisit.service, uid: uid)
        lookUp = service.prepareChange(
            of: account, for: uid, settingUp: false, asksFirst: false, configuration
        ) { prepared in
            self.lookUp = nil
            guard self.close != nil else { return }
            switch prepared {
            case .failure(let refusal):
                self.service.ended(.ofChange(refusal.verdict, request, peer: self.uid, configuration.number))
                answer(.refused(AdminRefusal(refusal, about: account)))
            case .success(let prepared): self.converse(prepared, request, configuration, answer)
            }
        }
    }

    private func converse(
        _ prepared: PreparedChange, _ request: LoginRequest, _ configuration: ActiveConfiguration, _ answer: AdminAnswer
    ) {
        // The name was looked up by the uid: the uid that the name has must be that one.
        guard prepared.uid == uid else { return answer.refuse(.notPermitted, Texts.refused) }
        waiting = answer
        proving = (prepared.change, configuration)
        let conversation = LoginConversation(
            request, plan: prepared.plan, isRoot: false, peer: uid, terminalSession: nil,
            configuration: configuration, service: service, port: self, change: prepared.change)
        self.conversation = conversation
        conversation.begin(knownStanding: .known(uid: uid))
    }

    private func answer(with input: UserInput, _ answer: AdminAnswer) {
        guard input.count == 1 else { return answer.refuse(.badParameter, "An answer is one field, and one alone.") }
        guard let conversation else {
            // It has ended while the person was typing.
            defer { ending = nil }
            return answer(.refused(ending ?? AdminRefusal(.badParameter, "Nothing was asked that this could answer.")))
        }
        waiting = answer
        input.withField { conversation.answered($0) }
    }

    /// What the journal and the rules call this door.
    static let service = "twostep"
}

extension OwnerVisit {
    /// Answers whoever waits.
    func reply(_ reply: AdminReply) {
        guard let answer = waiting else { return }
        waiting = nil
        answer(reply)
    }

    /// The conversation has ended; what it was granted for is a proof, and lets nobody in.
    func ended(_ code: VerdictCode, _ text: String) {
        let ended = conversation
        conversation = nil
        guard code == .granted, ended?.record.verdict == .proved, let proving, let account else {
            let refusal = AdminRefusal(proofEnded: ended?.record.verdict, text)
            if waiting == nil { ending = refusal }
            return reply(.refused(refusal))
        }
        let modules = ended?.record.modules ?? []
        proof = Proof(
            change: proving.change, devices: ended?.proof ?? [], configuration: proving.configuration,
            deadline: service.clocks.now().boottime + proving.configuration.policy.sessionLifetime)
        self.proving = nil
        reply(
            .proved(
                OwnProof(
                    account: account.text, module: ModuleReference(modules.last ?? ModuleID("")), notice: text)))
    }
}
