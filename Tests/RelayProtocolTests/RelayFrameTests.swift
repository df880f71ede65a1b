import AuthenticationTesting
import RelayProtocol
import Testing

@Suite struct RelayFrameTests {
    /// A frame as its bytes, and what it must be read as.
    private static func frame(_ kind: RelayFrame.Kind, stream: UInt32 = 0, _ payload: [UInt8]) -> [UInt8] {
        RelayFrame.Header(kind, stream: stream, payloadCount: payload.count).bytes + payload
    }

    private static let conversation: [(kind: RelayFrame.Kind, stream: UInt32, payload: [UInt8])] = [
        (.hello, 0, [1, 1]), (.open, 1, [1, 0]), (.up, 1, [UInt8](repeating: 7, count: RelayFrame.maximumPayload)),
        (.ping, 0, [1, 2, 3, 4]), (.close, 0xFFFF_FFFF, []), (.down, 3, [9]), (.farewell, 0, []),
    ]

    @Test(arguments: [1, 2, 3, 8, 9, 10, 100, 1_000_000])
    func `frames are the same however they arrive`(_ piece: Int) throws {
        let bytes = RelayFrameTests.conversation.flatMap {
            RelayFrameTests.frame($0.kind, stream: $0.stream, $0.payload)
        }
        var assembler = RelayAssembler()
        var read: [(RelayFrame.Header, [UInt8])] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let part = bytes.span.extracting(start..<min(start + piece, bytes.count))
            try assembler.feed(part) { header, payload in
                read.append((header, payload.indices.map { payload[$0] }))
                return true
            }
        }
        #expect(read.map(\.0.kind) == RelayFrameTests.conversation.map(\.kind))
        #expect(read.map(\.0.stream) == RelayFrameTests.conversation.map(\.stream))
        #expect(read.map(\.1) == RelayFrameTests.conversation.map(\.payload))
    }

    @Test func `whoever has heard enough hears no more`() throws {
        let bytes = RelayFrameTests.frame(.ping, [1, 2, 3, 4]) + RelayFrameTests.frame(.ping, [5, 6, 7, 8])
        var assembler = RelayAssembler()
        var count = 0
        try assembler.feed(bytes.span) { _, _ in
            count += 1
            return false
        }
        #expect(count == 1)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let what: String
        let bytes: [UInt8]
        var testDescription: String { what }
    }

    @Test(arguments: [
        Refused(what: "a length of nothing", bytes: [0, 0, 0, 0, 5, 0, 0, 0, 0]),
        Refused(what: "a length below a header's", bytes: [0, 0, 0, 4, 5, 0, 0, 0, 0]),
        Refused(what: "the longest length there is", bytes: [0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0, 0, 1]),
        Refused(what: "one byte too many", bytes: [0, 0, 0x10, 0x06, 3, 0, 0, 0, 1]),
        Refused(what: "an unknown kind", bytes: [0, 0, 0, 9, 0x7F, 0, 0, 0, 0]),
        Refused(what: "a ping of three bytes", bytes: [0, 0, 0, 8, 5, 0, 0, 0, 0]),
        Refused(what: "a ping of a stream", bytes: [0, 0, 0, 9, 5, 0, 0, 0, 1]),
        Refused(what: "bytes of no stream", bytes: [0, 0, 0, 6, 3, 0, 0, 0, 0]),
        Refused(what: "no bytes of a stream", bytes: [0, 0, 0, 5, 3, 0, 0, 0, 1]),
        Refused(what: "an end with words", bytes: [0, 0, 0, 6, 4, 0, 0, 0, 1]),
    ]) func `what is no header ends the connection before anything of it is kept`(_ row: Refused) {
        var assembler = RelayAssembler()
        #expect(throws: RelayError.malformed) { try assembler.feed(row.bytes.span) { _, _ in true } }
        var slow = RelayAssembler()
        #expect(throws: RelayError.malformed) {
            for index in row.bytes.indices {
                try slow.feed(row.bytes.span.extracting(index..<(index + 1))) { _, _ in true }
            }
        }
    }

    @Test func `no bytes trap, and none are read twice`() {
        var random = SeededGenerator(seed: 20_261_126)
        for _ in 0..<2000 {
            var bytes = RelayFrameTests.conversation.shuffled(using: &random).prefix(3).flatMap {
                RelayFrameTests.frame($0.kind, stream: $0.stream, Array($0.payload.prefix(40)))
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var assembler = RelayAssembler()
            var total = 0
            var isBroken = false
            while !bytes.isEmpty, !isBroken {
                let piece = bytes.prefix(Int.random(in: 1...30, using: &random))
                bytes.removeFirst(piece.count)
                do throws(RelayError) {
                    try assembler.feed(Array(piece).span) { header, payload in
                        total += RelayFrame.headerSize + payload.count
                        #expect(payload.count == header.payloadCount)
                        return true
                    }
                } catch {
                    isBroken = true
                }
            }
            #expect(total <= 4 * (RelayFrame.headerSize + 40))
        }
    }

    @Test(arguments: RelayOpening.Caller.allCases)
    func `an opening is read as it was written`(_ caller: RelayOpening.Caller) throws {
        let session = RelayOpening.Session(terminal: "pts/3", leader: 4711, leaderStart: .max - 1, boot: -5)
        for opening in [RelayOpening(caller), RelayOpening(caller, session: session)] {
            #expect(try RelayOpening(opening.bytes.span) == opening)
            #expect(RelayFrame.Kind.open.sizes.contains(opening.bytes.count))
            for count in 0..<opening.bytes.count {
                let part = opening.bytes.span.extracting(first: count)
                if count != 2 || opening.session != nil {
                    #expect(throws: RelayError.malformed) { try RelayOpening(part) }
                }
            }
        }
    }

    @Test(arguments: ["", "pts 3", "pts/\u{1B}[2J", String(repeating: "x", count: 65), "é"])
    func `a terminal with no name that can be said is left out`(_ terminal: String) throws {
        let session = RelayOpening.Session(terminal: terminal, leader: 1, leaderStart: 1, boot: 1)
        #expect(try RelayOpening(RelayOpening(.root, session: session).bytes.span) == RelayOpening(.root))
    }

    @Test(arguments: [[], [1], [0, 0], [4, 0], [1, 0, 0], [1, 65]] as [[UInt8]])
    func `what is no opening is refused`(_ bytes: [UInt8]) {
        #expect(throws: RelayError.malformed) { try RelayOpening(bytes.span) }
    }
}
