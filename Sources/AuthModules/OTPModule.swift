package import Authentication
internal import Cryptography

/// What the modules of one-time passwords have in common: libcrypto's SHA1, and keys that apps and tokens share.
package protocol OTPModule: EnrollableModule {}

extension OTPModule {
    package var isLowEntropy: Bool { true }

    /// How many devices an account may have, as configured. With more than a hundred a guess is no guess any more.
    static func mostDevices(_ settings: Settings) throws(SettingFailure) -> Int {
        try settings.integer("max_devices", in: 1...100, default: 10)
    }

    /// Makes sure that libcrypto does what RFC 4226 appendix D says: some builds refuse SHA1.
    package func initialize() throws(ModuleFailure) {
        let key = Array("12345678901234567890".utf8)
        let code = try? OneTimePassword(key: key.span, counter: 0, algorithm: .sha1, digits: 6)
        guard code?.value == 755_224 else {
            throw ModuleFailure("libcrypto makes no HMAC-SHA1, which codes are made of")
        }
    }

    /// A new key. RFC 4226 section 4 recommends 160 bits, RFC 6238 section 5.1 the length of the digest.
    func newKey(_ parameters: OTPParameters) throws(SetupFailure) -> Secret {
        try Secret.random(count: parameters.algorithm.digestSize)
    }

    /// A set-up with a key that is there already; one of less than `minimumBits` is refused: a
    /// new device has 128 (RFC 4226 section 4, R6), and one that was in use elsewhere what it has.
    ///
    /// `own` is what the module adds to the payload's head, and to the URI of this `kind`.
    func setup(
        _ kind: String, _ request: SetupRequest, _ parameters: OTPParameters, key: borrowing Secret,
        own: (head: [UInt8], name: String, value: String), initialState: Int64, minimumBits: Int = 128
    ) throws(SetupFailure) -> Setup {
        let sizes = max(minimumBits / 8, OTPParameters.keySizes.lowerBound)...OTPParameters.keySizes.upperBound
        guard sizes.contains(key.count) else {
            throw SetupFailure(
                "the key has \(key.count * 8) bits, expected \(sizes.lowerBound * 8) to \(sizes.upperBound * 8)")
        }
        return try key.withBytes { (key) throws(SetupFailure) in
            Setup(
                payload: parameters.payload(own: own.head, key: key),
                uri: try OTPAuthURI.make(
                    kind, for: request, key: key,
                    parameters: [
                        ("algorithm", parameters.algorithm.rawValue), ("digits", String(parameters.digits)),
                        (own.name, own.value),
                    ]),
                key: Base32.encode(key, groupsOf: 4), confirmation: inputSchema, initialState: initialState)
        }
    }
}
