/// All grants of the daemon: bounded, in memory alone, gone with a restart.
///
/// It belongs to the event loop; nothing in it waits or locks.
package struct GrantTable: Sendable {
    /// The most grants in all. One that finds no room is not made, and the code is asked for again.
    package let capacity: Int
    /// The most grants of one account; its oldest makes room for one more. Sessions are cheap to begin.
    package static let mostPerAccount = 32
    private var grants: [Grant.Key: Grant] = [:]
    private var lastID = 0
    /// How often anything was revoked. Who began to log in before that is not remembered for it.
    package private(set) var revocations = 0

    package init(capacity: Int = 4096) { self.capacity = max(capacity, 0) }

    /// All of them; the youngest first.
    package var all: [Grant] { grants.values.sorted { $0.id > $1.id } }

    /// Makes a grant for `span` milliseconds, in place of one under the same key; nil if there is no room, or if anything
    /// was revoked since there were so many `revocations`.
    @discardableResult
    package mutating func make(_ key: Grant.Key, for span: Int64, at now: Moment, since revocations: Int) -> Grant? {
        let (expiresAt, overflow) = now.boottime.addingReportingOverflow(span)
        guard revocations == self.revocations, span > 0, !overflow else { return nil }
        if grants.count >= capacity { sweep(at: now, generation: key.generation) }
        if grants[key] == nil { makeRoom(for: key.account) }
        guard grants.count < capacity || grants[key] != nil else { return nil }
        lastID += 1
        let grant = Grant(id: lastID, key: key, madeAt: now, expiresAt: expiresAt)
        grants[key] = grant
        return grant
    }

    private mutating func makeRoom(for account: AccountName) {
        let own = grants.values.filter { $0.key.account == account }
        guard own.count >= GrantTable.mostPerAccount, let oldest = own.min(by: { $0.id < $1.id }) else { return }
        grants[oldest.key] = nil
    }

    /// The grant under a key, if it still holds where a rule lets remember for `span` milliseconds.
    package func grant(for key: Grant.Key, within span: Int64, at now: Moment) -> Grant? {
        grants[key].flatMap { $0.holds(at: now, within: span) ? $0 : nil }
    }

    /// Revokes those that are meant and returns them.
    @discardableResult
    package mutating func revoke(where isMeant: (Grant) -> Bool) -> [Grant] {
        revocations += 1
        let revoked = all.filter(isMeant)
        for grant in revoked { grants[grant.key] = nil }
        return revoked
    }

    /// Drops what is over: by its time, or because another configuration is in force. Whether a grant holds does not
    /// depend on it.
    package mutating func sweep(at now: Moment, generation: Int) {
        guard !grants.isEmpty else { return }
        grants = grants.filter { $0.key.generation == generation && $0.value.holds(at: now, within: .max) }
    }

    /// Drops grants whose sessions are over.
    package mutating func drop(_ ended: Set<TerminalSession>) {
        grants = grants.filter { !ended.contains($0.key.session) }
    }
}
