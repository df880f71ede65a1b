import Authentication

/// A module that people enrol with, of one of three kinds. A payload is text; `used` is a state of 1 or more.
///
/// - `app`: shows a URI and a key; the first code is `right`. `right` was made by the device, `far` 90 s ago.
/// - `paper`: shows two codes, which are good at once; they are issued with a first device, and an account has one set.
/// - `choice`: asks twice for a word, which is kept stretched; one of less than four letters is not good enough.
struct ScriptedEnrollable: EnrollableModule {
    enum Kind { case app, paper, choice }

    let id: ModuleID
    let kind: Kind
    let inputSchema = InputSchema([InputField(name: "code", label: "Code", kind: .secret)])
    let refusal = "No."
    let isLowEntropy = true
    /// How much longer than usual its URI is.
    let padding: Int

    init(_ id: ModuleID, _ kind: Kind, padding: Int = 0) {
        self.id = id
        self.kind = kind
        self.padding = padding
    }

    var stretchesAnswers: Bool { kind == .choice }
    var hasOneDevice: Bool { kind != .app }
    var isIssuedWithFirstDevice: Bool { kind == .paper }

    var usualDeviceName: String {
        switch kind {
        case .app: "phone"
        case .paper: "codes"
        case .choice: "word"
        }
    }

    func stretch(_ input: UserInput, for account: AccountName) -> UserInput? {
        UserInput(ScriptedEnrollable.secret("stretched " + input.text()))
    }

    func recognizes(_ input: UserInput) -> Bool { true }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard let device = devices.devices.first else { throw .notEnrolled }
        let payload = try devices.withPayload(of: 0) { (bytes) throws(InvalidAuth) in ScriptedEnrollable.text(bytes) }
        guard payload.split(separator: "\n").contains(input.text()[...]) else { throw .wrong }
        guard device.state == 0 else { throw .replayed }
        try devices.spend(0, state: 1, at: now)
        return session.account
    }

    func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        for key in request.parameters.keys where key != "count" {
            throw SetupFailure("'\(key)' is no parameter of \(id)")
        }
        switch kind {
        case .app:
            return Setup(
                payload: ScriptedEnrollable.secret("right"),
                uri: ScriptedEnrollable.secret(
                    "otpauth://x/\(request.account)?device=\(request.device)" + String(repeating: "x", count: padding)),
                key: ScriptedEnrollable.secret("KEY"), confirmation: inputSchema, initialState: 0)
        case .paper:
            return Setup(
                payload: ScriptedEnrollable.secret("one\ntwo"), codes: ScriptedEnrollable.secret("one\ntwo"),
                initialState: 0)
        case .choice:
            let fields = ["New word", "The same again"].map { InputField(name: $0, label: $0, kind: .secret) }
            return Setup(choice: InputSchema(fields), of: request.account)
        }
    }

    func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard kind == .choice else {
            guard input.text() == "right" else { throw .wrong }
            return FinishedSetup(state: 1)
        }
        let word = input.text()
        guard word == input.text(at: 1) else { throw .unacceptable("The two differ.") }
        guard !word.isEmpty else { throw .malformed }
        guard word.count >= 4 else { throw .unacceptable("A word has four letters or more.") }
        return FinishedSetup(payload: ScriptedEnrollable.secret("stretched " + word), state: 0)
    }

    func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? {
        guard let device = devices.devices.first else { return nil }
        let payload = try? devices.withPayload(of: 0) { (bytes) throws(InvalidAuth) in ScriptedEnrollable.text(bytes) }
        let isFar = kind == .app && input.text() == "far"
        guard isFar || payload?.split(separator: "\n").contains(input.text()[...]) == true else { return nil }
        return Diagnosis(
            device: device.name, offset: isFar ? -3 : 0, secondsPerUnit: kind == .app ? 30 : 0,
            isSpent: device.state > 0)
    }

    func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        "\(ScriptedEnrollable.text(payload).split(separator: "\n").count - Int(state)) left"
    }

    static func secret(_ text: String) -> Secret {
        let bytes = Array(text.utf8)
        return Secret(copying: bytes.span)
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
}

extension UserInput {
    /// A field as text.
    func text(at index: Int = 0) -> String {
        withField(at: index) { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }
}
