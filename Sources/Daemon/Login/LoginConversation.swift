import Authentication
import NIOCore
import Wire

/// Drives one flow: performs what its transitions return, and reports back what came of it.
///
/// It belongs to the event loop. At any time it waits for one thing: an answer, an outcome, or nothing any more;
/// whatever comes out of turn ends the login with a denial.
final class LoginConversation {
    /// What the next answer is for.
    enum Expectation {
        case nothing
        /// The number of a provider.
        case provider
        /// The number of one of these modules.
        case alternative(LoginFlow.Stage, [ModuleID])
        /// The next field of a form: the provider's, or one that any of these modules judges.
        case form(Form, LoginFlow.Stage, [ModuleID])
        /// That codes have been seen which were issued with a device of this module.
        case acknowledgement(ModuleID)
        /// The ticket that a set-up in place of a step needs.
        case ticket(LoginFlow.Stage)
        /// Whether there is to be a change at all.
        case consent
    }

    /// How long a provider, a module, the directory or the store may take, in milliseconds: less than the PAM module
    /// waits for a reply, so that the person is told.
    static let workLimit: Int64 = 8000

    let service: LoginService
    weak var port: (any LoginPort)?
    let configuration: ActiveConfiguration
    let request: LoginRequest
    let isRoot: Bool
    var flow: LoginFlow
    var record: LoginRecord
    var expectation = Expectation.nothing
    var session: ValidationSession?
    /// Until when the provider's own form may be answered, on CLOCK_BOOTTIME.
    var providerDeadline: Int64 = 0
    var providerTriesLeft: Int
    /// How long the judgement of the present form may wait for somebody outside, in seconds; 0 if it does not.
    var waitingTime = 0
    /// The modules that the last form of a step was for.
    var asked: [ModuleID] = []
    /// The menu that the present form was picked from, empty if from none: `r` goes back to it.
    var menu: [ModuleID] = []
    /// What was sent for the present step, by the module that asks about it.
    var delivery: Delivery?
    /// Answers that this step has refused, to know the same again.
    var rejected: [UserInput] = []
    /// Where password and code are one answer: what was typed, for as long as it takes to judge it, and what was refused.
    var combined: TypedTogether?
    var refusedTogether: [UserInput] = []
    /// The last answer that was wrong, and who said so: of another time perhaps.
    var suspect: (input: UserInput, module: any AuthModule)?
    /// What is being set up in place of the present step, and what was in place of those before: not stored yet.
    var settingUp: PendingEnrollment?
    var finishedSetups: [(begun: PendingEnrollment, finished: FinishedEnrollment)] = []
    /// A ticket for setting up devices was accepted.
    var hasTicket = false
    /// The login was remembered together with its last answer.
    var isVisitStored = false
    /// What the person is told should the answer to the present form be refused, or the login end while it is judged. Where password
    /// and code are one answer that is one text until both were right.
    var refusal: String? {
        didSet { if isUndecidedTogether { refusal = Texts.refusedTogether } }
    }
    /// What the person is told once the login is granted.
    var notices: [String] = []
    /// Where the login is asked from, if a rule lets remember that.
    let terminalSession: TerminalSession?
    /// What a grant may be made for should the login be granted.
    var rememberable: [Step] = []
    /// How often grants had been revoked when the login began.
    let revocations: Int
    /// How many questions the caller still takes.
    var promptsLeft = Wire.maximumPrompts
    private(set) var standing: Attempt.Standing?
    private var lookUp: AccountLookUp?
    /// The host of the fleet that the login comes from; nil for one of this machine.
    let relayed: RelayedCaller?
    /// What is to be changed, where this is no login.
    let change: DeviceChange?
    /// The devices whose answers were accepted for that.
    private(set) var proof: [DeviceKey] = []
    /// When something was last heard of the other end.
    var lastHeard: Int64 = 0
    private(set) var isOver = false
    /// Whether the password that was judged counts for nothing any more, though the code in the same answer is still judged.
    var isProofVoid = false
    /// What the password was judged by that has proved the first factor, where the store keeps it.
    var mark: PasswordMark?
    /// Whether a password was judged that counts for nothing until the code in the same answer is looked at (`conversation: single`).
    var owesPassword = false
    /// Whether it is asked for at the machine's own seat; nil before anybody wanted to know.
    var isLocal: Bool?
    /// What somebody outside is asked about just now.
    var consultation: Consultation?

    init(
        _ request: LoginRequest, plan: Plan, isRoot: Bool, peer: UInt32, process: Int32 = 0,
        terminalSession: TerminalSession?, configuration: ActiveConfiguration, service: LoginService,
        port: any LoginPort, change: DeviceChange? = nil, relayed: RelayedCaller? = nil
    ) {
        self.relayed = relayed
        self.change = change
        self.service = service
        self.port = port
        self.configuration = configuration
        self.request = request
        self.isRoot = isRoot
        self.terminalSession = terminalSession
        revocations = service.grants.revocations
        var plan = plan
        // Only who speaks for the machine itself can show a secret to the person that it is meant for.
        if plan.unenrolled == .enroll, !isRoot { plan.unenrolled = .deny }
        // A host that was stolen could enrol whoever has nothing yet: over the relay it takes an administrator's word.
        if plan.unenrolled == .enroll, relayed != nil, !plan.needsTicket { plan.unenrolled = .deny }
        flow = LoginFlow(plan)
        providerTriesLeft = plan.tries
        record = LoginRecord(verdict: .conversationFailed, peer: peer, generation: configuration.number)
        record.request = request
        record.process = process
        record.relay = relayed?.host.name
        if let outsider = relayed?.outsider { record.request?.account = outsider }
        record.isChange = plan.purpose != .login
        record.ruleLine = plan.ruleLine
        record.securityKey = plan.countedKey
        lastHeard = service.clocks.now().boottime
    }

    /// The open session, where one waits for an answer.
    var openSession: OpenSession? {
        session.map { OpenSession(session: $0, request: request, peer: record.peer) }
    }

    // MARK: What comes from outside

    /// Begins the login. The account is looked up while the person types.
    func begin(knownStanding: Attempt.Standing? = nil) {
        standing = knownStanding
        let account = request.account
        if standing == nil { lookUp = service.directory.beginAccount(account, for: lookUpPayer) }
        guard change?.asksFirst != true else { return askForConsent() }
        perform(flow.begin())
    }

    /// An answer has come; nil is one that never left the host process.
    func answered(_ bytes: Span<UInt8>?) {
        let expected = expectation
        expectation = .nothing
        lastHeard = service.clocks.now().boottime
        switch expected {
        case .nothing: end(flow.refused(.outOfTurn))
        case .provider:
            guard isInTime() else { return end(flow.expired()) }
            perform(flow.chose(LoginConversation.number(bytes).map { $0 - 1 } ?? -1))
        case .alternative(let stage, let modules):
            guard checkSession() else { return }
            guard let number = LoginConversation.number(bytes), modules.indices.contains(number - 1) else {
                return chooseModule(of: modules, at: stage)
            }
            menu = modules
            ask(stage, modules: [modules[number - 1]])
        case .form(_, let stage, _) where asksForKey(bytes, at: stage): askForSetup(stage, showing: .key)
        case .form(_, let stage, _) where goesBack(bytes, at: stage):
            guard checkSession() else { return }
            chooseModule(of: menu, at: stage)
        case .form(_, let stage, _) where wantsAnother(bytes, at: stage):
            guard checkSession() else { return }
            sendAnother(at: stage)
        case .form(_, let stage, _) where saysApproved(bytes, at: stage):
            guard checkSession() else { return }
            confirm(at: stage)
        case .form(let form, let stage, let modules):
            form.answer(bytes)
            if form.next != nil { return put(form, stage, modules, notice: nil) }
            judge(form, stage, modules)
        case .acknowledgement(let module):
            guard checkSession() else { return }
            setUp(.stored(module))
        case .ticket(let stage):
            guard checkSession() else { return }
            judgeTicket(bytes, at: stage)
        case .consent:
            guard isInTime() else { return end(flow.expired()) }
            guard LoginConversation.isConsent(bytes) else { return end(flow.declined()) }
            perform(flow.begin())
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

    // MARK: The end

    func end(_ judged: Verdict) {
        guard !isOver else { return }
        isOver = true
        let isOutside = relayed?.outsider != nil
        let verdict = isOutside ? judged.ofNobody : judged
        expectation = .nothing
        settlePassword(at: judged)
        if let lookUp { service.directory.forget(lookUp) }
        lookUp = nil
        consultation?.abandon()
        consultation = nil
        closeSession()
        rejected = []
        refusedTogether = []
        if verdict == .granted { remember() }
        settingUp = nil
        finishedSetups = []
        record.verdict = verdict
        noteBlock()
        if isOutside { noteOutsider() }
        service.ended(record)
        if flow.plan.purpose == .login { note() }
        // Whatever comes of it, nobody waits for it.
        defer { diagnoseSuspect() }
        defer { combined = nil }
        guard let port else { return }
        if verdict == .granted, isRoot {
            port.setEnvironment("TWOSTEP_PROVIDER", record.provider?.description ?? "")
            port.setEnvironment("TWOSTEP_MODULES", record.modules.map(\.description).joined(separator: ","))
        }
        if verdict == .granted { leavePassword(to: port) }
        let code = flow.plan.purpose == .login ? VerdictCode(verdict) : VerdictCode(ofChange: verdict)
        port.finish(code, text: Texts.ending(verdict, refusal: refusal, notices: notices))
    }

    /// The journal alone is told that none of the answers could have been accepted.
    private func noteBlock() {
        guard record.lastRefusal == .blocked else { return }
        switch record.verdict {
        case .triesUsedUp, .denied(.repeated): record.verdict = .denied(.blocked)
        case .denied, .granted, .exempt, .skipped, .proved, .declined, .unavailable, .conversationFailed,
            .badArgument:
            break
        }
    }

    /// The journal alone is told that the host may not ask about the account.
    private func noteOutsider() {
        if case .denied = record.verdict { record.verdict = .denied(.notPermitted) }
        record.hint = "its host may not ask about this account"
    }

    /// Ends the open session, if there is one.
    func closeSession() {
        guard let open = session else { return }
        service.sessions.close(open.id)
        session = nil
        withdraw(from: open)
    }

    // MARK: Account

    /// Keeps which devices have proved that a change may be.
    func keepProof(_ acceptance: Acceptance, by module: ModuleID) {
        proof += acceptance.devices.map { DeviceKey(account: request.account, module: module, device: $0) }
    }

    /// Hands on what the directory says of the account, once that is known.
    func withStanding(_ body: @escaping (Attempt.Standing) -> Void) {
        if let standing { return body(standing) }
        guard let lookUp else { return body(.cannotTell) }
        service.directory.whenHeardOf(lookUp) { lookup in
            let standing = Attempt.Standing(lookup)
            self.standing = standing
            body(standing)
        }
    }

    /// Goes on where the directory knows the account, and ends the login where it does not: what passes without a module
    /// having judged anything passes here.
    func whereKnown(_ body: @escaping () -> Void) {
        withStanding { standing in
            guard !self.isOver else { return }
            switch standing {
            case .known: body()
            case .unknown: self.refused(.unknownAccount)
            case .cannotTell: self.failed(.directoryUnavailable)
            }
        }
    }

    /// The remote host as the counters know it; nil where there is none, or none that is believed.
    ///
    /// What a host of the fleet says counts for its own logins alone: it cannot have anybody refused elsewhere.
    var hostKey: String? {
        guard request.origin == .trusted, let key = request.remoteHost.flatMap({ IPAddress($0)?.counterKey }) else {
            return nil
        }
        return relayed.map { HostRow.key(of: key, claimedBy: $0.host.serial) } ?? key
    }

    /// On whose account the directory is asked.
    var lookUpPayer: LookUpPayer { relayed.map { .host(serial: $0.host.serial) } ?? .uid(record.peer) }

    /// Whether the room that is kept for uid 0 of this machine is this login's too.
    var hasReserve: Bool { isRoot && relayed == nil }

    /// An attempt of this login, to be judged by the store's writer; `isConclusive` unless another follows where it is
    /// refused. Who is blocked is nobody to it.
    func attempt(
        _ subject: Attempt.Subject, standing: Attempt.Standing, visit: Visit? = nil, isConclusive: Bool = true
    ) -> Attempt {
        Attempt(
            subject, account: request.account, standing: flow.plan.isBlocked ? standing.ofNobody : standing,
            host: hostKey, throttle: configuration.throttle, now: service.clocks.now(), visit: visit,
            namesDevices: change != nil, pairing: isSingle ? .withPassword : .alone, isConclusive: isConclusive,
            hasEvidence: request.evidence.provesFirstFactor, relay: relayed?.host.serial, share: relayShare)
    }

    /// Has an attempt judged that counts for the password in the same answer, too.
    func submitPaired(_ attempt: Attempt, then report: @escaping (Outcome) -> Void) {
        owesPassword = false
        service.submit(attempt, deliver: report)
    }

    /// What failures with factors count for, where a host of the fleet relays the login.
    var relayShare: RelayShare {
        if relayed?.isOwner == true { return .own }
        return record.isFirstFactorWaived ? .unproved : .proved
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

extension Verdict {
    /// What becomes of it where the login is nobody's: whatever else happens, it lets nobody in.
    fileprivate var ofNobody: Verdict {
        switch self {
        case .granted, .exempt, .skipped, .proved, .declined: .denied(.notPermitted)
        case .denied, .triesUsedUp, .unavailable, .conversationFailed, .badArgument: self
        }
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
