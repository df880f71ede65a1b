import CPOSIX
import Wire

extension FixedBytes {
    /// Adds a literal.
    mutating func append(_ text: StaticString) {
        text.withBytes { _ = append(contentsOf: $0) }
    }

    /// Adds a number in decimal digits.
    mutating func append(decimal number: UInt8) {
        if number >= 100 { append(0x30 &+ number / 100) }
        if number >= 10 { append(0x30 &+ number / 10 % 10) }
        append(0x30 &+ number % 10)
    }

    /// Adds of `text` what may reach a terminal or a journal, and leaves out the rest; one byte always stays
    /// free for a NUL.
    mutating func append(printable text: Span<UInt8>, newlines: Bool) {
        var index = 0
        while index >= 0, index < text.count {
            let length = PrintableText.scalarLength(text, at: index, newlines: newlines)
            guard length > 0, length <= text.count &- index else {
                index &+= 1
                continue
            }
            guard length < capacity &- count else { return }
            text.withPart(from: index, count: length) { _ = append(contentsOf: $0) }
            index &+= length
        }
    }

    /// Adds the printable part of a C string's first `limit` bytes; of a longer one three dots tell.
    mutating func append(printable text: UnsafePointer<CChar>, atMost limit: Int) {
        unsafe withCharacters(of: text, atMost: limit) { append(printable: $0, newlines: false) }
        if unsafe strnlen(text, limit &+ 1) > limit { append("...") }
    }
}

extension StaticString {
    /// The literal's bytes. One that is a single scalar has none: there is no such literal here.
    func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        let (start, count) = unsafe hasPointerRepresentation ? (utf8Start, utf8CodeUnitCount) : (nil, 0)
        return unsafe body(UnsafeBufferPointer(start: start, count: count).span)
    }
}

/// Hands over a C string's bytes, without the NUL, and no more than `limit` of them.
func withCharacters(
    of text: UnsafePointer<CChar>, atMost limit: Int, _ body: (Span<UInt8>) -> Void
) {
    let length = unsafe strnlen(text, limit)
    let start = unsafe UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self)
    unsafe body(UnsafeBufferPointer(start: start, count: length).span)
}
