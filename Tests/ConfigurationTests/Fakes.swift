import Authentication
import Configuration

/// A module that remembers how it was configured, accepts nothing and sets up nobody.
struct FakeModule: EnrollableModule {
    let id: ModuleID
    let settings: [String]
    var failure: String?
    var inputSchema: InputSchema { InputSchema([InputField(name: "code", label: "Code", kind: .secret)]) }
    var refusal: String { "No." }
    var isLowEntropy: Bool { true }
    var canFollowPassword: Bool { ["totp", "recovery_code"].contains(id.type) }
    var answerShape: AnswerShape {
        switch id.type {
        case "totp": .digits(6...8)
        case "recovery_code": .base32(24)
        case _: .anything
        }
    }

    func initialize() throws(ModuleFailure) {
        if let failure { throw ModuleFailure(failure) }
    }

    func recognizes(_ input: UserInput) -> Bool { false }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName { throw .wrong }

    var usualDeviceName: String { "phone" }
    var isIssuedWithFirstDevice: Bool { id.type == "recovery_code" }

    func beginSetup(_ request: SetupRequest) throws(SetupFailure) -> Setup { throw SetupFailure("it sets up nobody") }

    func finishSetup(
        _ setup: borrowing Setup, _ input: UserInput, at now: Moment
    ) throws(SetupRejection) -> FinishedSetup { throw .wrong }

    func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? { nil }

    func describe(_ payload: Span<UInt8>, state: Int64) -> String { "" }
}

/// A provider that proves nothing, with a form or without.
struct FakeProvider: AuthProvider {
    let id: ProviderID
    let hasForm: Bool
    var failure: String?
    var inputSchema: InputSchema {
        hasForm ? InputSchema([InputField(name: "password", label: "Password", kind: .password)]) : .nothing
    }
    var speaksOfAccounts: Bool { true }
    var refusal: String { "No." }

    func initialize() throws(ProviderFailure) {
        if let failure { throw ProviderFailure(failure) }
    }

    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof { .rejected(.noEvidence) }
}

/// The registry that these tests read with.
enum Fakes {
    static let modules = [
        ModuleType(name: "totp", keys: ["digits", "window"]) { (id, settings) throws(SettingFailure) in
            let digits = try settings.integer("digits", in: 6...8, default: 6)
            let window = try settings.integer("window", in: 0...1, default: 1)
            return FakeModule(id: id, settings: ["\(digits)", "\(window)"])
        },
        ModuleType(name: "recovery_code", keys: []) { (id, _) throws(SettingFailure) in
            FakeModule(id: id, settings: [])
        },
        ModuleType(name: "pins", keys: ["users"]) { (id, settings) throws(SettingFailure) in
            FakeModule(id: id, settings: try Fakes.pins(settings))
        },
        ModuleType(name: "broken", keys: []) { (id, _) throws(SettingFailure) in
            FakeModule(id: id, settings: [], failure: "it is broken")
        },
    ]

    static let providers = [
        ProviderType(name: "pam", keys: []) { (id, _) throws(SettingFailure) in FakeProvider(id: id, hasForm: false) },
        ProviderType(name: "linux", keys: ["group"]) { (id, settings) throws(SettingFailure) in
            _ = try settings.text("group")
            return FakeProvider(id: id, hasForm: true)
        },
        ProviderType(name: "broken", keys: []) { (id, _) throws(SettingFailure) in
            FakeProvider(id: id, hasForm: true, failure: "it is broken too")
        },
    ]

    static let reader = ConfigurationReader(modules: modules, providers: providers, hostName: "host.example")

    /// A list of maps with quoted pins, as the old design's example has it.
    private static func pins(_ settings: Settings) throws(SettingFailure) -> [String] {
        guard let users = settings["users"], case .list(let rows) = users.value else { return [] }
        var pins: [String] = []
        for row in rows {
            guard case .map(let entries) = row.value, let pin = entries.first(where: { $0.key == "pin" })?.value,
                case .text(let text, isQuoted: true) = pin.value
            else { throw SettingFailure(at: row, "pin is no quoted text, expected one like '007'") }
            pins.append(text)
        }
        return pins
    }

    static func problems(_ text: String) -> [String] {
        switch reader.read(Array(text.utf8), file: "config.yaml") {
        case .success: []
        case .failure(let problems): problems.all.map(\.description)
        }
    }

    static func configuration(_ text: String) throws -> Configuration {
        try reader.read(Array(text.utf8), file: "config.yaml").get()
    }
}
