import NIOCore
import RelayProtocol

/// How both ends of a connection between host and hub send frames, and no faster than the other reads them.
enum RelayChannel {
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
