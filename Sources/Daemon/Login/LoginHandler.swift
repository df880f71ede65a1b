import Authentication
import Configuration
import NIOCore
import RelayProtocol
import UnixSocket
import Wire

/// One connection of a module: frames in, frames out, and the memory of what was typed wiped in place.
final class LoginHandler: ChannelInboundHandler, FrameReader, LoginPort {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let service: LoginService
    private var line: (any LoginLine)?
    private(set) var peer = PeerCredentials.nobody
    var assembler = FrameAssembler()
    var turn = ReadingTurn()
    var conversation: LoginConversation?
    /// What the directory was asked before there is one.
    var lookUp: (any Forgettable)?
    /// What the directory says of the account, where a host relays the login and it had to be asked before.
    var relayedStanding: Attempt.Standing?
    /// What the register is asked before, there.
    var inquiry: RegisterQuestion?
    /// A `begin` was read; whatever else comes before its conversation exists is out of turn.
    private var hasBegun = false
    private(set) var isClosing = false
    /// Of the wire: what both ends speak.
    var version = Wire.versions.upperBound
    private let beginDeadline: Int64
    /// Frames that go out along with the next one that somebody waits for.
    private var unsent: ByteBuffer?
    /// A secret is among them.
    private var showsSecret = false

    /// The host that relays the login; nil for one of this machine.
    var relayed: RelayedCaller?

    /// On whose account the directory is asked: a host of the fleet pays for all of its callers, root's too.
    var lookUpPayer: LookUpPayer { relayed.map { .host(serial: $0.host.serial) } ?? .uid(peer.uid) }

    init(_ service: LoginService, relayed: RelayedCaller? = nil) {
        self.service = service
        self.relayed = relayed
        beginDeadline = service.clocks.now().boottime + ConnectionTable<LoginHandler>.beginLimit
    }

    // MARK: The channel

    func channelActive(context: ChannelHandlerContext) {
        line = SocketLine(context: context)
        PeerCredentials.ask(context.channel) { peer in
            guard let peer else { return self.close() }
            self.identified(peer)
        }
    }

    private func identified(_ credentials: PeerCredentials) {
        peer = credentials
        let admission = service.connections.admit(self, uid: peer.uid)
        admission.gone?.close()
        guard admission.isAdmitted else { return close() }
        line?.listen()
    }

    /// The beginning of a login that a host relays: its stream is the line. Returns whether there is room for it.
    func relay(over line: any LoginLine) -> Bool {
        guard let relayed, !service.connections.isCrowded else { return false }
        self.line = line
        // Of what the host says of its caller, only the kind counts: a uid there is nobody's here.
        peer = PeerCredentials(
            uid: relayed.kind == .account ? PeerCredentials.overflowUID : 0, gid: PeerCredentials.overflowUID, pid: 0)
        // Counted as root's: how many a host may have is its connection's to say.
        return service.connections.admit(self, uid: 0).isAdmitted
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { read(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) {
        listenFurther()
    }

    /// Who does not read what was said is not listened to either.
    private func listenFurther() {
        if !isClosing, let line, line.isWritable { line.listen() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        listenFurther()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) { gone() }

    /// The line is no more: the login is abandoned, if it has not ended.
    func gone() {
        isClosing = true
        forgetFrame()
        service.connections.remove(self, uid: relayed == nil ? peer.uid : 0)
        if let lookUp { service.directory.forget(lookUp) }
        lookUp = nil
        if let inquiry { service.register.forget(inquiry) }
        inquiry = nil
        conversation?.abandoned()
        conversation = nil
        line = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    // MARK: Frames

    func received(_ header: FrameHeader, _ payload: Span<UInt8>) {
        guard header.kind == .begin || header.version == version else { return malformed() }
        switch (header.kind, hasBegun) {
        case (.begin, false):
            hasBegun = true
            service.connections.hasSpoken(self, uid: relayed == nil ? peer.uid : 0)
            begin(payload)
        case (.answer, true):
            guard payload.count <= Wire.maximumAnswer else { return malformed() }
            withConversation { $0.answered(payload) }
        case (.unusable, true):
            guard payload.isEmpty else { return malformed() }
            withConversation { $0.answered(nil) }
        case (.cancel, true):
            guard payload.isEmpty else { return malformed() }
            withConversation { $0.cancelled() }
        case (.begin, true), (.answer, false), (.unusable, false), (.cancel, false),
            (.prompt, _), (.set, _), (.verdict, _):
            malformed()
        }
    }

    private func withConversation(_ body: (LoginConversation) -> Void) {
        guard let conversation else { return malformed() }
        body(conversation)
    }

    /// What does not parse ends the connection, and is never answered.
    func malformed() {
        guard !isClosing else { return }
        let caller = relayed.map { "host \($0.host.name)" } ?? "uid \(peer.uid)"
        write(JournalEntry(.notice, "a connection of \(caller) sent what is no frame in its place; it was closed"))
        conversation?.violated()
        close()
    }

    /// Writes an entry about whoever is at the other end; so many of one are written and no more.
    func write(_ entry: JournalEntry) {
        guard let relayed else { return service.write(entry, about: peer.uid) }
        service.write(entry, aboutHost: relayed.host.name)
    }

    // MARK: The end

    /// Ends a login that never became a conversation.
    func refuse(_ verdict: Verdict, request: LoginRequest?, hint: String? = nil) {
        let isBroken = if case .unavailable(.misconfigured) = verdict { true } else { false }
        record(verdict, request: request, hint: isBroken ? service.generation.problems.first : hint)
        finish(VerdictCode(verdict), text: Texts.ending(verdict, refusal: nil))
    }

    /// Records how a login has ended that never became a conversation.
    func record(_ verdict: Verdict, request: LoginRequest?, hint: String? = nil) {
        var record = LoginRecord(verdict: verdict, peer: peer.uid, generation: service.generation.number)
        record.request = request
        record.hint = hint
        record.relay = relayed?.host.name
        if let outsider = relayed?.outsider { record.request?.account = outsider }
        service.ended(record)
    }

    // MARK: LoginPort

    func prompt(_ style: PromptStyle, patience: UInt16, text: String) {
        write(text) { $0.setPrompt(style, patience: patience, text: $1, version: version) }
        flush()
    }

    func prompt(_ style: PromptStyle, patience: UInt16, showing text: borrowing PromptText) {
        // A frame of its own, which wipes itself: the one that all connections share holds no secret.
        var frame = FrameBuffer.empty()
        text.withBytes { frame.setPrompt(style, patience: patience, text: $0, version: version) }
        append(frame)
        showsSecret = true
        flush()
    }

    func setEnvironment(_ name: String, _ value: String) {
        write(value) { $0.setEnvironment(name: name.utf8.span, value: $1, version: version) }
    }

    func setPassword(prefix: UInt16) {
        write("") { frame, _ in frame.setAuthtok(prefix: prefix, version: version) }
    }

    func finish(_ code: VerdictCode, text: String) {
        write(text) { $0.setVerdict(code, text: $1, version: version) }
        flush()
        close()
    }

    private func write(_ text: String, _ build: (inout FrameBuffer, Span<UInt8>) -> Void) {
        guard !isClosing else { return }
        build(&service.frame, text.utf8.span)
        append(service.frame)
    }

    /// Adds a frame to what goes out with the next flush.
    private func append(_ frame: borrowing FrameBuffer) {
        guard let line, !isClosing else { return }
        var buffer = unsent ?? line.allocator.buffer(capacity: frame.count)
        unsent = nil
        frame.withBytes { bytes in _ = unsafe bytes.withUnsafeBytes { unsafe buffer.writeBytes($0) } }
        unsent = buffer
    }

    private func flush() {
        guard let line, !isClosing, let buffer = unsent else { return }
        unsent = nil
        line.send(buffer, wiping: showsSecret)
        showsSecret = false
    }

    /// Closes once what was written has gone out.
    func close() {
        guard !isClosing else { return }
        isClosing = true
        line?.hangUp()
    }

    // MARK: The sweep

    /// Ends what has stood still too long: no `begin` in time, or a session that is over.
    func sweep(at now: Moment) {
        if let conversation {
            conversation.sweep(at: now)
        } else if now.boottime > beginDeadline {
            close()
        }
    }

    /// The session that waits for an answer of this connection.
    var openSession: OpenSession? { conversation?.openSession }

    /// An administrator ends the login.
    func endSession() { conversation?.refused(.sessionEnded) }

    /// Ends the login if it is this account's. One that began behind a block goes on as others do: it lets nobody in.
    func end(loginOf account: AccountName, _ reason: Reason) {
        guard let conversation, conversation.request.account == account else { return }
        guard reason != .blocked || !conversation.flow.plan.isBlocked else { return }
        conversation.refused(reason)
    }

    /// Ends the login if it was proved by this user of a provider.
    func end(loginProvedBy user: UserKey, _ reason: Reason) {
        if let conversation, conversation.flow.provedUser == user { conversation.proofIsVoid(for: reason) }
    }

    /// The daemon stops.
    func shutDown() {
        conversation?.failed(.shuttingDown)
        close()
    }
}
