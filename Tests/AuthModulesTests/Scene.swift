import AuthModules
import Authentication
import AuthenticationTesting
import Cryptography
import Testing

/// The keys of RFC 6238 appendix B: the digits over and over, as long as the digest.
func vectorKey(_ algorithm: HashAlgorithm) -> [UInt8] {
    (0..<algorithm.digestSize).map { UInt8(ascii: "0") + UInt8(($0 + 1) % 10) }
}

/// A moment by the wall clock alone.
func moment(_ wall: Int64) -> Moment { Moment(wall: wall, boottime: 0, boot: 1) }

func typed(_ text: String) -> UserInput { typed(Array(text.utf8)) }
func typed(_ bytes: [UInt8]) -> UserInput { UserInput(Secret(copying: bytes.span)) }

// The macros of Swift Testing take neither spans nor what cannot be copied, hence these.

func bytes(_ secret: borrowing Secret) -> [UInt8] { secret.withBytes { span in span.indices.map { span[$0] } } }

func text(_ secret: borrowing Secret) -> String { String(decoding: bytes(secret), as: UTF8.self) }

func decoded(_ base32: [UInt8]) -> [UInt8]? {
    guard let secret = Base32.decode(base32.span) else { return nil }
    return bytes(secret)
}

func password(_ typed: [UInt8]) -> OneTimePassword? { OneTimePassword(typed: typed.span) }
func password(_ typed: String) -> OneTimePassword? { password(Array(typed.utf8)) }

/// The code of a key at a moment, with leading zeros.
func code(
    _ key: [UInt8], at wall: Int64, _ parameters: TOTPParameters, stepsAhead: Int64 = 0
) throws -> String {
    try code(
        key, counter: parameters.step(at: wall) + stepsAhead, parameters.algorithm, digits: parameters.digits)
}

/// alice and her devices, judged by a module.
struct Scene<Module: AuthModule> {
    let module: Module
    let account: AccountName
    var list: [Device] = []

    init(of module: Module, account: String = "alice") throws {
        self.module = module
        self.account = try #require(AccountName(account))
    }

    mutating func add(_ name: String, payload: borrowing Secret, state: Int64 = -1) throws {
        let place = DeviceKey(account: account, module: module.id, device: name)
        let sealed = try PlainSealing().seal(payload, at: place)
        list.append(Device(name: name, sealed: sealed, state: state, createdAt: 0))
    }

    var devices: Devices {
        Devices(list, of: account, module: module.id, sealing: PlainSealing())
    }

    /// An answer as the module is given it.
    private func handedOn(_ input: UserInput) -> UserInput? {
        module.stretchesAnswers && module.recognizes(input) ? module.stretch(input, for: account) : input
    }

    /// Judges an answer, stretched if the module stretches it, and keeps what was spent; nil if it was accepted.
    mutating func refusal(of input: UserInput, at wall: Int64) -> InvalidAuth? {
        let session = ValidationSession(
            id: ValidationSession.ID(high: 1, low: 2), account: account, provider: ProviderID("pam"),
            step: Step(module.id), deadline: .max, triesLeft: 3)
        var devices = devices
        guard let answer = handedOn(input) else { return .unavailable }
        do throws(InvalidAuth) {
            let username = try module.validate(session, answer, against: &devices, at: moment(wall))
            list = devices.devices
            return username == account ? nil : .unavailable
        } catch {
            return error
        }
    }

    mutating func refusal(of code: String, at wall: Int64 = 0) -> InvalidAuth? { refusal(of: typed(code), at: wall) }

    /// What an administrator is told of an answer.
    func diagnosis(of code: String, at wall: Int64 = 0) -> Diagnosis? {
        guard let module = module as? any EnrollableModule, let answer = handedOn(typed(code)) else { return nil }
        var devices = devices
        let diagnosis = module.diagnose(answer, against: &devices, at: moment(wall))
        return devices.changed.isEmpty ? diagnosis : nil
    }
}

extension Scene<TOTPModule> {
    init(_ settings: Settings = Settings()) throws { try self.init(of: try TOTPModule(ModuleID("totp"), settings)) }

    /// One device with a key.
    init(key: [UInt8], _ parameters: TOTPParameters, state: Int64 = -1, window: Int? = nil) throws {
        try self.init(window.map { Settings(["window": setting(String($0))]) } ?? Settings())
        try add("phone", key: key, parameters, state: state)
    }

    mutating func add(_ name: String, key: [UInt8], _ parameters: TOTPParameters, state: Int64 = -1) throws {
        try add(name, payload: parameters.payload(key: key.span), state: state)
    }
}

/// The code of a key and a counter, with leading zeros.
func code(_ key: [UInt8], counter: Int64, _ algorithm: HashAlgorithm = .sha1, digits: Int = 6) throws -> String {
    let password = try OneTimePassword(
        key: key.span, counter: UInt64(bitPattern: counter), algorithm: algorithm, digits: digits)
    let written = String(password.value)
    return String(repeating: "0", count: password.digits - written.utf8.count) + written
}

/// A scalar as it stands in a configuration.
func setting(_ text: String, isQuoted: Bool = false) -> Setting {
    Setting(.text(text, isQuoted: isQuoted), line: 7, column: 3)
}

/// Parameters that a test knows to be in range.
func parameters(
    _ algorithm: HashAlgorithm = .sha1, digits: Int = 6, period: Int64 = 30
) throws -> TOTPParameters {
    try #require(TOTPParameters(algorithm: algorithm, digits: digits, period: period))
}
