package import Wire

/// Puts the frames of one connection together from what the socket gives.
///
/// A frame that arrives whole is read where it lies. Only the beginning of one is kept, in memory that is wiped.
package struct FrameAssembler {
    private final class Partial {
        var buffer = FrameBuffer.empty()
    }

    private var partial: Partial?

    /// At the beginning of a connection.
    package init() {}

    /// Feeds what was received; `body` gets each whole frame and says whether to go on.
    ///
    /// Throws `malformed` as soon as a header is no header; what follows it is never looked at.
    package mutating func feed(
        _ bytes: Span<UInt8>, _ body: (FrameHeader, Span<UInt8>) -> Bool
    ) throws(WireError) {
        var offset = 0
        while offset < bytes.count {
            if let waiting = partial {
                offset += try complete(waiting, with: bytes.extracting(droppingFirst: offset))
                guard let goesOn = try deliver(waiting, body) else { return }
                forget()
                guard goesOn else { return }
                continue
            }
            let rest = bytes.extracting(droppingFirst: offset)
            if rest.count >= Wire.headerSize {
                let header = try FrameHeader(rest)
                let size = Wire.headerSize + header.payloadCount
                if rest.count >= size {
                    offset += size
                    guard body(header, rest.extracting(Wire.headerSize..<size)) else { return }
                    continue
                }
            }
            partial = Partial()
        }
    }

    /// Wipes what was kept of a frame: in place, where a `deinit` could only wipe a copy.
    package mutating func forget() {
        partial?.buffer.clear()
        partial = nil
    }

    /// Fills a partial frame up to its end and returns how many bytes that took.
    private func complete(_ waiting: Partial, with bytes: Span<UInt8>) throws(WireError) -> Int {
        var taken = 0
        while taken < bytes.count {
            let goal = try waiting.buffer.withBytes { (held) throws(WireError) in
                guard held.count >= Wire.headerSize else { return Wire.headerSize }
                return try Wire.headerSize + FrameHeader(held).payloadCount
            }
            let missing = min(goal - waiting.buffer.count, bytes.count - taken)
            guard missing > 0 else { break }
            for index in taken..<(taken + missing) { waiting.buffer.append(uint8: bytes[index]) }
            taken += missing
        }
        return taken
    }

    /// Delivers the partial frame if it is whole by now; nil if it is not.
    private func deliver(
        _ waiting: Partial, _ body: (FrameHeader, Span<UInt8>) -> Bool
    ) throws(WireError) -> Bool? {
        try waiting.buffer.withBytes { (held) throws(WireError) in
            guard held.count >= Wire.headerSize else { return nil }
            let header = try FrameHeader(held)
            let size = Wire.headerSize + header.payloadCount
            guard held.count >= size else { return nil }
            return body(header, held.extracting(Wire.headerSize..<size))
        }
    }
}
