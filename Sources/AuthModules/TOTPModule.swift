package import Authentication
internal import Cryptography

/// `totp`: codes that an app makes of the time and a shared key (RFC 6238).
///
/// A device's state is the last time step that it was accepted for, -1 before the first: a step is good once, and
/// none before it is good any more (RFC 6238 section 5.2), whatever the clock does.
package struct TOTPModule: OTPModule {
    /// Its row in the registry.
    package static let type = ModuleType(name: "totp", keys: ["window", "max_devices", "echo_code", "prompt"]) {
        (id, settings) throws(SettingFailure) in try TOTPModule(id, settings)
    }

    /// The state of a device that no code was accepted from. Step 0 is after it, and no step is before 0.
    static let initialState: Int64 = -1
    /// Steps to either side in which the first code of a new device may lie.
    static let setupWindow: Int64 = 1
    /// How far off a clock is searched for by `diagnose`, in seconds.
    static let diagnosedSpan: Int64 = 1200

    package let id: ModuleID
    package let inputSchema: InputSchema
    /// Steps before and after the present one whose codes are accepted: 0 or 1.
    let window: Int64
    package let mostDevices: Int

    package let refusal = "That code is wrong or was used before. Wait for the next one."
    package let answerShape = AnswerShape.digits(OneTimePassword.lengths)
    package let canFollowPassword = true
    package let usualDeviceName = "phone"

    package init(_ id: ModuleID, _ settings: Settings = Settings()) throws(SettingFailure) {
        self.id = id
        window = Int64(try settings.integer("window", in: 0...1, default: 1))
        mostDevices = try TOTPModule.mostDevices(settings)
        inputSchema = try InputSchema.code(settings, label: "Verification code")
    }

    /// 6 to 8 digits: which of these an account's devices have is not told from here.
    package func recognizes(_ input: UserInput) -> Bool { TOTPModule.code(in: input) != nil }

    private static func code(in input: UserInput) -> OneTimePassword? {
        input.withField { OneTimePassword(typed: $0) }
    }

    // MARK: Judging

    /// Judges a code. `replayed` is the code of a device's last accepted step, which whoever sends it has seen
    /// rather than guessed; the code of an older step is `wrong` like any other.
    ///
    /// Every step of each device's window is looked at, whatever was found before.
    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard let code = TOTPModule.code(in: input) else { throw .malformed }
        try devices.spendOnce(at: now, standIn: TOTPModule.standIn, initialState: TOTPModule.initialState) {
            (payload, state) throws(InvalidAuth) in
            try TOTPModule.fit(code, payload: payload, state: state, window: window, at: now)
        }
        return session.account
    }

    /// What an account without devices is judged against; nothing it yields is ever accepted.
    private static let standIn: Secret =
        // Every range of these is a constant, so there is something behind the question mark.
        TOTPParameters()?.payload(key: [20 of UInt8](repeating: 0).span) ?? Secret(count: 0) { _ in }

    private static func fit(
        _ code: OneTimePassword, payload: Span<UInt8>, state: Int64, window: Int64, at now: Moment
    ) throws(InvalidAuth) -> OneTimeFit {
        guard let parameters = TOTPParameters(payload: payload) else { throw .unavailable }
        let key = try parameters.otp.prepare(payload.extracting(droppingFirst: TOTPParameters.headerSize))
        let present = parameters.step(at: now.wall)
        var fit = OneTimeFit()
        // Upwards, so that of two steps with equal codes the later one is spent, and the earlier with it.
        for step in present - window...present + window {
            let isCode = try isCode(code, of: step, key, parameters)
            if isCode, step > state { fit.state = step }
        }
        // It is looked for even where it lies outside the window: the clock may have been set since.
        fit.isReplay = try isCode(code, of: state, key, parameters)
        return fit
    }

    /// Whether `code` is the code of `step`. None is of a step before 1970, though the work is done.
    private static func isCode(
        _ code: OneTimePassword, of step: Int64, _ key: borrowing HMAC, _ parameters: TOTPParameters
    ) throws(InvalidAuth) -> Bool {
        try parameters.otp.password(of: step, under: key).isSame(as: code) && step >= 0
    }
}

// MARK: - Enrolling

extension TOTPModule {
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        let parameters = try TOTPParameters(request.parameters)
        return try setup(request, parameters, key: try newKey(parameters.otp))
    }

    /// A set-up with a key that is there already; one of less than 128 bits is refused.
    package func setup(
        _ request: SetupRequest, _ parameters: TOTPParameters, key: borrowing Secret
    ) throws(SetupFailure) -> Setup {
        try setup(
            "totp", request, parameters.otp, key: key,
            own: (head: parameters.head, name: "period", value: String(parameters.period)),
            initialState: TOTPModule.initialState)
    }

    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard let code = TOTPModule.code(in: input) else { throw .malformed }
        let state = setup.initialState
        let fit: OneTimeFit
        do throws(InvalidAuth) {
            fit = try setup.payload.withBytes { (payload) throws(InvalidAuth) in
                try TOTPModule.fit(code, payload: payload, state: state, window: TOTPModule.setupWindow, at: now)
            }
        } catch {
            throw .unavailable
        }
        guard let step = fit.state else { throw .wrong }
        return FinishedSetup(state: step)
    }

    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? {
        guard let code = TOTPModule.code(in: input) else { return nil }
        return devices.nearest(standIn: TOTPModule.standIn, initialState: TOTPModule.initialState) {
            (device, payload) throws(InvalidAuth) in
            try TOTPModule.nearest(code, of: device, payload: payload, at: now)
        }
    }

    /// `SHA1, 6 digits, 30 s`.
    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        TOTPParameters(payload: payload)?.description ?? "damaged"
    }

    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        TOTPParameters(payload: payload) == nil ? .damaged : .usable
    }

    /// The step nearest to the present that `code` is of, as far away as `diagnosedSpan` reaches.
    private static func nearest(
        _ code: OneTimePassword, of device: Device, payload: Span<UInt8>, at now: Moment
    ) throws(InvalidAuth) -> Diagnosis? {
        guard let parameters = TOTPParameters(payload: payload) else { throw .unavailable }
        let key = try parameters.otp.prepare(payload.extracting(droppingFirst: TOTPParameters.headerSize))
        let present = parameters.step(at: now.wall)
        let reach = diagnosedSpan / parameters.period
        var nearest: Int64?
        for offset in -reach...reach where try isCode(code, of: present + offset, key, parameters) {
            if offset.magnitude < nearest?.magnitude ?? .max { nearest = offset }
        }
        guard let nearest else { return nil }
        return Diagnosis(
            device: device.name, offset: nearest, secondsPerUnit: parameters.period,
            isSpent: present + nearest <= device.state)
    }
}
