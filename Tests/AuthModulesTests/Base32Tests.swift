import AuthModules
import Cryptography
import Testing

@Suite struct Base32Tests {
    /// RFC 4648 section 10.
    static let vectors = [
        ("", ""), ("f", "MY======"), ("fo", "MZXQ===="), ("foo", "MZXW6==="), ("foob", "MZXW6YQ="),
        ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI======"),
    ]

    private func read(_ base32: String) -> String? {
        decoded(Array(base32.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: vectors)
    func `gives the values of RFC 4648 without their padding`(plain: String, encoded: String) {
        let made = text(Base32.encode(Array(plain.utf8).span))
        #expect(made == encoded.filter { $0 != "=" })
    }

    @Test(arguments: vectors)
    func `reads the values of RFC 4648`(plain: String, encoded: String) {
        #expect(read(encoded) == plain)
        #expect(read(encoded.filter { $0 != "=" }) == plain)
        #expect(read(encoded.lowercased()) == plain)
    }

    @Test(arguments: ["mzxw 6ytb oi", "MZXW-6YTB-OI", " MZXW6YTBOI ", "MZXW6YTBOI=", "MZXW6YTB OI==  ===="])
    func `reads what people paste`(typed: String) { #expect(read(typed) == "foobar") }

    @Test(arguments: [
        "M", "MZX", "MZXW6Y", "MZXW0YTB", "MZXW1YTB", "MZXW8YTB", "MZXW9YTB", "MY==MY==", "=MY", "MZXWÄ", "MZXW\n6YTB",
        "MZXW6YTB\0",
    ])
    func `reads nothing else`(typed: String) { #expect(read(typed) == nil) }

    @Test func `reads back every byte in every place`() {
        for byte in UInt8.min...UInt8.max {
            for count in 1...10 {
                let bytes = (0..<count).map { byte &+ UInt8($0) }
                #expect(decoded(Array(text(Base32.encode(bytes.span)).utf8)) == bytes)
            }
        }
    }

    @Test(arguments: [(20, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"), (3, "GEZD G"), (0, "")])
    func `groups by four for typing`(count: Int, expected: String) {
        let made = text(Base32.encode(Array(vectorKey(.sha1).prefix(count)).span, groupsOf: 4))
        #expect(made == expected)
    }

    @Test func `groups with another character than a space`() {
        let made = text(Base32.encode(vectorKey(.sha1).span, groupsOf: 8, separator: UInt8(ascii: "-")))
        #expect(made == "GEZDGNBV-GY3TQOJQ-GEZDGNBV-GY3TQOJQ")
    }
}
