package import AdminProtocol
import Authentication
import Glibc
package import NIOCore
import NIOPosix

/// The event loop and everything on it: the sockets, their handlers, the tick that sweeps and retries.
package final class LoginServer: Sendable {
    /// Describes the daemon as a whole: the configuration in force, the sessions that are open, how logins ended.
    package typealias Description = @Sendable (Generation, _ openSessions: Int, LoginTally) -> ServiceStatus

    /// How many logins may be under way at once, where there are files for so many.
    package static let mostConnections = 16_384

    private let group: MultiThreadedEventLoopGroup
    private let service: NIOLoopBound<LoginService>
    private let desk: NIOLoopBound<AdminDesk>
    private let loop: any EventLoop

    /// Starts the loop; `mostConnections` is how many logins may be under way at once.
    package init(
        clocks: any Clocks, journal: any Journal, writer: StoreWriter, accounts: any AccountDirectory,
        processes: any ProcessTable = SystemProcessTable(), generation: Generation, keys: SealingKeySource? = nil,
        store: StoreSource? = nil,
        sshKeys: any SSHKeyWitness = NoSSHKeyWitness(),
        mostConnections: Int = LoginServer.mostConnections,
        randomBytes: @escaping SessionIDs.Source = SessionIDs.libcrypto,
        describe: @escaping Description
    ) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        self.loop = loop
        (service, desk) = try loop.submit {
            let service = LoginService(
                on: loop, clocks: clocks, journal: journal, writer: writer, accounts: accounts,
                processes: processes, generation: generation, randomBytes: randomBytes)
            service.sshKeys = sshKeys
            service.connections.capacity = mostConnections
            service.relays.capacity = mostConnections
            service.visits.capacity = min(service.visits.capacity, mostConnections / 4)
            let desk = AdminDesk(service, keys: keys, store: store) {
                var status = describe(service.generation, service.sessions.count, service.tally)
                status.tell(hubs: service.upstream.standing, hubProblem: service.hub.problem)
                return status
            }
            return (NIOLoopBound(service, eventLoop: loop), NIOLoopBound(desk, eventLoop: loop))
        }.wait()
    }

    /// Listens on a socket for logins.
    ///
    /// Many are accepted a tick, or group commit starves; each child reads one small buffer at a time, and only when
    /// it was asked to.
    package func serveLogins(on socket: ListeningSocket) throws -> any Channel {
        let service = service
        let channel = try bootstrap(socket, sayingToNewcomers: SpareDescriptor.verdict)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Here, and not by the bootstrap, which takes a future for each.
                    try LoginServer.readOnDemand(channel)
                    try channel.syncOptions?.setOption(
                        ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1024))
                    // Where hubs decide, nothing is decided here.
                    let isHost = service.value.generation.active?.upstream != nil
                    try channel.pipeline.syncOperations.addHandler(
                        isHost ? RelayingHandler(service.value) : LoginHandler(service.value))
                }
            }
            .withBoundSocket(socket.descriptor).wait()
        // NIO calls listen(2) with a backlog of 128, whatever the channel's option says, for a socket that it is given.
        guard listen(socket.descriptor, 4096) == 0 else { throw IOError(errnoCode: errno, reason: "listen") }
        return channel
    }

    /// Listens on a socket for the command line.
    package func serveAdministration(on socket: ListeningSocket) throws -> any Channel {
        let desk = desk
        return try bootstrap(socket)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try LoginServer.readOnDemand(channel)
                    try channel.pipeline.syncOperations.addHandler(AdminHandler(AdminVisit(desk.value)))
                }
            }
            .withBoundSocket(socket.descriptor).wait()
    }

    /// Listens on a socket for users and their own devices.
    package func serveSelfService(on socket: ListeningSocket) throws -> any Channel {
        let desk = desk
        return try bootstrap(socket)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try LoginServer.readOnDemand(channel)
                    try channel.syncOptions?.setOption(
                        ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1024))
                    try channel.pipeline.syncOperations.addHandler(AdminHandler(OwnerVisit(desk.value)))
                }
            }
            .withBoundSocket(socket.descriptor).wait()
    }

    /// What the listeners have in common; newcomers are told these words, a frame or nothing, where no descriptor is left.
    private func bootstrap(_ socket: ListeningSocket, sayingToNewcomers words: [UInt8] = []) -> ServerBootstrap {
        let service = service
        let listener = socket.descriptor
        return ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.maxMessagesPerRead, value: 256)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        SpareDescriptor(listener, saying: words, service.value), SpareDescriptor.pause,
                    ])
                }
            }
    }

    /// One read at a time, and none that was not asked for.
    private static func readOnDemand(_ channel: any Channel) throws {
        guard let options = channel.syncOptions else { throw ChannelError.operationUnsupported }
        try options.setOption(ChannelOptions.maxMessagesPerRead, value: 1)
        try options.setOption(ChannelOptions.autoRead, value: false)
    }

    /// Lets new logins follow another configuration; those under way keep theirs.
    package func follow(_ generation: Generation) { withService { $0.generation = generation } }

    /// Ends what is over: called once a second, and by tests whenever they have moved the clock.
    package func sweep() async throws {
        let service = service
        try await loop.submit { service.value.sweep() }.get()
    }

    /// Says in the journal what makes it doubtful that the clock is right: at the start, when that was not seen to happen.
    package func tellClock() { withService { $0.tellClock() } }

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
    package func stop(_ listeners: [any Channel]) async {
        for listener in listeners { try? await listener.close() }
        let service = service
        let threads = try? await loop.submit {
            service.value.endLogins()
            return (
                directory: service.value.directory.threads, slowWork: service.value.slowWork.threads,
                programs: service.value.programs.threads, questions: service.value.questions.threads
            )
        }.get()
        // What they still say, they say to a loop that is there to hear it.
        let isOver = await threads?.directory.stop() ?? true
        try? await threads?.slowWork.shutdownGracefully()
        try? await threads?.programs.shutdownGracefully()
        try? await threads?.questions.shutdownGracefully()
        // What hangs may still say something: the process ends with the loop.
        guard isOver else { return }
        try? await group.shutdownGracefully()
    }
}
