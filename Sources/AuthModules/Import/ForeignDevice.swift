package import Authentication
internal import Cryptography

/// A device that another program has had: what can be carried over of it, and what cannot.
///
/// A class, because its key cannot be copied.
package final class ForeignDevice: Sendable {
    /// How it proves whose it is.
    package enum Kind: String, Sendable, CaseIterable {
        case totp, hotp
        /// By signatures: what it has of a key is public.
        case fido2

        /// The kind of what makes codes, by its name.
        init?(ofCodes name: String) {
            switch name {
            case Kind.totp.rawValue: self = .totp
            case Kind.hotp.rawValue: self = .hotp
            case _: return nil
            }
        }

        /// What such a device is called where nobody says.
        package var usualName: String {
            switch self {
            case .totp: "phone"
            case .hotp: "token"
            case .fido2: "key"
            }
        }
    }

    /// What its codes are made of, as a file has it.
    struct Parameters {
        var algorithm = "SHA1"
        var digits: Int64 = 6
        /// Seconds; of `totp` alone.
        var period: Int64 = 30
        /// What is expected next; of `hotp` alone.
        var counter: Int64 = 0
        /// The last time step whose code was used; of `totp` alone.
        var usedUntil: Int64?
    }

    /// The file and the line that it stands in.
    package let file: String
    package let line: Int
    /// As the file names it; nil where it does not. One that a label names is no account that is meant for sure.
    package let account: String?
    /// As an app shows it; nil where no app has had it.
    package let label: DeviceLabel?
    package let kind: Kind
    /// As the file names it; nil where it does not.
    package let module: ModuleID?
    /// As the file names it; nil where it does not.
    package let name: String?
    /// As the module takes them.
    package let parameters: [String: String]
    package let key: Secret
    /// What could not be carried over, and what is to be known: a sentence each.
    package let notes: [String]

    /// Refuses what neither module could keep.
    init(
        _ place: ImportPlace, account: String?, kind: Kind, module: ModuleID? = nil, name: String? = nil,
        label: DeviceLabel? = nil, _ made: Parameters, key: consuming Secret, notes: [String]
    ) throws(ImportFailure) {
        guard let algorithm = HashAlgorithm(rawValue: made.algorithm.uppercased()) else {
            throw place.failure("the algorithm is '\(made.algorithm)', expected SHA1, SHA256 or SHA512")
        }
        guard let digits = Int(exactly: made.digits), OneTimePassword.lengths.contains(digits) else {
            throw place.failure("the codes have \(made.digits) digits, expected 6 to 8")
        }
        guard OTPParameters.keySizes.contains(key.count) else {
            throw place.failure(
                "the secret has \(key.count) bytes, expected 1 to \(OTPParameters.keySizes.upperBound)")
        }
        var parameters = ["algorithm": algorithm.rawValue, "digits": String(digits)]
        switch kind {
        case .totp:
            guard TOTPParameters.periods.contains(made.period) else {
                throw place.failure("a step has \(made.period) seconds, expected 15 to 120")
            }
            parameters["period"] = String(made.period)
            if let used = made.usedUntil, used >= 0 { parameters["used_until"] = String(used) }
        case .hotp:
            guard made.counter >= 0, made.counter <= Int64(HOTPModule.counters.upperBound) else {
                throw place.failure(
                    "the counter is \(made.counter), expected 0 to \(HOTPModule.counters.upperBound)")
            }
            parameters["counter"] = String(made.counter)
        case .fido2: throw place.failure("a security key makes no codes")
        }
        var notes = notes
        if key.count < 16 {
            notes.append(
                "Its secret has \(key.count * 8) bits, where 128 are the least that is safe: enrol it anew some day.")
        }
        file = place.file
        line = place.line
        self.account = label?.account ?? account
        self.label = label
        self.kind = kind
        self.module = module
        self.name = name
        self.parameters = parameters
        self.key = key
        self.notes = notes
    }

    /// A security key that was made for `relyingParty`.
    init(
        _ place: ImportPlace, account: String, module: ModuleID, _ credential: FIDO2Credential, relyingParty: String,
        notes: [String]
    ) {
        file = place.file
        line = place.line
        self.account = account
        label = nil
        kind = .fido2
        self.module = module
        name = nil
        parameters = ["relying_party": relyingParty]
        key = credential.payload
        self.notes = notes
    }
}

/// A line of a file.
struct ImportPlace {
    let file: String
    let line: Int

    /// What is wrong there.
    func failure(_ explanation: String) -> ImportFailure { ImportFailure(file, line: line, explanation) }
}
