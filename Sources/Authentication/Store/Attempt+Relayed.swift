/// A login that a host of the fleet has relayed: that host's failures are bounded before anybody's else are.
extension Attempt {
    /// The row that counts them, among those of remote hosts, none of which is called so; nil for a login of this machine.
    package var budgetKey: String? { relay.map { Attempt.budgetKey(of: $0) } }

    /// The same for the host of a name.
    package static func budgetKey(of relay: String) -> String { "@" + relay }

    /// Judges the attempt as `judge(in:host:sealing:)` does, unless the host that has relayed it has failed too often: then it is
    /// neither looked at nor charged to the account.
    ///
    /// A store loads `budget` from the row `budgetKey`, and writes it with the others.
    package func judge(
        in record: inout AccountRecord, host: inout HostCounter, budget: inout HostCounter,
        sealing: any SecretSealing
    ) -> Outcome {
        guard relay != nil else { return judge(in: &record, host: &host, sealing: sealing) }
        guard !budget.refuses(at: now, within: .relayingHost) else { return .unavailable(.hostBudgetSpent) }
        let outcome = judge(in: &record, host: &host, sealing: sealing)
        if outcome.isFailure { budget.count(at: now, within: .relayingHost) }
        return outcome
    }

    /// How often a host of the fleet has failed within the hour.
    package static func failures(in budget: HostCounter, at now: Moment) -> Int {
        budget.standing(at: now, within: .relayingHost)
    }
}

extension Outcome {
    /// Whether something was looked at and found wrong, or refused whatever it was.
    fileprivate var isFailure: Bool {
        switch self {
        case .rejected, .delayed(_, after: .some), .locked(after: .some): true
        case .accepted, .charged, .delayed, .locked, .unavailable: false
        }
    }
}
