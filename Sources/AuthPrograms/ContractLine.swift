internal import Authentication

/// A line of the contract while it is written: one JSON object, and whatever secrets are in it in memory that is wiped.
struct ContractLine: ~Copyable {
    private var bytes = GrowingSecret()
    private var isFirst = true

    /// Begins a question.
    init(_ request: String, to program: ProgramName) {
        append("{")
        member("twostep", Contract.version)
        member("request", request)
        member("kind", program.kind.rawValue)
        member("id", program.identity)
    }

    mutating func member(_ name: String, _ value: String) {
        key(name)
        let text = Array(value.utf8)
        quote(text.span)
    }

    mutating func member(_ name: String, _ value: Int64) {
        key(name)
        append(String(value))
    }

    mutating func member(_ name: String, _ value: Span<UInt8>) {
        key(name)
        quote(value)
    }

    /// What was typed, by the names of the form's fields.
    mutating func answers(_ input: UserInput, to schema: InputSchema) {
        begin("answers", "{")
        for (index, field) in schema.fields.enumerated() {
            key(field.name)
            input.withField(at: index) { quote($0) }
        }
        end("}")
    }

    /// The account's devices, with what the program keeps of each.
    mutating func devices(_ devices: [ChargedGuess.OpenedDevice]) {
        begin("devices", "[")
        for device in devices {
            separate()
            append("{")
            isFirst = true
            member("name", device.name)
            key("payload")
            device.payload.secret.withBytes { quote($0) }
            member("state", device.state)
            end("}")
        }
        end("]")
    }

    /// The whole line; nil if it is longer than a question may be.
    consuming func finished() -> Secret? {
        append("}\n")
        return bytes.count <= Contract.longestRequest ? bytes.finished() : nil
    }

    // MARK: JSON

    private mutating func begin(_ name: String, _ bracket: String) {
        key(name)
        append(bracket)
        isFirst = true
    }

    private mutating func end(_ bracket: String) {
        append(bracket)
        isFirst = false
    }

    private mutating func separate() {
        if !isFirst { append(",") }
        isFirst = false
    }

    private mutating func key(_ name: String) {
        separate()
        append("\"\(name)\":")
    }

    /// A string (RFC 8259, 7): what is quoted is UTF-8 already.
    private mutating func quote(_ text: Span<UInt8>) {
        append("\"")
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case let byte where byte < 0x20 || byte == 0x7F:
                append("\\u00")
                append(ContractLine.digit(byte >> 4))
                append(ContractLine.digit(byte & 15))
            case let byte: append(byte)
            }
        }
        append("\"")
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    private mutating func append(_ text: String) { bytes.append(text) }

    private mutating func append(_ byte: UInt8) { bytes.append(byte) }
}
