package import Authentication
package import Cryptography

/// What the store keeps of a security key: the id of a credential and its public key. Neither is a secret.
package struct FIDO2Credential: Equatable, Sendable {
    package let id: [UInt8]
    package let algorithm: SignatureAlgorithm
    /// As `VerifyingKey` takes it.
    package let publicKey: [UInt8]

    /// How long an id may be, in bytes (CTAP 2.1 section 6.1.2 leaves it to 2 bytes of length; keys know no longer ones).
    static let idSizes = 1...1023
    private static let version: UInt8 = 1
    /// What a payload has before the id: version, algorithm, and the length of the id in two bytes.
    private static let headSize = 4

    /// Nil for an id of another length, and for what is no key.
    package init?(id: [UInt8], _ algorithm: SignatureAlgorithm, _ publicKey: [UInt8]) {
        guard FIDO2Credential.idSizes.contains(id.count),
            (try? VerifyingKey(algorithm, publicKey.span)) != nil
        else { return nil }
        self.id = id
        self.algorithm = algorithm
        self.publicKey = publicKey
    }

    /// Reads a payload; nil for one that is damaged.
    package init?(payload: Span<UInt8>) {
        let head = FIDO2Credential.headSize
        guard payload.count > head, payload[0] == FIDO2Credential.version,
            let algorithm = SignatureAlgorithm.allCases.first(where: { $0.code == payload[1] })
        else { return nil }
        let length = Int(payload[2]) << 8 | Int(payload[3])
        guard payload.count == head + length + algorithm.keySize else { return nil }
        let bytes = (head..<payload.count).map { payload[$0] }
        self.init(id: Array(bytes.prefix(length)), algorithm, Array(bytes.dropFirst(length)))
    }

    /// What the store keeps.
    package var payload: Secret {
        let length = [UInt8(truncatingIfNeeded: id.count >> 8), UInt8(truncatingIfNeeded: id.count)]
        let bytes = [FIDO2Credential.version, algorithm.code] + length + id + publicKey
        return Secret(copying: bytes.span)
    }

    /// Whether a signature is this credential's.
    func accepts(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        guard let key = try? VerifyingKey(algorithm, publicKey.span) else { return false }
        return key.accepts(signature.span, over: message.span)
    }
}

extension SignatureAlgorithm {
    /// In payloads.
    fileprivate var code: UInt8 {
        switch self {
        case .es256: 1
        case .edDSA: 2
        case .rs256: 3
        }
    }
}
