internal import Authentication

/// What was sent to an account and is waited for: good for one session, one device and one answer.
final class RunningCode: Sendable {
    /// How long it is good at most, in milliseconds on CLOCK_BOOTTIME.
    static let longestLife: Int64 = 600_000

    /// A request to approve that a web service is asked about.
    struct Approval: Sendable {
        /// Where.
        let inquiry: String
        /// What its answer has to name besides.
        let reference: String
        /// What the person has to choose, which the web service was not told.
        let number: Int64
    }

    let session: ValidationSession.ID
    let device: String
    /// The state that the device has once the code is used.
    let serial: Int64
    /// The last moment at which it is good, on CLOCK_BOOTTIME.
    let deadline: Int64
    let approval: Approval?
    private let code: HashedCode

    init(
        _ code: HashedCode, session: ValidationSession.ID, device: String, serial: Int64, deadline: Int64,
        approval: Approval?
    ) {
        self.code = code
        self.session = session
        self.device = device
        self.serial = serial
        self.deadline = deadline
        self.approval = approval
    }

    /// The same with another code, and nothing to be approved any more.
    func approved(_ code: HashedCode) -> RunningCode {
        RunningCode(code, session: session, device: device, serial: serial, deadline: deadline, approval: nil)
    }

    /// Whether this is the code, and in time; nil if it cannot be told. Whoever asks has found it by its session.
    func isRight(_ typed: borrowing Secret, at now: Moment) -> Bool? {
        guard let isRight = try? code.isRight(typed) else { return nil }
        return isRight && now.boottime <= deadline
    }
}
