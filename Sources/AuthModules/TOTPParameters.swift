package import Authentication
package import Cryptography

/// What a TOTP device and its account have agreed on beside the key.
package struct TOTPParameters: Equatable, Sendable {
    /// The lengths of a time step, in seconds.
    package static let periods: ClosedRange<Int64> = 15...120

    /// How the code of a step is made.
    package let otp: OTPParameters
    /// Seconds, 15 to 120.
    package let period: Int64

    package var algorithm: HashAlgorithm { otp.algorithm }
    /// 6 to 8.
    package var digits: Int { otp.digits }

    /// Nil for what is out of range.
    package init?(algorithm: HashAlgorithm = .sha1, digits: Int = 6, period: Int64 = 30) {
        guard let otp = OTPParameters(algorithm: algorithm, digits: digits), TOTPParameters.periods.contains(period)
        else { return nil }
        self.otp = otp
        self.period = period
    }

    /// What an administrator typed; absent are SHA1, 6 digits and 30 seconds, which every app knows.
    package init(_ typed: [String: String]) throws(SetupFailure) {
        let typed = try SetupParameters(typed, of: "totp", known: ["algorithm", "digits", "period"])
        otp = try OTPParameters(typed)
        let periods = Int(TOTPParameters.periods.lowerBound)...Int(TOTPParameters.periods.upperBound)
        period = Int64(try typed.number("period", in: periods, default: 30))
    }

    /// `SHA1, 6 digits, 30 s`.
    package var description: String { "\(otp.description), \(period) s" }

    /// The time step that `wall` lies in (RFC 6238 section 4.2), rounded down before 1970 too.
    package func step(at wall: Int64) -> Int64 {
        let (quotient, remainder) = wall.quotientAndRemainder(dividingBy: period)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// In the payload of a TOTP device the period stands before the key (two bytes, big-endian).
extension TOTPParameters {
    private static let ownSize = 2
    static let headerSize = OTPParameters.headerSize + ownSize

    /// What is added to the head of a payload.
    var head: [UInt8] { [UInt8(period >> 8), UInt8(period & 0xFF)] }

    /// The payload of these parameters and `key`.
    package func payload(key: Span<UInt8>) -> Secret { otp.payload(own: head, key: key) }

    /// Reads the head of a payload; nil for anything that `payload` does not write. The key is the rest.
    package init?(payload: Span<UInt8>) {
        guard let otp = OTPParameters(payload: payload, own: TOTPParameters.ownSize) else { return nil }
        self.init(
            algorithm: otp.algorithm, digits: otp.digits, period: Int64(payload[3]) << 8 | Int64(payload[4]))
    }
}
