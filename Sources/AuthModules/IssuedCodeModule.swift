package import Authentication
internal import Cryptography

/// Codes of 80 bits that an administrator hands out, for one use and a short time: `bypass` is accepted in place of any
/// step, `ticket` is asked for before a device is set up within a login.
///
/// Neither can be configured; they are there wherever modules are. An account has one of each, whose state is 1 once
/// it is spent.
package struct IssuedCodeModule: EnrollableModule {
    /// Both of them.
    package static let all = [IssuedCodeModule(.bypass), IssuedCodeModule(.ticket)]
    /// How long a code may be good, in seconds: a bypass code is for somebody who is on the telephone, a ticket for somebody
    /// who begins to work here within the month.
    package static func longest(of id: ModuleID) -> Int64 { id == .ticket ? 30 * 86_400 : 86_400 }

    /// The longest reason, in bytes.
    static let longestReason = 120

    package let id: ModuleID

    package let answerShape = AnswerShape.base32(IssuedCode.characters)
    package let hasOneDevice = true

    private init(_ id: ModuleID) { self.id = id }

    package var usualDeviceName: String { id.type }

    /// A bypass code is for who is locked out, and cannot be guessed; whoever tries tickets is nobody to be patient with.
    package var isLowEntropy: Bool { id == .ticket }

    package var inputSchema: InputSchema {
        let label = id == .ticket ? "Enrolment ticket" : "Bypass code"
        return InputSchema([InputField(name: "code", label: label, kind: .secret)])
    }

    package var refusal: String {
        id == .ticket
            ? "That ticket is wrong, used or too old. Ask the administrator for another."
            : "That bypass code is wrong, used or too old."
    }

    package func recognizes(_ input: UserInput) -> Bool { input.withField { IssuedCode.code(typed: $0) != nil } }

    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard let code = input.withField({ IssuedCode.code(typed: $0) }) else { throw .malformed }
        try code.withBytes { (code) throws(InvalidAuth) in
            try devices.spendOnce(at: now, standIn: IssuedCodeModule.standIn, initialState: 0) {
                (payload, state) throws(InvalidAuth) in
                let isRight = try IssuedCode.isRight(code, in: payload)
                guard let end = IssuedCode.end(in: payload) else { throw .unavailable }
                return OneTimeFit(
                    state: isRight && state == 0 && now.wall <= end ? 1 : nil, isReplay: isRight && state != 0)
            }
        }
        return session.account
    }

    /// What an account without a code is judged against; nothing it yields is ever accepted.
    private static let standIn: Secret = {
        let code = Secret(count: IssuedCode.codeSize) { _ in }
        let key = Secret(count: IssuedCode.keySize) { _ in }
        let payload = code.withBytes { code in
            key.withBytes { key in try? IssuedCode.payload(of: code, key: key, end: 0, reason: []) }
        }
        // Without HMAC there is no work to be made equal.
        return payload ?? Secret(count: 0) { _ in }
    }()

    /// Why it was issued, for the journal as well.
    package func notice(after devices: Devices) -> String? {
        guard id == .bypass else { return nil }
        let reason = try? devices.withPayload(of: 0) { (payload) throws(InvalidAuth) in IssuedCode.reason(in: payload) }
        return "That bypass code is used up now. It was for: \(reason ?? "?")."
    }

    // MARK: Issuing

    /// A new code, in place of the one that the account has. `until` is its end in Unix seconds, which it is good at.
    package func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        let typed = try SetupParameters(request.parameters, of: id.type, known: IssuedCodeModule.parameters)
        let end = try end(typed)
        let reason = Array((typed["reason"] ?? "").utf8)
        guard reason.count <= IssuedCodeModule.longestReason, !reason.contains(where: { $0 < 0x20 }) else {
            throw SetupFailure(
                "the reason has \(reason.count) bytes or a line end, expected one line of at most "
                    + "\(IssuedCodeModule.longestReason)")
        }
        let code = try Secret.random(count: IssuedCode.codeSize)
        let key = try Secret.random(count: IssuedCode.keySize)
        let payload: Secret
        do throws(CryptographyFailure) {
            payload = try code.withBytes { (code) throws(CryptographyFailure) in
                try key.withBytes { (key) throws(CryptographyFailure) in
                    try IssuedCode.payload(of: code, key: key, end: Int64(end), reason: reason)
                }
            }
        } catch {
            throw SetupFailure("libcrypto makes no HMAC-SHA256, which codes are stored as")
        }
        let written = code.withBytes {
            Base32.encode($0, groupsOf: 4, separator: UInt8(ascii: "-"))
        }
        return Setup(payload: payload, codes: written, initialState: 0)
    }

    /// Refuses a code that would be good for too long, or not at all, at this time.
    package func checkEnd(of request: SetupRequest, at now: Moment) throws(SetupFailure) {
        let typed = try SetupParameters(request.parameters, of: id.type, known: IssuedCodeModule.parameters)
        let (seconds, overflow) = Int64(try end(typed)).subtractingReportingOverflow(now.wall)
        let longest = IssuedCodeModule.longest(of: id)
        guard !overflow, (0...longest).contains(seconds) else {
            throw SetupFailure("until is \(seconds) s from now, expected 0 to \(longest)")
        }
    }

    private static let parameters = ["until", "reason"]

    /// There is no end that everybody would mean.
    private func end(_ typed: SetupParameters) throws(SetupFailure) -> Int {
        guard typed["until"] != nil else { throw SetupFailure("\(id.type) needs until, its end in Unix seconds") }
        return try typed.number("until", in: 0...Int(Int32.max) * 4, default: 0)
    }

    /// Nothing is asked: the code is good at once.
    package func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup { FinishedSetup(state: setup.initialState) }

    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? { nil }

    /// `until 2026-11-25 15:00 UTC: lost phone`; `used: lost phone`.
    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        guard let end = IssuedCode.end(in: payload) else { return "damaged" }
        let reason = IssuedCode.reason(in: payload)
        let standing = state == 0 ? "until \(IssuedCode.date(end))" : "used"
        return reason.isEmpty ? standing : "\(standing): \(reason)"
    }

    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        guard let end = IssuedCode.end(in: payload) else { return .damaged }
        return state == 0 && now.wall <= end ? .usable : .usedUp
    }
}
