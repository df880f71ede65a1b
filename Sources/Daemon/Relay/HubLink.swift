import Authentication
import Configuration
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import RelayProtocol

/// One connection to a hub, at a host: the logins that it carries, and whether anybody still answers.
final class HubLink: ChannelInboundHandler, FrameReader {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How many logins that root has not asked for it carries: the last tenth is for those that it has.
    private static let mostOfUsers = RelayFrame.maximumStreams - RelayFrame.maximumStreams / 10

    private let service: LoginService
    private let hub: Int
    private let place: NetworkPlace
    private let tls: NIOSSLContext
    private var context: ChannelHandlerContext?
    var assembler = RelayAssembler()
    var turn = ReadingTurn()
    private var isReady = false
    private(set) var isClosing = false
    /// Logins that wait for the connection.
    var waiting: [RelayingHandler] = []
    private var streams: [UInt32: RelayingHandler] = [:]
    private var lastStream: UInt32 = 0
    private let startedAt: Int64
    private var heardAt: Int64
    private var pingedAt: Int64?
    /// Why it ends, where the hub has said so.
    private var farewell: String?

    init(_ service: LoginService, hub: Int, place: NetworkPlace, _ tls: NIOSSLContext) {
        self.service = service
        self.hub = hub
        self.place = place
        self.tls = tls
        startedAt = service.clocks.now().boottime
        heardAt = startedAt
    }

    /// How many logins are under way on it.
    var logins: Int { streams.count }

    // MARK: Connecting

    func connect() {
        let bound = NIOLoopBound(self, eventLoop: service.loop)
        let tls = tls
        // An address is told from a name by the certificate, and never by what is asked for.
        let name = (try? SocketAddress(ipAddress: place.host, port: place.port)) == nil ? place.host : nil
        let connecting = ClientBootstrap(group: service.loop)
            .connectTimeout(.milliseconds(RelayTime.handshake))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        try NIOSSLClientHandler(context: tls, serverHostname: name), bound.value,
                    ])
                }
            }
            .connect(host: place.host, port: place.port)
        connecting.whenFailure { bound.value.end("\($0)") }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        if isClosing { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            send(.hello, [RelayFrame.versions.lowerBound, RelayFrame.versions.upperBound])
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { read(unwrapInboundIn(data)) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        RelayChannel.keepPace(context)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        forgetFrame()
        end(farewell ?? "the connection was lost")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(farewell ?? "\(error)") }

    // MARK: Frames

    func received(_ header: RelayFrame.Header, _ payload: Span<UInt8>) {
        guard header.kind.isFromHub else { return end("it sent what only hosts send") }
        heardAt = service.clocks.now().boottime
        switch header.kind {
        case .welcome:
            guard !isReady, RelayFrame.versions.contains(payload[0]) else { return end("it speaks another version") }
            isReady = true
            service.upstream.heard(hub, over: self)
            let logins = waiting
            waiting = []
            for login in logins { begin(login) }
        case .pong:
            pingedAt = nil
            service.upstream.heard(hub, over: self)
        case .taken: streams[header.stream]?.wasTaken(by: hub)
        case .down: streams[header.stream]?.received(payload, from: hub)
        case .ended: streams.removeValue(forKey: header.stream)?.ended(by: hub)
        case .farewell:
            farewell = unsafe payload.withUnsafeBufferPointer {
                unsafe JournalEntry.printable("it refuses this host: " + String(decoding: $0, as: UTF8.self))
            }
        case .hello, .open, .up, .close, .ping: break
        }
    }

    private func send(_ kind: RelayFrame.Kind, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        guard let context, !isClosing else { return }
        RelayChannel.send(kind, stream: stream, payload, over: context)
    }

    // MARK: Logins

    /// Begins a login here, once there is a connection.
    func begin(_ login: RelayingHandler) {
        guard isReady else {
            waiting.append(login)
            return
        }
        // It may have gone to another hub meanwhile.
        guard login.wants(hub) else { return }
        let most = login.opening.caller == .root ? RelayFrame.maximumStreams : HubLink.mostOfUsers
        guard lastStream < .max, streams.count < most else { return login.lost(hub) }
        lastStream += 1
        streams[lastStream] = login
        login.carried(by: self, as: lastStream)
        send(.open, stream: lastStream, login.opening.bytes)
        send(.up, stream: lastStream, login.beginning)
    }

    /// Sends what a login's module says: a secret perhaps.
    func send(_ bytes: Span<UInt8>, of stream: UInt32) {
        guard let context, !isClosing, streams[stream] != nil else { return }
        RelayChannel.send(.up, stream: stream, bytes, wiping: true, over: context)
    }

    /// A login is not this hub's any more.
    func leave(_ stream: UInt32) {
        guard streams.removeValue(forKey: stream) != nil else { return }
        send(.close, stream: stream)
    }

    // MARK: The end

    func malformed() { end("it sent what is no frame of the relay in its place") }

    /// Ends the connection; its logins are told, and the next ones go elsewhere.
    func end(_ reason: String) {
        guard !isClosing else { return }
        isClosing = true
        service.upstream.lost(hub, self, reason)
        context?.close(promise: nil)
        let logins = waiting + streams.values
        waiting = []
        streams = [:]
        for login in logins { login.lost(hub) }
    }

    func sweep(at now: Moment) {
        guard isReady else {
            if now.boottime - startedAt >= RelayTime.handshake { end("it was not there in time") }
            return
        }
        if let pingedAt {
            if now.boottime - pingedAt >= RelayTime.silence { end("it does not answer") }
            return
        }
        let isIdle = streams.isEmpty
        guard !isIdle || now.boottime - heardAt >= RelayTime.idlePing else { return }
        pingedAt = now.boottime
        send(.ping, [0, 0, 0, 1])
    }
}
