import AdminProtocol
import Authentication
import Configuration
import EnrollmentStores
import Synchronization

/// Keeps the local copy of a database, and says how it is.
final class OfflineKeeper: Sendable {
    private struct State {
        var refresher: (of: StoreSettings, refresher: OfflineRefresher)?
        var isUnderWay = false
        /// On CLOCK_BOOTTIME; when it was last begun.
        var begunAt: Int64?
        var freshAt: Int64?
        var problem: String?
        /// Why the copy stands in; nil while it does not.
        var reason: String?
        /// Why there is still a copy where none is kept, as it was said last.
        var leftover: String?
        /// What it is kept for where another database is used, as it was said last.
        var kept: String?
    }

    let copy: OfflineCopy
    private let state = Mutex(State())
    private let clock: @Sendable () -> Moment
    private let report: @Sendable (StoreFailure) -> Void
    private let tell: @Sendable (String) -> Void

    /// In milliseconds: what was revoked or spent elsewhere is heard of so late at the most, while the server is there.
    private static let interval: Int64 = 2000

    init(
        in directory: String, keys: SealingKeySource, clock: @escaping @Sendable () -> Moment,
        report: @escaping @Sendable (StoreFailure) -> Void, tell: @escaping @Sendable (String) -> Void
    ) {
        copy = OfflineCopy(
            in: directory, sealing: { () throws(StoreFailure) in try keys.get() }, report: report)
        self.clock = clock
        self.report = report
        self.tell = tell
    }

    /// Takes over what has changed at `place`, which these settings name, on a thread of its own, if that is due and nobody does.
    /// `isWanted` says, from any thread, whether the settings still do.
    func refresh(
        from place: PostgreSQLPlace, of settings: StoreSettings, isWanted: @escaping @Sendable () -> Bool
    ) {
        let now = clock().boottime
        let refresher = state.withLock { state -> OfflineRefresher? in
            guard !state.isUnderWay, state.reason == nil else { return nil }
            if let begunAt = state.begunAt, now - begunAt < OfflineKeeper.interval { return nil }
            (state.isUnderWay, state.begunAt) = (true, now)
            if let known = state.refresher, known.of == settings { return known.refresher }
            let made = OfflineRefresher(of: place, into: copy)
            state.refresher = (settings, made)
            state.freshAt = nil
            return made
        }
        guard let refresher else { return }
        DetachedThread.start(named: "twostep-refresh") { [self] in
            do throws(StoreFailure) {
                let isFresh = try refresher.refresh(clock, isWanted: isWanted)
                let wall = clock().wall
                state.withLock { state in
                    if isFresh { (state.freshAt, state.problem) = (wall, nil) }
                }
            } catch {
                let words = error.description
                let isNew = state.withLock { state in
                    defer { state.problem = words }
                    return state.problem != words
                }
                if isNew { report(.unreachable("the local copy is not refreshed: \(words)")) }
            }
            state.withLock { $0.isUnderWay = false }
        }
    }

    /// The copy in the place of the server at `place`, good for `limit` seconds; throws why it cannot be, after why it would have to.
    func standIn(
        of place: PostgreSQLPlace, for limit: Int64, because away: StoreFailure, isBack: @escaping @Sendable () -> Bool
    ) throws(StoreFailure) -> any EnrollmentStore {
        do throws(StoreFailure) {
            let store = try CachedStore(copy, of: place, for: limit, clock: clock, isBack: isBack)
            let freshAt = try copy.freshness().freshAt.wall
            state.withLock { state in
                state.freshAt = freshAt
                state.reason = away.description
            }
            return store
        } catch {
            throw .unreachable("\(away.description); and the copy for that cannot be used: \(error.description)")
        }
    }

    /// Has the server take over what was spent meanwhile, before anybody is judged there; throws if it is not all there then.
    func end(with store: PostgreSQLStore) throws(StoreFailure) {
        let (accounts, remarks, keptFor) = try copy.reconcile(into: store)
        for remark in remarks { tell(remark) }
        if accounts > 0 {
            tell("what was spent and failed while the server was away is in its tables now: \(accounts) accounts")
        }
        let words = keptFor.map { database in
            """
            the local copy \(copy.description) knows codes that were used while \(database) was away, and that one has not heard of them: \
            it is kept until that database is used again, and no other copy is; if it is gone for good, move \(copy.directory) away
            """
        }
        let isNew = state.withLock { state in
            defer { (state.reason, state.kept) = (nil, words) }
            return words != nil && state.kept != words
        }
        if let words, isNew { report(.unreachable(words)) }
    }

    /// Why there is still a copy where another store is used; nil if there is none.
    var leftover: String? { state.withLock { $0.kept ?? $0.leftover } }

    /// The store that is to be used says that it is none: nobody is judged by a copy of it from now on.
    func giveUp() {
        do throws(StoreFailure) {
            try copy.giveUp()
        } catch {
            report(error)
        }
        state.withLock { ($0.reason, $0.freshAt) = (nil, nil) }
    }

    /// The copy does not stand in for the store that is used now.
    func leave() { state.withLock { ($0.reason, $0.kept) = (nil, nil) } }

    /// No copy is kept any longer: secrets, though they are sealed, do not stay where nobody needs them.
    func discard() {
        state.withLock { $0.reason = nil }
        var words: String?
        do throws(StoreFailure) {
            if try !copy.discard() {
                words = """
                    the local copy \(copy.description) knows codes that were used while the database was away, and the database has not \
                    heard of them: it is kept until it has, or until somebody removes it
                    """
            }
        } catch {
            words = error.description
        }
        let isNew = state.withLock { state in
            defer {
                state.leftover = words
                if words == nil { state.kept = nil }
            }
            return words != nil && state.leftover != words && state.kept == nil
        }
        if let words, isNew { report(.unreachable(words)) }
    }

    /// Why the copy stands in; nil while it does not.
    var reason: String? { state.withLock(\.reason) }

    func status(limit: Int64) -> StoreStatus.CopyStatus {
        let state = state.withLock { $0 }
        return StoreStatus.CopyStatus(
            freshAt: state.freshAt, limit: limit, isStandingIn: state.reason != nil, problem: state.problem)
    }
}
