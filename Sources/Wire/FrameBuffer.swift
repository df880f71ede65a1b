import CPOSIX

/// One frame being built or received, in a fixed place that is wiped when it is no longer needed.
public struct FrameBuffer: ~Copyable {
    private var bytes: [4096 of UInt8]
    /// How many bytes of the frame are there.
    public private(set) var count: Int

    private init(_: Void) {
        bytes = [4096 of UInt8](repeating: 0)
        count = 0
    }

    /// A buffer with nothing in it. (A noncopyable type with a `deinit` is opened through a static
    /// function: Embedded Swift refuses a public initialiser.)
    public static func empty() -> FrameBuffer { FrameBuffer(()) }

    deinit {
        // `self` cannot be changed here, so its memory is.
        unsafe withUnsafePointer(to: bytes) {
            unsafe posix_wipe(UnsafeMutableRawPointer(mutating: $0), 4096)
        }
    }

    /// Forgets the frame and overwrites its bytes.
    public mutating func clear() {
        var span = bytes.mutableSpan
        wipe(&span)
        count = 0
    }

    /// The frame as far as it has come.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes.span.extracting(first: count))
    }

    /// What follows the header.
    public func withPayload<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard count > Wire.headerSize else { return try body(bytes.span.extracting(first: 0)) }
        return try body(bytes.span.extracting(Wire.headerSize..<count))
    }

    // MARK: Receiving

    /// Lets `read` put up to `limit` bytes behind those that are there; it returns how many it put.
    ///
    /// The whole frame never grows past its fixed size: a larger limit is cut down to it.
    public mutating func receive<Failure: Error>(
        atMost limit: Int, _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let room = min(max(limit, 0), Wire.maximumFrame &- count)
        let start = count
        var span = bytes.mutableSpan
        let got = try unsafe span.withUnsafeMutableBytes { (all) throws(Failure) -> Int in
            try unsafe read(UnsafeMutableRawBufferPointer(rebasing: all[start..<(start &+ room)]))
        }
        let accepted = min(max(got, 0), room)
        count &+= accepted
        return accepted
    }

    // MARK: Building

    /// Begins a frame; `finish()` fills its length in.
    public mutating func start(_ kind: FrameKind, version: UInt8) {
        clear()
        append(uint32: 0)
        append(uint8: version)
        append(uint8: kind.rawValue)
    }

    /// Completes the frame.
    public mutating func finish() {
        let length = UInt32(truncatingIfNeeded: count &- 4)
        bytes[0] = UInt8(truncatingIfNeeded: length >> 24)
        bytes[1] = UInt8(truncatingIfNeeded: length >> 16)
        bytes[2] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[3] = UInt8(truncatingIfNeeded: length)
    }

    public mutating func append(uint8 value: UInt8) {
        guard count >= 0, count < Wire.maximumFrame else { return }
        bytes[count] = value
        count &+= 1
    }

    public mutating func append(uint16 value: UInt16) {
        append(uint8: UInt8(truncatingIfNeeded: value >> 8))
        append(uint8: UInt8(truncatingIfNeeded: value))
    }

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
        for index in field.indices { append(uint8: field[index]) }
        return true
    }
}
