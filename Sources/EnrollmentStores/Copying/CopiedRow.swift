internal import Cryptography

/// What stands in one place of a row, byte for byte: texts that are equal to Swift may be two names.
enum CopiedValue: Hashable, Sendable {
    case text([UInt8])
    case integer(Int64)
    case bytes([UInt8])
    case null
}

/// A row on its way from one store to another.
struct CopiedRow: Equatable, Sendable {
    let values: [CopiedValue]

    /// The values that tell it from all other rows of its table.
    func key(of table: CopiedTable) -> [CopiedValue] { Array(values.prefix(table.keyCount)) }

    func text(_ column: Int) -> String? {
        guard values.indices.contains(column), case .text(let bytes) = values[column] else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    func bytes(_ column: Int) -> [UInt8]? {
        guard values.indices.contains(column), case .bytes(let bytes) = values[column] else { return nil }
        return bytes
    }
}

/// The rows of a table, as one number each and one digest for all of them in their order.
struct CopyDigest: Equatable, Sendable {
    private(set) var count = 0
    private var digest = [UInt8](repeating: 0, count: 32)

    /// In hexadecimal, the first eight bytes: enough for somebody to compare.
    var text: String {
        digest.prefix(8).map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0" + text : text
        }.joined()
    }

    /// Takes in the next row: each value with its kind and its length, so that no two rows are the same bytes.
    mutating func add(_ row: CopiedRow) throws(CryptographyFailure) {
        var bytes = digest
        for value in row.values {
            switch value {
            case .text(let own): bytes.append(kind: 1, own)
            case .integer(let number):
                bytes.append(kind: 2, (0..<8).map { UInt8(truncatingIfNeeded: number >> Int64(8 * $0)) })
            case .bytes(let own): bytes.append(kind: 3, own)
            case .null: bytes.append(kind: 4, [])
            }
        }
        digest = try sha256Digest(bytes.span)
        count += 1
    }
}

extension [UInt8] {
    fileprivate mutating func append(kind: UInt8, _ value: [UInt8]) {
        append(kind)
        let length = UInt32(clamping: value.count)
        for shift in [24, 16, 8, 0] as [UInt32] { append(UInt8(truncatingIfNeeded: length >> shift)) }
        append(contentsOf: value)
    }
}
