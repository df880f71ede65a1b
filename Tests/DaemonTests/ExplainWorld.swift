import AdminProtocol
import Authentication
import Daemon
import Wire

/// A module that people enrol with; takes any answer that begins with its own name and says `right`.
struct RepeatingModule: EnrollableModule {
    let id: ModuleID
    let answerShape: AnswerShape
    let isLowEntropy: Bool
    let resetsThrottle: Bool
    let inputSchema: InputSchema
    let refusal = "No."
    let usualDeviceName = "phone"

    init(_ type: String, shape: AnswerShape = .anything, isLowEntropy: Bool = true) {
        id = ModuleID(type)
        answerShape = shape
        self.isLowEntropy = isLowEntropy
        resetsThrottle = !isLowEntropy
        inputSchema = InputSchema([InputField(name: "code", label: "Code \(type)", kind: .secret)])
    }

    func recognizes(_ input: UserInput) -> Bool { input.text().hasPrefix("\(id.type) ") }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard !devices.isEmpty else { throw .notEnrolled }
        guard input.text().contains("right") else { throw .wrong }
        return session.account
    }

    func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup {
        Setup(
            payload: ScriptedEnrollable.secret("x"), uri: ScriptedEnrollable.secret("otpauth://x/\(request.account)"),
            key: ScriptedEnrollable.secret("KEY"), confirmation: inputSchema, initialState: 0)
    }

    func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup {
        guard input.text().contains("right") else { throw .wrong }
        return FinishedSetup(state: 1)
    }

    func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? { nil }
    func describe(_ payload: Span<UInt8>, state: Int64) -> String { "" }
}

/// A provider of the accounts themselves that takes `good` for everybody's password.
struct PasswordProvider: AuthProvider {
    let id = ProviderID("passwords")
    let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    let speaksOfAccounts = true
    let refusal = "No."

    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof {
        input?.text() == "good" ? .proved(request.account, isWaived: false) : .rejected(.wrongPassword)
    }
}

/// How a real login ended.
struct RealEnding: Equatable {
    let code: VerdictCode
    /// How many steps were asked for.
    let steps: Int
}

/// Somebody who logs in, and answers as an explanation has foreseen that a person would.
struct Person {
    let world: LoginWorld
    let login: SupposedLogin
    /// The way that was foreseen, and its number in the menu.
    let way: Explanation.Way?
    let number: Int

    /// Logs in, answering right, or as wrong as can be.
    func logIn(isRight: Bool = true) throws -> RealEnding {
        let client = try world.connect()
        try client.begin(
            login.account, service: login.service, methods: login.ssh, authtok: login.hasAuthtok,
            remoteHost: login.remoteHost ?? "", terminal: login.terminal ?? "",
            arguments: login.provider.map { ["provider=\($0.type)"] } ?? [])
        var steps = 0
        var answers = 0
        var hasChosen = false
        while true {
            switch try client.receive() {
            case .prompt(_, let text) where text.hasPrefix("How do you want to log in?"):
                try client.answer(String(number + 1))
            case .prompt(_, let text) where text.hasPrefix("What do you want to use?"):
                steps += 1
                hasChosen = true
                try client.answer(String(choice(at: steps - 1, among: text) + 1))
            case .prompt(_, let text) where text.hasSuffix("Password: "):
                try client.answer(isRight ? (way?.provider.type == "naming" ? "as \(login.account)" : "good") : "bad")
            case .prompt(_, let text):
                if !hasChosen, !text.hasPrefix("No.\n") { steps += 1 }
                hasChosen = false
                answers += 1
                // None is the same as another: that would be no guess.
                try client.answer("\(module(at: steps - 1)) \(isRight ? "right" : "wrong") \(answers)")
            case .set: continue
            case .verdict(let code, _): return RealEnding(code: code, steps: steps)
            case .closed: throw WorldFailure("closed without a verdict")
            }
        }
    }

    /// The module that somebody answers with, as it was foreseen.
    private func module(at step: Int) -> String {
        guard let way, way.answered.indices.contains(step) else { return "?" }
        return way.answered[step].type
    }

    /// Where that module stands in a menu.
    private func choice(at step: Int, among text: String) -> Int {
        let lines = text.split(separator: "\n").dropFirst().dropLast().map { line in
            String(line.split(separator: " ").last ?? "")
        }
        return lines.firstIndex(of: module(at: step)) ?? 0
    }
}
