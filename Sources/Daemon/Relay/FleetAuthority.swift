import Authentication
import Cryptography

/// What signs the certificates of a fleet: its own certificate and key.
final class FleetAuthority: Sendable {
    /// In DER.
    let certificate: [UInt8]
    /// In DER (RFC 5915).
    private let key: Secret

    /// Takes it from what is kept: the certificate behind its length, then the key.
    init(_ kept: borrowing Secret) throws(StoreFailure) {
        let found = kept.withBytes { bytes -> [UInt8]? in
            guard bytes.count > 2 else { return nil }
            let size = Int(bytes[0]) << 8 | Int(bytes[1])
            guard size > 0, bytes.count > 2 + size else { return nil }
            return (2..<(2 + size)).map { bytes[$0] }
        }
        guard let found else { throw .damaged("the fleet's authority makes no sense") }
        certificate = found
        key = kept.withBytes { Secret(copying: $0.extracting(droppingFirst: 2 + found.count)) }
    }

    /// A new one, as it is kept.
    static func make(at now: Int64) throws(CryptographyFailure) -> Secret {
        let key = try SigningKey()
        let certificate = try Certificate(
            name: "Twostep fleet", serial: try Certificate.newSerial(), from: now - RelayTime.leeway,
            until: now + RelayTime.authorityLife, purpose: .authority
        ).signed(by: key)
        return try key.withBytes { key in
            Secret(count: 2 + certificate.count + key.count) { kept in
                kept[0] = UInt8(truncatingIfNeeded: certificate.count >> 8)
                kept[1] = UInt8(truncatingIfNeeded: certificate.count)
                for index in certificate.indices { kept[2 + index] = certificate[index] }
                for index in key.indices { kept[2 + certificate.count + index] = key[index] }
            }
        }
    }

    /// A certificate for the owner of a public key, in DER.
    func issue(_ terms: Certificate, for publicKey: [UInt8]) throws(CryptographyFailure) -> [UInt8] {
        try key.withBytes { (bytes) throws(CryptographyFailure) in
            try terms.issued(for: publicKey.span, by: certificate, try SigningKey(bytes))
        }
    }

    /// Serials as the register has them: hexadecimal digits.
    static func text(_ serial: [UInt8]) -> String {
        serial.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
