package import Authentication

/// The secret part of a message: fields of `length: UInt16 big-endian · bytes`, one behind the other, in
/// memory that wipes itself.
///
/// Which fields a message has is written beside each case of `AdminRequest` and `AdminReply`.
package struct SecretFields: ~Copyable, Sendable {
    private var encoded: Secret
    /// The number of fields.
    package private(set) var count: Int

    /// No field at all.
    package init() {
        encoded = Secret(count: 0) { _ in }
        count = 0
    }

    /// A part as it was received; throws `truncated` unless its fields fill it exactly.
    package init(decoding bytes: Span<UInt8>) throws(AdminProtocolError) {
        var found = 0
        var position = 0
        while position < bytes.count {
            guard let field = SecretFields.field(at: position, in: bytes) else { throw .truncated }
            position = field.upperBound
            found += 1
        }
        encoded = Secret(copying: bytes)
        count = found
    }

    /// Adds a field; throws `oversized` if it has more than 65,535 bytes. Wiping `bytes` is its owner's part.
    package mutating func append(_ bytes: Span<UInt8>) throws(AdminProtocolError) {
        guard bytes.count <= Int(UInt16.max) else { throw .oversized }
        encoded = encoded.withBytes { before in
            Secret(count: before.count + 2 + bytes.count) { target in
                for index in before.indices { target[index] = before[index] }
                target[before.count] = UInt8(bytes.count >> 8)
                target[before.count + 1] = UInt8(bytes.count & 0xFF)
                for index in bytes.indices { target[before.count + 2 + index] = bytes[index] }
            }
        }
        count += 1
    }

    /// Adds a secret as a field; throws `oversized` if it has more than 65,535 bytes.
    package mutating func append(_ secret: borrowing Secret) throws(AdminProtocolError) {
        // Not through withBytes: its closure may not change the struct that it would have to capture.
        let copy = secret.withBytes { Secret(copying: $0) }
        try copy.withBytes { (bytes) throws(AdminProtocolError) in try append(bytes) }
    }

    /// A copy of a field, counted from 0, that wipes itself; throws `truncated` if there is no such field.
    package borrowing func field(_ index: Int) throws(AdminProtocolError) -> Secret {
        try encoded.withBytes { (bytes) throws(AdminProtocolError) in
            var position = 0
            var current = 0
            while let field = SecretFields.field(at: position, in: bytes) {
                if current == index { return Secret(copying: bytes.extracting(field)) }
                position = field.upperBound
                current += 1
            }
            throw .truncated
        }
    }

    /// All fields as the form that they were filled into, in memory that wipes itself.
    package borrowing func form() -> UserInput? {
        encoded.withBytes { bytes in
            var ends: [Int] = []
            var position = 0
            while let field = SecretFields.field(at: position, in: bytes) {
                ends.append((ends.last ?? 0) + field.count)
                position = field.upperBound
            }
            let values = Secret(count: ends.last ?? 0) { target in
                var source = 0
                var written = 0
                while let field = SecretFields.field(at: source, in: bytes) {
                    for index in field {
                        target[written] = bytes[index]
                        written += 1
                    }
                    source = field.upperBound
                }
            }
            return UserInput(values, ends: ends)
        }
    }

    /// Lends the encoded part for the time of a call.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try encoded.withBytes(body)
    }

    /// Where the bytes of the field lie whose length stands at `start`; nil if they do not all lie within `bytes`.
    private static func field(at start: Int, in bytes: Span<UInt8>) -> Range<Int>? {
        guard bytes.count - start >= 2 else { return nil }
        let length = Int(bytes[start]) << 8 | Int(bytes[start + 1])
        guard bytes.count - start - 2 >= length else { return nil }
        return start + 2..<start + 2 + length
    }
}
