import Wire

/// The same numbers at every run: a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension FrameBuffer {
    /// The frame as an array, to be taken apart.
    borrowing func array() -> [UInt8] { withBytes { Array($0) } }
}

extension [UInt8] {
    init(_ span: Span<UInt8>) { self = span.indices.map { span[$0] } }

    /// What a field of this payload says.
    func text(_ field: Field) -> String {
        field.withBytes(in: span) { String(decoding: Array($0), as: UTF8.self) }
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

/// A frame taken apart by the real code; comparable.
enum Decoded: Equatable {
    case begin(BeginFields)
    case answer([UInt8])
    case unusable
    case cancel
    case prompt(PromptStyle, patience: UInt16, text: String)
    case environment(name: String, value: String)
    case authtok(prefix: Int)
    case verdict(VerdictCode, text: String)

    /// Decodes one whole frame, as the far end would.
    init(_ frame: [UInt8]) throws(WireError) {
        let header = try FrameHeader(frame.span)
        let payload = Array(frame.dropFirst(Wire.headerSize))
        guard payload.count == header.payloadCount else { throw .closed }
        switch header.kind {
        case .begin: self = try .begin(BeginFields(payload))
        case .answer: self = .answer(payload)
        case .unusable: self = .unusable
        case .cancel: self = .cancel
        case .prompt:
            let prompt = try Prompt(payload.span)
            self = .prompt(prompt.style, patience: prompt.patience, text: payload.text(prompt.text))
        case .set:
            switch try SetItem(payload.span) {
            case .environment(let name, let value):
                self = .environment(name: payload.text(name), value: payload.text(value))
            case .authtok(let prefix): self = .authtok(prefix: prefix)
            }
        case .verdict:
            let verdict = try VerdictFrame(payload.span)
            self = .verdict(verdict.code, text: payload.text(verdict.text))
        }
    }
}

/// All that a `begin` says, as texts.
struct BeginFields: Equatable {
    var versions: ClosedRange<UInt8> = Wire.versions
    var stage = Stage.authenticate
    var flags: UInt32 = 0
    var hasAuthtok = false
    var service = "sshd"
    var user = "alice"
    var remoteHost = ""
    var terminal = ""
    var remoteUser = ""
    var connection = ""
    var evidence: [String] = []
    var arguments: [String] = []

    init() {}

    init(_ payload: [UInt8]) throws(WireError) {
        let begin = try Begin(payload.span)
        versions = begin.lowestVersion...begin.highestVersion
        stage = begin.stage
        flags = begin.flags
        hasAuthtok = begin.hasAuthtok
        service = payload.text(begin.service)
        user = payload.text(begin.user)
        remoteHost = payload.text(begin.remoteHost)
        terminal = payload.text(begin.terminal)
        remoteUser = payload.text(begin.remoteUser)
        connection = payload.text(begin.connection)
        evidence = (0..<begin.evidence.count).map { payload.text(begin.evidence.field(at: $0)) }
        arguments = (0..<begin.arguments.count).map { payload.text(begin.arguments.field(at: $0)) }
    }

    /// The frame, built by the real code.
    func frame() -> [UInt8] {
        var frame = FrameBuffer.empty()
        frame.startBegin(stage, flags: flags, hasAuthtok: hasAuthtok, offering: versions)
        frame.append(field: service.bytes.span, atMost: Begin.maximumService)
        frame.append(field: user.bytes.span, atMost: Wire.maximumName)
        frame.append(field: remoteHost.bytes.span, atMost: Wire.maximumName)
        frame.append(field: terminal.bytes.span, atMost: Begin.maximumTerminal)
        frame.append(field: remoteUser.bytes.span, atMost: Wire.maximumName)
        frame.append(field: connection.bytes.span, atMost: Begin.maximumConnection)
        frame.openList()
        for line in evidence {
            frame.append(listed: line.bytes.span, atMost: Begin.maximumEvidenceLine, most: Begin.maximumEvidenceLines)
        }
        frame.openList()
        for word in arguments {
            frame.append(listed: word.bytes.span, atMost: Begin.maximumArgument, most: Begin.maximumArguments)
        }
        frame.finish()
        return frame.array()
    }

    /// Every field at its limit.
    static var full: BeginFields {
        var fields = BeginFields()
        fields.flags = 0x8000_8001
        fields.hasAuthtok = true
        fields.service = String(repeating: "s", count: Begin.maximumService)
        fields.user = String(repeating: "u", count: Wire.maximumName)
        fields.remoteHost = String(repeating: "h", count: Wire.maximumName)
        fields.terminal = String(repeating: "t", count: Begin.maximumTerminal)
        fields.remoteUser = String(repeating: "r", count: Wire.maximumName)
        fields.connection = String(repeating: "c", count: Begin.maximumConnection)
        fields.evidence = (0..<Begin.maximumEvidenceLines).map { _ in
            String(repeating: "e", count: Begin.maximumEvidenceLine)
        }
        fields.arguments = (0..<Begin.maximumArguments).map { _ in
            String(repeating: "a", count: Begin.maximumArgument)
        }
        return fields
    }
}

/// One frame of each kind, each built by the real code.
enum Samples {
    static func prompt(_ style: PromptStyle, patience: UInt16 = 0, _ text: String) -> [UInt8] {
        var frame = FrameBuffer.empty()
        frame.setPrompt(style, patience: patience, text: text.bytes.span, version: 1)
        return frame.array()
    }

    static func verdict(_ code: VerdictCode, _ text: String = "") -> [UInt8] {
        var frame = FrameBuffer.empty()
        frame.setVerdict(code, text: text.bytes.span, version: 1)
        return frame.array()
    }

    static func environment(_ name: String, _ value: String) -> [UInt8] {
        var frame = FrameBuffer.empty()
        frame.setEnvironment(name: name.bytes.span, value: value.bytes.span, version: 1)
        return frame.array()
    }

    static func authtok(prefix: UInt16) -> [UInt8] {
        var frame = FrameBuffer.empty()
        frame.setAuthtok(prefix: prefix, version: 1)
        return frame.array()
    }

    static func answer(_ bytes: [UInt8]) -> [UInt8] {
        var frame = FrameBuffer.empty()
        _ = frame.setAnswer(bytes.span, version: 1)
        return frame.array()
    }

    static func bare(_ kind: FrameKind) -> [UInt8] {
        var frame = FrameBuffer.empty()
        frame.setBare(kind, version: 1)
        return frame.array()
    }

    static var all: [[UInt8]] {
        [
            BeginFields().frame(), BeginFields.full.frame(), answer("123456".bytes), bare(.unusable), bare(.cancel),
            prompt(.secret, patience: 60, "Verification code: "), environment("TWOSTEP_PROVIDER", "pam"),
            authtok(prefix: 8), verdict(.granted, "3 left"), verdict(.denied),
        ]
    }
}
