internal import COpenSSL

/// What a certificate of the fleet says (X.509 version 3, RFC 5280).
package struct Certificate: Sendable {
    /// Whom it is for.
    package enum Purpose: Equatable, Sendable {
        /// The fleet itself: it signs the others, and itself.
        case authority
        /// A host, which asks: it can never be taken for a hub.
        case host
        /// A hub, which is reached under this name or address; it can never be taken for a host.
        case hub(name: String)
    }

    /// The common name: 1 to 64 characters.
    package let name: String
    /// 16 bytes, the first of them below 128 and not 0.
    package let serial: [UInt8]
    /// Unix seconds.
    package let from: Int64
    /// Unix seconds.
    package let until: Int64
    package let purpose: Purpose

    package init(name: String, serial: [UInt8], from: Int64, until: Int64, purpose: Purpose) {
        self.name = name
        self.serial = serial
        self.from = from
        self.until = until
        self.purpose = purpose
    }

    /// A serial that nobody can guess, and that none has had before.
    package static func newSerial() throws(CryptographyFailure) -> [UInt8] {
        var serial = [UInt8](repeating: 0, count: 16)
        let isDrawn = unsafe serial.withUnsafeMutableBufferPointer {
            unsafe RAND_bytes($0.baseAddress, Int32(clamping: $0.count)) == 1
        }
        guard isDrawn else { throw .noRandomness }
        // A positive number of sixteen bytes, whatever was drawn.
        serial[0] = serial[0] & 0x3F | 0x40
        return serial
    }

    /// The certificate of the fleet itself, in DER: signed with the key that it speaks of.
    package func signed(by key: borrowing SigningKey) throws(CryptographyFailure) -> [UInt8] {
        let made = try X509Certificate()
        return unsafe try made.fill(self, subject: key.key, issuer: nil, signer: key.key)
    }

    /// A certificate for the owner of a public key (RFC 5280, SubjectPublicKeyInfo), in DER, signed by an authority. Throws
    /// `refused` where the key is none on P-256.
    package func issued(
        for publicKey: Span<UInt8>, by authority: [UInt8], _ key: borrowing SigningKey
    ) throws(CryptographyFailure) -> [UInt8] {
        let parsed = unsafe publicKey.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return unsafe d2i_PUBKEY(nil, &start, bytes.count)
        }
        guard let subject = unsafe parsed else { throw .refused("a public key") }
        defer { unsafe EVP_PKEY_free(subject) }
        guard unsafe EVP_PKEY_get_base_id(subject) == NID_X9_62_id_ecPublicKey, unsafe EVP_PKEY_get_bits(subject) == 256
        else { throw .refused("a public key that is none on P-256") }
        let issuer = try X509Certificate(authority)
        let made = try X509Certificate()
        return unsafe try made.fill(self, subject: subject, issuer: issuer.certificate, signer: key.key)
    }

    /// What is written into `keyUsage`, `extendedKeyUsage` and so on.
    fileprivate var extensions: [(kind: Int32, value: String)] {
        switch purpose {
        case .authority:
            [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ]
        case .host:
            [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "critical,clientAuth"),
            ]
        case .hub(let name):
            [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "critical,serverAuth"),
                (NID_subject_alt_name, (Certificate.isAddress(name) ? "IP:" : "DNS:") + name),
            ]
        }
    }

    /// Whether a name is an IP address in digits.
    private static func isAddress(_ name: String) -> Bool {
        name.utf8.contains(UInt8(ascii: ":"))
            || name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    }
}

/// An X509 of libcrypto's.
@safe
private struct X509Certificate: ~Copyable {
    let certificate: OpaquePointer

    init() throws(CryptographyFailure) {
        guard let made = unsafe X509_new() else { throw .refused("a certificate") }
        unsafe certificate = made
    }

    init(_ bytes: [UInt8]) throws(CryptographyFailure) {
        let parsed = unsafe bytes.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return unsafe d2i_X509(nil, &start, bytes.count)
        }
        guard let parsed = unsafe parsed else { throw .refused("a certificate") }
        unsafe certificate = parsed
    }

    deinit { unsafe X509_free(certificate) }

    /// Writes what it is to say, signs it, and returns it in DER.
    borrowing func fill(
        _ terms: Certificate, subject: OpaquePointer, issuer: OpaquePointer?, signer: OpaquePointer
    ) throws(CryptographyFailure) -> [UInt8] {
        let issuer = unsafe issuer ?? certificate
        guard unsafe X509_set_version(certificate, 2) == 1, setSerial(terms.serial),
            unsafe ASN1_TIME_set(X509_getm_notBefore(certificate), Int(terms.from)) != nil,
            unsafe ASN1_TIME_set(X509_getm_notAfter(certificate), Int(terms.until)) != nil,
            unsafe X509_set_pubkey(certificate, subject) == 1,
            unsafe X509_NAME_add_entry_by_txt(
                X509_get_subject_name(certificate), "CN", MBSTRING_FLAG | 0, Array(terms.name.utf8),
                Int32(clamping: terms.name.utf8.count), -1, 0) == 1,
            unsafe X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1
        else { throw .refused("a certificate for \(terms.name)") }
        for (kind, value) in terms.extensions {
            guard unsafe certificate_add_extension(certificate, issuer, kind, value) == 1 else {
                throw .refused("a certificate for \(terms.name)")
            }
        }
        guard unsafe X509_sign(certificate, signer, EVP_sha256()) > 0 else { throw .refused("a signature") }
        var start: UnsafeMutablePointer<UInt8>?
        let size = unsafe Int(i2d_X509(certificate, &start))
        guard size > 0, let bytes = unsafe start else { throw .refused("a certificate for \(terms.name)") }
        defer { unsafe CRYPTO_free(bytes, nil, 0) }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: size))
    }

    private borrowing func setSerial(_ serial: [UInt8]) -> Bool {
        guard let number = unsafe BN_bin2bn(serial, Int32(clamping: serial.count), nil) else { return false }
        defer { unsafe BN_free(number) }
        return unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }
}
