/// What a host of the fleet has failed, as far as an attempt that it has relayed needs it: a row for each share, and one for what the
/// attempt's account has added to it.
package struct RelayLedger: Equatable, Sendable {
    /// By the keys of `Attempt.ledgerKeys`; what is not there has failed nothing.
    package var rows: [String: HostCounter]

    package init(_ rows: [String: HostCounter] = [:]) { self.rows = rows }

    /// One share of one host, and the account that an attempt is about.
    struct Place {
        let relay: String
        let share: RelayShare
        let account: AccountName

        var budget: String { Attempt.budgetKey(of: relay, share) }
        var contribution: String { Attempt.contributionKey(of: account, to: relay, share) }
    }

    /// Whether the share is spent, or the account's part of it.
    func refuses(_ place: Place, at now: Moment) -> Bool {
        budget(at: place).refuses(at: now, within: place.share.bound)
            || isHeldUp(place, at: now)
    }

    /// Whether the account has added too much within an hour, in whichever windows of the share that was.
    private func isHeldUp(_ place: Place, at now: Moment) -> Bool {
        rows[place.contribution]?.refuses(at: now, within: place.share.boundOfAccount) ?? false
    }

    /// Counts a failure: also what the account has added to the share, unless anybody at all may have that counted for it.
    mutating func count(_ place: Place, at now: Moment) {
        var budget = budget(at: place)
        budget.count(at: now, within: place.share.bound)
        rows[place.budget] = budget
        guard place.share != .passwords, !isHeldUp(place, at: now) else { return }
        // After that: a window of the share that has just begun is the account's, too.
        var contribution = contribution(to: place)
        contribution.count(at: now, within: place.share.boundOfAccount)
        // Also where the hub that began the share's window has a clock that is ahead of this one's.
        contribution.since = max(contribution.since, budget.since)
        rows[place.contribution] = contribution
    }

    /// Takes back what the account makes good, as far as it was counted here.
    mutating func makeGood(_ count: Int, _ place: Place, at now: Moment) {
        guard let row = rows[place.contribution] else { return }
        let good = min(count, row.standing(at: now, within: place.share.boundOfAccount))
        guard good > 0 else { return }
        rows[place.contribution] = HostCounter(failures: row.failures - good, since: row.since)
        var budget = budget(at: place)
        // What was counted in an earlier window of the share is not in this one.
        guard row.since >= budget.since else { return }
        budget.redeem(good, at: now, within: place.share.bound)
        rows[place.budget] = budget
    }

    private func budget(at place: Place) -> HostCounter { rows[place.budget] ?? HostCounter() }

    /// What of the share's failures is the account's: nothing of an earlier window of the share.
    private func contribution(to place: Place) -> HostCounter {
        guard let row = rows[place.contribution], row.since >= budget(at: place).since else { return HostCounter() }
        return row
    }
}
