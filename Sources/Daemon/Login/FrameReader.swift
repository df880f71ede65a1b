package import NIOCore

/// What reads the frames of one connection, each once it is whole and none within another.
///
/// What people typed is among them: whatever has come is wiped where it lies, and what is kept of a frame once the connection is
/// over.
package protocol FrameReader: AnyObject {
    associatedtype Assembler: FrameAssembling

    /// Keeps the beginning of a frame. It is `FrameReader`'s alone.
    var assembler: Assembler { get set }
    /// Apart from the assembler, which nobody may look into while it reads.
    var turn: ReadingTurn { get set }
    /// Nothing more is read.
    var isClosing: Bool { get }

    /// Takes a whole frame. Whatever comes of it may close the connection.
    func received(_ header: Assembler.Header, _ payload: Span<UInt8>)

    /// Closes the connection: what has come is no frame.
    func malformed()
}

/// Whose turn it is on a connection.
package struct ReadingTurn {
    /// A frame is being read: what is kept of it cannot be wiped before that is over, although closing (and with it
    /// `channelInactive`) may come from within.
    fileprivate var isReading = false
    /// What has come meanwhile.
    fileprivate var unread: [ByteBuffer] = []

    /// At the beginning of a connection.
    package init() {}
}

extension FrameReader {
    /// Reads what has come, and wipes it.
    package func read(_ buffer: ByteBuffer) {
        // What is written while a frame is read may fail, and then NIO hands over what is left within that.
        guard !turn.isReading else { return turn.unread.append(buffer) }
        readAndWipe(buffer)
        while !turn.unread.isEmpty { readAndWipe(turn.unread.removeFirst()) }
    }

    private func readAndWipe(_ buffer: ByteBuffer) {
        defer { buffer.wipeReadableBytes() }
        unsafe buffer.withUnsafeReadableBytes { received in
            read(unsafe Span<UInt8>(_unsafeElements: received.assumingMemoryBound(to: UInt8.self)))
        }
    }

    /// Reads what has come; its owner wipes it, and brings nothing else before this returns.
    package func read(_ bytes: Span<UInt8>) {
        guard !isClosing else { return }
        turn.isReading = true
        do throws(Assembler.Failure) {
            try assembler.feed(bytes) { header, payload in
                self.received(header, payload)
                return !self.isClosing
            }
        } catch {
            malformed()
        }
        turn.isReading = false
        if isClosing { assembler.forget() }
    }

    /// Wipes what is kept of a frame, since the connection is over; if one is being read, then right after that.
    package func forgetFrame() {
        if !turn.isReading { assembler.forget() }
    }
}
