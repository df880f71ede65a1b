import NIOCore

/// What carries the frames of one login: a socket of this machine, or a stream of a host's connection.
protocol LoginLine {
    /// Where room for frames comes from.
    var allocator: ByteBufferAllocator { get }
    /// Whether what was sent before has gone out so far that more may be.
    var isWritable: Bool { get }
    /// Lets the next bytes come; none come that were not asked for.
    func listen()
    /// Sends whole frames. With `wiping` they hold a secret: their memory is overwritten once nobody needs it.
    func send(_ frames: ByteBuffer, wiping: Bool)
    /// Ends the line once what was sent has gone out.
    func hangUp()
}

/// The line of a socket of this machine.
struct SocketLine: LoginLine {
    let context: ChannelHandlerContext

    var allocator: ByteBufferAllocator { context.channel.allocator }

    var isWritable: Bool { context.channel.isWritable }

    func listen() { context.read() }

    func send(_ frames: ByteBuffer, wiping: Bool) {
        guard wiping else { return context.writeAndFlush(NIOAny(frames), promise: nil) }
        context.writeAndFlush(NIOAny(frames)).assumeIsolated().whenComplete { _ in
            // The kernel has it, or nobody: what it held of a secret is overwritten where it lies.
            frames.wipeReadableBytes()
        }
    }

    func hangUp() { context.close(promise: nil) }
}
