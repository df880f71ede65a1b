import Authentication
import Testing

/// Strings of JSON, as import files and programs write them.
@Suite struct JSONStringTests {
    /// What is read behind an opening quotation mark, as UTF-8, and where it ends; or what is wrong.
    private func read(_ text: String) -> (Result<[UInt8], JSONString.Fault>, end: Int) {
        let bytes = Array(text.utf8)
        var position = 0
        do throws(JSONString.Fault) {
            let plain = try JSONString.read(bytes.span, from: &position)
            return (.success(plain.withBytes { plain in plain.indices.map { plain[$0] } }), position)
        } catch {
            return (.failure(error), position)
        }
    }

    @Test(arguments: [
        ("\"", ""), ("abc\"", "abc"), ("é😀\"", "é😀"), (#"\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#"\u0041\u00e9\u00E9\u20ac""#, "Aéé€"), (#"\ud83d\ude00""#, "😀"), (#"x\uD83D\uDE00y""#, "x😀y"),
        (#"\u0000""#, "\0"), (#"\udbff\udfff""#, "\u{10FFFF}"), (#"a"b""#, "a"),
    ]) func `is read with all of its escapes, pairs of them included`(_ text: String, _ plain: String) {
        let (read, end) = read(text)
        #expect(read == .success(Array(plain.utf8)))
        #expect(Array(text.utf8)[..<end].last == UInt8(ascii: "\""))
    }

    @Test(arguments: [
        ("", JSONString.Fault.unclosed), ("abc", .unclosed), (#"abc\""#, .unclosed), ("a\nb\"", .unclosed),
        ("a\u{1}\"", .unclosed), (#"\"#, .unclosed), (#"\x41""#, .unknownEscape), (#"\ ""#, .unknownEscape),
        (#"\u""#, .digitsMissing), (#"\u00e""#, .digitsMissing), (#"\u00g0""#, .digitsMissing),
        (#"\u00e٣""#, .digitsMissing), (#"\ud83d""#, .halfCharacter), (#"\ud83dx""#, .halfCharacter),
        (#"\ud83d\n""#, .halfCharacter), (#"\ud83d\u0041""#, .halfCharacter), (#"\ude00""#, .halfCharacter),
        (#"\ude00\ud83d""#, .halfCharacter), (#"\ud83d\ud83d""#, .halfCharacter), (#"\ud83d\u""#, .digitsMissing),
    ]) func `is refused where it is none`(_ text: String, _ fault: JSONString.Fault) {
        #expect(read(text).0 == .failure(fault))
    }
}
