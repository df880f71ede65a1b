package import Authentication

/// `notify`: a one-time code that is sent to a person, or a request that they approve, by a program, mail or a web service.
///
/// What was sent is good once, for the session that it was sent for, and for ten minutes at most; another message to the
/// account that is asked for at the same place makes it good for nothing. It is kept in memory, hashed. A device's state counts its uses.
package struct NotifyModule: SendingModule, EnrollableModule, ProgramBacked {
    package let id: ModuleID
    let settings: NotifySettings
    let codes: RunningCodes
    let runner: (any ProgramRunner)?

    /// Without a `runner` nothing is sent: for whoever reads a configuration and lets nobody in by it.
    package init(_ id: ModuleID, _ settings: NotifySettings, codes: RunningCodes, runner: (any ProgramRunner)?) {
        self.id = id
        self.settings = settings
        self.codes = codes
        self.runner = runner
    }

    package let usualDeviceName = "phone"
    /// One is tried after the other while somebody waits.
    package let mostDevices = 3
    package let needsParameters = true
    package let isLowEntropy = true
    // A message is sent for somebody who wants one, not for whoever could as well type another code.
    package let answerShape = AnswerShape.anything

    package let inputSchema = InputSchema([InputField(name: "code", label: "Code from the message", kind: .secret)])
    package let refusal = "That is not what was sent for this login, or it is too old."

    package var programs: [ProgramName: ProgramSettings] {
        Dictionary(uniqueKeysWithValues: settings.channels.map { (name(of: $0), $0.program) })
    }

    /// What starting the programs may take on top of their time, in seconds.
    private static let startingTime = 6

    package var sendingTime: Int {
        mostDevices * (settings.channels.map(\.program.time).max() ?? 0) + NotifyModule.startingTime
    }

    package func recognizes(_ input: UserInput) -> Bool {
        input.count == 1 && input.withField { FreshCode.code(typed: $0) != nil }
    }

    package func validate(
        _ session: ValidationSession, _ input: UserInput, against devices: inout Devices, at now: Moment
    ) throws(InvalidAuth) -> AccountName {
        guard input.count == 1, let typed = input.withField({ FreshCode.code(typed: $0) }) else { throw .malformed }
        guard !devices.isEmpty else { throw .notEnrolled }
        for index in devices.devices.indices {
            let isWhole = try devices.withPayload(of: index) { (payload) throws(InvalidAuth) in
                NotifyTarget(payload) != nil
            }
            guard isWhole else { throw .unavailable }
        }
        let running = codes.code(of: devices.account, id, for: session.id)
        guard let candidate = running ?? NotifyModule.standIn,
            let isRight = candidate.isRight(typed, at: now)
        else { throw .unavailable }
        guard isRight, let running, let index = devices.devices.firstIndex(where: { $0.name == running.device }) else {
            throw .wrong
        }
        // The transaction may be done anew: what is spent is what says that the code was used, and not the memory here.
        try devices.spend(index, state: running.serial, at: now)
        return session.account
    }

    /// What is looked at where nothing was sent, for the time that it takes; it has a session that nobody has.
    private static let standIn: RunningCode? = {
        guard let code = try? FreshCode.make() else { return nil }
        return RunningCode(
            code.hashed, session: ValidationSession.ID(high: 0, low: 0), device: "", serial: 0, deadline: 0,
            approval: nil)
    }()

    package func withdraw(_ session: ValidationSession) { codes.withdraw(session.account, id, of: session.id) }

    // MARK: Devices

    package func diagnose(_ input: UserInput, against devices: inout Devices, at now: Moment) -> Diagnosis? { nil }

    package func describe(_ payload: Span<UInt8>, state: Int64) -> String {
        guard let (target, _) = NotifyTarget.read(payload) else { return "damaged" }
        return "\(target.kind.word), \(target.address)"
    }

    package func standing(of payload: Span<UInt8>, state: Int64, at now: Moment) -> DeviceStanding {
        NotifyTarget(payload) == nil ? .damaged : .usable
    }

    // MARK: Programs

    func name(of channel: any Channel) -> ProgramName { ProgramName(channel.kind.program, id.description) }

    func channel(_ kind: ChannelKind) -> (any Channel)? { settings.channels.first { $0.kind == kind } }

    /// Has the program of a channel do its work; throws if it does not say that it has.
    func run(_ channel: any Channel, _ input: borrowing Secret) throws(ContractFault) -> ProgramOutput {
        guard let runner else { throw ContractFault("nothing is started here") }
        switch runner.run(
            name(of: channel), mayReachNetwork: channel.program.mayReachNetwork, asking: input,
            within: Int64(channel.program.time) * 1000)
        {
        case .failed(let reason): throw ContractFault(reason)
        case .ended(let output): return output
        }
    }
}
