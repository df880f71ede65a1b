import Authentication
import AuthenticationTesting
import Synchronization

/// A module that has a message sent first: who sends it is scripted, and it says what it was asked. The answer `right` is
/// right in the session that the last message was for; Enter asks for `confirmation` where that is waited for.
final class ScriptedSender: SendingModule {
    let id: ModuleID
    let inputSchema = InputSchema([InputField(name: "code", label: "Code", kind: .secret)])
    let refusal = "That was not right."
    let isLowEntropy = true
    let sendingTime = 5
    private let sending: @Sendable (Errand, _ before: Int) -> Sending
    private let confirming: @Sendable (ValidationSession) -> Confirmation
    private let errands = Mutex<[Errand]>([])
    private let ended = Mutex<[ValidationSession.ID]>([])

    /// `before` is how many messages there were before this one.
    init(
        _ id: ModuleID = ModuleID("sender"),
        sending: @escaping @Sendable (Errand, _ before: Int) -> Sending = { _, _ in ScriptedSender.sent() },
        confirming: @escaping @Sendable (ValidationSession) -> Confirmation = { _ in .pending }
    ) {
        self.id = id
        self.sending = sending
        self.confirming = confirming
    }

    static func sent(awaitingApproval: Bool = false) -> Sending {
        .sent(
            SentMessage(device: "phone", label: "Code sent to phone", awaitsApproval: awaitingApproval), undelivered: []
        )
    }

    static func typed(_ text: String) -> UserInput {
        let bytes = Array(text.utf8)
        return UserInput(Secret(copying: bytes.span))
    }

    /// What it was to send.
    var asked: [Errand] { errands.withLock { $0 } }
    /// The sessions that it was told are over.
    var withdrawn: [ValidationSession.ID] { ended.withLock { $0 } }

    func recognizes(_ input: UserInput) -> Bool { input.withField { $0.count > 1 } }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard asked.last?.session.id == session.id, input.isSame(as: ScriptedSender.typed("right")) else {
            throw .wrong
        }
        return session.account
    }

    func send(_ errand: Errand) -> Sending {
        let before = errands.withLock { errands in
            defer { errands.append(errand) }
            return errands.count
        }
        return sending(errand, before)
    }

    func confirmation(for session: ValidationSession, at now: Moment) -> Confirmation { confirming(session) }

    func withdraw(_ session: ValidationSession) { ended.withLock { $0.append(session.id) } }
}
