import Authentication
import Cryptography
import Testing

@Suite struct ScryptTests {
    /// A row of RFC 7914 section 12.
    struct Vector: Sendable {
        let password: String
        let salt: String
        let scrypt: Scrypt
        let key: String
    }

    /// All but the last, which takes a gigabyte.
    static let vectors = [
        Vector(
            password: "", salt: "", scrypt: Scrypt(cost: 16, blockSize: 1, parallelization: 1),
            key: "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"),
        Vector(
            password: "password", salt: "NaCl", scrypt: Scrypt(cost: 1024, blockSize: 8, parallelization: 16),
            key: "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"),
        Vector(
            password: "pleaseletmein", salt: "SodiumChloride",
            scrypt: Scrypt(cost: 16384, blockSize: 8, parallelization: 1),
            key: "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"),
    ]

    /// In hexadecimal; nil if libcrypto refuses.
    private func key(_ password: String, _ salt: String, _ scrypt: Scrypt, count: Int = 64) -> String? {
        let password = Array(password.utf8)
        let salt = Array(salt.utf8)
        var key = [UInt8](repeating: 0, count: count)
        var target = key.mutableSpan
        do throws(CryptographyFailure) {
            try scrypt.derive(password.span, salt: salt.span, into: &target)
        } catch {
            return nil
        }
        return key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test(arguments: vectors) func `gives the values of RFC 7914 section 12`(vector: Vector) {
        #expect(key(vector.password, vector.salt, vector.scrypt) == vector.key)
    }

    @Test func `gives the beginning of a longer key`() {
        let vector = ScryptTests.vectors[0]
        #expect(key(vector.password, vector.salt, vector.scrypt, count: 32) == String(vector.key.prefix(64)))
    }

    @Test(arguments: [
        Scrypt(cost: 0, blockSize: 8, parallelization: 1), Scrypt(cost: 1, blockSize: 8, parallelization: 1),
        Scrypt(cost: 1000, blockSize: 8, parallelization: 1), Scrypt(cost: 16, blockSize: 0, parallelization: 1),
        Scrypt(cost: 16, blockSize: 1, parallelization: 0), Scrypt(cost: 1 << 30, blockSize: 8, parallelization: 1),
        Scrypt(cost: 1 << 63, blockSize: .max, parallelization: .max),
    ])
    func `refuses what is no cost, or too much`(scrypt: Scrypt) { #expect(key("p", "s", scrypt) == nil) }
}
