import AdminProtocol
import Authentication

/// What stands behind one connection of `twostep`: who may ask there, and who answers.
///
/// It belongs to the event loop.
protocol ServiceVisit: AnyObject {
    associatedtype Request: ServiceRequest

    /// Takes the peer in, or says why not; `then` is called once. `hangUp` closes the connection, at any time.
    func admit(uid: UInt32, hangUp: @escaping () -> Void, then: @escaping (AdminRefusal?) -> Void)

    /// Answers one request. `input` is its secret part; `enrollment` is what the connection has begun, and the answer says
    /// what it has then. No other comes before the answer.
    func answer(_ request: Request, _ input: UserInput, enrollment: PendingEnrollment?, _ answer: AdminAnswer)

    /// The connection is gone.
    func left()
}

/// An administrator's: root's alone.
final class AdminVisit: ServiceVisit {
    private let desk: AdminDesk
    private let staged = StagedImport()
    private let backup = OpenBackup()
    private let copy = OpenCopy()

    init(_ desk: AdminDesk) { self.desk = desk }

    func admit(uid: UInt32, hangUp: @escaping () -> Void, then: @escaping (AdminRefusal?) -> Void) {
        then(uid == 0 ? nil : AdminRefusal(.notPermitted, "Only root may administer Twostep.", hint: "Use sudo."))
    }

    func answer(_ request: AdminRequest, _ input: UserInput, enrollment: PendingEnrollment?, _ answer: AdminAnswer) {
        desk.answer(request, input, enrollment: enrollment, staged: staged, backup: backup, copy: copy, answer)
    }

    func left() {
        staged.spoil()
        backup.snapshot = nil
        copy.begun = nil
    }
}
