package import Authentication

/// `hotp`: codes that a token makes of a counter and a shared key (RFC 4226).
///
/// A device's state is the counter that is expected next: it grows past every code that is accepted, and never by one
/// that is not, so no counter is good twice.
package struct HOTPModule: OTPModule {
    /// Its row in the registry.
    package static let type = ModuleType(
        name: "hotp", keys: ["look_ahead", "resync_window", "max_devices", "echo_code", "prompt"]
    ) {
        (id, settings) throws(SettingFailure) in try HOTPModule(id, settings)
    }

    /// Where the counter of a new device may begin: more often no token is pressed.
    static let counters = 0...Int(UInt32.max)
    /// How far off a counter is searched for by `diagnose`, to either side.
    static let diagnosedReach: Int64 = 1000

    package let id: ModuleID
    package let inputSchema: InputSchema
    /// How many counters behind the expected one are good too: the token was pressed, and no login came of it.
    let lookAhead: Int64
    /// The same for two consecutive codes, which are not guessed.
    let resyncWindow: Int64
    package let mostDevices: Int

    package let refusal = "That code is wrong or was used before. Type the next one, or two in a row."
    package let answerShape = AnswerShape.digits(HOTPAnswer.lengths)
    package let canFollowPassword = true
    package let usualDeviceName = "token"

    package init(_ id: ModuleID, _ settings: Settings = Settings()) throws(SettingFailure) {
        self.id = id
        lookAhead = Int64(try settings.integer("look_ahead", in: 0...50, default: 10))
        resyncWindow = Int64(try settings.integer("resync_window", in: 0...1000, default: 100))
        mostDevices = try HOTPModule.mostDevices(settings)
        inputSchema = try InputSchema.code(settings, label: "Token code")
    }

    /// 6 to 8 digits, or twice as many: which of these an account's devices have is not told from here.
    package func recognizes(_ input: UserInput) -> Bool { HOTPModule.answer(in: input) != nil }

    private static func answer(in input: UserInput) -> HOTPAnswer? { input.withField { HOTPAnswer(typed: $0) } }

    // MARK: Judging

    /// Judges a code, or two in a row. `replayed` is what a device has accepted last, once more; the code of an older
    /// counter is `wrong` like any other.
    ///
    /// Every counter of each device's window is looked at, whatever was found before.
    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard let answer = HOTPModule.answer(in: input) else { throw .malformed }
        try devices.spendOnce(at: now, standIn: HOTPModule.standIn, initialState: 0) {
            (payload, state) throws(InvalidAuth) in try fit(answer, payload: payload, state: state)
        }
        return session.account
    }

    /// What an account without devices is judged against; nothing it yields is ever accepted.
    private static let standIn: Secret =
        // Every range of these is a constant, so there is something behind the question mark.
        OTPParameters()?.payload(own: [], key: [20 of UInt8](repeating: 0).span) ?? Secret(count: 0) { _ in }

    private func fit(
        _ answer: HOTPAnswer, payload: Span<UInt8>, state: Int64
    ) throws(InvalidAuth) -> OneTimeFit {
        guard let device = HOTPModule.device(payload, state: state) else { throw .unavailable }
        let key = payload.extracting(droppingFirst: OTPParameters.headerSize)
        let reach = answer.count == 1 ? lookAhead : resyncWindow
        let ahead = try HOTPModule.counters(of: answer, from: state, reach: reach, device, key)
        // Of two counters with equal codes it is the nearer: a device that was not pressed so often must not be left
        // behind. The code is a replay from now on, whichever it was.
        var fit = OneTimeFit(state: ahead.first.map { $0 + 1 })
        let last = try HOTPModule.counters(of: answer, from: max(0, state - answer.count), reach: 0, device, key)
        fit.isReplay = last == [state - 1]
        return fit
    }

    /// The head of a payload; nil for one that is damaged, and for a state that no counter has.
    private static func device(_ payload: Span<UInt8>, state: Int64) -> OTPParameters? {
        state >= 0 ? OTPParameters(payload: payload, own: 0) : nil
    }

    /// The counters of which `answer` is the code, or of whose predecessor and whose own it is the codes, where its
    /// first code lies from `start` to `start + reach`.
    private static func counters(
        of answer: HOTPAnswer, from start: Int64, reach: Int64, _ device: OTPParameters, _ key: Span<UInt8>
    ) throws(InvalidAuth) -> [Int64] {
        var counters: [Int64] = []
        var followsFirst = false
        let key = try device.prepare(key)
        for offset in 0..<reach + answer.count {
            // Past the end of numbers the work is done all the same, and no code is good; nor is that of the last
            // number, since nothing could be expected after it.
            let (counter, isPast) = start.addingReportingOverflow(offset)
            let code = try device.password(of: counter, under: key)
            let isFirst = code.isSame(as: answer.first)
            let isSecond = code.isSame(as: answer.second ?? answer.first)
            let isAnswer = answer.second == nil ? isFirst : isSecond && followsFirst
            if isAnswer, !isPast, counter < .max { counters.append(counter) }
            followsFirst = isFirst
        }
        return counters
    }
}

// MARK: - Enrolling

extension HOTPModule {
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        let typed = try SetupParameters(request.parameters, of: "hotp", known: ["algorithm", "digits", "counter"])
        let parameters = try OTPParameters(typed)
        let counter = Int64(try typed.number("counter", in: HOTPModule.counters, default: 0))
        return try setup(request, parameters, counter: counter, key: try newKey(parameters))
    }

    /// A set-up with a key that is there already, and the counter that its token has next; a key of less than 128 bits
    /// is refused.
    package func setup(
        _ request: SetupRequest, _ parameters: OTPParameters, counter: Int64, key: borrowing Secret
    ) throws(SetupFailure) -> Setup {
        guard counter >= 0, counter < .max else {
            throw SetupFailure("the counter is \(counter), expected a whole number from 0 to \(Int64.max - 1)")
        }
        return try setup(
            "hotp", request, parameters, key: key, own: (head: [], name: "counter", value: String(counter)),
            initialState: counter)
    }

    /// The first code may lie as far ahead as any later one, and may be two in a row.
    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard let answer = HOTPModule.answer(in: input) else { throw .malformed }
        let state = setup.initialState
        let fit: OneTimeFit
        do throws(InvalidAuth) {
            fit = try setup.payload.withBytes { (payload) throws(InvalidAuth) in
                try self.fit(answer, payload: payload, state: state)
            }
        } catch {
            throw .unavailable
        }
        guard let state = fit.state else { throw .wrong }
        return FinishedSetup(state: state)
    }

    /// The offset is how far the token is ahead of the counter that is expected next.
    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? {
        guard let answer = HOTPModule.answer(in: input) else { return nil }
        return devices.nearest(standIn: HOTPModule.standIn, initialState: 0) {
            (device, payload) throws(InvalidAuth) in
            guard let parameters = HOTPModule.device(payload, state: device.state) else { throw .unavailable }
            let key = payload.extracting(droppingFirst: OTPParameters.headerSize)
            let start = max(0, device.state - HOTPModule.diagnosedReach)
            let reach = device.state - start + HOTPModule.diagnosedReach
            let offsets = try HOTPModule.counters(of: answer, from: start, reach: reach, parameters, key)
                .map { $0 - (answer.count - 1) - device.state }
            guard let nearest = offsets.min(by: { $0.magnitude < $1.magnitude }) else { return nil }
            return Diagnosis(device: device.name, offset: nearest, secondsPerUnit: 0, isSpent: nearest < 0)
        }
    }

    /// `SHA1, 6 digits, counter 5`.
    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        HOTPModule.device(payload, state: state).map { "\($0.description), counter \(state)" } ?? "damaged"
    }

    /// Behind the last number nothing could be expected.
    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        guard HOTPModule.device(payload, state: state) != nil else { return .damaged }
        return state < .max ? .usable : .usedUp
    }
}
