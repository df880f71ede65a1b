import AuthModules
import Cryptography
import Testing

@Suite struct OneTimePasswordTests {
    /// RFC 4226 appendix D: the truncated values, of which every number of digits is a remainder.
    static let truncated: [UInt32] = [
        1_284_755_224, 1_094_287_082, 137_359_152, 1_726_969_429, 1_640_338_314, 868_254_676, 1_918_287_922, 82_162_583,
        673_399_871, 645_520_489,
    ]

    @Test(arguments: Array(zip(0 as UInt64..<10, truncated)), [(6, 1_000_000), (7, 10_000_000), (8, 100_000_000)])
    func `gives the values of RFC 4226 appendix D`(vector: (UInt64, UInt32), length: (Int, UInt32)) throws {
        let password = try OneTimePassword(
            key: vectorKey(.sha1).span, counter: vector.0, algorithm: .sha1, digits: length.0)
        #expect(password.value == vector.1 % length.1)
        #expect(password.digits == length.0)
    }

    @Test(arguments: [0, 1, UInt64(UInt32.max), 1 << 32, 1 << 63, .max], HashAlgorithm.allCases)
    func `takes every counter`(counter: UInt64, algorithm: HashAlgorithm) throws {
        let password = try OneTimePassword(
            key: vectorKey(algorithm).span, counter: counter, algorithm: algorithm, digits: 8)
        #expect(password.value < 100_000_000)
    }

    @Test(arguments: [
        ("123456", 123456, 6), ("000000", 0, 6), ("012345", 12345, 6), ("1234567", 1_234_567, 7),
        ("99999999", 99_999_999, 8), ("123 456", 123456, 6), (" 12-34 56 ", 123456, 6),
        ("1 2 3 4 5 6 7 8", 12_345_678, 8),
    ])
    func `reads digits between spaces and hyphens`(typed: String, value: UInt32, digits: Int) throws {
        let read = try #require(password(typed))
        #expect(read.value == value)
        #expect(read.digits == digits)
    }

    @Test(arguments: [
        "", " ", "-", "12345", "123456789", "1234567890123456789012345678901234567890", "12345a", "+12345", "+123456",
        "1e5000", "0x1234", "123.456", "123,456", "123456\n", "123\t456", "123456\0", "\u{0}123456", "１２３４５６",
        "٣٤٥٦٧٨", "१२३४५६", "𝟏𝟐𝟑𝟒𝟓𝟔", "123\u{A0}456", "123\u{2011}456", "²³¹456", "①②③④⑤⑥", "123456\u{301}",
        "\u{8}\n\r\u{7F}INCORRECT", "            123456            7  ",
    ])
    func `reads nothing else`(typed: String) {
        #expect(password(typed) == nil)
    }

    @Test(arguments: [[0x31, 0x32, 0x33, 0x34, 0x35, 0xB6], [0xFF, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36]] as [[UInt8]])
    func `reads no bytes beyond ASCII`(typed: [UInt8]) {
        #expect(password(typed) == nil)
    }

    @Test func `tells codes of equal value and another length apart`() throws {
        let six = try #require(password("012345"))
        let seven = try #require(password("0012345"))
        #expect(!six.isSame(as: seven))
        #expect(six.isSame(as: six))
    }

    @Test func `tells codes apart that differ in one digit`() throws {
        let code = try #require(password("555555"))
        for place in 0..<6 {
            var other = Array("555555".utf8)
            other[place] = UInt8(ascii: "6")
            let changed = try #require(password(other))
            #expect(!changed.isSame(as: code))
        }
    }
}
