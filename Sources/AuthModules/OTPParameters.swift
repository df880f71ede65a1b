internal import Authentication
package import Cryptography

/// How a key's codes are made: what the devices of TOTP and HOTP have in common.
package struct OTPParameters: Equatable, Sendable {
    package let algorithm: HashAlgorithm
    /// 6 to 8.
    package let digits: Int

    /// Nil for what is out of range.
    package init?(algorithm: HashAlgorithm = .sha1, digits: Int = 6) {
        guard OneTimePassword.lengths.contains(digits) else { return nil }
        self.algorithm = algorithm
        self.digits = digits
    }

    /// What an administrator typed; absent are SHA1 and 6 digits, which every app knows.
    init(_ typed: SetupParameters) throws(SetupFailure) {
        algorithm = try OTPParameters.algorithm(typed["algorithm"])
        digits = try typed.number("digits", in: OneTimePassword.lengths, default: 6)
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

    /// `SHA1, 6 digits`.
    package var description: String { "\(algorithm.rawValue), \(digits) digits" }

    /// A key, made ready for many codes.
    func prepare(_ key: Span<UInt8>) throws(InvalidAuth) -> HMAC {
        do throws(CryptographyFailure) {
            return try HMAC(algorithm, key: key)
        } catch {
            throw .unavailable
        }
    }

    /// The code of a counter, or of a time step.
    func password(of counter: Int64, under key: borrowing HMAC) throws(InvalidAuth) -> OneTimePassword {
        do throws(CryptographyFailure) {
            return try OneTimePassword(under: key, counter: UInt64(bitPattern: counter), digits: digits)
        } catch {
            throw .unavailable
        }
    }
}

/// The payload of a device, as it is sealed: version, algorithm, digits, what the module adds, and the key.
extension OTPParameters {
    private static let version: UInt8 = 1
    /// Where what the module adds begins.
    static let headerSize = 3
    /// The lengths of keys that are read, in bytes: beyond SHA512's block HMAC would hash the key first.
    static let keySizes = 1...128

    /// The payload of these parameters, those of the module (`own`), and `key`.
    func payload(own: [UInt8], key: Span<UInt8>) -> Secret {
        let keyStart = OTPParameters.headerSize + own.count
        return Secret(count: keyStart + key.count) { target in
            target[0] = OTPParameters.version
            target[1] =
                switch algorithm {
                case .sha1: 1
                case .sha256: 2
                case .sha512: 3
                }
            target[2] = UInt8(digits)
            for index in own.indices { target[OTPParameters.headerSize + index] = own[index] }
            for index in key.indices { target[keyStart + index] = key[index] }
        }
    }

    /// Reads the head of a payload, to which the module adds `own` bytes; nil for anything that `payload` does not
    /// write. The key is the rest.
    init?(payload: Span<UInt8>, own: Int) {
        guard OTPParameters.keySizes.contains(payload.count - OTPParameters.headerSize - own),
            payload[0] == OTPParameters.version
        else { return nil }
        let algorithm: HashAlgorithm
        switch payload[1] {
        case 1: algorithm = .sha1
        case 2: algorithm = .sha256
        case 3: algorithm = .sha512
        case _: return nil
        }
        self.init(algorithm: algorithm, digits: Int(payload[2]))
    }
}
