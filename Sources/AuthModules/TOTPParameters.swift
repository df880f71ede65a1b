package import Authentication
package import Cryptography

/// What a TOTP device and its account have agreed on beside the key.
package struct TOTPParameters: Equatable, Sendable {
    /// The lengths of a time step, in seconds.
    package static let periods: ClosedRange<Int64> = 15...120

    package let algorithm: HashAlgorithm
    /// 6 to 8.
    package let digits: Int
    /// Seconds, 15 to 120.
    package let period: Int64

    /// Nil for what is out of range.
    package init?(algorithm: HashAlgorithm = .sha1, digits: Int = 6, period: Int64 = 30) {
        guard OneTimePassword.lengths.contains(digits), TOTPParameters.periods.contains(period) else { return nil }
        self.algorithm = algorithm
        self.digits = digits
        self.period = period
    }

    /// What an administrator typed; absent are SHA1, 6 digits and 30 seconds, which every app knows.
    package init(_ typed: [String: String]) throws(SetupFailure) {
        let known = ["algorithm", "digits", "period"]
        for name in typed.keys.sorted() where !known.contains(name) {
            throw SetupFailure(
                "'\(name)' is no parameter of totp, expected algorithm, digits or period"
                    + suggestion(for: name, among: known))
        }
        algorithm = try TOTPParameters.algorithm(typed["algorithm"])
        digits = try TOTPParameters.number("digits", typed["digits"], in: OneTimePassword.lengths, default: 6)
        let periods = Int(TOTPParameters.periods.lowerBound)...Int(TOTPParameters.periods.upperBound)
        period = Int64(try TOTPParameters.number("period", typed["period"], in: periods, default: 30))
    }

    private static func algorithm(_ typed: String?) throws(SetupFailure) -> HashAlgorithm {
        guard let typed else { return .sha1 }
        guard let algorithm = HashAlgorithm(rawValue: typed.uppercased()) else {
            let names = HashAlgorithm.allCases.map(\.rawValue)
            throw SetupFailure(
                "algorithm is '\(typed)', expected SHA1, SHA256 or SHA512" + suggestion(for: typed, among: names))
        }
        return algorithm
    }

    private static func number(
        _ name: String, _ typed: String?, in range: ClosedRange<Int>, default fallback: Int
    ) throws(SetupFailure) -> Int {
        guard let typed else { return fallback }
        guard let number = Settings.number(typed), range.contains(number) else {
            throw SetupFailure(
                "\(name) is '\(typed)', expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// `SHA1, 6 digits, 30 s`.
    package var description: String { "\(algorithm.rawValue), \(digits) digits, \(period) s" }

    /// The time step that `wall` lies in (RFC 6238 section 4.2), rounded down before 1970 too.
    package func step(at wall: Int64) -> Int64 {
        let (quotient, remainder) = wall.quotientAndRemainder(dividingBy: period)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// The payload of a TOTP device, as it is sealed: version, algorithm, digits, period (two bytes, big-endian), key.
extension TOTPParameters {
    static let version: UInt8 = 1
    static let headerSize = 5
    /// The longest key, in bytes: SHA512's block, beyond which HMAC would hash the key first.
    static let longestKey = 128

    /// The payload of these parameters and `key`.
    package func payload(key: Span<UInt8>) -> Secret {
        Secret(count: TOTPParameters.headerSize + key.count) { target in
            target[0] = TOTPParameters.version
            target[1] =
                switch algorithm {
                case .sha1: 1
                case .sha256: 2
                case .sha512: 3
                }
            target[2] = UInt8(digits)
            target[3] = UInt8(period >> 8)
            target[4] = UInt8(period & 0xFF)
            for index in key.indices { target[TOTPParameters.headerSize + index] = key[index] }
        }
    }

    /// Reads the head of a payload; nil for anything that `payload` does not write. The key is the rest.
    package init?(payload: Span<UInt8>) {
        let keySize = payload.count - TOTPParameters.headerSize
        guard (1...TOTPParameters.longestKey).contains(keySize), payload[0] == TOTPParameters.version else {
            return nil
        }
        let algorithm: HashAlgorithm
        switch payload[1] {
        case 1: algorithm = .sha1
        case 2: algorithm = .sha256
        case 3: algorithm = .sha512
        case _: return nil
        }
        self.init(
            algorithm: algorithm, digits: Int(payload[2]), period: Int64(payload[3]) << 8 | Int64(payload[4]))
    }
}
