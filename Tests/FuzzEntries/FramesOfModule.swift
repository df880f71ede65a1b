import Authentication
import Daemon
import Wire

/// What the daemon reads of a module: however it arrives, the same frames; and of a `begin` nothing that was not said.
enum FramesOfModule {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let whole = received([bytes])
        for size in [1, 3, 6, 7, Int(bytes.last ?? 0) + 8] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { start in
                Array(bytes[start..<min(start + size, bytes.count)])
            }
            let found = received(pieces)
            try promise(found == whole, "in pieces of \(size) bytes: \(found), as a whole: \(whole)")
        }
        for frame in whole.frames where frame.kind == .begin { try judge(frame.payload) }
        // The bytes as a payload, too: a length of the fuzzer's seldom fits.
        try judge(bytes)
    }

    private struct Frame: Equatable {
        let kind: FrameKind
        let version: UInt8
        let payload: [UInt8]
    }

    private struct Received: Equatable {
        var frames: [Frame] = []
        var isMalformed = false
    }

    private static func received(_ pieces: [[UInt8]]) -> Received {
        var found = Received()
        var assembler = FrameAssembler()
        defer { assembler.forget() }
        for piece in pieces {
            do throws(WireError) {
                try assembler.feed(piece.span) { header, payload in
                    found.frames.append(
                        Frame(kind: header.kind, version: header.version, payload: payload.array))
                    return true
                }
            } catch {
                found.isMalformed = true
                return found
            }
        }
        return found
    }

    private static func judge(_ payload: [UInt8]) throws(Violation) {
        guard let begin = try? Begin(payload.span) else { return }
        let written = written(begin, payload)
        try promise(written == payload, "written again, \(payload) is \(written)")
        let user = begin.user.withBytes(in: payload.span) { $0.array }
        for rule in [PeerRule.root, .itself(uid: 1000)] {
            guard let reading = RequestReading(begin, payload.span, rule) else { continue }
            let request =
                switch reading {
                case .request(let request), .badArgument(_, let request): request
                }
            try promise(Array(request.account.text.utf8) == user, "\(user) has become \(request.account)")
            let texts =
                [request.service, request.remoteHost, request.terminal, request.remoteUser].compactMap(\.self)
                + request.evidence.methods
            for text in texts {
                try promise(isPrintable(text), "\(Array(text.utf8)) is passed on")
                try promise(contains(payload, Array(text.utf8)), "\(text) was never said")
            }
            if case .itself(let uid) = rule {
                let believed = LoginRequest(
                    service: request.service, account: request.account, evidence: Evidence(isAccountItself: true),
                    origin: .accountItself(uid: uid))
                try promise(request == believed, "more than its name is believed of the account itself: \(request)")
            } else {
                try promise(request.evidence.hasAuthtok == begin.hasAuthtok, "evidence from nowhere")
                try promise(!request.evidence.isAccountItself, "root's module is taken for the account itself")
                try promise(request.evidence.methods.count <= begin.evidence.count, "evidence from nowhere")
            }
        }
    }

    private static func written(_ begin: Begin, _ payload: [UInt8]) -> [UInt8] {
        var frame = FrameBuffer.empty()
        frame.startBegin(
            begin.stage, flags: begin.flags, hasAuthtok: begin.hasAuthtok,
            offering: begin.lowestVersion...begin.highestVersion)
        let fields = [
            begin.service, begin.user, begin.remoteHost, begin.terminal, begin.remoteUser, begin.connection,
        ]
        for field in fields { field.withBytes(in: payload.span) { _ = frame.append(field: $0, atMost: 256) } }
        for list in [begin.evidence, begin.arguments] {
            frame.openList()
            for index in 0..<list.count {
                list.field(at: index).withBytes(in: payload.span) {
                    _ = frame.append(listed: $0, atMost: 128, most: 16)
                }
            }
        }
        frame.finish()
        return frame.withPayload { $0.array }
    }
}

/// Whether a text may reach a terminal as it is, by its scalars: another way than the product's, which goes by bytes.
func isPrintable(_ text: String, newlines: Bool = false) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0x0A: newlines
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: false
        case _: true
        }
    }
}

/// Whether some bytes have others in them, one behind the other.
func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    part.isEmpty || bytes.firstRange(of: part) != nil
}
