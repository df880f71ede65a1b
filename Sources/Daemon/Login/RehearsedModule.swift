import Authentication

/// Takes every answer of somebody who has something left with a module for right.
struct RehearsedModule: AuthModule {
    let id: ModuleID
    let inputSchema: InputSchema
    let refusal: String
    let isLowEntropy: Bool
    let resetsThrottle: Bool
    private let needsDevice: Bool
    private let standing: DeviceStanding?

    /// `standing` is what there is left of what the account has with the module; nil if it has nothing.
    init(_ module: any AuthModule, _ standing: DeviceStanding?) {
        self.standing = standing
        id = module.id
        inputSchema = module.inputSchema
        refusal = module.refusal
        isLowEntropy = module.isLowEntropy
        resetsThrottle = module.resetsThrottle
        needsDevice = module is any EnrollableModule || module.id.isStopgap
    }

    func recognizes(_ input: UserInput) -> Bool { true }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard !needsDevice || !devices.isEmpty else { throw .notEnrolled }
        guard needsDevice else { return session.account }
        switch standing {
        case .damaged: throw .unavailable
        // No right answer is left to be given.
        case .usedUp: throw .wrong
        case .usable, nil: return session.account
        }
    }
}
