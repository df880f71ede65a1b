package import Authentication

/// A JSON document (RFC 8259) in the order in which its members are written, which also takes secrets.
///
/// Foundation's encoder sorts or shuffles members and leaves copies of every text in memory.
package indirect enum JSONValue {
    case null
    case boolean(Bool)
    case integer(Int64)
    case text(String)
    /// UTF-8 that must leave no copy behind.
    case secret(SharedSecret)
    case list([JSONValue])
    case object([(String, JSONValue)])

    /// Text, or null.
    package static func text(_ text: String?) -> JSONValue { text.map { JSONValue.text($0) } ?? .null }

    /// A number, or null.
    package static func integer(_ number: Int64?) -> JSONValue { number.map { JSONValue.integer($0) } ?? .null }

    /// Appends the document, on one line.
    package func write(to buffer: OutputBuffer) {
        switch self {
        case .null: buffer.append("null")
        case .boolean(let value): buffer.append(value ? "true" : "false")
        case .integer(let number): buffer.append(String(number))
        case .text(let text):
            let bytes = Array(text.utf8)
            JSONValue.quote(bytes.span, to: buffer)
        case .secret(let shared): shared.secret.withBytes { JSONValue.quote($0, to: buffer) }
        case .list(let values):
            buffer.append("[")
            for (index, value) in values.enumerated() {
                if index > 0 { buffer.append(", ") }
                value.write(to: buffer)
            }
            buffer.append("]")
        case .object(let members):
            buffer.append("{")
            for (index, member) in members.enumerated() {
                if index > 0 { buffer.append(", ") }
                JSONValue.text(member.0).write(to: buffer)
                buffer.append(": ")
                member.1.write(to: buffer)
            }
            buffer.append("}")
        }
    }

    /// A string of JSON. The document may be read on a terminal, so what could disturb one is escaped or left out.
    private static func quote(_ bytes: Span<UInt8>, to buffer: OutputBuffer) {
        buffer.append("\"")
        let clean = OutputBuffer()
        clean.append(printable: bytes)
        clean.withBytes { clean in
            for index in clean.indices {
                switch clean[index] {
                case UInt8(ascii: "\""): buffer.append("\\\"")
                case UInt8(ascii: "\\"): buffer.append("\\\\")
                case UInt8(ascii: "\n"): buffer.append("\\n")
                case let byte: buffer.append(byte)
                }
            }
        }
        buffer.append("\"")
    }
}

/// A secret that several may hold; the last one to let go wipes it.
package final class SharedSecret: Sendable {
    package let secret: Secret

    package init(_ secret: consuming Secret) { self.secret = secret }
}
