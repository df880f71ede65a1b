import NIOCore
import RelayProtocol

/// What both ends of a connection between host and hub do with its frames: put them together, and send them.
struct RelayChannel {
    private var assembler = RelayAssembler()

    /// Feeds what has come; it is wiped where it lies. `body` gets each whole frame and says whether to go on.
    mutating func feed(
        _ buffer: ByteBuffer, _ body: (RelayFrame.Header, Span<UInt8>) -> Bool
    ) throws(RelayError) {
        defer { buffer.wipeReadableBytes() }
        var failure: RelayError?
        unsafe buffer.withUnsafeReadableBytes { received in
            let bytes = unsafe Span<UInt8>(_unsafeElements: received.assumingMemoryBound(to: UInt8.self))
            do throws(RelayError) {
                try assembler.feed(bytes, body)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    mutating func forget() { assembler.forget() }

    /// Sends a frame.
    static func send(
        _ kind: RelayFrame.Kind, stream: UInt32 = 0, _ payload: [UInt8] = [], over context: ChannelHandlerContext
    ) {
        send(kind, stream: stream, payload.span, wiping: false, over: context)
    }

    /// Sends a frame; with `wiping` its memory is overwritten once it is on its way.
    static func send(
        _ kind: RelayFrame.Kind, stream: UInt32, _ payload: Span<UInt8>, wiping: Bool,
        over context: ChannelHandlerContext
    ) {
        let header = RelayFrame.Header(kind, stream: stream, payloadCount: payload.count).bytes
        var buffer = context.channel.allocator.buffer(capacity: header.count + payload.count)
        buffer.writeBytes(header)
        unsafe payload.withUnsafeBytes { _ = unsafe buffer.writeBytes($0) }
        guard wiping else { return context.writeAndFlush(NIOAny(buffer), promise: nil) }
        let sent = buffer
        context.writeAndFlush(NIOAny(buffer)).assumeIsolated().whenComplete { _ in sent.wipeReadableBytes() }
    }

    /// Stops listening to whoever does not read what is said, and goes on when that is over.
    static func keepPace(_ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(ChannelOptions.autoRead, value: context.channel.isWritable)
    }
}
