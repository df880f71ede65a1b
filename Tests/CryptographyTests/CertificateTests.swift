import Cryptography
import Testing

@Suite struct CertificateTests {
    private static func authority(_ key: borrowing SigningKey) throws -> [UInt8] {
        try Certificate(
            name: "twostep fleet", serial: try Certificate.newSerial(), from: 0, until: 4_000_000_000,
            purpose: .authority
        ).signed(by: key)
    }

    /// The public half of a key that nobody has.
    private static func publicKey() throws -> [UInt8] {
        let key = try SigningKey()
        return try key.publicKey()
    }

    @Test func `a key comes back from its bytes`() throws {
        let key = try SigningKey()
        let bytes = try key.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        let again = try SigningKey(bytes.span)
        let (first, second) = (try key.publicKey(), try again.publicKey())
        #expect(first == second)
        #expect(try CertificateTests.publicKey() != first)
    }

    @Test(arguments: [
        Certificate.Purpose.host, .hub(name: "hub1.example.org"), .hub(name: "127.0.0.2"), .hub(name: "::1"),
    ])
    func `certificates are issued for whoever has the public key`(_ purpose: Certificate.Purpose) throws {
        let authority = try SigningKey()
        let own = try CertificateTests.authority(authority)
        let subject = try CertificateTests.publicKey()
        let terms = Certificate(
            name: "web17", serial: try Certificate.newSerial(), from: 1_700_000_000, until: 1_800_000_000,
            purpose: purpose)
        let made = try terms.issued(for: subject.span, by: own, authority)
        #expect(made.first == 0x30)
        #expect(made.count > 200)
    }

    @Test(arguments: [[], [0x30, 0x00], [UInt8](repeating: 0x30, count: 91)] as [[UInt8]])
    func `what is no public key gets no certificate`(_ bytes: [UInt8]) throws {
        let authority = try SigningKey()
        let own = try CertificateTests.authority(authority)
        let terms = Certificate(
            name: "web17", serial: try Certificate.newSerial(), from: 0, until: 1, purpose: .host)
        var failure: CryptographyFailure?
        do throws(CryptographyFailure) {
            _ = try terms.issued(for: bytes.span, by: own, authority)
        } catch {
            failure = error
        }
        #expect(failure == .refused("a public key"))
    }

    @Test func `serials are positive, of sixteen bytes, and no two are the same`() throws {
        let serials = try (0..<1000).map { _ in try Certificate.newSerial() }
        #expect(Set(serials).count == serials.count)
        #expect(serials.allSatisfy { $0.count == 16 && $0[0] > 0 && $0[0] < 0x80 })
    }
}
