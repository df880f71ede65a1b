import Authentication
import Configuration
import Cryptography
import NIOCore
import NIOPosix
import NIOSSL

/// A hub's side of the fleet: where it listens for hosts, with which certificate, and which hosts are there.
///
/// It belongs to the event loop, and does nothing where the configuration names no hub.
final class HubDesk {
    /// Connections whose TLS has not told yet who they are: more are closed at once.
    private static let mostStrangers = 256
    /// Connections of one certificate: of more, the one that has said nothing for longest gives way.
    private static let mostPerHost = 4
    private static let mostConnections = 12_000

    private unowned let service: LoginService
    private var settings: HubSettings?
    private var listeners: [(place: NetworkPlace, channel: any Channel)] = []
    /// What is bound, or is being bound, counts as one: nothing of an older one is kept.
    private var number = 0
    private var tls: NIOSSLContext?
    private var issuedAt: Int64 = 0
    private var isPreparing = false
    private var triedAt: Int64?
    private var connections: [ObjectIdentifier: HostConnection] = [:]
    /// By certificate, as what follows: there are no more than were issued.
    private var loads: [String: HostLoad] = [:]
    /// When it was last written down that a host is there, on CLOCK_BOOTTIME in milliseconds.
    private var notedAt: [String: Int64] = [:]
    private var lookedAt: Int64 = 0
    private var isLooking = false
    /// What keeps it from serving, in a sentence; nil where nothing does.
    private(set) var problem: String?

    init(_ service: LoginService) { self.service = service }

    // MARK: Hosts

    /// Counts a connection in; false if there is no room.
    func admit(_ connection: HostConnection) -> Bool {
        guard connections.count < HubDesk.mostConnections,
            connections.values.count(where: { $0.host == nil }) < HubDesk.mostStrangers
        else { return false }
        connections[ObjectIdentifier(connection)] = connection
        return true
    }

    func remove(_ connection: HostConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// Makes room for another connection of a host: what was cut off may not have been noticed here.
    func makeRoom(for host: FleetHost) {
        let own = connections.values.filter { $0.host?.serial == host.serial && !$0.isClosing }
        guard own.count >= HubDesk.mostPerHost else { return }
        own.min { $0.heardAt < $1.heardAt }?.dismiss("too many connections with its certificate")
    }

    /// Whether a host is connected here.
    func isConnected(_ serial: String) -> Bool { connections.values.contains { $0.host?.serial == serial } }

    /// Ends the connections of a host whose certificates were revoked.
    func dismiss(_ name: String) {
        for connection in connections.values where connection.host?.name == name {
            connection.dismiss("its certificate was revoked")
        }
    }

    /// What the logins of a certificate take, over all of its connections.
    func load(of host: FleetHost) -> HostLoad {
        if let load = loads[host.serial] { return load }
        let load = HostLoad()
        loads[host.serial] = load
        return load
    }

    /// Writes down once in a while that a host is there, however often it connects.
    func noteSight(of host: FleetHost) {
        let now = service.clocks.now()
        if let noted = notedAt[host.serial], now.boottime - noted < RelayTime.seen { return }
        notedAt[host.serial] = now.boottime
        let serial = host.serial
        service.writer.perform { store in
            do throws(StoreFailure) {
                try FleetRegister.saw(serial, in: try store.get(), at: now.wall)
            } catch {
                // Nothing is decided by it; the writer finds out by itself what is wrong with the store.
            }
        }
    }

    /// Looks beside the logins whether the certificates of its connections are good still.
    private func lookAtRegister(at now: Moment) {
        guard !isLooking, now.boottime - lookedAt >= RelayTime.registerLook else { return }
        // Those of this moment: what is issued during the look is not in it.
        let connected = Set(connections.values.compactMap { $0.host?.serial })
        guard !connected.isEmpty else { return }
        lookedAt = now.boottime
        isLooking = true
        service.read(isLong: false) { store throws(StoreFailure) in
            try FleetRegister.good(in: store)
        } deliver: { found in
            self.isLooking = false
            // A store that cannot be asked refuses logins by itself.
            guard case .success(let good) = found else { return }
            for connection in self.connections.values {
                guard let serial = connection.host?.serial, connected.contains(serial), !good.contains(serial) else {
                    continue
                }
                connection.dismiss("its certificate was revoked")
            }
        }
    }

    // MARK: Listening

    /// Follows the configuration, renews the certificate, tries again what has failed, and ends what stands still.
    func sweep(at now: Moment) {
        for connection in connections.values { connection.sweep(at: now) }
        lookAtRegister(at: now)
        let wanted = service.generation.active?.hub
        if wanted != settings {
            stop()
            settings = wanted
            tls = nil
            problem = nil
            triedAt = nil
        }
        guard let settings, !isPreparing else { return }
        if tls != nil, now.wall - issuedAt < RelayTime.hubRenewal, listeners.count == settings.listen.count { return }
        if let triedAt, now.boottime - triedAt < RelayTime.listenPause { return }
        triedAt = now.boottime
        prepare(settings, at: now)
    }

    /// Ends the listeners, and the connections with them.
    func stop() {
        number += 1
        for listener in listeners { listener.channel.close(promise: nil) }
        listeners = []
        for connection in connections.values { connection.close() }
    }

    /// Gets a certificate for this hub, whose key nobody else ever has, and listens with it.
    private func prepare(_ settings: HubSettings, at now: Moment) {
        isPreparing = true
        service.ask { store throws(StoreFailure) in
            try HubDesk.context(for: settings.name, in: store, at: now.wall)
        } deliver: { made in
            self.isPreparing = false
            guard self.settings == settings else { return }
            switch made {
            case .success(let context):
                self.tls = context
                self.issuedAt = now.wall
                self.listen(settings)
            case .failure(let failure): self.fail("hosts are not served: \(failure.description)")
            }
        }
    }

    private static func context(
        for name: String, in store: any EnrollmentStore, at now: Int64
    ) throws(StoreFailure) -> NIOSSLContext {
        let authority = try FleetRegister.authority(in: store, at: now)
        do {
            let key = try SigningKey()
            let terms = Certificate(
                name: String(name.prefix(64)), serial: try Certificate.newSerial(), from: now - RelayTime.leeway,
                until: now + RelayTime.hubLife, purpose: .hub(name: name))
            let certificate = try NIOSSLCertificate(
                bytes: try authority.issue(terms, for: try key.publicKey()), format: .der)
            // What BoringSSL keeps of it is wiped with it; the copy on the way is an array, and short-lived.
            var bytes = try key.withBytes { bytes in bytes.indices.map { bytes[$0] } }
            defer { for index in bytes.indices { bytes[index] = 0 } }
            let own = try NIOSSLPrivateKey(bytes: bytes, format: .der)
            var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
                certificateChain: [.certificate(certificate)], privateKey: .privateKey(own),
                trustRoots: .certificates([try NIOSSLCertificate(bytes: authority.certificate, format: .der)]))
            configuration.minimumTLSVersion = .tlsv13
            configuration.certificateVerification = .noHostnameVerification
            configuration.shutdownTimeout = .milliseconds(RelayTime.handshake)
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .unreachable("no certificate for \(name): \(error)")
        }
    }

    private func listen(_ settings: HubSettings) {
        let bound = NIOLoopBound((desk: self, number: number), eventLoop: service.loop)
        for place in settings.listen where !listeners.contains(where: { $0.place == place }) {
            let channel = ServerBootstrap(group: service.loop)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(ChannelOptions.backlog, value: 1024)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let desk = bound.value.desk
                        guard let tls = desk.tls else { throw ChannelError.operationUnsupported }
                        try channel.pipeline.syncOperations.addHandlers([
                            NIOSSLServerHandler(context: tls), HostConnection(desk.service),
                        ])
                    }
                }
                .bind(host: place.host, port: place.port)
            channel.whenComplete { result in
                bound.value.desk.bound(place, result, bound.value.number)
            }
        }
    }

    private func bound(_ place: NetworkPlace, _ result: Result<any Channel, any Error>, _ number: Int) {
        switch result {
        case .success(let channel) where number == self.number:
            listeners.append((place, channel))
            if listeners.count == settings?.listen.count { problem = nil }
            service.journal.notice("hosts of the fleet are served at \(place)")
        case .success(let channel): channel.close(promise: nil)
        case .failure(let error): fail("cannot listen for hosts at \(place): \(error)")
        }
    }

    private func fail(_ sentence: String) {
        // Tried again and again: what was said once is not said each time.
        if problem != sentence { service.journal.error(JournalEntry.printable(sentence)) }
        problem = sentence
    }
}
