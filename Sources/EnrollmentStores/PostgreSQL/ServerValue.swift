/// A value that goes to the server, in its binary form: never in the text of a statement.
enum ServerValue {
    case text(String)
    case integer(Int64)
    case bytes([UInt8])
    case texts([String])
    case integers([Int64])
    case null

    static func optional(_ value: Int64?) -> ServerValue { value.map { .integer($0) } ?? .null }

    /// Appends it as the protocol has it (PostgreSQL, "Formats and Format Codes"); nothing for null.
    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .text(let text): bytes.append(contentsOf: text.utf8)
        case .integer(let value): bytes.append(word: value)
        case .bytes(let own): bytes.append(contentsOf: own)
        case .texts(let texts):
            bytes.append(arrayOf: texts.count, type: 25)
            for text in texts {
                bytes.append(half: Int32(clamping: text.utf8.count))
                bytes.append(contentsOf: text.utf8)
            }
        case .integers(let values):
            bytes.append(arrayOf: values.count, type: 20)
            for value in values {
                bytes.append(half: 8)
                bytes.append(word: value)
            }
        case .null: break
        }
    }

    var isNull: Bool { if case .null = self { true } else { false } }
}

extension [UInt8] {
    /// The head of an array of one dimension without nulls, whose elements are of the type with this number (pg_type.oid).
    fileprivate mutating func append(arrayOf count: Int, type: Int32) {
        append(half: count == 0 ? 0 : 1)
        append(half: 0)
        append(half: type)
        guard count > 0 else { return }
        append(half: Int32(clamping: count))
        append(half: 1)
    }

    fileprivate mutating func append(word value: Int64) {
        for shift in stride(from: 56, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> Int64(shift))) }
    }

    fileprivate mutating func append(half value: Int32) {
        for shift in stride(from: 24, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> Int32(shift))) }
    }
}
