package import AdminProtocol
package import Authentication
package import Configuration
package import EnrollmentStores
import Glibc
import Synchronization

/// Which store the configuration names, and how it is opened: on the writer's thread, which must not wait for a server that is away.
///
/// Once a server was reached, it is looked for on a thread of its own before anybody connects on the writer's again: what comes
/// meanwhile is denied at once.
package final class StoreSource: Sendable {
    private enum Reach {
        /// It may be connected to, or was by whoever looked for it.
        case open(ReachedServer?)
        /// It was lost, and why; nobody looks for it at the moment.
        case lost(StoreFailure)
        /// The same, and somebody does.
        case sought(StoreFailure)
    }

    private struct State {
        /// Nil on a host whose hubs have the store.
        var settings: StoreSettings? = StoreSettings()
        /// What the configuration goes on naming after another store has taken its place; nil where it names the one in use.
        var former: StoreSettings?
        var reach = Reach.open(nil)
        /// When somebody began to look for it, in nanoseconds of `Monotonic`.
        var soughtAt: Int64 = 0
        /// Why nobody could connect the last time that somebody looked; nil if that was possible.
        var away: StoreFailure?
        /// Who hears of what others change in it; nil before it was opened.
        var listener: NoticeListener?
        /// Whether a configuration was read that says so; what is assumed before that removes nothing.
        var isNamed = false
        /// Counts the settings, so that what was found for others is not taken for these.
        var number = 0

        mutating func isSought(after failure: StoreFailure) {
            reach = .sought(failure)
            soughtAt = Monotonic.nanoseconds
        }
    }

    private let state = Mutex(State())
    private let directory: String
    private let keys: SealingKeySource
    private let lineage: ServerLineage
    /// As whom this daemon announces itself to those that share its store.
    private let daemon: SharingDaemon
    private let report: @Sendable (StoreFailure) -> Void
    private let hear = Mutex<@Sendable () -> Void>({})
    private let keeper: OfflineKeeper

    /// The file in the state directory that says which server was written to last.
    private static let lineageFile = "postgresql.lineage"

    package init(
        in directory: String, keys: SealingKeySource, host: String, clock: @escaping @Sendable () -> Moment,
        report: @escaping @Sendable (StoreFailure) -> Void, tell: @escaping @Sendable (String) -> Void
    ) {
        self.directory = directory
        self.keys = keys
        daemon = SharingDaemon(host: host, place: directory, version: Release.version)
        lineage = ServerLineage(keptAt: "\(directory)/\(StoreSource.lineageFile)")
        self.report = report
        keeper = OfflineKeeper(in: directory, keys: keys, clock: clock, report: report, tell: tell)
    }

    /// Has `body` called, from any thread, where others may have changed something in a store that is shared.
    package func onNotice(_ body: @escaping @Sendable () -> Void) { hear.withLock { $0 = body } }

    /// Whether a store is in use that others change, and what they say of it is not heard.
    package var isDeaf: Bool { state.withLock { $0.listener.map { !$0.isListening } ?? false } }

    /// Whether the store is this machine's to have, and not its hubs'.
    package var isHere: Bool { state.withLock { $0.settings != nil } }

    /// Takes over what a configuration says, nil for a host that has no store; returns whether that is another one than before.
    package func follow(_ settings: StoreSettings?) -> Bool {
        state.withLock { state in
            defer { state.isNamed = true }
            if let former = state.former, former == settings { return false }
            if state.former != nil { state.former = nil }
            guard state.settings != settings else { return false }
            state.listener?.stop()
            state = State(settings: settings, number: state.number + 1)
            return true
        }
    }

    /// Takes another store in the place of the present one, which was copied to it and given up. The configuration still
    /// names the old one; that is not followed back.
    package func move(to settings: StoreSettings) {
        state.withLock { state in
            let former = state.former ?? state.settings
            state.listener?.stop()
            state = State(
                settings: settings, former: former == settings ? nil : former, isNamed: true, number: state.number + 1)
        }
    }

    /// What has to be changed in the configuration, in a sentence; nil if nothing has.
    package var reminder: String? {
        let (settings, former) = state.withLock { ($0.settings, $0.former) }
        guard let settings, let former else { return nil }
        return "the store was moved from \(end(of: former).description) to \(end(of: settings).description), and the "
            + "configuration names the old one still: with the next start every login would be refused"
    }

    /// The store in use, as one side of a copy; nil on a host that has none.
    package var end: CopyEnd? { state.withLock(\.settings).map { end(of: $0, lineage: lineage) } }

    /// Where the store lies that these settings name. With `lineage` an old primary that has come back is passed over there, too;
    /// a store that is to be made is of a life of its own.
    package func end(of settings: StoreSettings, lineage: ServerLineage? = nil) -> CopyEnd {
        switch settings.kind {
        case .sqlite: .sqlite(directory: directory)
        case .postgresql: .postgresql(PostgreSQLPlace(settings, lineage: lineage))
        }
    }

    /// The store, and the version of its tables, for `twostep status`; nothing secret is in it.
    package var description: (path: String, schema: Int) {
        guard let settings = state.withLock(\.settings) else { return ("at the hubs", 0) }
        return switch settings.kind {
        case .sqlite: (directory + "/" + SQLiteStore.fileName, SQLiteStore.schema)
        case .postgresql: (PostgreSQLPlace(settings).description, PostgreSQLStore.schema)
        }
    }

    /// Opens it; throws what is wrong with it.
    package func open() throws(StoreFailure) -> any EnrollmentStore {
        let (settings, number, isNamed) = state.withLock { ($0.settings, $0.number, $0.isNamed) }
        guard let settings else {
            keeper.discard()
            throw .unreachable("this host has none: its hubs have it")
        }
        do throws(StoreFailure) {
            switch settings.kind {
            case .sqlite:
                keeper.leave()
                let store = try SQLiteStore.open(
                    in: directory, sealing: try keys.get(), isForLogins: true, report: report)
                if isNamed { keeper.discard() }
                return store
            case .postgresql:
                return try open(PostgreSQLPlace(settings, lineage: lineage), number)
            }
        } catch {
            if case .sealedWithAnotherKey = error { keys.forget() }
            throw error
        }
    }

    private func open(_ place: PostgreSQLPlace, _ number: Int) throws(StoreFailure) -> any EnrollmentStore {
        seekFirst(place, number)
        let (failure, mustSeek, server) = try state.withLock {
            (state) throws(StoreFailure) -> (StoreFailure?, Bool, ReachedServer?) in
            // What is known is of another one, that was configured while this one was looked for.
            guard state.number == number else { throw .unreachable("another store is to be used") }
            switch state.reach {
            case .open(let server):
                state.reach = .lost(.unreachable("\(place.description): the connection was lost"))
                return (nil, false, server)
            case .lost(let failure):
                state.isSought(after: failure)
                return (failure, true, nil)
            case .sought(let failure):
                // Names may be looked up for minutes, where the servers for those are silent, too.
                let patience = StoreSource.patience(with: place)
                if state.away == nil, Monotonic.nanoseconds - state.soughtAt >= patience * 1_000_000_000 {
                    state.away = .unreachable("\(place.description): nobody has answered for \(patience) seconds")
                }
                return (failure, false, nil)
            }
        }
        if mustSeek { seek(place, number) }
        if let failure {
            // Once for all that come until the server is back, and only where nobody can reach it at all.
            let (away, limit) = state.withLock { ($0.away, $0.settings?.offlineFor) }
            guard let away, let limit else { throw failure }
            return try keeper.standIn(of: place, for: limit, because: away) { self.isBack(place, number) }
        }
        do throws(StoreFailure) {
            let store = try PostgreSQLStore.open(
                place, over: server, sealing: try keys.get(), announcing: daemon, report: report,
                refused: keeper.giveUp)
            try keeper.end(with: store)
            if state.withLock({ $0.number == number && $0.settings?.offlineFor == nil }) { keeper.discard() }
            listen(at: place, number)
            return store
        } catch {
            note(.lost(error), of: number)
            throw error
        }
    }

    /// How many seconds a server may be looked for before it is taken to be away: longer than its connect_timeout.
    private static func patience(with place: PostgreSQLPlace) -> Int64 {
        Int64(min(5 + 3 * max(place.servers.count, 1), 20))
    }

    /// Looks for a server that nobody has connected to yet, and waits for it, but not for ever: the daemon is to be ready, and the
    /// writer not to be taken to hang, while names are looked up that nobody knows.
    private func seekFirst(_ place: PostgreSQLPlace, _ number: Int) {
        let isFirst = state.withLock { state -> Bool in
            guard state.number == number, case .open(nil) = state.reach else { return false }
            state.isSought(after: .unreachable("\(place.description): nobody has answered yet"))
            return true
        }
        guard isFirst else { return }
        let ended = BlockingQueue<Bool>()
        seek(place, number) { ended.put(true) }
        let patience = UInt32(StoreSource.patience(with: place))
        DetachedThread.start(named: "twostep-patience") {
            sleep(patience)
            ended.put(false)
        }
        _ = ended.takeAll()
    }

    /// Looks for a server on a thread of its own; `report` is called there at the end.
    private func seek(_ place: PostgreSQLPlace, _ number: Int, then report: @escaping @Sendable () -> Void = {}) {
        DetachedThread.start(named: "twostep-seek") { [self] in
            do throws(StoreFailure) {
                note(.open(try PostgreSQLStore.reach(place)), of: number, away: nil)
            } catch {
                note(.lost(error), of: number, away: error)
            }
            report()
        }
    }

    /// Starts whoever hears of what others change there, unless somebody does.
    private func listen(at place: PostgreSQLPlace, _ number: Int) {
        let fresh = state.withLock { state -> NoticeListener? in
            guard state.number == number, state.listener == nil else { return nil }
            let listener = NoticeListener(to: place)
            state.listener = listener
            return listener
        }
        guard let fresh else { return }
        DetachedThread.start(named: "twostep-notices") { [self] in fresh.run { hear.withLock { $0 }() } }
    }

    /// Whether the server that a copy stands in for can be reached again, or another store is to be used; looks for it otherwise.
    private func isBack(_ place: PostgreSQLPlace, _ number: Int) -> Bool {
        let (isBack, mustSeek) = state.withLock { state -> (Bool, Bool) in
            guard state.number == number else { return (true, false) }
            switch state.reach {
            case .open: return (true, false)
            case .lost(let failure):
                state.isSought(after: failure)
                return (false, true)
            case .sought: return (false, false)
            }
        }
        if mustSeek { seek(place, number) }
        return isBack
    }

    private func note(_ reach: Reach, of number: Int, away: StoreFailure?) {
        state.withLock { state in
            guard state.number == number else { return }
            state.reach = reach
            state.away = away
        }
    }

    // MARK: The local copy

    /// Keeps the copy fresh, where one is kept; called once a second.
    package func refreshCopy() {
        let (settings, number) = state.withLock { ($0.settings, $0.number) }
        guard let settings, settings.kind == .postgresql, settings.offlineFor != nil else { return }
        keeper.refresh(from: PostgreSQLPlace(settings, lineage: lineage), of: settings) {
            self.state.withLock { $0.number == number }
        }
    }

    /// Why there is still a copy where none is kept, or one of another database; nil if there is none.
    package var copyLeftover: String? { keeper.leftover }

    /// Why logins are judged by the copy; nil if they are not.
    package var standIn: String? { keeper.reason }

    /// How the copy is; nil where none is kept.
    package var copyStatus: StoreStatus.CopyStatus? {
        state.withLock { $0.settings?.offlineFor }.map(keeper.status(limit:))
    }

    private func note(_ reach: Reach, of number: Int) {
        state.withLock { if $0.number == number { $0.reach = reach } }
    }
}

extension PostgreSQLPlace {
    /// What the configuration says of it.
    package init(_ settings: StoreSettings, lineage: ServerLineage? = nil) {
        self.init(
            settings.connection.map { Parameter($0.name, $0.value) }, passwordFile: settings.passwordFile,
            lineage: lineage)
    }
}
