/// The signatures that security keys make, by their COSE numbers (RFC 9053 section 2, RFC 8812 section 2).
package enum SignatureAlgorithm: Int, CaseIterable, Sendable {
    /// ECDSA with P-256 and SHA-256.
    case es256 = -7
    /// EdDSA, with Ed25519.
    case edDSA = -8
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 2048 bits.
    case rs256 = -257

    /// As RFC 9053 and RFC 8812 call it.
    package var name: String {
        switch self {
        case .es256: "ES256"
        case .edDSA: "EdDSA"
        case .rs256: "RS256"
        }
    }

    /// The size of a public key in bytes: both coordinates; the point; the modulus and an exponent of three bytes.
    package var keySize: Int {
        switch self {
        case .es256: 64
        case .edDSA: 32
        case .rs256: 259
        }
    }

    /// What stands before the key in a SubjectPublicKeyInfo (RFC 5280 section 4.1): all there is beside it, since its size
    /// is fixed.
    var prefix: [UInt8] {
        switch self {
        case .es256:
            [
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86,
                0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
            ]
        case .edDSA: [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        case .rs256:
            [
                0x30, 0x82, 0x01, 0x22, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01,
                0x05, 0x00, 0x03, 0x82, 0x01, 0x0F, 0x00, 0x30, 0x82, 0x01, 0x0A, 0x02, 0x82, 0x01, 0x01, 0x00,
            ]
        }
    }
}
