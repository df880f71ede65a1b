package import Authentication
internal import Cryptography

/// `recovery_code`: codes of 120 bits on paper, for when the phone is lost (NIST SP 800-63B section 5.1.2, look-up
/// secrets).
///
/// An account has one set. Its state has a bit for each code that is spent, so that it grows with each of them.
package struct RecoveryCodeModule: EnrollableModule {
    /// Its row in the registry.
    package static let type = ModuleType(name: "recovery_code", keys: ["echo_code", "prompt"]) {
        (id, settings) throws(SettingFailure) in try RecoveryCodeModule(id, settings)
    }

    /// How many codes a set has where nobody says.
    static let usualCount = 10

    package let id: ModuleID
    package let inputSchema: InputSchema

    package let refusal = "That recovery code is wrong or was used before. Try another."
    package let isLowEntropy = false
    package let resetsThrottle = true
    package let answerShape = AnswerShape.base32(RecoveryCodeSet.characters)
    package let canFollowPassword = true
    package let usualDeviceName = "codes"
    package let hasOneDevice = true
    package let isIssuedWithFirstDevice = true

    package init(_ id: ModuleID, _ settings: Settings = Settings()) throws(SettingFailure) {
        self.id = id
        inputSchema = try InputSchema.code(settings, label: "Recovery code")
    }

    package func recognizes(_ input: UserInput) -> Bool {
        input.withField { RecoveryCodeSet.code(typed: $0) != nil }
    }

    // MARK: Judging

    /// Judges a code. `replayed` is one that is spent: whoever has it has seen it.
    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard let code = input.withField({ RecoveryCodeSet.code(typed: $0) }) else { throw .malformed }
        try code.withBytes { (code) throws(InvalidAuth) in
            try devices.spendOnce(at: now, standIn: RecoveryCodeModule.standIn, initialState: 0) {
                (payload, state) throws(InvalidAuth) in
                guard RecoveryCodeSet.left(in: payload, state: state) != nil else { throw .unavailable }
                let bit = try RecoveryCodeSet.bit(of: code, in: payload)
                return OneTimeFit(state: bit & ~state != 0 ? state | bit : nil, isReplay: bit & state != 0)
            }
        }
        return session.account
    }

    /// What an account without codes is judged against; nothing it yields is ever accepted.
    private static let standIn: Secret = {
        let codes = Secret(count: usualCount * RecoveryCodeSet.codeSize) { _ in }
        let key = Secret(count: RecoveryCodeSet.keySize) { _ in }
        let payload = codes.withBytes { codes in
            key.withBytes { key in try? RecoveryCodeSet.payload(of: codes, key: key) }
        }
        // Without HMAC there is no work to be made equal.
        return payload ?? Secret(count: 0) { _ in }
    }()

    package func notice(after devices: Devices) -> String? {
        var left = 0
        for index in devices.devices.indices {
            let state = devices.devices[index].state
            let own = try? devices.withPayload(of: index) { (payload) throws(InvalidAuth) in
                RecoveryCodeSet.left(in: payload, state: state)
            }
            guard let own else { return nil }
            left += own
        }
        return switch left {
        case 0:
            "That was your last recovery code. Ask the administrator for new ones: twostep enroll \(devices.account) \(id)"
        case 1: "1 recovery code is left."
        case _: "\(left) recovery codes are left."
        }
    }
}

// MARK: - Enrolling

extension RecoveryCodeModule {
    /// A new set, good at once: it voids the one it replaces.
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        let typed = try SetupParameters(request.parameters, of: "recovery_code", known: ["count"])
        let count = try typed.number("count", in: RecoveryCodeSet.counts, default: RecoveryCodeModule.usualCount)
        let codes = try Secret.random(count: count * RecoveryCodeSet.codeSize)
        let key = try Secret.random(count: RecoveryCodeSet.keySize)
        let payload: Secret
        do throws(CryptographyFailure) {
            payload = try codes.withBytes { (codes) throws(CryptographyFailure) in
                try key.withBytes { (key) throws(CryptographyFailure) in
                    try RecoveryCodeSet.payload(of: codes, key: key)
                }
            }
        } catch {
            throw SetupFailure("libcrypto makes no HMAC-SHA256, which recovery codes are stored as")
        }
        return Setup(payload: payload, codes: codes.withBytes { RecoveryCodeSet.text(of: $0) }, initialState: 0)
    }

    /// Nothing is asked: what is on paper needs no proof that it arrived, and none of it should be spent on one.
    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup { FinishedSetup(state: setup.initialState) }

    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? {
        guard let code = input.withField({ RecoveryCodeSet.code(typed: $0) }) else { return nil }
        return code.withBytes { code in
            devices.nearest { (device, payload) throws(InvalidAuth) in
                let bit = try RecoveryCodeSet.bit(of: code, in: payload)
                guard bit != 0 else { return nil }
                return Diagnosis(device: device.name, offset: 0, secondsPerUnit: 0, isSpent: bit & device.state != 0)
            }
        }
    }

    /// `7 of 10 left`.
    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        guard let count = RecoveryCodeSet.count(in: payload),
            let left = RecoveryCodeSet.left(in: payload, state: state)
        else { return "damaged" }
        return "\(left) of \(count) left"
    }

    package func answersLeft(_ payload: Span<UInt8>, state: Int64) -> Int? {
        RecoveryCodeSet.left(in: payload, state: state)
    }

    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        guard let left = RecoveryCodeSet.left(in: payload, state: state) else { return .damaged }
        return left > 0 ? .usable : .usedUp
    }
}
