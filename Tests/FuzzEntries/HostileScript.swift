import Wire

/// What a hostile daemon sends, in pieces; each goes out in one go.
struct HostileScript {
    private(set) var pieces: [[UInt8]] = []

    /// Reads the rest of an input as frames, good ones and bad.
    init(_ tape: inout Tape) {
        var piece: [UInt8] = []
        while !tape.isAtEnd, pieces.count < 200 {
            let choice = tape.byte()
            piece += HostileScript.frame(choice & 0x0F, &tape)
            // The highest bit keeps it back, to come along with what follows.
            guard choice & 0x80 == 0 else { continue }
            pieces.append(piece)
            piece = []
        }
        if !piece.isEmpty { pieces.append(piece) }
    }

    private static func frame(_ choice: UInt8, _ tape: inout Tape) -> [UInt8] {
        var frame = FrameBuffer.empty()
        switch choice {
        case 0...4:
            let styles: [PromptStyle] = [.secret, .visible, .error, .info, .authtok]
            frame.setPrompt(styles[Int(choice)], patience: UInt16(tape.byte()), text: tape.chunk().span, version: 1)
        case 5:
            let name = Array("TWOSTEP_".utf8) + tape.chunk()
            frame.setEnvironment(name: name.span, value: tape.chunk().span, version: 1)
        case 6: frame.setEnvironment(name: tape.chunk().span, value: tape.chunk().span, version: 1)
        case 7: frame.setAuthtok(prefix: UInt16(tape.byte()), version: 1)
        case 8, 9:
            let codes: [VerdictCode] = [
                .granted, .exempt, .denied, .triesUsedUp, .unavailable, .conversationFailed, .badArgument, .noOpinion,
                .blocked,
            ]
            let code = codes[Int(tape.byte()) % codes.count]
            frame.setVerdict(code, text: tape.chunk().span, version: 1)
        case 10:
            // As long as one may be, and longer.
            let part = tape.chunk()
            let text = (0..<20).flatMap { _ in part }.prefix(Wire.maximumText + 10)
            frame.setPrompt(.visible, patience: 0, text: Array(text).span, version: 1)
        case 11:
            // Many at once.
            var all: [UInt8] = []
            let style: PromptStyle = tape.byte() & 1 == 0 ? .info : .secret
            for _ in 0..<(tape.byte() & 0x3F) {
                frame.setPrompt(style, patience: 0, text: [0x78].span, version: 1)
                all += frame.withBytes { $0.array }
            }
            return all
        case _: return tape.chunk()
        }
        return frame.withBytes { $0.array }
    }
}
