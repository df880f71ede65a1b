import Wire

/// What a host and a hub say to each other around the frames of logins: any number of logins on one connection.
///
/// A frame is `length: UInt32 · kind: UInt8 · stream: UInt32 · payload`, all integers big-endian; the length counts what follows
/// it. The connection itself is TLS 1.3 with certificates on both sides, so that nothing here says who anybody is.
package enum RelayFrame {
    /// The versions that this build speaks.
    package static let versions: ClosedRange<UInt8> = 1...1

    /// Length, kind and stream, in bytes.
    package static let headerSize = 9

    /// The longest payload, in bytes: a frame of the wire fits.
    package static let maximumPayload = Wire.maximumFrame

    /// The most logins that may be under way on one connection.
    package static let maximumStreams = 256

    /// What a frame is. The first five go from the host to the hub, the others back.
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// The versions that the host speaks: lowest, highest.
        case hello = 0x01
        /// A login: who asks for it. The stream's number is greater than every one before it.
        case open = 0x02
        /// Bytes that pam_twostep.so has sent.
        case up = 0x03
        /// The login is abandoned.
        case close = 0x04
        /// Whether the hub still answers; four bytes come back.
        case ping = 0x05
        /// The version that the hub has picked, and what it is: a release.
        case welcome = 0x81
        /// The hub has the login now, and will have an answer.
        case taken = 0x82
        /// Bytes for pam_twostep.so.
        case down = 0x83
        /// The login has ended, or there is no room for it.
        case ended = 0x84
        /// The bytes of a ping.
        case pong = 0x85
        /// The hub serves this host no more, and why in words for its journal.
        case farewell = 0x86

        /// Whether the hub sends it.
        package var isFromHub: Bool { rawValue & 0x80 != 0 }

        /// Whether it belongs to one login.
        package var isOfStream: Bool {
            switch self {
            case .open, .up, .close, .taken, .down, .ended: true
            case .hello, .ping, .welcome, .pong, .farewell: false
            }
        }

        /// The sizes that its payload may have, in bytes.
        package var sizes: ClosedRange<Int> {
            switch self {
            case .hello: 2...2
            case .open: 2...128
            case .up, .down: 1...RelayFrame.maximumPayload
            case .close, .taken, .ended: 0...0
            case .ping, .pong: 4...4
            case .welcome: 1...65
            case .farewell: 0...256
            }
        }
    }

    /// What stands before a payload, judged before anything else is read or kept.
    package struct Header: Equatable, Sendable {
        package let kind: Kind
        package let stream: UInt32
        /// In bytes.
        package let payloadCount: Int

        package init(_ kind: Kind, stream: UInt32 = 0, payloadCount: Int) {
            self.kind = kind
            self.stream = stream
            self.payloadCount = payloadCount
        }

        /// Reads the first nine bytes. Throws `malformed` for another kind, a size that its kind cannot have, and a stream's number
        /// where there is none to be, or none where there is.
        package init(_ bytes: Span<UInt8>) throws(RelayError) {
            guard bytes.count >= RelayFrame.headerSize else { throw .malformed }
            let length = UInt32(bigEndian: bytes, at: 0)
            guard length >= 5, length <= UInt32(RelayFrame.maximumPayload) + 5 else { throw .malformed }
            guard let kind = Kind(rawValue: bytes[4]) else { throw .malformed }
            let count = Int(length) - 5
            let stream = UInt32(bigEndian: bytes, at: 5)
            guard kind.sizes.contains(count), (stream != 0) == kind.isOfStream else { throw .malformed }
            self.init(kind, stream: stream, payloadCount: count)
        }

        /// The nine bytes.
        package var bytes: [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(RelayFrame.headerSize)
            bytes.append(bigEndian: UInt32(clamping: payloadCount + 5))
            bytes.append(kind.rawValue)
            bytes.append(bigEndian: stream)
            return bytes
        }
    }
}

/// What is no frame, or not in its place: it ends the connection.
package enum RelayError: Error, Equatable, Sendable {
    case malformed
}

extension UInt32 {
    /// Four bytes from `place` on; zero where they are not there.
    init(bigEndian bytes: Span<UInt8>, at place: Int) {
        self = 0
        guard place >= 0, place <= bytes.count, bytes.count - place >= 4 else { return }
        for index in place..<(place + 4) { self = self << 8 | UInt32(bytes[index]) }
    }
}

extension UInt64 {
    /// Eight bytes from `place` on; zero where they are not there.
    init(bigEndian bytes: Span<UInt8>, at place: Int) {
        self = UInt64(UInt32(bigEndian: bytes, at: place)) << 32
        guard place >= 0, place <= bytes.count, bytes.count - place >= 8 else { return }
        self |= UInt64(UInt32(bigEndian: bytes, at: place + 4))
    }
}

extension [UInt8] {
    mutating func append(bigEndian number: UInt32) {
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
    }

    mutating func append(bigEndian number: UInt64) {
        append(bigEndian: UInt32(truncatingIfNeeded: number >> 32))
        append(bigEndian: UInt32(truncatingIfNeeded: number))
    }
}
