/// The bytes of an input, read from front to back as choices; behind its end all are zero.
struct Tape {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// So many bytes as the next one says, or as many as are left.
    mutating func chunk() -> [UInt8] {
        let count = Int(byte())
        let end = min(position + count, bytes.count)
        defer { position = end }
        return position < end ? Array(bytes[position..<end]) : []
    }
}

/// The parts of an input between bytes of zero, which no text has.
func parts(of bytes: [UInt8]) -> [[UInt8]] {
    bytes.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
}

extension Span<UInt8> {
    /// The bytes as an array, to be looked at and compared.
    var array: [UInt8] { indices.map { self[$0] } }
}
