package import Authentication
package import Configuration
import EnrollmentStores
import Synchronization

/// Which store the configuration names, and how it is opened: on the writer's thread, which must not wait for a server that is away.
///
/// Once a server was reached, it is looked for on a thread of its own before anybody connects on the writer's again: what comes
/// meanwhile is denied at once.
package final class StoreSource: Sendable {
    private enum Reach {
        /// It may be connected to.
        case open
        /// It was lost, and why; nobody looks for it at the moment.
        case lost(StoreFailure)
        /// The same, and somebody does.
        case sought(StoreFailure)
    }

    private struct State {
        /// Nil on a host whose hubs have the store.
        var settings: StoreSettings? = StoreSettings()
        var reach = Reach.open
        /// Counts the settings, so that what was found for others is not taken for these.
        var number = 0
    }

    private let state = Mutex(State())
    private let directory: String
    private let keys: SealingKeySource
    private let report: @Sendable (StoreFailure) -> Void

    package init(in directory: String, keys: SealingKeySource, report: @escaping @Sendable (StoreFailure) -> Void) {
        self.directory = directory
        self.keys = keys
        self.report = report
    }

    /// Takes over what a configuration says, nil for a host that has no store; returns whether that is another one than before.
    package func follow(_ settings: StoreSettings?) -> Bool {
        state.withLock { state in
            guard state.settings != settings else { return false }
            state = State(settings: settings, number: state.number + 1)
            return true
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
        let (settings, number) = state.withLock { ($0.settings, $0.number) }
        guard let settings else { throw .unreachable("this host has none: its hubs have it") }
        do throws(StoreFailure) {
            switch settings.kind {
            case .sqlite:
                return try SQLiteStore.open(
                    in: directory, sealing: try keys.get(), isForLogins: true, report: report)
            case .postgresql:
                return try open(PostgreSQLPlace(settings), number)
            }
        } catch {
            if case .sealedWithAnotherKey = error { keys.forget() }
            throw error
        }
    }

    private func open(_ place: PostgreSQLPlace, _ number: Int) throws(StoreFailure) -> any EnrollmentStore {
        let (failure, mustSeek) = state.withLock { state -> (StoreFailure?, Bool) in
            switch state.reach {
            case .open:
                state.reach = .lost(.unreachable("\(place.description): the connection was lost"))
                return (nil, false)
            case .lost(let failure):
                state.reach = .sought(failure)
                return (failure, true)
            case .sought(let failure): return (failure, false)
            }
        }
        if mustSeek { seek(place, number) }
        if let failure { throw failure }
        do throws(StoreFailure) {
            return try PostgreSQLStore.open(place, sealing: try keys.get(), report: report)
        } catch {
            note(.lost(error), of: number)
            throw error
        }
    }

    private func seek(_ place: PostgreSQLPlace, _ number: Int) {
        DetachedThread.start(named: "twostep-seek") { [self] in
            do throws(StoreFailure) {
                try PostgreSQLStore.probe(place)
                note(.open, of: number)
            } catch {
                note(.lost(error), of: number)
            }
        }
    }

    private func note(_ reach: Reach, of number: Int) {
        state.withLock { if $0.number == number { $0.reach = reach } }
    }
}

extension PostgreSQLPlace {
    /// What the configuration says of it.
    package init(_ settings: StoreSettings) {
        self.init(settings.connection.map { Parameter($0.name, $0.value) }, passwordFile: settings.passwordFile)
    }
}
