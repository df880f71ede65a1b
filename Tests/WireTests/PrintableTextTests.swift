import Testing
import Wire

@Suite struct PrintableTextTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        let isClean: Bool
        var testDescription: String { name }

        init(_ name: String, _ bytes: [UInt8], _ isClean: Bool) {
            (self.name, self.bytes, self.isClean) = (name, bytes, isClean)
        }

        init(_ name: String, scalar: UInt32, _ isClean: Bool) {
            let text = Unicode.Scalar(scalar).map { String(Character($0)) } ?? ""
            self.init(name, Array(text.utf8), isClean)
        }
    }

    static let rows: [Row] = [
        Row("plain text", Array("Verification code: ".utf8), true),
        Row("umlauts", Array("Schlüssel für Jürgen".utf8), true),
        Row("block elements of a QR code", Array("█▀▄ ".utf8), true),
        Row("an emoji", Array("🔑".utf8), true),
        Row("the last scalar", scalar: 0x10_FFFF, true),
        Row("no-break space, first after C1", scalar: 0xA0, true),

        Row("NUL", [0x41, 0x00], false),
        Row("backspace", [0x08], false),
        Row("tab", [0x09], false),
        Row("carriage return", [0x0D], false),
        Row("escape", Array("\u{1B}]0;title\u{07}".utf8), false),
        Row("delete", [0x7F], false),
        Row("C1: next line", scalar: 0x85, false),
        Row("C1: control sequence introducer", scalar: 0x9B, false),
        Row("C1 as a bare byte", [0x9B, 0x33, 0x31, 0x6D], false),
        Row("right-to-left override", scalar: 0x202E, false),
        Row("left-to-right embedding", scalar: 0x202A, false),
        Row("isolate", scalar: 0x2066, false),
        Row("pop isolate", scalar: 0x2069, false),
        Row("left-to-right mark", scalar: 0x200E, false),
        Row("Arabic letter mark", scalar: 0x061C, false),
        Row("line separator", scalar: 0x2028, false),
        Row("paragraph separator", scalar: 0x2029, false),
        Row("overlong slash in two bytes", [0xC0, 0xAF], false),
        Row("overlong NUL in two bytes", [0xC0, 0x80], false),
        Row("overlong in three bytes", [0xE0, 0x80, 0xAF], false),
        Row("overlong in four bytes", [0xF0, 0x80, 0x80, 0xAF], false),
        Row("overlong escape in three bytes", [0xE0, 0x80, 0x9B], false),
        Row("a surrogate", [0xED, 0xA0, 0x80], false),
        Row("past the last scalar", [0xF4, 0x90, 0x80, 0x80], false),
        Row("five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80], false),
        Row("a lone continuation", [0x80], false),
        Row("two bytes cut short", [0xC3], false),
        Row("three bytes cut short", [0xE2, 0x96], false),
        Row("four bytes cut short", [0xF0, 0x9F, 0x94], false),
        Row("a start in place of a continuation", [0xC3, 0xC3], false),
        Row("Latin-1", [0x4A, 0xFC, 0x72], false),
    ]

    @Test(arguments: rows) func `lets through what is harmless and nothing else`(row: Row) {
        #expect(isClean(row.bytes, newlines: false) == row.isClean)
        #expect(isClean(row.bytes, newlines: true) == row.isClean)
    }

    @Test func `a newline passes only where the caller says so`() {
        #expect(isClean([0x41, 0x0A], newlines: true))
        #expect(!isClean([0x41, 0x0A], newlines: false))
    }

    @Test func `agrees with the standard library about what is UTF-8`() {
        var generator = SeededGenerator(seed: 3_629)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0x80...0xFF, using: &generator) : .random(in: 0x20...0x7E, using: &generator)
            }
            if isClean(bytes, newlines: false) {
                #expect(String(validating: bytes, as: UTF8.self) != nil)
            }
        }
    }

    @Test func `never reads outside the text`() {
        let text: [UInt8] = [0xE2]
        for start in [-1, 1, Int.max, Int.min] {
            let length = PrintableText.scalarLength(text.span, at: start, newlines: false)
            #expect(length == 0)
        }
    }

    private func isClean(_ bytes: [UInt8], newlines: Bool) -> Bool {
        PrintableText.isClean(bytes.span, newlines: newlines)
    }
}
