import Daemon
import NIOCore
import Testing
import Wire

/// How a connection's frames are read one after the other, whatever comes while one is.
@Suite struct FrameReaderTests {
    /// Notes what it is given once it is done with it.
    private final class Listener: FrameReader {
        var assembler = FrameAssembler()
        var turn = ReadingTurn()
        private(set) var isClosing = false
        private(set) var heard: [String] = []
        private(set) var violations = 0
        /// What happens within the next frame.
        var within: ((Listener) -> Void)?
        /// What happens when something is no frame.
        var afterViolation: ((Listener) -> Void)?

        func received(_ header: FrameHeader, _ payload: Span<UInt8>) {
            let happens = within
            within = nil
            happens?(self)
            heard.append(String(decoding: payload.indices.map { payload[$0] }, as: UTF8.self))
        }

        func malformed() {
            violations += 1
            close()
            afterViolation?(self)
        }

        func close() {
            isClosing = true
            forgetFrame()
        }
    }

    private static func frame(_ text: String) -> [UInt8] {
        let length = UInt8(truncatingIfNeeded: text.utf8.count + 2)
        return [0, 0, 0, length, Wire.versions.upperBound, FrameKind.answer.rawValue] + Array(text.utf8)
    }

    private static func isWiped(_ buffers: [ByteBuffer]) -> Bool {
        buffers.allSatisfy { buffer in buffer.readableBytes > 0 && buffer.readableBytesView.allSatisfy { $0 == 0 } }
    }

    private let first = ByteBuffer(bytes: FrameReaderTests.frame("first"))

    @Test(arguments: 1...12)
    func `what comes while a frame is read is read after it, in its order, and wiped`(cut: Int) {
        let listener = Listener()
        let rest = FrameReaderTests.frame("second") + FrameReaderTests.frame("third")
        let later = [ByteBuffer(bytes: rest.prefix(cut)), ByteBuffer(bytes: rest.dropFirst(cut))]
        listener.within = { listener in
            for buffer in later { listener.read(buffer) }
            #expect(listener.heard.isEmpty)
            listener.within = { listener in
                // And what comes while that is read.
                listener.read(ByteBuffer(bytes: FrameReaderTests.frame("fourth")))
            }
        }
        listener.read(first)
        #expect(listener.heard == ["first", "second", "third", "fourth"])
        #expect(FrameReaderTests.isWiped([first] + later))
        #expect(listener.violations == 0)
    }

    @Test func `what comes while the last frame is read is wiped, and read by nobody`() {
        let listener = Listener()
        let later = ["second", "third"].map { ByteBuffer(bytes: FrameReaderTests.frame($0)) }
        listener.within = { listener in
            listener.read(later[0])
            listener.close()
            listener.read(later[1])
        }
        // The frame behind it has come along with it.
        let both = ByteBuffer(bytes: FrameReaderTests.frame("first") + FrameReaderTests.frame("behind"))
        listener.read(both)
        #expect(listener.heard == ["first"])
        #expect(FrameReaderTests.isWiped([both] + later))
    }

    @Test func `a frame of pieces may close the connection that it is kept for`() {
        let listener = Listener()
        let bytes = FrameReaderTests.frame("first")
        let pieces = bytes.map { ByteBuffer(bytes: [$0]) }
        listener.within = { $0.close() }
        for piece in pieces { listener.read(piece) }
        let behind = ByteBuffer(bytes: FrameReaderTests.frame("behind"))
        listener.read(behind)
        #expect(listener.heard == ["first"])
        #expect(FrameReaderTests.isWiped(pieces + [behind]))
    }

    @Test func `what is no frame is told once, and nothing behind it is read, not even what comes meanwhile`() {
        let listener = Listener()
        let later = ByteBuffer(bytes: FrameReaderTests.frame("later"))
        listener.afterViolation = { $0.read(later) }
        let bytes = ByteBuffer(
            bytes: FrameReaderTests.frame("first") + [0, 0, 0, 1, 1, 2] + FrameReaderTests.frame("behind"))
        listener.read(bytes)
        listener.read(first)
        #expect(listener.heard == ["first"])
        #expect(listener.violations == 1)
        #expect(FrameReaderTests.isWiped([bytes, later, first]))
    }
}
