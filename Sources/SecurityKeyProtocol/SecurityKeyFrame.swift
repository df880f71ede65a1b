internal import Authentication

/// How the daemon and whoever asks security keys write to each other: `length: UInt32 · version: UInt8 · kind: UInt8`,
/// then fields, each `length: UInt16` and its bytes. All numbers are big-endian; a length does not count itself.
package struct SecurityKeyFrame: Equatable, Sendable {
    package static let version: UInt8 = 1
    /// The size of the length before a frame.
    package static let headerSize = 4
    /// The longest frame, in bytes, without the length before it.
    package static let longest = 131_072

    package let kind: UInt8
    private let fields: [Range<Int>]

    /// What a field is made of.
    enum Field {
        case bytes([UInt8])
        /// Something typed into a single field, which is copied nowhere else.
        case typed(UserInput)

        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .typed(let input): input.withField { $0.count }
            }
        }
    }

    /// A frame with its length before it.
    static func make(_ kind: UInt8, _ fields: [Field]) -> Secret {
        let length = 2 + fields.reduce(0) { $0 + 2 + $1.count }
        return Secret(count: headerSize + length) { target in
            let head = [
                UInt8(truncatingIfNeeded: length >> 24), UInt8(truncatingIfNeeded: length >> 16),
                UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length), version, kind,
            ]
            for index in head.indices { target[index] = head[index] }
            var place = head.count
            for field in fields {
                let count = field.count
                target[place] = UInt8(truncatingIfNeeded: count >> 8)
                target[place + 1] = UInt8(truncatingIfNeeded: count)
                place += 2
                switch field {
                case .bytes(let bytes): for index in bytes.indices { target[place + index] = bytes[index] }
                case .typed(let input):
                    for index in 0..<count { target[place + index] = input.withField { $0[index] } }
                }
                place += count
            }
        }
    }

    /// The length that the first bytes of a stream announce; nil before there are enough of them, and 0 for what is too
    /// long or too short for a frame.
    package static func length(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count >= headerSize else { return nil }
        let length = Int(bytes[0]) << 24 | Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
        return (2...longest).contains(length) ? length : 0
    }

    /// Finds the fields of a frame that begins with its length; nil if it is not whole, or says something else than it has.
    init?(_ frame: Span<UInt8>) {
        guard let length = SecurityKeyFrame.length(frame), length > 0,
            frame.count == SecurityKeyFrame.headerSize + length, frame[4] == SecurityKeyFrame.version
        else { return nil }
        kind = frame[5]
        var fields: [Range<Int>] = []
        var place = 6
        while place < frame.count {
            guard frame.count - place >= 2 else { return nil }
            let count = Int(frame[place]) << 8 | Int(frame[place + 1])
            place += 2
            guard frame.count - place >= count else { return nil }
            fields.append(place..<place + count)
            place += count
        }
        self.fields = fields
    }

    /// How many fields it has.
    var count: Int { fields.count }

    /// The bytes of a field; none for one that is not there.
    func bytes(_ index: Int, of frame: Span<UInt8>) -> [UInt8] {
        withField(index, of: frame) { field in field.indices.map { field[$0] } }
    }

    /// Lends the bytes of a field.
    func withField<Result: ~Copyable>(
        _ index: Int, of frame: Span<UInt8>, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        guard fields.indices.contains(index), fields[index].upperBound <= frame.count else {
            return body(frame.extracting(0..<0))
        }
        return body(frame.extracting(fields[index]))
    }
}
