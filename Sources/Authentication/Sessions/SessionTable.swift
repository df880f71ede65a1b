/// All validation sessions of the daemon, for every module: bounded, in memory, with a share for uid 0.
///
/// It belongs to the event loop; nothing in it waits or locks.
package struct SessionTable: Sendable {
    /// Why a session could not be opened or used.
    package enum Failure: Error, Equatable, Sendable {
        /// The table is full for callers of this kind.
        case full
        /// No such session, or one of another account or step, or one that was closed.
        case unknown
        case expired
    }

    /// The most sessions in all.
    package let capacity: Int
    /// How many of them only callers of uid 0 may have.
    package let reserve: Int
    private var sessions: [ValidationSession.ID: ValidationSession] = [:]

    package init(capacity: Int, reserve: Int) {
        self.capacity = max(capacity, 1)
        self.reserve = min(max(reserve, 0), self.capacity)
    }

    package var count: Int { sessions.count }

    /// Gives back what many sessions that are over had needed.
    package mutating func giveMemoryBack() { sessions.giveMemoryBack() }

    /// Opens a session. An id that is taken is refused, not shared.
    package mutating func open(_ session: ValidationSession, isRoot: Bool) throws(Failure) {
        let limit = isRoot ? capacity : capacity - reserve
        guard sessions.count < limit, sessions[session.id] == nil else { throw .full }
        sessions[session.id] = session
    }

    /// The session, if it is this account's, this step's, and not over. One that is over is closed.
    package mutating func check(
        _ id: ValidationSession.ID, account: AccountName, step: Step, at now: Moment
    ) throws(Failure) -> ValidationSession {
        guard let session = sessions[id], session.account == account, session.step == step else { throw .unknown }
        guard !session.isExpired(at: now) else {
            close(id)
            throw .expired
        }
        return session
    }

    /// Counts a refused answer and returns how many tries are left; at none the session is closed.
    package mutating func refused(_ id: ValidationSession.ID) -> Int {
        guard var session = sessions[id] else { return 0 }
        guard session.triesLeft > 1 else {
            close(id)
            return 0
        }
        session.triesLeft -= 1
        sessions[id] = session
        return session.triesLeft
    }

    /// Ends a session: on success, expiry, tries used up, and when the peer is gone.
    package mutating func close(_ id: ValidationSession.ID) { sessions[id] = nil }

    /// Drops what is over and returns how many that were. Deadlines do not depend on it: they are
    /// compared when an answer comes.
    @discardableResult
    package mutating func sweep(at now: Moment) -> Int {
        let before = sessions.count
        sessions = sessions.filter { !$0.value.isExpired(at: now) }
        return before - sessions.count
    }
}
