import Authentication

/// A provider that asks for a password and takes none.
struct StubbornProvider: AuthProvider {
    let id = ProviderID("stubborn")
    let inputSchema = InputSchema([InputField(name: "password", label: "Password", kind: .password)])
    let speaksOfAccounts = true
    let refusal = "No."

    func prove(
        _ request: LoginRequest, _ input: UserInput?, users: any UserDatabase, isWaived: Bool
    ) -> Proof { .rejected(.wrongPassword) }
}
