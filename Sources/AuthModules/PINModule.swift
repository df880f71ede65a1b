package import Authentication
package import Cryptography

/// `pin`: a number or word that its owner has chosen, good again and again.
///
/// It is stretched by scrypt before the store is read, which is why the salt is not random: it must be known by then,
/// and be the same for accounts that have no PIN. It is made of the module and the account, so that equal PINs of two
/// accounts have nothing in common. What is stored is an HMAC of the stretched PIN under a random key of the payload,
/// sealed and bound to its row: whoever has not the store's key cannot even begin to guess.
package struct PINModule: EnrollableModule {
    /// Its row in the registry.
    package static let type = ModuleType(name: "pin", keys: ["alphabet", "minimum_length", "prompt"]) {
        (id, settings) throws(SettingFailure) in try PINModule(id, settings)
    }

    /// 16 MiB and some hundredths of a second for each answer.
    package static let cost = Scrypt(cost: 1 << 14, blockSize: 8, parallelization: 1)

    package let id: ModuleID
    package let inputSchema: InputSchema
    private let alphabet: PINAlphabet
    /// Of new PINs; old ones stay good.
    private let minimumLength: Int
    private let scrypt: Scrypt

    package let refusal = "That PIN is wrong."
    package let isLowEntropy = true
    package let stretchesAnswers = true
    package let usualDeviceName = "pin"
    package let hasOneDevice = true

    /// `scrypt` is for tests, which would take minutes with the usual one.
    package init(
        _ id: ModuleID, _ settings: Settings = Settings(), scrypt: Scrypt = PINModule.cost
    ) throws(SettingFailure) {
        self.id = id
        self.scrypt = scrypt
        minimumLength = try settings.integer("minimum_length", in: 4...32, default: 6)
        alphabet = try PINModule.alphabet(settings)
        inputSchema = InputSchema([InputField(name: "pin", label: try settings.text("prompt") ?? "PIN", kind: .secret)])
    }

    private static func alphabet(_ settings: Settings) throws(SettingFailure) -> PINAlphabet {
        guard let setting = settings["alphabet"] else { return .digits }
        guard case .text(let name, _) = setting.value, let alphabet = PINAlphabet(rawValue: name) else {
            throw SettingFailure(at: setting, "alphabet is \(setting.found), expected digits or any")
        }
        return alphabet
    }

    package var answerShape: AnswerShape {
        switch alphabet {
        case .digits: .digits(PINAlphabet.lengths)
        case .any: .anything
        }
    }

    /// Makes sure that libcrypto does what RFC 7914 section 12 says: some builds have no scrypt.
    package func initialize() throws(ModuleFailure) {
        let nothing: [UInt8] = []
        let expected: [4 of UInt8] = [0x77, 0xD6, 0x57, 0x62]
        let key = Scrypt(cost: 16, blockSize: 1, parallelization: 1)
            .key(of: nothing.span, salt: nothing.span, count: 4)
        guard let key, key.withBytes({ isEqual($0, expected.span) }) else {
            throw ModuleFailure("libcrypto makes no scrypt, which PINs are stretched by")
        }
    }

    /// Digits, or whatever the alphabet has, of any length that a PIN may have: it may be older than `minimum_length`.
    package func recognizes(_ input: UserInput) -> Bool {
        input.count == 1 && input.withField { alphabet.recognizes($0) }
    }

    package func stretch(_ input: UserInput, for account: AccountName) -> UserInput? {
        guard input.count == 1, let stretched = input.withField({ stretch($0, for: account) }) else { return nil }
        return UserInput(stretched)
    }

    private func stretch(_ pin: Span<UInt8>, for account: AccountName) -> Secret? {
        scrypt.key(of: pin, salt: PINModule.salt(id, account).span, count: PINDigest.size)
    }

    /// The lengths stand before the parts: no two modules and accounts make the same salt of them.
    private static func salt(_ id: ModuleID, _ account: AccountName) -> [UInt8] {
        var salt = Array("twostep pin 1".utf8)
        for part in [id.type, id.id, account.text] {
            guard let part else {
                salt.append(0)
                continue
            }
            let bytes = Array(part.utf8)
            salt.append(1)
            for shift in [24, 16, 8, 0] { salt.append(UInt8(truncatingIfNeeded: bytes.count >> shift)) }
            salt += bytes
        }
        return salt
    }

    // MARK: Judging

    /// Judges a stretched PIN, which is not spent. Every device is looked at; an account without one does the work of
    /// one.
    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard input.count == 1, input.withField({ $0.count == PINDigest.size }) else { throw .malformed }
        guard !devices.isEmpty else {
            _ = try PINModule.standIn.withBytes { (payload) throws(InvalidAuth) in
                try input.withField { (pin) throws(InvalidAuth) in try PINDigest.isSame(pin, in: payload) }
            }
            throw .notEnrolled
        }
        var isRight = false
        for index in devices.devices.indices {
            let isSame = try devices.withPayload(of: index) { (payload) throws(InvalidAuth) in
                try input.withField { (pin) throws(InvalidAuth) in try PINDigest.isSame(pin, in: payload) }
            }
            if isSame { isRight = true }
        }
        guard isRight else { throw .wrong }
        return session.account
    }

    /// What an account without a PIN is judged against; nothing it yields is ever accepted.
    private static let standIn: Secret = {
        let nothing = [32 of UInt8](repeating: 0)
        // Without HMAC there is no work to be made equal.
        return (try? PINDigest.payload(of: nothing.span, key: nothing.span)) ?? Secret(count: 0) { _ in }
    }()
}

// MARK: - Enrolling

extension PINModule {
    /// The new PIN is typed twice.
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        _ = try SetupParameters(request.parameters, of: "pin", known: [])
        return Setup(
            choice: InputSchema([
                InputField(name: "pin", label: "New PIN", kind: .secret),
                InputField(name: "again", label: "New PIN again", kind: .secret),
            ]), of: request.account)
    }

    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard input.count == 2, let account = setup.chooser else { throw .malformed }
        let stretched = try input.withField(at: 0) { (pin) throws(SetupRejection) -> Secret in
            guard input.withField(at: 1, { isEqual(pin, $0) }) else {
                throw .unacceptable("Those were two different PINs. Type the same one twice.")
            }
            let lengths = minimumLength...PINAlphabet.lengths.upperBound
            guard let length = alphabet.length(of: pin), lengths.contains(length) else {
                let characters = alphabet == .digits ? "digits" : "characters"
                throw .unacceptable("A PIN has \(lengths.lowerBound) to \(lengths.upperBound) \(characters).")
            }
            if let weakness = PINWeakness(of: pin, account: account) { throw .unacceptable(weakness.explanation) }
            guard let stretched = stretch(pin, for: account) else { throw .unavailable }
            return stretched
        }
        do {
            let key = try Secret.random(count: PINDigest.size)
            let payload = try key.withBytes { (key) throws(CryptographyFailure) in
                try stretched.withBytes { (pin) throws(CryptographyFailure) in
                    try PINDigest.payload(of: pin, key: key)
                }
            }
            return FinishedSetup(payload: payload, state: setup.initialState)
        } catch {
            throw .unavailable
        }
    }

    /// Whether it is the PIN: one is never off by anything, nor used up.
    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? {
        guard input.count == 1 else { return nil }
        return input.withField { stretched in
            devices.nearest { (device, payload) throws(InvalidAuth) in
                guard try PINDigest.isSame(stretched, in: payload) else { return nil }
                return Diagnosis(device: device.name, offset: 0, secondsPerUnit: 0, isSpent: false)
            }
        }
    }

    /// There is nothing to be told of a PIN but that there is one.
    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        if payload.isEmpty { return "not chosen yet" }
        return PINDigest.isWhole(payload) ? "chosen by its owner" : "damaged"
    }

    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        PINDigest.isWhole(payload) ? .usable : .damaged
    }
}

extension Scrypt {
    /// A key of `count` bytes; nil if libcrypto refuses.
    fileprivate func key(of password: Span<UInt8>, salt: Span<UInt8>, count: Int) -> Secret? {
        do throws(CryptographyFailure) {
            return try Secret(count: count) { (target) throws(CryptographyFailure) in
                try derive(password, salt: salt, into: &target)
            }
        } catch {
            return nil
        }
    }
}
