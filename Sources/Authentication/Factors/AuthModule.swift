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

    /// What right answers look like. Modules of an `any_of` whose answers are distinct share one prompt.
    var answerShape: AnswerShape { get }

    /// Whether an answer may stand behind a password, in one answer with it (`conversation: single`): people have it at
    /// hand before anything is asked or sent.
    var canFollowPassword: Bool { get }

    /// Whether it is for demonstrations alone: it loads only where that is allowed, and each use is a warning.
    var isInsecure: Bool { get }

    /// Whether answers must be stretched before they are judged.
    var stretchesAnswers: Bool { get }

    /// Whether it is for people who sit at the machine: it is asked for in sessions alone that are local and active.
    var needsPresence: Bool { get }

    /// Prepares the module, once, before the first login. One that throws admits nobody.
    func initialize() throws(ModuleFailure)

    /// Why nothing can be asked with it now, in a sentence for the journal; nil where it can be. A step with no other module
    /// is unavailable then.
    var outage: String? { get }

    /// Makes guessing dear: what `validate` is given in place of the answer, by a key derivation function.
    ///
    /// Called where `stretchesAnswers` says so, on the pool for slow work; it may take its time, the same for every
    /// account. Nil if it cannot be done: nobody is let in by that.
    func stretch(_ input: UserInput, for account: AccountName) -> UserInput?

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

    /// What the person is told after an accepted answer (how many codes are left), from what is now stored.
    func notice(after devices: Devices) -> String?

    /// How far an accepted answer lay from the present, in time steps ahead (positive) or behind, from what it has
    /// changed; nil for answers that have no time.
    func offset(after devices: Devices, at now: Moment) -> Int64?
}

extension AuthModule {
    package var resetsThrottle: Bool { false }
    package var answerShape: AnswerShape { .anything }
    package var canFollowPassword: Bool { false }
    package var isInsecure: Bool { false }
    package var stretchesAnswers: Bool { false }
    package var needsPresence: Bool { false }

    /// Whether an answer is one to be judged, and charged for: of the module's alphabet, and not Enter alone where something
    /// has to be typed.
    package func isGuess(_ input: UserInput) -> Bool {
        guard recognizes(input) else { return false }
        return !input.isEmpty || !inputSchema.fields.contains(where: \.isRequired)
    }

    package var outage: String? { nil }
    package func initialize() throws(ModuleFailure) {}
    package func stretch(_ input: UserInput, for account: AccountName) -> UserInput? { input }
    package func notice(after devices: Devices) -> String? { nil }
    package func offset(after devices: Devices, at now: Moment) -> Int64? { nil }
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
