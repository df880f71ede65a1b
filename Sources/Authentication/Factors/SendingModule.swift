/// A module that has something sent to a person before there is anything to answer: a code, or a request to approve.
///
/// Nothing is sent to whoever has proved nothing, and what was sent is good for the one session that it was sent for.
/// Nobody waits for it on the event loop or inside a transaction: it is called on the pool for what waits.
package protocol SendingModule: AuthModule {
    /// How long sending, or asking whether somebody has approved, may take, in whole seconds: people's hosts are told in
    /// advance, so that they wait as long.
    var sendingTime: Int { get }

    /// Sends a message to the first of the account's devices that can be reached; what was sent before for the account, and
    /// the same asker, is good no more. It must return within `sendingTime`, and does the same for an account that does not exist.
    func send(_ errand: Errand) -> Sending

    /// What has come of a request to approve, for somebody who says that it was answered. What is not known is no approval.
    func confirmation(for session: ValidationSession, at now: Moment) -> Confirmation

    /// Makes what was sent for a session good for nothing: the session is over.
    func withdraw(_ session: ValidationSession)
}

/// What a message is sent about: a login that waits for it.
package struct Errand: Sendable {
    package let session: ValidationSession
    package let service: String
    /// The remote host, as it is believed; nil where there is none.
    package let host: String?
    /// What people call this machine.
    package let issuer: String
    /// The account's devices with the module, in the order in which they are tried; none for a name that the directory does
    /// not know.
    package let devices: [ChargedGuess.OpenedDevice]
    package let now: Moment
    /// The serial of the certificate of the fleet's host that has relayed the login; nil for one of this machine. What each
    /// of them asks for is counted apart, and voids nothing of the others'.
    package let asker: String?

    package init(
        session: ValidationSession, service: String, host: String?, issuer: String,
        devices: [ChargedGuess.OpenedDevice], now: Moment, asker: String? = nil
    ) {
        self.session = session
        self.service = service
        self.host = host
        self.issuer = issuer
        self.devices = devices
        self.now = now
        self.asker = asker
    }
}

/// What came of sending.
package enum Sending: Equatable, Sendable {
    /// It has arrived somewhere, as far as can be told from here.
    case sent(SentMessage, undelivered: [String])
    /// There is nobody to send anything to. Nobody is told.
    case nobody
    /// Too much was sent to this account lately; more may be sent in so many seconds.
    case limited(seconds: Int64)
    /// None of the account's devices was reached, and why, in a sentence each for the journal.
    case failed([String])
}

/// A message that is on its way.
package struct SentMessage: Equatable, Sendable {
    /// The device that it was sent to.
    package let device: String
    /// What the person reads, without the colon.
    package let label: String
    /// Whether Enter alone says that it was approved.
    package let awaitsApproval: Bool

    package init(device: String, label: String, awaitsApproval: Bool) {
        self.device = device
        self.label = label
        self.awaitsApproval = awaitsApproval
    }
}

/// What came of asking whether somebody has approved.
package enum Confirmation: Sendable {
    /// It was answered: what is to be judged in place of what would be typed, right or wrong.
    case answered(UserInput)
    /// It was not answered yet, or there is nothing that could be.
    case pending
    /// It cannot be told, and why, in a sentence for the journal.
    case unavailable(String)
}
