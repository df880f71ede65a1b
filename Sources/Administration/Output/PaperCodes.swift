import Authentication

/// Codes that a person keeps on paper, each good once.
struct PaperCodes {
    private let codes: [SharedSecret]

    /// Takes one code a line.
    init(_ lines: SharedSecret) {
        codes = lines.secret.withBytes { bytes in
            var found: [SharedSecret] = []
            var start = 0
            for index in 0...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: "\n") {
                if index > start { found.append(SharedSecret(Secret(copying: bytes.extracting(start..<index)))) }
                start = index + 1
            }
            return found
        }
    }

    /// A list of texts.
    var json: JSONValue { .list(codes.map { .secret($0) }) }

    /// Numbered, with what to do with them.
    func list(on buffer: OutputBuffer) {
        let width = String(codes.count).count
        for (index, code) in codes.enumerated() {
            let number = String(index + 1)
            buffer.append("  " + String(repeating: " ", count: width - number.count) + number + "  ")
            code.secret.withBytes { buffer.append(printable: $0) }
            buffer.append("\n")
        }
        buffer.append("Each is good once. Keep them on paper, not on the phone: they are not shown again.\n")
    }
}
