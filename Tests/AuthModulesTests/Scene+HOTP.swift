import AuthModules
import Authentication
import Cryptography
import Testing

extension Scene<HOTPModule> {
    init(tokens settings: [String: String]) throws {
        let settings = Settings(settings.mapValues { setting($0) })
        try self.init(of: try HOTPModule(ModuleID("hotp"), settings))
    }

    /// One token with a key, of which a counter is expected next.
    init(token key: [UInt8], digits: Int = 6, counter: Int64 = 0, _ settings: [String: String] = [:]) throws {
        try self.init(tokens: settings)
        try add("token", key: key, digits: digits, counter: counter)
    }

    mutating func add(_ name: String, key: [UInt8], digits: Int = 6, counter: Int64 = 0) throws {
        try add(name, payload: try tokenPayload(key, digits: digits), state: counter)
    }
}

/// What a set-up stores of a token's key.
func tokenPayload(_ key: [UInt8], _ algorithm: HashAlgorithm = .sha1, digits: Int = 6) throws -> Secret {
    let request = SetupRequest(
        account: try #require(AccountName("alice")), device: "token", issuer: "host", parameters: [:])
    let parameters = try #require(OTPParameters(algorithm: algorithm, digits: digits))
    let setup = try HOTPModule(ModuleID("hotp"))
        .setup(request, parameters, counter: 0, key: Secret(copying: key.span))
    return setup.payload.withBytes { Secret(copying: $0) }
}
