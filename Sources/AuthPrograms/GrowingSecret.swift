internal import Authentication

/// A text with secrets in it while it is written, in memory that is wiped whenever it is let go.
struct GrowingSecret: ~Copyable {
    private var bytes = Secret(count: 512) { _ in }
    private(set) var count = 0

    mutating func append(_ text: String) { for byte in text.utf8 { append(byte) } }

    mutating func append(_ text: Span<UInt8>) { for index in text.indices { append(text[index]) } }

    mutating func append(_ byte: UInt8) {
        if count == bytes.count {
            // The old memory is wiped when it is let go.
            let larger = bytes.withBytes { old in
                Secret(count: old.count * 2) { target in
                    for index in old.indices { target[index] = old[index] }
                }
            }
            bytes = larger
        }
        bytes.replace(at: count, with: byte)
        count += 1
    }

    /// What was written.
    consuming func finished() -> Secret {
        let count = count
        return bytes.withBytes { Secret(copying: $0.extracting(first: count)) }
    }
}
