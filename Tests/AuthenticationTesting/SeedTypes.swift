package import Authentication

/// Stand-ins for the types of the seed's document and some more: they take the same keys and ask for the same, and
/// prove or accept nothing.
package enum SeedTypes {
    package static let providers = [
        ProviderType(name: "homeassistant", keys: []) { (id, _) throws(SettingFailure) in
            SeedProvider(id: id, labels: ["Username", "Password"])
        },
        ProviderType(
            name: "legacy_api_password", keys: ["api_password", "create_credentials"],
            sections: ["api_password": "http"]
        ) { (id, settings) throws(SettingFailure) in
            _ = try settings.text("api_password")
            return SeedProvider(
                id: id, labels: ["API password"],
                createsCredentials: try settings.boolean("create_credentials", default: false))
        },
        ProviderType(name: "linux", keys: []) { (id, _) throws(SettingFailure) in
            SeedProvider(id: id, labels: ["Password"], speaksOfAccounts: true, createsCredentials: true)
        },
        ProviderType(name: "pam", keys: []) { (id, _) throws(SettingFailure) in
            SeedProvider(id: id, labels: [], speaksOfAccounts: true, createsCredentials: true)
        },
    ]

    package static let modules = [
        ModuleType(name: "totp", keys: ["prompt"]) { (id, settings) throws(SettingFailure) in
            SeedModule(id: id, label: try settings.text("prompt") ?? "Verification code")
        },
        ModuleType(name: "recovery_code", keys: []) { (id, _) throws(SettingFailure) in
            SeedModule(id: id, label: "Recovery code")
        },
        ModuleType(name: "insecure_example", keys: ["users"], isInsecure: true) {
            (id, settings) throws(SettingFailure) in
            try SeedTypes.checkPINs(settings)
            return SeedModule(id: id, label: "PIN", isInsecure: true)
        },
    ]

    /// The rows of `users`: a PIN without quotes would be a number of YAML.
    private static func checkPINs(_ settings: Settings) throws(SettingFailure) {
        guard let users = settings["users"], case .list(let rows) = users.value else { return }
        for row in rows {
            guard case .map(let entries) = row.value, let pin = entries.first(where: { $0.key == "pin" })?.value else {
                throw SettingFailure(at: row, "a user without a pin, expected username and pin")
            }
            guard case .text(_, isQuoted: true) = pin.value else {
                throw SettingFailure(at: pin, "pin is \(pin.found), expected a text in quotes, like '007'")
            }
        }
    }
}

/// A provider with a form that proves nothing.
package struct SeedProvider: AuthProvider {
    package let id: ProviderID
    let labels: [String]
    package var speaksOfAccounts = false
    package var createsCredentials = false
    package var refusal: String { "No." }
    package var inputSchema: InputSchema {
        InputSchema(labels.map { InputField(name: $0.lowercased(), label: $0, kind: .secret) })
    }

    package func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof { .rejected(.noEvidence) }
}

/// A module with one field that accepts nothing.
package struct SeedModule: AuthModule {
    package let id: ModuleID
    let label: String
    package var isInsecure = false
    package var refusal: String { "No." }
    package var isLowEntropy: Bool { true }
    package var inputSchema: InputSchema { InputSchema([InputField(name: "code", label: label, kind: .secret)]) }

    package func recognizes(_ input: UserInput) -> Bool { false }

    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName { throw .wrong }
}
