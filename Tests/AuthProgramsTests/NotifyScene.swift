import AuthPrograms
import Authentication
import AuthenticationTesting
import Testing

/// A `notify` module with people who have devices, and the sessions that they answer in.
struct NotifyScene {
    let module: NotifyModule
    let office: PostOffice
    let now: Moment

    static let id = ModuleID("notify")
    static let command = map([("program", text("/usr/lib/twostep/programs/sms"))])
    static let mail = map([("from", text("login@example.org"))])
    static let webhook = map([("url", text("https://push.example.org/login"))])
    static let approving = map([("url", text("https://push.example.org/login")), ("approval", text("true"))])

    init(
        _ settings: [String: Setting] = ["command": command], office: PostOffice = PostOffice(),
        now: Moment = ManualClock().now
    ) throws {
        self.office = office
        self.now = now
        module = NotifyModule(
            Self.id, try NotifySettings(Settings(settings), of: "the module notify"), codes: RunningCodes(),
            runner: office)
    }

    static func text(_ text: String) -> Setting { Setting(.text(text, isQuoted: false), line: 7, column: 9) }

    static func map(_ entries: [(String, Setting)]) -> Setting {
        Setting(.map(entries.map { Setting.Entry(key: $0.0, line: 6, column: 5, value: $0.1) }), line: 5, column: 3)
    }

    // MARK: People

    /// A device's payload: channel 1 is the command, 2 mail, 3 the web service.
    static func payload(_ channel: UInt8, _ address: String) -> [UInt8] {
        [1, channel, 0, UInt8(address.utf8.count)] + Array(address.utf8)
    }

    static func device(_ name: String, _ payload: [UInt8], state: Int64 = 0) -> ChargedGuess.OpenedDevice {
        ChargedGuess.OpenedDevice(
            name: name, state: state, payload: ChargedGuess.OpenedPayload(Secret(copying: payload.span)))
    }

    static let phone = payload(1, "+49 151 1")

    static func session(
        _ number: UInt64 = 1, of name: String = "alice", deadline: Int64 = .max
    ) throws -> ValidationSession {
        ValidationSession(
            id: ValidationSession.ID(high: number, low: 2), account: try #require(AccountName(name)),
            provider: ProviderID("pam"), step: Step(id), deadline: deadline, triesLeft: 3)
    }

    /// Has a message sent for a session.
    func send(
        _ session: ValidationSession, to devices: [ChargedGuess.OpenedDevice]? = nil, at now: Moment? = nil,
        from asker: String? = nil
    ) -> Sending {
        module.send(
            Errand(
                session: session, service: "sshd", host: "192.0.2.7", issuer: "example",
                devices: devices ?? [Self.device("phone", Self.phone)], now: now ?? self.now, asker: asker))
    }

    /// The code that was sent last.
    var code: String { office.sent.last?.code ?? "" }

    /// What the module says to an answer; nil if it accepts it.
    func refusal(
        of answer: UserInput, in session: ValidationSession, state: Int64 = 0, at now: Moment? = nil
    ) throws -> InvalidAuth? {
        let key = DeviceKey(account: session.account, module: Self.id, device: "phone")
        let sealed = try PlainSealing().seal(Secret(copying: Self.phone.span), at: key)
        var devices = Devices(
            [Device(name: "phone", sealed: sealed, state: state, createdAt: 0)], of: session.account, module: Self.id,
            sealing: PlainSealing())
        do throws(InvalidAuth) {
            _ = try module.validate(session, answer, against: &devices, at: now ?? self.now)
            return nil
        } catch {
            return error
        }
    }

    func refusal(
        of code: String, in session: ValidationSession, state: Int64 = 0, at now: Moment? = nil
    ) throws -> InvalidAuth? {
        try refusal(of: ContractTests.input(code), in: session, state: state, at: now)
    }
}

extension Moment {
    /// So many seconds later, on both clocks.
    func later(by seconds: Int64) -> Moment {
        Moment(wall: wall + seconds, boottime: boottime + seconds * 1000, boot: boot)
    }
}
