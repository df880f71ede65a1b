import AdminProtocol
package import Authentication
package import Configuration
package import EnrollmentStores
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
        var settings = StoreSettings()
        var reach = Reach.open(nil)
        /// Who hears of what others change in it; nil before it was opened.
        var listener: NoticeListener?
        /// Counts the settings, so that what was found for others is not taken for these.
        var number = 0
    }

    private let state = Mutex(State())
    private let directory: String
    private let keys: SealingKeySource
    private let lineage: ServerLineage
    /// As whom this daemon announces itself to those that share its store.
    private let daemon: SharingDaemon
    private let report: @Sendable (StoreFailure) -> Void
    private let hear = Mutex<@Sendable () -> Void>({})

    /// The file in the state directory that says which server was written to last.
    private static let lineageFile = "postgresql.lineage"

    package init(
        in directory: String, keys: SealingKeySource, host: String,
        report: @escaping @Sendable (StoreFailure) -> Void
    ) {
        self.directory = directory
        self.keys = keys
        daemon = SharingDaemon(host: host, place: directory, version: Release.version)
        lineage = ServerLineage(keptAt: "\(directory)/\(StoreSource.lineageFile)")
        self.report = report
    }

    /// Has `body` called, from any thread, where others may have changed something in a store that is shared.
    package func onNotice(_ body: @escaping @Sendable () -> Void) { hear.withLock { $0 = body } }

    /// Whether a store is in use that others change, and what they say of it is not heard.
    package var isDeaf: Bool { state.withLock { $0.listener.map { !$0.isListening } ?? false } }

    /// Takes over what a configuration says; returns whether that is another store than before.
    package func follow(_ settings: StoreSettings) -> Bool {
        state.withLock { state in
            guard state.settings != settings else { return false }
            state.listener?.stop()
            state = State(settings: settings, number: state.number + 1)
            return true
        }
    }

    /// The store, and the version of its tables, for `twostep status`; nothing secret is in it.
    package var description: (path: String, schema: Int) {
        let settings = state.withLock(\.settings)
        return switch settings.kind {
        case .sqlite: (directory + "/" + SQLiteStore.fileName, SQLiteStore.schema)
        case .postgresql: (PostgreSQLPlace(settings).description, PostgreSQLStore.schema)
        }
    }

    /// Opens it; throws what is wrong with it.
    package func open() throws(StoreFailure) -> any EnrollmentStore {
        let (settings, number) = state.withLock { ($0.settings, $0.number) }
        do throws(StoreFailure) {
            switch settings.kind {
            case .sqlite:
                return try SQLiteStore.open(
                    in: directory, sealing: try keys.get(), isForLogins: true, report: report)
            case .postgresql:
                return try open(PostgreSQLPlace(settings, lineage: lineage), number)
            }
        } catch {
            if case .sealedWithAnotherKey = error { keys.forget() }
            throw error
        }
    }

    private func open(_ place: PostgreSQLPlace, _ number: Int) throws(StoreFailure) -> any EnrollmentStore {
        let (failure, mustSeek, server) = state.withLock { state -> (StoreFailure?, Bool, ReachedServer?) in
            switch state.reach {
            case .open(let server):
                state.reach = .lost(.unreachable("\(place.description): the connection was lost"))
                return (nil, false, server)
            case .lost(let failure):
                state.reach = .sought(failure)
                return (failure, true, nil)
            case .sought(let failure): return (failure, false, nil)
            }
        }
        if mustSeek { seek(place, number) }
        if let failure { throw failure }
        do throws(StoreFailure) {
            let store = try PostgreSQLStore.open(
                place, over: server, sealing: try keys.get(), announcing: daemon, report: report)
            listen(at: place, number)
            return store
        } catch {
            note(.lost(error), of: number)
            throw error
        }
    }

    private func seek(_ place: PostgreSQLPlace, _ number: Int) {
        DetachedThread.start(named: "twostep-seek") { [self] in
            do throws(StoreFailure) {
                note(.open(try PostgreSQLStore.reach(place)), of: number)
            } catch {
                note(.lost(error), of: number)
            }
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
