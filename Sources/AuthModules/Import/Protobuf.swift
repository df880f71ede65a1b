/// The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), as far as an export of an
/// authenticator app needs it.
enum Protobuf {
    /// One field of a message, with its number.
    enum Value: Equatable {
        case number(UInt64)
        /// Where its bytes lie.
        case bytes(Range<Int>)
        /// Of a type that nobody here reads.
        case other
    }

    /// The fields of the message in `range`, in order; nil for what is no message.
    static func fields(_ bytes: Span<UInt8>, in range: Range<Int>) -> [(number: UInt64, value: Value)]? {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
        var found: [(number: UInt64, value: Value)] = []
        var position = range.lowerBound
        while position < range.upperBound {
            guard let tag = varint(bytes, &position, before: range.upperBound), tag >> 3 > 0 else { return nil }
            let left = range.upperBound - position
            switch tag & 7 {
            case 0:
                guard let number = varint(bytes, &position, before: range.upperBound) else { return nil }
                found.append((tag >> 3, .number(number)))
            case 2:
                guard let length = varint(bytes, &position, before: range.upperBound),
                    length <= UInt64(range.upperBound - position)
                else { return nil }
                found.append((tag >> 3, .bytes(position..<position + Int(length))))
                position += Int(length)
            case 1, 5:
                let size = tag & 7 == 1 ? 8 : 4
                guard left >= size else { return nil }
                found.append((tag >> 3, .other))
                position += size
            case _: return nil
            }
        }
        return found
    }

    /// A number of seven bits a byte, at most ten bytes, lowest first.
    private static func varint(_ bytes: Span<UInt8>, _ position: inout Int, before end: Int) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard position < end else { return nil }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
