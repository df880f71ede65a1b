import Wire

/// What a login is about: the part of `begin` that does not depend on the conversation.
@safe
struct Request: ~Copyable {
    /// Which function libpam called.
    let stage: Stage
    /// PAM's flags as the module was given them.
    let flags: CInt
    private var user = FixedBytes<256>.empty()
    private let provider: UnsafePointer<CChar>?

    /// `provider` is the word on the PAM line that is forwarded, a C string that outlives the request, or NULL.
    init(stage: Stage, flags: CInt, provider: UnsafePointer<CChar>?) {
        self.stage = stage
        self.flags = flags
        unsafe self.provider = provider
    }

    /// Takes the name of who is to be logged in; false if it can be no account's: it is empty, longer than
    /// 256 bytes or not printable. Cutting or cleaning it would make it another account's.
    mutating func take(user name: Span<UInt8>) -> Bool {
        user.clear()
        guard !name.isEmpty, name.count <= Wire.maximumName, PrintableText.isClean(name, newlines: false) else {
            return false
        }
        return user.append(contentsOf: name)
    }

    /// Whether `name` is, byte for byte, the name that was taken.
    func isAbout(_ name: Span<UInt8>) -> Bool {
        user.withBytes { !$0.isEmpty && isEqual($0, name) }
    }

    /// Builds `begin`. What is too long or not printable is left out and never cut, and the journal says so.
    func build<Transaction: PAMTransaction & ~Copyable>(
        in frame: inout FrameBuffer, for transaction: borrowing Transaction
    ) {
        var hasAuthtok = false
        transaction.withItem(.authtok) { hasAuthtok = !$0.isEmpty }
        frame.startBegin(stage, flags: UInt32(bitPattern: flags), hasAuthtok: hasAuthtok)
        var left = Omissions()
        transaction.withItem(.service) { _ = add($0, atMost: Begin.maximumService, to: &frame) }
        user.withBytes { _ = frame.append(field: $0, atMost: Wire.maximumName) }
        transaction.withItem(.remoteHost) {
            left.remoteHost = !add($0, atMost: Wire.maximumName, to: &frame)
        }
        transaction.withItem(.terminal) {
            left.terminal = !add($0, atMost: Begin.maximumTerminal, to: &frame)
        }
        transaction.withItem(.remoteUser) {
            left.remoteUser = !add($0, atMost: Wire.maximumName, to: &frame)
        }
        transaction.withEnvironment("SSH_CONNECTION") {
            left.connection = !add($0, atMost: Begin.maximumConnection, to: &frame)
        }
        frame.openList()
        transaction.withEnvironment("SSH_AUTH_INFO_0") { left.evidence = !addEvidence($0, to: &frame) }
        frame.openList()
        if let provider = unsafe provider {
            unsafe withCharacters(of: provider, atMost: Begin.maximumArgument) {
                _ = frame.append(listed: $0, atMost: Begin.maximumArgument, most: Begin.maximumArguments)
            }
        }
        frame.finish()
        left.report(to: transaction)
    }

    private func add(_ field: Span<UInt8>, atMost limit: Int, to frame: inout FrameBuffer) -> Bool {
        guard field.count <= limit, PrintableText.isClean(field, newlines: false) else {
            frame.append(uint16: 0)
            return false
        }
        return frame.append(field: field, atMost: limit)
    }

    /// Adds the first sixteen lines, reduced; false if there were more.
    private func addEvidence(_ lines: Span<UInt8>, to frame: inout FrameBuffer) -> Bool {
        var reduced = FixedBytes<64>.empty()
        var start = 0
        var count = 0
        while start < lines.count {
            var end = start
            while let byte = lines.byte(at: end), byte != 0x0A { end &+= 1 }
            lines.withPart(from: start, count: end &- start) { Evidence.reduce($0, into: &reduced) }
            start = end &+ 1
            guard reduced.count > 0 else { continue }
            guard count < Begin.maximumEvidenceLines else { return false }
            count &+= 1
            reduced.withBytes {
                _ = frame.append(listed: $0, atMost: Begin.maximumEvidenceLine, most: Begin.maximumEvidenceLines)
            }
        }
        return true
    }
}

/// What could not be told to the daemon.
private struct Omissions {
    var remoteHost = false
    var terminal = false
    var remoteUser = false
    var connection = false
    var evidence = false

    func report<Transaction: PAMTransaction & ~Copyable>(to transaction: borrowing Transaction) {
        guard remoteHost || terminal || remoteUser || connection || evidence else { return }
        var line = TextBuffer.empty()
        line.append("left out, as too long or not printable:")
        if remoteHost { line.append(" PAM_RHOST") }
        if terminal { line.append(" PAM_TTY") }
        if remoteUser { line.append(" PAM_RUSER") }
        if connection { line.append(" SSH_CONNECTION") }
        if evidence { line.append(" SSH_AUTH_INFO_0 after its 16th line") }
        transaction.journal(.notice, &line, errno: 0)
    }
}
