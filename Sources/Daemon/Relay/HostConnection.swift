import AdminProtocol
import Authentication
import NIOCore
import NIOSSL
import NIOTLS
import RelayProtocol

/// The connection of a host, at a hub: who it is, and its logins.
final class HostConnection: ChannelInboundHandler, FrameReader {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let service: LoginService
    private var context: ChannelHandlerContext?
    var assembler = RelayAssembler()
    var turn = ReadingTurn()
    /// The host, once the register knows its certificate.
    private(set) var host: FleetHost?
    /// What its certificate says, in words; nobody before TLS has looked at it.
    private var identity = "unknown"
    private var hasGreeted = false
    private var streams: [UInt32: LoginHandler] = [:]
    private var lastStream: UInt32 = 0
    private(set) var isClosing = false
    private let connectedAt: Int64
    /// When it last said anything, on CLOCK_BOOTTIME in milliseconds.
    private(set) var heardAt: Int64
    private var inquiry: RegisterQuestion?

    init(_ service: LoginService) {
        self.service = service
        connectedAt = service.clocks.now().boottime
        heardAt = connectedAt
    }

    var allocator: ByteBufferAllocator { context?.channel.allocator ?? ByteBufferAllocator() }

    /// How many logins are under way on it.
    var logins: Int { streams.count }

    // MARK: The channel

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        if !service.hub.admit(self) { close() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { identify(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// TLS has seen to it that the certificate is the fleet's; whose it is, and whether it is still good, the register says.
    private func identify(_ context: ChannelHandlerContext) {
        let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        guard let certificate = tls?.peerCertificate else { return close() }
        let serial = FleetAuthority.text(certificate.serialNumber)
        identity = "with serial \(serial)"
        inquiry = service.register.ask(serial) { found in
            self.inquiry = nil
            if case .success(let host?) = found { self.identity = "\(host.name) with serial \(serial)" }
            guard !self.isClosing else { return }
            switch found {
            case .failure: self.dismiss("the hub's store cannot be used")
            case .success(nil): self.dismiss("its certificate is none that the hubs have issued")
            case .success(let host?) where host.revokedAt != nil: self.dismiss("its certificate was revoked")
            case .success(let host?):
                self.service.hub.makeRoom(for: host)
                self.host = host
                self.service.hub.noteSight(of: host)
                self.greet()
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardAt = service.clocks.now().boottime
        read(unwrapInboundIn(data))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        RelayChannel.keepPace(context)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        forgetFrame()
        service.hub.remove(self)
        if let inquiry { service.register.forget(inquiry) }
        inquiry = nil
        endLogins()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if host == nil, !isClosing {
            let address = context.channel.remoteAddress?.description ?? "somewhere"
            service.write(
                JournalEntry(.notice, JournalEntry.printable("no host of the fleet at \(address): \(error)")),
                about: .max - 1)
        }
        close()
    }

    // MARK: Frames

    /// What the host has offered before it was known who it is.
    private var offer: ClosedRange<UInt8>?

    func received(_ header: RelayFrame.Header, _ payload: Span<UInt8>) {
        // What was on its way when it was closed is for nobody.
        guard !isClosing else { return }
        guard !header.kind.isFromHub else { return malformed() }
        switch header.kind {
        case .hello:
            guard offer == nil, payload[0] <= payload[1] else { return malformed() }
            offer = payload[0]...payload[1]
            greet()
        case .ping: send(.pong, payload.indices.map { payload[$0] })
        case .open: open(header.stream, payload)
        case .up:
            guard header.stream <= lastStream else { return malformed() }
            // Those of a login that has just ended may still be on their way.
            streams[header.stream]?.read(payload)
        case .close:
            guard header.stream <= lastStream else { return malformed() }
            streams.removeValue(forKey: header.stream)?.gone()
        case .welcome, .taken, .down, .ended, .pong, .farewell: malformed()
        }
    }

    /// Once both are there, the offer and the host.
    private func greet() {
        guard let offer, host != nil, !hasGreeted else { return }
        let best = min(offer.upperBound, RelayFrame.versions.upperBound)
        guard best >= max(offer.lowerBound, RelayFrame.versions.lowerBound) else {
            return dismiss(
                "it speaks versions \(offer.lowerBound) to \(offer.upperBound) of the relay, the hub "
                    + "\(RelayFrame.versions.lowerBound) to \(RelayFrame.versions.upperBound)")
        }
        hasGreeted = true
        send(.welcome, [best] + Array(Release.version.utf8.prefix(64)))
    }

    private func open(_ stream: UInt32, _ payload: Span<UInt8>) {
        guard hasGreeted, let host, stream > lastStream else { return malformed() }
        lastStream = stream
        let opening: RelayOpening
        do throws(RelayError) {
            opening = try RelayOpening(payload)
        } catch {
            return malformed()
        }
        guard streams.count < RelayFrame.maximumStreams, let place = service.hub.load(of: host).enter() else {
            return send(.ended, stream: stream)
        }
        let caller = RelayedCaller(
            host: host, kind: opening.caller,
            session: opening.session.map { TerminalSession($0, ofHost: host.serial) }, place: place,
            dismiss: { [weak self] in self?.dismiss($0) })
        let handler = LoginHandler(service, relayed: caller)
        streams[stream] = handler
        guard handler.relay(over: StreamLine(connection: self, stream: stream)) else { return ended(stream) }
        send(.taken, stream: stream)
    }

    private func send(_ kind: RelayFrame.Kind, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        guard let context, !isClosing else { return }
        RelayChannel.send(kind, stream: stream, payload, over: context)
    }

    /// Sends what a login says.
    func send(_ frames: ByteBuffer, to stream: UInt32, wiping: Bool) {
        guard let context, !isClosing, streams[stream] != nil else { return }
        unsafe frames.withUnsafeReadableBytes { bytes in
            let bytes = unsafe Span<UInt8>(_unsafeElements: bytes.assumingMemoryBound(to: UInt8.self))
            var offset = 0
            while offset < bytes.count {
                let size = min(bytes.count - offset, RelayFrame.maximumPayload)
                RelayChannel.send(
                    .down, stream: stream, bytes.extracting(offset..<(offset + size)), wiping: wiping, over: context)
                offset += size
            }
        }
    }

    /// A login has ended here.
    func ended(_ stream: UInt32) {
        guard let handler = streams.removeValue(forKey: stream) else { return }
        send(.ended, stream: stream)
        handler.gone()
    }

    // MARK: The end

    func malformed() {
        guard !isClosing else { return }
        write(.notice, "sent what is no frame of the relay in its place; it was closed")
        close()
    }

    /// Serves the host no more, and says why to its journal.
    func dismiss(_ reason: String) {
        guard !isClosing else { return }
        write(.warning, "is not served: \(reason)")
        send(.farewell, Array(reason.utf8.prefix(256)))
        close()
    }

    private func write(_ level: JournalEntry.Level, _ sentence: String) {
        service.write(JournalEntry(level, "host \(identity) \(sentence)"), aboutHost: identity)
    }

    /// Closes once what was written has gone out.
    func close() {
        guard !isClosing else { return }
        isClosing = true
        endLogins()
        context?.close(promise: nil)
    }

    /// Its logins are nobody's any more: none of them is asked, judged or granted from here on.
    private func endLogins() {
        let open = streams.values
        streams = [:]
        for handler in open { handler.gone() }
    }

    // MARK: The sweep

    func sweep(at now: Moment) {
        guard let host else {
            if now.boottime - connectedAt > RelayTime.handshake { close() }
            return
        }
        // Whoever was cut off, or stands still, is not there any more; its logins are another hub's by now.
        if now.boottime - heardAt > RelayTime.hostSilence { return close() }
        service.hub.noteSight(of: host)
        if now.wall > host.until { dismiss("its certificate has run out") }
    }
}
