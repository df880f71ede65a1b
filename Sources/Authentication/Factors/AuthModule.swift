/// A further factor, as the seed's table has it: a form, a validation, and an optional initialisation.
///
/// The session functions (open, check, count, close) are implemented once, for all modules, in
/// `SessionTable`. A new module is one type in one file of `AuthModules`, and one row in its registry.
package protocol AuthModule: Sendable {
    /// Type and id, as configured.
    var id: ModuleID { get }

    /// The form to be filled in.
    var inputSchema: InputSchema { get }

    /// What a person is told when an answer was not accepted, whatever was wrong with it: one sentence or two.
    var refusal: String { get }

    /// Whether its answers can be guessed, so that the throttle must count them.
    var isLowEntropy: Bool { get }

    /// Whether an accepted answer clears the account's failures with every module (a recovery code does).
    var resetsThrottle: Bool { get }

    /// Prepares the module, once, before the first login. One that throws admits nobody.
    func initialize() throws(ModuleFailure)

    /// Whether an answer could be one of this module's at all: its alphabet and its length.
    ///
    /// What could not be right is no guess. Must not depend on the account.
    func recognizes(_ input: UserInput) -> Bool

    /// Judges an answer: returns the session's username, or throws.
    ///
    /// It runs on the store's writer, inside the transaction that has charged the attempt; `devices` are the
    /// account's enrolments with this module, and what it spends there is on disk before the outcome is
    /// disclosed. It must not wait, and must do the same work whichever part of the answer is wrong.
    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName
}

extension AuthModule {
    package var resetsThrottle: Bool { false }

    package func initialize() throws(ModuleFailure) {}
}

/// Why a module cannot work, for the journal.
package struct ModuleFailure: Error, Equatable, Sendable {
    package let explanation: String
    package init(_ explanation: String) { self.explanation = explanation }
}

/// The answer is not accepted. Which of these it was is for the journal and the throttle; the person
/// reads the module's one `refusal`.
package enum InvalidAuth: Error, Equatable, Sendable {
    /// Not of the module's alphabet or length: no guess.
    case malformed
    case wrong
    /// The last accepted answer of a device again: no guess.
    case replayed
    /// The account has nothing with this module.
    case notEnrolled
    /// It cannot be told: a secret does not open, a record makes no sense.
    case unavailable
}

/// A module that people enrol with.
package protocol EnrollableModule: AuthModule {
    /// Makes a new secret for `request`; nothing is stored yet.
    func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup

    /// Judges the first code of a new device. Returns what to store; the code counts as spent.
    ///
    /// A wrong one may be tried again with the same set-up.
    func finishSetup(_ setup: borrowing Setup, _ input: UserInput, at now: Moment) throws(InvalidAuth) -> Int64

    /// How far off an answer is, looking further than `validate` does and spending nothing: for
    /// administrators ("the phone is 90 s ahead"). Nil if no device could have made it.
    func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis?

    /// A device's parameters in words (`SHA1, 6 digits, 30 s`), from its payload.
    func describe(_ payload: Span<UInt8>) -> String
}

/// What `diagnose` found.
package struct Diagnosis: Equatable, Sendable {
    package let device: String
    /// In the module's units: time steps ahead (positive) or behind, or counter values ahead.
    package let offset: Int64
    /// The length of one unit in seconds; 0 where units are no time.
    package let secondsPerUnit: Int64
    /// Whether the device has used up this answer already.
    package let isSpent: Bool

    package init(device: String, offset: Int64, secondsPerUnit: Int64, isSpent: Bool) {
        self.device = device
        self.offset = offset
        self.secondsPerUnit = secondsPerUnit
        self.isSpent = isSpent
    }
}

/// Who enrols what.
package struct SetupRequest: Equatable, Sendable {
    package let account: AccountName
    package let device: String
    /// Shown by authenticator apps beside the account: the host, or what the configuration says.
    package let issuer: String
    /// What the administrator chose (`digits`: `8`), as typed; a key the module does not know is refused.
    package let parameters: [String: String]

    package init(account: AccountName, device: String, issuer: String, parameters: [String: String]) {
        self.account = account
        self.device = device
        self.issuer = issuer
        self.parameters = parameters
    }
}

/// A set-up that has begun: the new secret in the forms that the store and the person need.
package struct Setup: ~Copyable, Sendable {
    /// What the store keeps, sealed, in the module's own encoding.
    package let payload: Secret
    /// The otpauth URI for the QR code (UTF-8).
    package let uri: Secret
    /// The secret for typing by hand (base32, UTF-8).
    package let key: Secret
    /// The device's state before any code was used.
    package let initialState: Int64

    package init(payload: consuming Secret, uri: consuming Secret, key: consuming Secret, initialState: Int64) {
        self.payload = payload
        self.uri = uri
        self.key = key
        self.initialState = initialState
    }
}

/// Why a set-up cannot begin: what was found and what was expected, for the administrator.
package struct SetupFailure: Error, Equatable, Sendable {
    package let explanation: String
    package init(_ explanation: String) { self.explanation = explanation }
}
