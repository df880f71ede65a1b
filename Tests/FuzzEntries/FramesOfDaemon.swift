import Wire

/// What the module reads of a daemon, frame by frame: what is read is what was written, byte for byte.
enum FramesOfDaemon {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        var rest = bytes[...]
        while let header = try? FrameHeader(Array(rest).span) {
            let end = rest.startIndex + Wire.headerSize + header.payloadCount
            guard end <= rest.endIndex else { break }
            try judge(header.kind, Array(rest[(rest.startIndex + Wire.headerSize)..<end]))
            rest = rest[end...]
        }
        for kind in [FrameKind.prompt, .set, .verdict] where bytes.count <= kind.maximumPayload {
            try judge(kind, bytes)
        }
    }

    private static func judge(_ kind: FrameKind, _ payload: [UInt8]) throws(Violation) {
        var frame = FrameBuffer.empty()
        switch kind {
        case .begin, .answer, .unusable, .cancel: return
        case .prompt:
            guard let prompt = try? Prompt(payload.span) else { return }
            prompt.text.withBytes(in: payload.span) {
                frame.setPrompt(prompt.style, patience: prompt.patience, text: $0, version: 1)
            }
        case .set:
            guard let item = try? SetItem(payload.span) else { return }
            switch item {
            case .environment(let name, let value):
                name.withBytes(in: payload.span) { name in
                    value.withBytes(in: payload.span) { frame.setEnvironment(name: name, value: $0, version: 1) }
                }
            case .authtok(let prefix): frame.setAuthtok(prefix: UInt16(clamping: prefix), version: 1)
            }
        case .verdict:
            guard let verdict = try? VerdictFrame(payload.span) else { return }
            verdict.text.withBytes(in: payload.span) { frame.setVerdict(verdict.code, text: $0, version: 1) }
        }
        let written = frame.withPayload { $0.array }
        try promise(written == payload, "written again, \(kind) \(payload) is \(written)")
        let whole = frame.withBytes { $0.array }
        let header = try? FrameHeader(whole.span)
        try promise(
            header?.kind == kind && header?.payloadCount == payload.count, "the header of \(kind) is \(whole.prefix(6))"
        )
    }
}
