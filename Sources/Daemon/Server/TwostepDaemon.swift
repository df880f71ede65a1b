import AdminProtocol
import AuthPrograms
import Authentication
import CPOSIX
import Configuration
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The daemon from its start to its end.
package enum TwostepDaemon {
    /// Starts, serves until SIGTERM or SIGINT, and returns when everything has been put away.
    ///
    /// Throws `StartFailure` if it cannot start at all: no user to run as, no sockets, another daemon on the same
    /// state. A broken configuration or store is no such reason: the daemon serves on, and refuses every login.
    ///
    /// It runs on the main thread and keeps it: with an asynchronous `main` libdispatch ends that thread, which then
    /// stays behind as root for all to see, since only living threads take part in a change of uid.
    package static func run(_ options: DaemonOptions) throws {
        posix_keep_memory_small()
        // Before any thread: what one may never do again is handed on to the threads that it starts.
        try Privileges.harden()
        // And this, which is forked.
        let launcherFault = LauncherProcess.start(options)
        let journal = SystemJournal()
        if let launcherFault { journal.warning(launcherFault) }
        let started: StartedDaemon
        do throws(StartFailure) {
            started = try StartedDaemon(options, journal: journal)
        } catch {
            journal.error(error.description)
            journal.flush()
            throw error
        }
        let logger = Logger(label: "lifecycle") { JournalLogHandler(journal, label: $0) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [started], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        let ended = BlockingQueue<Result<Void, any Error>>()
        // Of an ordinary priority: that of the main thread is more than this user may have, and libdispatch complains.
        Task(priority: .medium) {
            do { ended.put(.success(try await group.run())) } catch { ended.put(.failure(error)) }
        }
        let results = ended.takeAll()
        journal.flush()
        for result in results { try result.get() }
    }
}

/// A daemon whose sockets are bound and whose privileges are gone.
final class StartedDaemon: Service {
    private let options: DaemonOptions
    private let journal: SystemJournal
    private let manager: ServiceManager
    private let login: ListeningSocket
    private let admin: ListeningSocket
    /// Nil where it cannot be: no login is refused for that.
    private let own: ListeningSocket?
    private let store: StoreSource
    private let writer: StoreWriter
    private let keys: SealingKeySource
    private let loader: ConfigurationLoader
    private let programs: SocketProgramRunner
    private let securityKeys: SocketSecurityKeys
    private let clocks = SystemClocks()
    private let descriptors: Int
    private let startedAt: Moment
    private struct Reloading {
        var isUnderWay = false
        var isWantedAgain = false
        /// When the last one began, on CLOCK_BOOTTIME in milliseconds.
        var startedAt: Int64 = 0
    }

    private let reloading = Mutex(Reloading())
    /// Programs that have not said what they are, being asked again.
    private let describing = Mutex(Reloading())
    /// What the journal was last told of the store.
    private let lastStoreProblem = Mutex<StoreFailure?>(nil)
    /// The file as it was when it was last read.
    private let lastStamp = Mutex<ConfigurationLoader.Stamp?>(nil)

    /// Does all that needs root, and then is root no more.
    init(_ options: DaemonOptions, journal: SystemJournal) throws(StartFailure) {
        self.options = options
        self.journal = journal
        umask(0o077)
        // Whoever reads our standard error may go away.
        signal(SIGPIPE, SIG_IGN)
        manager = ServiceManager()
        descriptors = Int(clamping: posix_raise_descriptor_limit())
        let target = Privileges.isRoot ? try Privileges.target() : nil
        let key = SealingKeySource(keyFile: options.keyFile, credentials: manager.credentialsDirectory)
        // Read while that is still allowed: the file may be root's alone.
        key.prepare()
        keys = key
        if let target {
            try StateDirectories.prepare(options, owner: target)
        }
        login = try manager.socket(named: "login.sock", orBind: options.loginSocket, mode: 0o666, owner: target)
        admin = try manager.socket(named: "admin.sock", orBind: options.adminSocket, mode: 0o600, owner: target)
        own = StartedDaemon.ownSocket(options, manager, target, journal)
        if posix_lock_touched_memory() != 0 {
            journal.notice(
                "memory may be swapped out: the limit on locked memory is not infinite (LimitMEMLOCK=infinity)")
        }
        if let target { try Privileges.drop(to: target) }
        try Privileges.harden()
        let clocks = clocks
        let source = StoreSource(
            in: options.stateDirectory, keys: key, host: ProcessInfo.processInfo.hostName, clock: { clocks.now() },
            report: { journal.error("store: \($0.description)") }, tell: { journal.notice("store: \($0)") })
        store = source
        writer = StoreWriter { () throws(StoreFailure) in try source.open() }
        programs = SocketProgramRunner(in: options.runtimeDirectory)
        securityKeys = SocketSecurityKeys(in: options.runtimeDirectory)
        loader = ConfigurationLoader(
            path: options.configuration, accounts: SystemDirectory(), hostName: ProcessInfo.processInfo.hostName,
            allowsInsecure: options.allowsInsecure,
            programs: programs, keys: securityKeys)
        startedAt = clocks.now()
        source.onNotice { [writer] in writer.noticed() }
        switch loader.storePlace {
        case .here(let settings)?: _ = source.follow(settings)
        case .atHubs?: _ = source.follow(nil)
        case nil: break
        }
        writer.start()
        if case .inUse(let explanation) = writer.problem { throw StartFailure(explanation) }
    }

    /// The socket for users' own devices. Any local user may connect: whose they are is told by the peer's uid.
    ///
    /// A unit that was made before there was such a socket passes none in, and what may be bound there is not this user's
    /// to make.
    private static func ownSocket(
        _ options: DaemonOptions, _ manager: ServiceManager, _ target: Privileges.Target?, _ journal: any Journal
    ) -> ListeningSocket? {
        do throws(StartFailure) {
            return try manager.socket(named: "self.sock", orBind: options.selfSocket, mode: 0o666, owner: target)
        } catch {
            journal.warning("users cannot see to their own devices: \(error.description)")
            return nil
        }
    }

    func run() async throws {
        let generation = load(after: nil)
        tellStore()
        let server = try LoginServer(
            clocks: clocks, journal: journal, writer: writer, accounts: SystemDirectory(), generation: generation,
            keys: keys, store: store, sshKeys: SocketSSHKeyWitness(socket: options.sshdSocket),
            // What is opened for the store and for look-ups is not to be fought for.
            mostConnections: min(max(descriptors - 64, descriptors / 2), LoginServer.mostConnections)
        ) { self.status($0, openSessions: $1, $2) }
        let listeners =
            [
                try server.serveLogins(on: login), try server.serveAdministration(on: admin),
            ] + (try own.map { [try server.serveSelfService(on: $0)] } ?? [])
        writer.onChanges { server.withService { self.goAlong($0) } }
        let watchdog = Watchdog(interval: manager.watchdogInterval) { self.manager.notify("WATCHDOG=1") }
        writer.onLongTasks { watchdog?.goesOn() }
        server.everySecond { service in
            service.sweep()
            self.recover(service, server)
            watchdog?.tick(self.writer)
        }
        // Trapped before anybody is told that we are there to be asked.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        journal.notice("twostepd \(Release.version) listens on \(login.path)")
        server.tellClock()
        server.withService { $0.directory.gauge.start() }
        manager.notify("READY=1")
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for await _ in hangUps.cancelOnGracefulShutdown() {
                    self.reload(server)
                }
            }
            tasks.addTask { try? await gracefulShutdown() }
            await tasks.next()
            tasks.cancelAll()
        }
        manager.notify("STOPPING=1")
        programs.stop()
        securityKeys.stop()
        writer.onChanges(nil)
        await server.stop(listeners)
        writer.stop()
        journal.notice("twostepd has stopped")
    }

    // MARK: The configuration

    /// Loads the file; a broken one keeps what was in force before.
    private func load(after previous: Generation?) -> Generation {
        let stamp = loader.stamp
        lastStamp.withLock { $0 = stamp }
        let number = (previous?.number ?? 0) + 1
        switch loader.load(number: number) {
        case .success((let active, let warnings)):
            for warning in warnings { journal.warning(warning.description) }
            for outage in active.outages {
                journal.error("\(outage); logins that need it are refused until it answers")
            }
            writer.ask(every: active.store.poll)
            if store.follow(active.upstream == nil ? active.store : nil) { writer.reopen() }
            if let reminder = store.reminder { journal.warning(reminder) }
            journal.notice("configuration \(number) is in force: \(options.configuration)")
            return Generation(number: number, loadedAt: clocks.now().wall, active: active, problems: [])
        case .failure(let problems):
            let sentences = problems.all.map(\.description)
            // Tried again and again: what was said once is not said each time.
            if sentences != previous?.problems {
                for sentence in sentences { journal.error(sentence) }
                journal.error(
                    previous?.active == nil
                        ? "the configuration is broken: every login is refused until it is repaired"
                        : "the configuration is broken: configuration \(previous?.number ?? 0) stays in force")
            }
            return Generation(
                number: previous?.number ?? 0, loadedAt: previous?.loadedAt, active: previous?.active,
                problems: sentences)
        }
    }

    /// Reads the file again, off the event loop. One reading at a time: of two, the one that ends last need not have
    /// begun last, and would put an older file in force.
    private func reload(_ server: LoginServer) {
        server.withService { service in
            let mayStart = self.reloading.withLock { reloading in
                guard !reloading.isUnderWay else {
                    reloading.isWantedAgain = true
                    return false
                }
                reloading = Reloading(isUnderWay: true, startedAt: self.clocks.now().boottime)
                return true
            }
            guard mayStart else { return }
            let previous = service.generation
            DetachedThread.start(named: "twostep-reload") {
                let next = self.load(after: previous)
                server.withService { service in
                    service.generation = next
                    let isWantedAgain = self.reloading.withLock { reloading in
                        reloading.isUnderWay = false
                        return reloading.isWantedAgain
                    }
                    if isWantedAgain { self.reload(server) }
                }
            }
        }
    }

    /// Asks programs that have not said what they are again, now and then, off the event loop.
    private func askAgain(_ service: LoginService, _ server: LoginServer) {
        let silent = service.generation.active?.programs.filter { $0.outage != nil } ?? []
        guard !silent.isEmpty else { return }
        let now = clocks.now().boottime
        let mayStart = describing.withLock { describing in
            guard !describing.isUnderWay, now - describing.startedAt >= 5000 else { return false }
            describing = Reloading(isUnderWay: true, startedAt: now)
            return true
        }
        guard mayStart else { return }
        DetachedThread.start(named: "twostep-describe") {
            ProgramDescriptions.ask(silent)
            for program in silent where program.outage == nil {
                self.journal.notice("\(program.name) answers: \(program.settings.program)")
            }
            self.describing.withLock { $0.isUnderWay = false }
        }
    }

    /// Once a second: tries a broken store again, and a broken configuration as soon as its file has changed, or
    /// after a while, since what it names may be there by then (an account, a directory server).
    private func recover(_ service: LoginService, _ server: LoginServer) {
        tellStore()
        goAlong(service)
        writer.check()
        store.refreshCopy()
        askAgain(service, server)
        guard !service.generation.problems.isEmpty else { return }
        let isDue = clocks.now().boottime - reloading.withLock(\.startedAt) >= 5000
        if isDue || lastStamp.withLock({ $0 }) != loader.stamp { reload(server) }
    }

    /// Forgets what others have changed in a store that is shared.
    private func goAlong(_ service: LoginService) {
        let changes = writer.takeChanges()
        if !changes.isNothing { service.follow(changes) }
    }

    /// Says in the journal when the store breaks, and when it is well again.
    private func tellStore() {
        let problem = store.isHere ? writer.problem : nil
        let before = lastStoreProblem.withLock { last in
            defer { last = problem }
            return last
        }
        guard problem != before else { return }
        if let problem {
            journal.error("every login is refused: \(problem.description)")
        } else if let reason = store.standIn {
            journal.warning("logins are judged by the local copy: \(reason)")
        } else {
            journal.notice("the store can be used again")
        }
    }

    // MARK: Status

    private static func deafness(_ interval: Int64) -> String {
        "Notices of other daemons are not heard at the moment: what is changed there binds here within \(interval + 1) seconds."
    }

    private func status(_ generation: Generation, openSessions: Int, _ tally: LoginTally) -> ServiceStatus {
        let isHost = generation.active?.upstream != nil
        let problem = isHost ? nil : writer.problem?.description
        let now = clocks.now()
        return ServiceStatus(
            version: Release.version, isServing: generation.active != nil && problem == nil,
            problems: generation.problems + (problem.map { [$0] } ?? []),
            warnings: (generation.active?.outages ?? []).map {
                "\($0); logins that need it are refused until it answers"
            } + (problem == nil && store.isDeaf ? [Self.deafness(generation.active?.store.poll ?? 1)] : [])
                + (store.standIn.map { ["logins are judged by the local copy, which changes nothing else: \($0)"] }
                    ?? []) + (store.copyLeftover.map { [$0] } ?? []),
            configuration: LoadedConfiguration(
                path: options.configuration, generation: generation.number,
                loadedAt: generation.loadedAt),
            store: StoreStatus(
                path: store.description.path, schema: problem == nil && !isHost ? store.description.schema : nil,
                problem: problem, copy: store.copyStatus),
            sockets: [login.path, admin.path] + (own.map { [$0.path] } ?? []), openSessions: openSessions,
            accounts: nil, devices: nil,
            blocked: writer.blocks.count, granted: tally.granted, refused: tally.refused,
            uptime: (now.boottime - startedAt.boottime) / 1000, isClockSane: true)
    }
}

extension ServiceManager {
    /// The socket that was passed in under this name, or one bound at `path`.
    fileprivate func socket(
        named name: String, orBind path: String, mode: UInt32, owner: Privileges.Target?
    ) throws(StartFailure) -> ListeningSocket {
        guard let descriptor = sockets[name] else { return try .bind(path, mode: mode, owner: owner) }
        return ListeningSocket(path: LocalAddress(of: descriptor)?.path ?? path, descriptor: descriptor)
    }
}
