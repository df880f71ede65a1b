/// The protocol between the module and the daemon; its manual page is twostep-wire(7).
///
/// A frame is `length: UInt32 · version: UInt8 · kind: UInt8 · payload`, all integers big-endian. The
/// length counts what follows it, and no frame is longer than 4,096 bytes as a whole.
public enum Wire {
    /// The versions this build speaks. Adjacent versions work together: an upgrade replaces the module
    /// before it restarts the daemon, and an open screen locker keeps the old module for days.
    public static var versions: ClosedRange<UInt8> { 1...1 }

    /// The greatest size of a frame, header included, in bytes.
    public static var maximumFrame: Int { 4096 }

    /// Length, version and kind, in bytes.
    public static var headerSize: Int { 6 }

    /// The longest prompt or verdict text, in bytes of UTF-8: a QR code fits.
    public static var maximumText: Int { 3900 }

    /// The longest answer, in bytes: what PAM_MAX_RESP_SIZE leaves for text.
    public static var maximumAnswer: Int { 511 }

    /// The longest name of a user, a host, in bytes.
    public static var maximumName: Int { 256 }

    /// The most messages that ask for nothing between two prompts: newer sshd dies at the 33rd.
    public static var maximumMessagesBetweenPrompts: Int { 16 }

    /// The most prompts in one conversation.
    public static var maximumPrompts: Int { 32 }

    /// The most `set` frames in one conversation.
    public static var maximumSets: Int { 16 }

    /// How long each end waits for the other's next frame, in seconds, unless a prompt announced otherwise.
    /// A person who is asked has the session's time, which the daemon keeps.
    public static var replySeconds: Int { 10 }

    /// The longest wait that a prompt can announce, in seconds; more counts as this much.
    public static var maximumPatience: Int { 600 }
}

/// What a frame is. The first four go from the module to the daemon, the others back.
public enum FrameKind: UInt8, Sendable {
    /// Who asks for whom.
    case begin = 0x01
    /// What was typed.
    case answer = 0x02
    /// There is an answer, and it stays in the host process.
    case unusable = 0x03
    /// Nobody will answer.
    case cancel = 0x04
    /// Something to show, and perhaps to ask.
    case prompt = 0x81
    /// Something to change in the host process.
    case set = 0x82
    /// The end.
    case verdict = 0x83

    /// The greatest size of a payload of this kind, in bytes.
    public var maximumPayload: Int {
        switch self {
        case .begin, .prompt, .set, .verdict: Wire.maximumFrame &- Wire.headerSize
        case .answer: Wire.maximumAnswer
        case .unusable, .cancel: 0
        }
    }

    /// Whether the daemon sends it.
    public var isFromDaemon: Bool {
        switch self {
        case .begin, .answer, .unusable, .cancel: false
        case .prompt, .set, .verdict: true
        }
    }
}

/// The first six bytes of a frame, judged before anything else is read or allocated.
public struct FrameHeader: Equatable, Sendable {
    /// The version that the sender speaks.
    public let version: UInt8
    /// What the frame is.
    public let kind: FrameKind
    /// The size of the payload that follows, in bytes: 0 to 4,090.
    public let payloadCount: Int

    /// Reads a header, or throws `malformed` if it announces too little, more than its kind may have,
    /// or an unknown kind.
    ///
    /// `begin` is the one frame whose version is not judged here: it carries the range on offer.
    public init(_ bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= Wire.headerSize else { throw .malformed }
        var cursor = Cursor()
        let length = try cursor.uint32(in: bytes)
        version = try cursor.uint8(in: bytes)
        let code = try cursor.uint8(in: bytes)
        guard length >= 2, length <= UInt32(truncatingIfNeeded: Wire.maximumFrame &- 4) else { throw .malformed }
        guard let kind = FrameKind(rawValue: code) else { throw .malformed }
        self.kind = kind
        payloadCount = Int(truncatingIfNeeded: length) &- 2
        guard payloadCount <= kind.maximumPayload else { throw .malformed }
    }
}

/// A part of a frame's payload, by place; the bytes stay where they were received.
public struct Field: Equatable, Sendable {
    /// Where it begins in the payload, in bytes.
    public let start: Int
    /// Its length in bytes.
    public let count: Int

    /// A field with nothing in it.
    public static var empty: Field { Field(start: 0, count: 0) }

    /// A field at a place that whoever reads it answers for.
    public init(start: Int, count: Int) {
        self.start = start
        self.count = count
    }

    /// Hands over the field's bytes, taken from the payload it was read from; from another they are cut to
    /// what is there.
    public func withBytes<Result, Failure: Error>(
        in payload: Span<UInt8>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try payload.withPart(from: start, count: count, body)
    }
}

/// A reading position in a payload. It holds no bytes, so they can be wiped at any time.
public struct Cursor: Sendable {
    public private(set) var offset = 0

    /// At the first byte.
    public init() {}

    /// One byte, or `malformed` at the end.
    public mutating func uint8(in bytes: Span<UInt8>) throws(WireError) -> UInt8 {
        guard offset >= 0, offset < bytes.count else { throw .malformed }
        let value = unsafe bytes[unchecked: offset]
        offset &+= 1
        return value
    }

    /// Two bytes, big-endian, or `malformed` at the end.
    public mutating func uint16(in bytes: Span<UInt8>) throws(WireError) -> UInt16 {
        let high = try uint8(in: bytes)
        return try UInt16(high) << 8 | UInt16(uint8(in: bytes))
    }

    /// Four bytes, big-endian, or `malformed` at the end.
    public mutating func uint32(in bytes: Span<UInt8>) throws(WireError) -> UInt32 {
        let high = try uint16(in: bytes)
        return try UInt32(high) << 16 | UInt32(uint16(in: bytes))
    }

    /// A field preceded by its length in two bytes; longer than `limit` is malformed.
    public mutating func field(in bytes: Span<UInt8>, atMost limit: Int) throws(WireError) -> Field {
        let count = try Int(uint16(in: bytes))
        guard count <= limit, count <= bytes.count &- offset else { throw .malformed }
        let field = Field(start: offset, count: count)
        offset &+= count
        return field
    }

    /// Every payload must be read to its last byte.
    public func finish(in bytes: Span<UInt8>) throws(WireError) {
        guard offset == bytes.count else { throw .malformed }
    }
}
