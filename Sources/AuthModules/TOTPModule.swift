package import Authentication
internal import Cryptography

/// `totp`: codes that an app makes of the time and a shared key (RFC 6238).
///
/// A device's state is the last time step that it was accepted for, -1 before the first: a step is good once, and
/// none before it is good any more (RFC 6238 section 5.2), whatever the clock does.
package struct TOTPModule: EnrollableModule {
    /// Its row in the registry.
    package static let type = ModuleType(name: "totp", keys: ["window", "echo_code", "prompt"]) {
        (id, settings) throws(SettingFailure) in try TOTPModule(id, settings)
    }

    /// The state of a device that no code was accepted from. Step 0 is after it, and no step is before 0.
    static let initialState: Int64 = -1
    /// Steps to either side in which the first code of a new device may lie.
    static let setupWindow: Int64 = 1
    /// How far off a clock is searched for by `diagnose`, in seconds.
    static let diagnosedSpan: Int64 = 1200
    /// The least strength of a key that is enrolled, in bytes (RFC 4226 section 4, R6).
    static let shortestKey = 16

    package let id: ModuleID
    package let inputSchema: InputSchema
    /// Steps before and after the present one whose codes are accepted: 0 or 1.
    let window: Int64

    package let refusal = "That code is wrong or was used before. Wait for the next one."
    package let isLowEntropy = true
    package let answerShape = AnswerShape.digits(OneTimePassword.lengths)
    package let usualDeviceName = "phone"

    package init(_ id: ModuleID, _ settings: Settings = Settings()) throws(SettingFailure) {
        self.id = id
        window = Int64(try settings.integer("window", in: 0...1, default: 1))
        let isVisible = try settings.boolean("echo_code", default: false)
        let label = try settings.text("prompt") ?? "Verification code"
        inputSchema = InputSchema([InputField(name: "code", label: label, kind: isVisible ? .visible : .secret)])
    }

    /// Makes sure that libcrypto does what RFC 4226 appendix D says: some builds refuse SHA1.
    package func initialize() throws(ModuleFailure) {
        let key = Array("12345678901234567890".utf8)
        let code = try? OneTimePassword(key: key.span, counter: 0, algorithm: .sha1, digits: 6)
        guard code?.value == 755_224 else {
            throw ModuleFailure("libcrypto makes no HMAC-SHA1, which codes are made of")
        }
    }

    /// 6 to 8 digits: which of these an account's devices have is not told from here.
    package func recognizes(_ input: UserInput) -> Bool { TOTPModule.code(in: input) != nil }

    private static func code(in input: UserInput) -> OneTimePassword? {
        input.withField { OneTimePassword(typed: $0) }
    }

    // MARK: Judging

    /// What a code is to one device.
    private struct Fit {
        /// The latest acceptable step that it is the code of.
        var step: Int64?
        /// It is the code of the device's last accepted step.
        var isReplay = false
    }

    /// Judges a code. `replayed` is the code of a device's last accepted step, which whoever sends it has seen
    /// rather than guessed; the code of an older step is `wrong` like any other.
    ///
    /// Every device is looked at, and every step of the window of each, whatever was found before; an account
    /// without devices does the work of one.
    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard let code = TOTPModule.code(in: input) else { throw .malformed }
        guard !devices.isEmpty else {
            _ = try TOTPModule.standIn.withBytes { (payload) throws(InvalidAuth) in
                try TOTPModule.fit(code, payload: payload, state: TOTPModule.initialState, window: window, at: now)
            }
            throw .notEnrolled
        }
        var steps: [(device: Int, step: Int64)] = []
        var isReplay = false
        for index in devices.devices.indices {
            let state = devices.devices[index].state
            let fit = try devices.withPayload(of: index) { (payload) throws(InvalidAuth) in
                try TOTPModule.fit(code, payload: payload, state: state, window: window, at: now)
            }
            if let step = fit.step { steps.append((index, step)) }
            if fit.isReplay { isReplay = true }
        }
        // Before acceptance: one key may be enrolled under two names, and its code is good once all the same.
        guard !isReplay else { throw .replayed }
        guard !steps.isEmpty else { throw .wrong }
        // For the same reason the code is spent wherever it fits.
        for (device, step) in steps { try devices.spend(device, state: step, at: now) }
        return session.account
    }

    /// What an account without devices is judged against; nothing it yields is ever accepted.
    private static let standIn: Secret =
        // Every range of these is a constant, so there is something behind the question mark.
        TOTPParameters()?.payload(key: [20 of UInt8](repeating: 0).span) ?? Secret(count: 0) { _ in }

    private static func fit(
        _ code: OneTimePassword, payload: Span<UInt8>, state: Int64, window: Int64, at now: Moment
    ) throws(InvalidAuth) -> Fit {
        guard let parameters = TOTPParameters(payload: payload) else { throw .unavailable }
        let key = payload.extracting(droppingFirst: TOTPParameters.headerSize)
        let present = parameters.step(at: now.wall)
        var fit = Fit()
        // Upwards, so that of two steps with equal codes the later one is spent, and the earlier with it.
        for step in present - window...present + window {
            let isCode = try isCode(code, of: step, key, parameters)
            if isCode, step > state { fit.step = step }
        }
        // It is looked for even where it lies outside the window: the clock may have been set since.
        fit.isReplay = try isCode(code, of: state, key, parameters)
        return fit
    }

    /// Whether `code` is the code of `step`. None is of a step before 1970, though the work is done.
    private static func isCode(
        _ code: OneTimePassword, of step: Int64, _ key: Span<UInt8>, _ parameters: TOTPParameters
    ) throws(InvalidAuth) -> Bool {
        do throws(CryptographyFailure) {
            let expected = try OneTimePassword(
                key: key, counter: UInt64(bitPattern: step), algorithm: parameters.algorithm,
                digits: parameters.digits)
            return expected.isSame(as: code) && step >= 0
        } catch {
            throw .unavailable
        }
    }
}

// MARK: - Enrolling

extension TOTPModule {
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        let parameters = try TOTPParameters(request.parameters)
        // RFC 4226 section 4 recommends 160 bits, RFC 6238 section 5.1 the length of the digest.
        let key: Secret
        do throws(CryptographyFailure) {
            key = try Secret(count: parameters.algorithm.digestSize) { (target) throws(CryptographyFailure) in
                try fillRandom(&target)
            }
        } catch {
            throw SetupFailure("there are no random bytes to make a key of")
        }
        return try setup(request, parameters, key: key)
    }

    /// A set-up with a key that is there already; one of less than 128 bits is refused.
    package func setup(
        _ request: SetupRequest, _ parameters: TOTPParameters, key: borrowing Secret
    ) throws(SetupFailure) -> Setup {
        guard (TOTPModule.shortestKey...TOTPParameters.longestKey).contains(key.count) else {
            throw SetupFailure(
                "the key has \(key.count * 8) bits, expected \(TOTPModule.shortestKey * 8) to "
                    + "\(TOTPParameters.longestKey * 8)")
        }
        return try key.withBytes { (key) throws(SetupFailure) in
            Setup(
                payload: parameters.payload(key: key),
                uri: try OTPAuthURI.make(
                    "totp", for: request, key: key,
                    parameters: [
                        ("algorithm", parameters.algorithm.rawValue), ("digits", String(parameters.digits)),
                        ("period", String(parameters.period)),
                    ]),
                key: Base32.encode(key, groupsOf: 4), confirmation: inputSchema,
                initialState: TOTPModule.initialState)
        }
    }

    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard let code = TOTPModule.code(in: input) else { throw .malformed }
        let state = setup.initialState
        let fit: Fit
        do throws(InvalidAuth) {
            fit = try setup.payload.withBytes { (payload) throws(InvalidAuth) in
                try TOTPModule.fit(code, payload: payload, state: state, window: TOTPModule.setupWindow, at: now)
            }
        } catch {
            throw .unavailable
        }
        guard let step = fit.step else { throw .wrong }
        return FinishedSetup(state: step)
    }

    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? {
        guard let code = TOTPModule.code(in: input) else { return nil }
        var diagnosis: Diagnosis?
        for index in devices.devices.indices {
            let device = devices.devices[index]
            // A device that does not open made no code that could be told.
            let found = try? devices.withPayload(of: index) { (payload) throws(InvalidAuth) in
                try TOTPModule.nearest(code, payload: payload, at: now)
            }
            guard let found, found.offset.magnitude < diagnosis?.offset.magnitude ?? .max else { continue }
            diagnosis = Diagnosis(
                device: device.name, offset: found.offset, secondsPerUnit: found.period,
                isSpent: found.step <= device.state)
        }
        return diagnosis
    }

    /// `SHA1, 6 digits, 30 s`.
    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        TOTPParameters(payload: payload)?.description ?? "damaged"
    }

    /// The step nearest to the present that `code` is of, as far away as `diagnosedSpan` reaches.
    private static func nearest(
        _ code: OneTimePassword, payload: Span<UInt8>, at now: Moment
    ) throws(InvalidAuth) -> (step: Int64, offset: Int64, period: Int64)? {
        guard let parameters = TOTPParameters(payload: payload) else { throw .unavailable }
        let key = payload.extracting(droppingFirst: TOTPParameters.headerSize)
        let present = parameters.step(at: now.wall)
        let reach = diagnosedSpan / parameters.period
        var nearest: Int64?
        for offset in -reach...reach where try isCode(code, of: present + offset, key, parameters) {
            if offset.magnitude < nearest?.magnitude ?? .max { nearest = offset }
        }
        return nearest.map { (present + $0, $0, parameters.period) }
    }
}
