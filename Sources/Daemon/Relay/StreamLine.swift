import NIOCore
import RelayProtocol

/// The line of a login that a host relays: one stream of its connection.
struct StreamLine: LoginLine {
    /// Unowned: a connection that ends has ended its logins before.
    unowned let connection: HostConnection
    let stream: UInt32

    var allocator: ByteBufferAllocator { connection.allocator }

    var isWritable: Bool { true }

    /// The connection as a whole listens, or does not.
    func listen() {}

    func send(_ frames: ByteBuffer, wiping: Bool) {
        connection.send(frames, to: stream, wiping: wiping)
        if wiping { frames.wipeReadableBytes() }
    }

    func hangUp() { connection.ended(stream) }
}
