/// What a daemon has sent, taken apart by another reader than the module's: as twostep-wire(7) has it, and no further than
/// up to what is no frame.
struct Transcript {
    /// A frame by its numbers.
    struct Frame {
        let version: UInt8
        let kind: UInt8
        let payload: [UInt8]
    }

    private(set) var frames: [Frame] = []
    /// Whether nothing stands behind the last frame.
    private let isWhole: Bool

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while rest.count >= 6 {
            let head = Array(rest.prefix(6))
            let length = head.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard length >= 2, length <= 4092, rest.count >= length + 4 else { break }
            frames.append(Frame(version: head[4], kind: head[5], payload: Array(rest.dropFirst(6).prefix(length - 2))))
            rest = rest.dropFirst(length + 4)
        }
        isWhole = rest.isEmpty
    }

    /// Whether the module answers what came last.
    var endsWithQuestion: Bool {
        guard isWhole, let last = frames.last, last.kind == 0x81, let style = last.payload.first else { return false }
        return style == 1 || style == 2 || style == 5
    }

    /// The number that the first verdict says.
    var verdict: UInt32? {
        guard let first = frames.first(where: { $0.kind == 0x83 }), first.payload.count >= 4 else { return nil }
        return first.payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Whether it wants PAM_AUTHTOK, or sets it: then the password may travel.
    var isAboutAuthtok: Bool {
        frames.contains { $0.kind == 0x81 && $0.payload.first == 5 || $0.kind == 0x82 && $0.payload.first == 2 }
    }
}
