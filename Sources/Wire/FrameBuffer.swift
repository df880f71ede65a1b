/// One frame being built or received, in a fixed place that is wiped when it is no longer needed.
public struct FrameBuffer: ~Copyable {
    private var bytes: FixedBytes<4096>
    /// Where the count of the list that is being built stands, or 0.
    private var listStart = 0
    /// Something was received into it, perhaps more than was counted.
    private var isOfOthers = false

    /// How many bytes of the frame are there.
    public var count: Int { bytes.count }

    private init(_: Void) { bytes = FixedBytes<4096>.empty() }

    /// A buffer with nothing in it. (A noncopyable type with a `deinit` is opened through a static
    /// function: Embedded Swift refuses a public initialiser.)
    public static func empty() -> FrameBuffer { FrameBuffer(()) }

    /// Forgets the frame and overwrites its bytes.
    public mutating func clear() {
        bytes.clear()
        listStart = 0
        isOfOthers = false
    }

    /// The frame as far as it has come.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.withBytes(body)
    }

    /// What follows the header.
    public func withPayload<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.withBytes(from: Wire.headerSize, body)
    }

    // MARK: Receiving

    /// Lets `read` put up to `limit` bytes behind those that are there; it returns how many it put.
    ///
    /// The whole frame never grows past its fixed size: a larger limit is cut down to it.
    public mutating func receive<Failure: Error>(
        atMost limit: Int, _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        isOfOthers = true
        return try unsafe bytes.receive(atMost: limit, read)
    }

    // MARK: Building

    /// Begins a frame; `finish()` fills its length in.
    public mutating func start(_ kind: FrameKind, version: UInt8) {
        if isOfOthers { clear() } else { bytes.restart() }
        listStart = 0
        append(uint32: 0)
        append(uint8: version)
        append(uint8: kind.rawValue)
    }

    /// Completes the frame.
    public mutating func finish() {
        let length = UInt32(truncatingIfNeeded: max(count &- 4, 0))
        bytes.replace(at: 0, with: UInt8(truncatingIfNeeded: length >> 24))
        bytes.replace(at: 1, with: UInt8(truncatingIfNeeded: length >> 16))
        bytes.replace(at: 2, with: UInt8(truncatingIfNeeded: length >> 8))
        bytes.replace(at: 3, with: UInt8(truncatingIfNeeded: length))
    }

    /// Appends one byte; a full frame stays as it is.
    public mutating func append(uint8 value: UInt8) { bytes.append(value) }

    /// Appends two bytes, big-endian; a full frame stays as it is.
    public mutating func append(uint16 value: UInt16) {
        append(uint8: UInt8(truncatingIfNeeded: value >> 8))
        append(uint8: UInt8(truncatingIfNeeded: value))
    }

    /// Appends four bytes, big-endian; a full frame stays as it is.
    public mutating func append(uint32 value: UInt32) {
        append(uint16: UInt16(truncatingIfNeeded: value >> 16))
        append(uint16: UInt16(truncatingIfNeeded: value))
    }

    /// Appends a field and its length; of one longer than `limit` nothing but an empty field goes out.
    ///
    /// Cutting would be worse than leaving out: a name cut short is another name. Returns whether
    /// the field went out whole.
    @discardableResult
    public mutating func append(field: Span<UInt8>, atMost limit: Int) -> Bool {
        guard field.count <= limit, field.count <= Wire.maximumFrame &- count &- 2 else {
            append(uint16: 0)
            return false
        }
        append(uint16: UInt16(truncatingIfNeeded: field.count))
        return bytes.append(contentsOf: field)
    }

    /// Appends bytes without a length of their own: the frame's length is theirs.
    mutating func append(bytes field: Span<UInt8>) -> Bool { bytes.append(contentsOf: field) }

    /// Opens a list of fields: a count, raised by each `append(listed:atMost:most:)` that follows.
    public mutating func openList() {
        listStart = count
        append(uint8: 0)
    }

    /// Appends a field to the open list; returns whether it went in. One that is longer than `limit`, and
    /// one that would make the list longer than `most`, leaves the list as it was.
    @discardableResult
    public mutating func append(listed field: Span<UInt8>, atMost limit: Int, most: Int) -> Bool {
        guard listStart > 0, field.count <= limit, field.count <= Wire.maximumFrame &- count &- 2 else { return false }
        let listed = bytes.withBytes(from: listStart) { Int($0.byte(at: 0) ?? 0) }
        guard listed < min(most, 255) else { return false }
        bytes.replace(at: listStart, with: UInt8(truncatingIfNeeded: listed &+ 1))
        return append(field: field, atMost: limit)
    }
}
