import Authentication
import Wire

/// The text of one prompt that shows secrets, in a fixed place that is wiped.
struct PromptText: ~Copyable {
    private var bytes = FrameBuffer.empty()

    /// Whether all of it can be shown in one prompt. The place is larger than that, and what it cannot take is more too.
    var fits: Bool { bytes.count <= Wire.maximumText }

    mutating func append(_ text: String) {
        for byte in text.utf8 { bytes.append(uint8: byte) }
    }

    /// Adds a secret in groups of four, as people copy it.
    mutating func append(grouped secret: borrowing Secret) {
        secret.withBytes { (secret: Span<UInt8>) in
            var column = 0
            for index in secret.indices where secret[index] != UInt8(ascii: " ") {
                if column > 0, column % 4 == 0 { bytes.append(uint8: UInt8(ascii: " ")) }
                bytes.append(uint8: secret[index])
                column += 1
            }
        }
    }

    /// Adds lines of a secret, each indented.
    mutating func append(lines secret: borrowing Secret) {
        secret.withBytes { (secret: Span<UInt8>) in
            var isAtStart = true
            for index in secret.indices {
                if isAtStart { append("  ") }
                bytes.append(uint8: secret[index])
                isAtStart = secret[index] == UInt8(ascii: "\n")
            }
            if !isAtStart { append("\n") }
        }
    }

    /// Lends the text for the time of a call.
    func withBytes<Result, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
        try bytes.withBytes(body)
    }
}
