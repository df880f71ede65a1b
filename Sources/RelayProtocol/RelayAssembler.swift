/// Puts the frames of a connection between host and hub together from what it gives.
///
/// A frame that arrives whole is read where it lies. Only the beginning of one is kept, in memory of a fixed size that is
/// overwritten: codes go through it.
package struct RelayAssembler {
    private final class Partial {
        private var bytes: [UInt8]

        init() {
            bytes = []
            // Never more than one frame: what is kept never moves to other memory and leaves a copy behind.
            bytes.reserveCapacity(RelayFrame.headerSize + RelayFrame.maximumPayload)
        }

        func append(_ more: Span<UInt8>) { for index in more.indices { bytes.append(more[index]) } }

        var count: Int { bytes.count }

        /// What its header says; nil if that is not there as a whole.
        func header() throws(RelayError) -> RelayFrame.Header? {
            try lend { (held) throws(RelayError) in try RelayAssembler.header(held) }
        }

        /// Lends the bytes: where they lie, since a copy would not be overwritten.
        func lend<Value, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Value) throws(Failure) -> Value {
            try unsafe bytes.withUnsafeBufferPointer { (held) throws(Failure) in
                try body(unsafe Span(_unsafeElements: held))
            }
        }

        func clear() {
            for index in bytes.indices { bytes[index] = 0 }
            bytes.removeAll(keepingCapacity: true)
        }
    }

    private var partial: Partial?

    /// At the beginning of a connection.
    package init() {}

    /// Feeds what was received; `body` gets each whole frame and says whether to go on.
    ///
    /// Throws `malformed` as soon as a header is no header; what follows it is never looked at.
    package mutating func feed(
        _ bytes: Span<UInt8>, _ body: (RelayFrame.Header, Span<UInt8>) -> Bool
    ) throws(RelayError) {
        var offset = 0
        while offset < bytes.count {
            let rest = bytes.extracting(droppingFirst: offset)
            if let waiting = partial, waiting.count > 0 {
                offset += try complete(waiting, with: rest)
                guard let header = try waiting.header(),
                    waiting.count == RelayFrame.headerSize + header.payloadCount
                else { continue }
                let goesOn = waiting.lend { body(header, $0.extracting(droppingFirst: RelayFrame.headerSize)) }
                waiting.clear()
                guard goesOn else { return }
                continue
            }
            if let header = try RelayAssembler.header(rest) {
                let size = RelayFrame.headerSize + header.payloadCount
                if rest.count >= size {
                    offset += size
                    guard body(header, rest.extracting(RelayFrame.headerSize..<size)) else { return }
                    continue
                }
            }
            let waiting = partial ?? Partial()
            waiting.append(rest)
            partial = waiting
            return
        }
    }

    /// Overwrites what is kept of a frame.
    package mutating func forget() {
        partial?.clear()
        partial = nil
    }

    /// Adds to a partial frame what it lacks, up to its end; returns how many bytes that took.
    private func complete(_ waiting: Partial, with bytes: Span<UInt8>) throws(RelayError) -> Int {
        var taken = 0
        while taken < bytes.count {
            let goal =
                try waiting.header().map { RelayFrame.headerSize + $0.payloadCount }
                ?? RelayFrame.headerSize
            let missing = min(goal - waiting.count, bytes.count - taken)
            guard missing > 0 else { break }
            waiting.append(bytes.extracting(taken..<(taken + missing)))
            taken += missing
        }
        return taken
    }

    /// Nil if it is not there as a whole.
    private static func header(_ bytes: Span<UInt8>) throws(RelayError) -> RelayFrame.Header? {
        guard bytes.count >= RelayFrame.headerSize else { return nil }
        return try RelayFrame.Header(bytes)
    }
}
