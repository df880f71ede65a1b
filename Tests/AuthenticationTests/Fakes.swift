import Authentication

/// A module that answers as it is told.
struct FakeModule: AuthModule {
    var id: ModuleID
    var isLowEntropy = true
    var resetsThrottle = false
    var recognizes = true
    /// Nil accepts the session's own account.
    var failure: InvalidAuth?
    /// The username to return instead of the session's.
    var username: AccountName?
    /// Spends the first device up to this state before it accepts.
    var spends: Int64?

    var inputSchema: InputSchema { InputSchema([InputField(name: "code", label: "Code", kind: .secret)]) }
    var refusal: String { "No." }

    func recognizes(_ input: UserInput) -> Bool { recognizes }

    func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        if let failure { throw failure }
        if let spends {
            guard !devices.isEmpty else { throw .notEnrolled }
            try devices.spend(0, state: spends, at: now)
        }
        return username ?? session.account
    }
}

/// Seals nothing, and opens everything but what begins with 0.
struct OpenSealing: SecretSealing {
    func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
        payload.withBytes { bytes in
            var copy: [UInt8] = []
            for index in bytes.indices { copy.append(bytes[index]) }
            return copy
        }
    }

    func isCurrent(_ sealed: [UInt8]) -> Bool { true }

    func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
        if sealed.first == 0 { throw .damaged("it begins with 0") }
        return Secret(copying: sealed.span)
    }
}

/// Names and things that the tests speak of.
enum Some {
    static let ann = account("ann")
    static let bob = account("bob")
    static let totp = ModuleID("totp")
    static let pin = ModuleID("pin")
    static let pam = ProviderID("pam")
    static let linux = ProviderID("linux")

    static func account(_ name: String) -> AccountName {
        guard let account = AccountName(name) else { preconditionFailure("the test's own name is none: \(name)") }
        return account
    }

    static func moment(_ seconds: Int64, boot: Int64 = 1, wall: Int64? = nil) -> Moment {
        Moment(wall: wall ?? 1_000_000 + seconds, boottime: seconds * 1000, boot: boot)
    }

    static func input(_ text: String = "123456") -> UserInput {
        let bytes = Array(text.utf8)
        return UserInput(Secret(copying: bytes.span))
    }

    static func form(_ text: String, ends: [Int]) -> UserInput? {
        let bytes = Array(text.utf8)
        return UserInput(Secret(copying: bytes.span), ends: ends)
    }

    static func session(
        _ low: UInt64 = 1, account: AccountName = ann, step: Step = Step(totp), deadline: Int64 = 300_000,
        tries: Int = 3
    ) -> ValidationSession {
        ValidationSession(
            id: ValidationSession.ID(high: 7, low: low), account: account, provider: pam, step: step,
            deadline: deadline, triesLeft: tries)
    }
}
