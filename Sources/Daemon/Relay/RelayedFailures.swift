import Authentication

/// Which accounts the hosts of the fleet have had charged at this hub: an account that makes them good lightens its own host's budget,
/// and no other's.
///
/// What another hub has seen, and what was before the last start, is not made good.
struct RelayedFailures {
    /// Accounts of one host that are told apart; with more of them it is spent anyway.
    private static let most = 1024

    private var counts: [String: [AccountName: Int]] = [:]

    /// How many failures of an account may be made good at a budget.
    func count(of account: AccountName, at budget: String) -> Int { counts[budget]?[account] ?? 0 }

    /// Remembers what has come of an attempt.
    mutating func note(_ attempt: Attempt, _ outcome: Outcome) {
        guard let budget = attempt.budgetKey else { return }
        if attempt.wasCharged(by: outcome) {
            if counts[budget, default: [:]].count >= RelayedFailures.most { counts[budget] = [:] }
            counts[budget, default: [:]][attempt.account, default: 0] += 1
        } else if attempt.module != nil, case .accepted = outcome {
            counts[budget]?[attempt.account] = nil
        }
    }
}
