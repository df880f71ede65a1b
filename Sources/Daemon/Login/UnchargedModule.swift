import Authentication

/// A module that does the work of another and is never charged for: for answers that are nobody's.
struct UnchargedModule: AuthModule {
    private let module: any AuthModule

    init(_ module: any AuthModule) { self.module = module }

    var id: ModuleID { module.id }
    var inputSchema: InputSchema { module.inputSchema }
    var refusal: String { module.refusal }
    var isLowEntropy: Bool { false }

    func recognizes(_ input: UserInput) -> Bool { module.recognizes(input) }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        try module.validate(session, input, against: &devices, at: now)
    }
}
