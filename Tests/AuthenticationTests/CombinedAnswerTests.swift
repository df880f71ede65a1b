import Authentication
import Testing

/// An answer that is a password with a code right behind it, and where the code begins.
@Suite struct CombinedAnswerTests {
    struct Answer: Sendable, CustomTestStringConvertible {
        let password: String
        let code: String
        var digits = 6
        var testDescription: String { "\(password)|\(code)" }
    }

    static let recovery = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX"
    static let shapes: [AnswerShape] = [.digits(6...8), .base32(24), .base32(16)]

    static func start(_ text: String, digits: Int = 6, _ shapes: [AnswerShape] = shapes) -> Int? {
        let bytes = Array(text.utf8)
        return CombinedAnswer(codeDigits: digits).start(ofCodeIn: bytes.span, shapes)
    }

    static let answers = [
        Answer(password: "hunter", code: "123456"),
        Answer(password: "hunter2", code: "123456"),
        Answer(password: "2026123456", code: "000000"),
        Answer(password: "123456", code: "123456"),
        Answer(password: "", code: "123456"),
        Answer(password: "ends in a space ", code: "123456"),
        Answer(password: "1 2 3 ", code: "456789"),
        Answer(password: "hunter", code: "123 456"),
        Answer(password: "hunter7 ", code: "12 34 56"),
        Answer(password: "pässwörd🔑", code: "123456"),
        Answer(password: "cafe\u{301}", code: "123456"),
        Answer(password: "١٢٣", code: "123456"),
        Answer(password: "correcthorsebatterystaple", code: "234567"),
        Answer(password: "ABCD-EFGH-IJKL-MNOP-QRST-", code: "234567"),
        Answer(password: "hunter2", code: "1234567", digits: 7),
        Answer(password: "hunter2", code: "12345678", digits: 8),
        Answer(password: "hunter2", code: "1234 5678", digits: 8),
        Answer(password: "hunter2", code: recovery),
        Answer(password: "pässwörd🔑", code: "abcd-efgh-ijkl-mnop-qrst-uvwx"),
        Answer(password: "", code: "0123-4567-8012-3456-7801-2345"),
        Answer(password: "hunter2-", code: recovery),
        Answer(password: "hunter2", code: "ABCD-EFGH-IJKL-MNOP"),
        Answer(password: "2345-", code: "ABCD-EFGH-IJKL-MNOP"),
    ]

    @Test(arguments: answers) func `is taken apart at exactly that byte`(_ answer: Answer) {
        let length = answer.password.utf8.count
        #expect(CombinedAnswerTests.start(answer.password + answer.code, digits: answer.digits) == length)
        let parts = Some.input(answer.password + answer.code).cut(at: length)
        #expect(parts?.before.isSame(as: Some.input(answer.password)) == true)
        #expect(parts?.behind.isSame(as: Some.input(answer.code)) == true)
    }

    @Test(arguments: [
        "", "hunter", "12345", "hunter12345", "hunter123456 ", "hunter123456\n", "hunter12  3456", "hunter12-3456",
        "hunter12\u{A0}3456", "hunter１２３４５６", "hunter123456x", "hunter12345\0",
        "ABCD-EFGH-IJKL-MNOP-QRST-UVW", "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-", "ABCDEFGHIJKLMNOPQRSTUVWX",
        "ABCD EFGH IJKL MNOP QRST UVWX", "ABCD-EFGH-IJKL-MNO9",
        "\u{8}\n\r\u{7F}INCORRECT", String(repeating: "-", count: 29),
    ]) func `without a code at its end it has none`(_ text: String) {
        #expect(CombinedAnswerTests.start(text) == nil)
    }

    @Test func `a code that nobody is asked for is none`() {
        #expect(CombinedAnswerTests.start("hunter123456", [.base32(24)]) == nil)
        #expect(CombinedAnswerTests.start("hunter" + CombinedAnswerTests.recovery, [.digits(6...8)]) == nil)
        #expect(CombinedAnswerTests.start("hunter123456", [.anything]) == nil)
        #expect(CombinedAnswerTests.start("hunter12345678", digits: 8, [.digits(6...6)]) == nil)
    }

    @Test func `what digits are in front of the code is the password's, whatever their number`() {
        for count in 0...40 {
            let digits = String(repeating: "7", count: count)
            #expect(CombinedAnswerTests.start(digits + "123456") == count)
        }
    }

    @Test func `an answer is cut nowhere outside itself`() {
        for offset in [-1, 4, Int.max, Int.min] { #expect(Some.input("abc").cut(at: offset) == nil) }
        #expect(Some.input("abc").cut(at: 3)?.behind.isEmpty == true)
    }
}
