import AdminProtocol
import Authentication
import CPOSIX
import Glibc
import NIOCore
import NIOPosix

/// The event loop and everything on it: the sockets, their handlers, the tick that sweeps and retries.
final class LoginServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let service: NIOLoopBound<LoginService>
    private let desk: NIOLoopBound<AdminDesk>
    private let loop: any EventLoop

    init(_ build: @escaping @Sendable (any EventLoop) -> (LoginService, AdminDesk)) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        self.loop = loop
        (service, desk) = try loop.submit {
            let (service, desk) = build(loop)
            return (NIOLoopBound(service, eventLoop: loop), NIOLoopBound(desk, eventLoop: loop))
        }.wait()
    }

    /// Listens on a socket for logins.
    ///
    /// Many are accepted a tick, or group commit starves; each child reads one small buffer at a time, and only when
    /// it was asked to.
    func serveLogins(on socket: ListeningSocket) throws -> any Channel {
        let service = service
        return try bootstrap()
            .childChannelOption(ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LoginHandler(service.value))
                }
            }
            .withBoundSocket(socket.descriptor).wait()
    }

    /// Listens on a socket for the command line.
    func serveAdministration(on socket: ListeningSocket) throws -> any Channel {
        let desk = desk
        return try bootstrap()
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AdminHandler(desk.value))
                }
            }
            .withBoundSocket(socket.descriptor).wait()
    }

    private func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 4096)
            .serverChannelOption(ChannelOptions.maxMessagesPerRead, value: 256)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .childChannelOption(ChannelOptions.autoRead, value: false)
    }

    /// Runs something on the event loop, with the service.
    func withService(_ body: @escaping @Sendable (LoginService) -> Void) {
        let service = service
        loop.execute { body(service.value) }
    }

    /// Calls `body` on the event loop once a second, for as long as the daemon runs.
    func everySecond(_ body: @escaping @Sendable (LoginService) -> Void) {
        let service = service
        loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in body(service.value) }
    }

    /// Ends all logins under way, closes the listeners, and returns when the loop has stopped.
    func stop(_ listeners: [any Channel]) async {
        for listener in listeners { try? await listener.close() }
        let service = service
        _ = try? await loop.submit { service.value.stop() }.get()
        try? await group.shutdownGracefully()
    }
}
