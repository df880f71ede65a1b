import RelayProtocol

/// What hosts and hubs read of each other: the same frames however the bytes arrive, and an opening that is written as it was read.
enum FramesOfRelay {
    private struct Frame: Equatable {
        let kind: RelayFrame.Kind
        let stream: UInt32
        let payload: [UInt8]
    }

    static func run(_ bytes: [UInt8]) throws(Violation) {
        let whole = read(bytes, by: bytes.count)
        try promise(read(bytes, by: 1) == whole, "byte by byte it is another conversation")
        try promise(read(bytes, by: 7) == whole, "in sevens it is another conversation")
        for frame in whole {
            try promise(frame.kind.sizes.contains(frame.payload.count), "\(frame.kind) of \(frame.payload.count) bytes")
            try promise((frame.stream != 0) == frame.kind.isOfStream, "\(frame.kind) of the stream \(frame.stream)")
            if frame.kind == .open { try judge(frame.payload) }
        }
        try judge(bytes)
    }

    private static func judge(_ payload: [UInt8]) throws(Violation) {
        guard let opening = try? RelayOpening(payload.span) else { return }
        try promise(opening.bytes == payload, "written again, \(payload) is \(opening.bytes)")
    }

    /// The frames before whatever is none.
    private static func read(_ bytes: [UInt8], by size: Int) -> [Frame] {
        var assembler = RelayAssembler()
        var frames: [Frame] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + max(size, 1), bytes.count)
            do throws(RelayError) {
                try assembler.feed(bytes.span.extracting(start..<end)) { header, payload in
                    frames.append(
                        Frame(kind: header.kind, stream: header.stream, payload: payload.indices.map { payload[$0] }))
                    return true
                }
            } catch {
                return frames
            }
            start = end
        }
        return frames
    }
}
