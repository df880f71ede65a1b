/// A module that people enrol with.
package protocol EnrollableModule: AuthModule {
    /// What a device is called where nobody says.
    var usualDeviceName: String { get }

    /// Whether an account has one device of this module, by its usual name: enrolling again replaces it.
    var hasOneDevice: Bool { get }

    /// How many devices of this module an account may have, if it may have several: each makes a guess more likely to be
    /// right.
    var mostDevices: Int { get }

    /// Whether an account gets one of these with its first device of another module (recovery codes).
    var isIssuedWithFirstDevice: Bool { get }

    /// Whether a set-up needs to be told something (an address): nobody can begin one who is asked nothing but answers.
    var needsParameters: Bool { get }

    /// Makes a new secret for `request`; nothing is stored yet.
    func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup

    /// Judges the answer to the set-up's `confirmation`. Returns what to store; a code counts as spent.
    ///
    /// A wrong one may be tried again with the same set-up. It may be called on any thread, and takes its time where the
    /// module stretches answers: it is given what was typed, and stretches it itself.
    func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup

    /// How far off an answer is, looking further than `validate` does and spending nothing: for
    /// administrators ("the phone is 90 s ahead"). Nil if no device could have made it. It is given what `validate` is:
    /// a stretched answer, where the module stretches.
    func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis?

    /// A device in words (`SHA1, 6 digits, 30 s`; `7 of 10 left`), from its payload and its state.
    func describe(_ payload: Span<UInt8>, state: Int64) -> String

    /// How many answers a device has left; nil for one that does not run out.
    func answersLeft(_ payload: Span<UInt8>, state: Int64) -> Int?

    /// What there is left of a device at `now`, from its payload and its state.
    func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding
}

extension EnrollableModule {
    package var hasOneDevice: Bool { false }
    /// With as many phones as this, and the failures that lock an account, one in 700 is guessed (6 digits, three steps).
    package var mostDevices: Int { 10 }
    package var isIssuedWithFirstDevice: Bool { false }
    package var needsParameters: Bool { false }
    package func answersLeft(_ payload: Span<UInt8>, state: Int64) -> Int? { nil }
    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        answersLeft(payload, state: state) == 0 ? .usedUp : .usable
    }
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
