import Authentication

/// A module whose right answer is given, and whose answers have a shape.
struct ShapedModule: EnrollableModule {
    let id: ModuleID
    var label = "Code"
    var answerShape = AnswerShape.anything
    var right = "right"
    var stretchesAnswers = false
    var isInsecure = false
    var needsPresence = false
    var notice: String?

    var inputSchema: InputSchema { InputSchema([InputField(name: "code", label: label, kind: .secret)]) }
    var refusal: String { "\(label): no." }
    var isLowEntropy: Bool { true }
    var usualDeviceName: String { "phone" }

    init(_ type: String, label: String = "Code", shape: AnswerShape = .anything, right: String = "right") {
        id = ModuleID(type)
        self.label = label
        answerShape = shape
        self.right = right
    }

    func recognizes(_ input: UserInput) -> Bool {
        let text = ShapedModule.text(of: input)
        return switch answerShape {
        case .digits(let lengths):
            lengths.contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        case .base32(let length): text.utf8.count(where: { $0 != UInt8(ascii: "-") }) == length
        case .anything: true
        }
    }

    func stretch(_ input: UserInput, for account: AccountName) -> UserInput? {
        let text = Array("\(account):\(ShapedModule.text(of: input))".utf8)
        return UserInput(Secret(copying: text.span))
    }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard !devices.isEmpty else { throw .notEnrolled }
        let expected = stretchesAnswers ? "\(session.account):\(right)" : right
        guard ShapedModule.text(of: input) == expected else { throw .wrong }
        return session.account
    }

    func notice(after devices: Devices) -> String? { notice }

    func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup { throw SetupFailure("not here") }

    func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup { throw .unavailable }

    func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? { nil }

    func describe(_ payload: Span<UInt8>, state: Int64) -> String { "scripted" }

    private static func text(of input: UserInput) -> String {
        input.withField { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
    }
}
