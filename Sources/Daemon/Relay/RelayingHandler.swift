import Authentication
import Configuration
import NIOCore
import RelayProtocol
import UnixSocket
import Wire

/// One connection of a module on a host whose hubs decide: who asks is looked at here, and everything else goes to a hub.
final class RelayingHandler: ChannelInboundHandler, FrameReader {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let service: LoginService
    var line: SocketLine?
    private var peer = PeerCredentials.nobody
    var assembler = FrameAssembler()
    var turn = ReadingTurn()
    /// What the hub says, looked at for the verdict alone.
    var replies = FrameAssembler()
    var login: UpstreamLogin
    var link: HubLink?
    var stream: UInt32 = 0
    private var hasBegun = false
    var isClosing = false
    private var version = Wire.versions.upperBound
    private let beginDeadline: Int64
    private var request: LoginRequest?
    private var lookUp: (any Forgettable)?
    /// Who asks, in words for the hub.
    private(set) var opening = RelayOpening(.account)
    /// The frame that the login has begun with: it begins so at each hub. No secret is in it.
    private(set) var beginning: [UInt8] = []
    /// The hub was lost after it had asked: what is answered now goes nowhere.
    var mustRefuse = false
    var hasVerdict = false

    init(_ service: LoginService) {
        self.service = service
        let now = service.clocks.now().boottime
        login = UpstreamLogin(at: now)
        beginDeadline = now + ConnectionTable<RelayingHandler>.beginLimit
    }

    /// Whether it still waits for this hub to have it.
    func wants(_ hub: Int) -> Bool { !isClosing && link == nil && login.hub == hub }

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
        let admission = service.relays.admit(self, uid: peer.uid)
        admission.gone?.close()
        guard admission.isAdmitted else { return close() }
        line?.listen()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { read(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { listenFurther() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        listenFurther()
        context.fireChannelWritabilityChanged()
    }

    private func listenFurther() {
        if !isClosing, let line, line.isWritable { line.listen() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        forgetFrame()
        replies.forget()
        service.relays.remove(self, uid: peer.uid)
        if let lookUp { service.directory.forget(lookUp) }
        lookUp = nil
        leave()
        if hasBegun, !hasVerdict { record(.conversationFailed) }
        login.ended()
        line = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    // MARK: What the module says

    func received(_ header: FrameHeader, _ payload: Span<UInt8>) {
        switch (header.kind, hasBegun) {
        case (.begin, false):
            hasBegun = true
            service.relays.hasSpoken(self, uid: peer.uid)
            begin(header, payload)
        case (.answer, true), (.unusable, true), (.cancel, true):
            guard !mustRefuse else { return refuseUnreachable() }
            // What was asked by nobody is answered to nobody.
            guard login.answers() != nil, let link else { return malformed() }
            var frame = RelayingHandler.frame(header, payload)
            link.send(frame.span, of: stream)
            for index in frame.indices { frame[index] = 0 }
        case (.begin, true), (.answer, false), (.unusable, false), (.cancel, false), (.prompt, _), (.set, _),
            (.verdict, _):
            malformed()
        }
    }

    private func begin(_ header: FrameHeader, _ payload: Span<UInt8>) {
        do throws(WireError) {
            let offer = try Begin.offer(payload)
            version = LoginHandler.common(offer.lowest, offer.highest) ?? version
            beginning = RelayingHandler.frame(header, payload)
            try judge(Begin(payload), payload)
        } catch {
            malformed()
        }
    }

    /// Looks who asks, by the kernel's word and this host's own directory.
    private func judge(_ begin: Begin, _ payload: Span<UInt8>) {
        guard let configuration = service.generation.active else { return refuse(.unavailable(.misconfigured)) }
        let rule = PeerRule(peer, callers: configuration.callers)
        guard rule != .nobody else { return refuse(.denied(.notPermitted)) }
        switch RequestReading(begin, payload, rule) {
        case nil: return refuse(.denied(.unknownAccount))
        // The hub knows the providers, and will say so again.
        case .badArgument(_, let read)?, .request(let read)?: request = read
        }
        guard let request else { return }
        switch rule {
        case .root: withSession(of: request.terminal) { self.open(RelayOpening(.root, session: $0)) }
        case .itself, .listed, .nobody:
            lookUp = service.directory.ask(for: peer.uid) {
                rule.admission(of: request.account, service: request.service, in: $0)
            } then: { admission in
                self.lookUp = nil
                guard !self.isClosing else { return }
                switch admission {
                case .admitted:
                    if case .itself = rule { return self.open(RelayOpening(.account)) }
                    self.open(RelayOpening(.listed))
                case .refused: self.refuse(.denied(.notPermitted))
                case .cannotTell, nil: self.refuse(.unavailable(.directoryUnavailable))
                }
            }
        }
    }

    /// Finds out which session of a terminal a login is asked from, should the hub remember it.
    private func withSession(of terminal: String?, _ body: @escaping (RelayOpening.Session?) -> Void) {
        guard let terminal else { return body(nil) }
        let process = peer.pid
        let processes = service.processes
        let boot = service.clocks.now().boot
        service.directory.ask(for: peer.uid) { _ in
            processes.session(of: process, at: terminal)
        } then: { session in
            guard !self.isClosing else { return }
            body(
                (session ?? nil).map {
                    RelayOpening.Session(
                        terminal: $0.terminal, leader: $0.leader, leaderStart: $0.leaderStart, boot: boot)
                })
        }
    }

    private func open(_ opening: RelayOpening) {
        self.opening = opening
        service.upstream.follow()
        perform(login.begin(service.upstream.choice, at: service.clocks.now().boottime))
    }

    // MARK: The end

    func record(_ verdict: Verdict, by hub: String? = nil, hint: String? = nil) {
        var record = LoginRecord(verdict: verdict, peer: peer.uid, generation: service.generation.number)
        record.request = request
        record.process = peer.pid
        record.hub = hub
        record.hint = hint
        service.ended(record)
    }

    func refuseUnreachable() {
        login.ended()
        refuse(.unavailable(.hubUnreachable), hint: service.upstream.outage)
    }

    /// Ends a login that no hub has decided.
    private func refuse(_ verdict: Verdict, hint: String? = nil) {
        guard !isClosing else { return }
        hasVerdict = true
        record(verdict, hint: hint)
        var frame = FrameBuffer.empty()
        frame.setVerdict(VerdictCode(verdict), text: Texts.ending(verdict, refusal: nil).utf8.span, version: version)
        if let line {
            var buffer = line.allocator.buffer(capacity: frame.count)
            frame.withBytes { bytes in _ = unsafe bytes.withUnsafeBytes { unsafe buffer.writeBytes($0) } }
            line.send(buffer, wiping: false)
        }
        close()
    }

    func malformed() {
        guard !isClosing else { return }
        service.write(
            JournalEntry(.notice, "a connection of uid \(peer.uid) sent what is no frame in its place; it was closed"),
            about: peer.uid)
        close()
    }

    func close() {
        guard !isClosing else { return }
        isClosing = true
        leave()
        line?.hangUp()
    }

    func shutDown() { refuse(.unavailable(.shuttingDown)) }

    func sweep(at now: Moment) {
        if !hasBegun, now.boottime > beginDeadline { close() }
    }

    /// The bytes of a frame, as they came.
    private static func frame(_ header: FrameHeader, _ payload: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Wire.headerSize + payload.count)
        let length = UInt32(clamping: payload.count + 2)
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: length >> UInt32(shift))) }
        bytes.append(header.version)
        bytes.append(header.kind.rawValue)
        for index in payload.indices { bytes.append(payload[index]) }
        return bytes
    }
}
