/// A login that a host of the fleet has relayed: that host's failures are bounded before anybody else's are.
extension Attempt {
    /// The share of its host's failures that it counts for.
    package var relayShare: RelayShare { if case .firstFactor = subject { .passwords } else { share } }

    /// The row that counts them, among those of remote hosts, none of which is called so; nil for a login of this machine.
    package var budgetKey: String? { relay.map { Attempt.budgetKey(of: $0, relayShare) } }

    /// The same for the host of a name, which has no space in it.
    package static func budgetKey(of relay: String, _ share: RelayShare) -> String { "@" + relay + share.rawValue }

    /// Judges the attempt as `judge(in:host:sealing:)` does, unless the host that has relayed it has failed too often: then it is
    /// neither looked at nor charged to the account.
    ///
    /// Only what an account was charged with counts, and what the account makes good counts no more: whoever may guess at some
    /// accounts is delayed there long before the host is spent. A store loads `budget` from the row `budgetKey`, and writes it with the
    /// others.
    package func judge(
        in record: inout AccountRecord, host: inout HostCounter, budget: inout HostCounter,
        sealing: any SecretSealing
    ) -> Outcome {
        guard relay != nil else { return judge(in: &record, host: &host, sealing: sealing) }
        let bound = relayShare.bound
        guard isSettlement || !budget.refuses(at: now, within: bound) else { return .unavailable(.hostBudgetSpent) }
        let before = record.failures
        let outcome = judge(in: &record, host: &host, sealing: sealing)
        let charged = record.failures - before
        if charged > 0 || outcome.isWrongPassword(of: self) {
            budget.count(at: now, within: bound)
        } else if charged < 0 {
            budget.redeem(min(-charged, redeemable), at: now, within: bound)
        }
        return outcome
    }

    /// Whether an account was charged with it, or is held for that, as far as its outcome tells: what the account may make good later.
    package func wasCharged(by outcome: Outcome) -> Bool {
        switch (subject, outcome) {
        case (.question, .charged(let guess)): guess.charge != nil
        case (.answer(_, _, let module), .rejected(.wrongAnswer)): module.isLowEntropy
        case (.answer, .delayed(_, after: .some)), (.answer, .locked(after: .some)): true
        case (_, _): false
        }
    }

    /// It was charged before, and is to come to its end: a budget that has run out since must not leave the charge.
    private var isSettlement: Bool { if case .testimony = subject { true } else { false } }

    /// How often a host of the fleet has failed within the hour, in a share.
    package static func failures(in budget: HostCounter, of share: RelayShare, at now: Moment) -> Int {
        budget.standing(at: now, within: share.bound)
    }
}

extension AccountRecord {
    /// All failures that the account is charged with.
    fileprivate var failures: Int {
        counters.values.reduce(0) { min($0 + $1.failures, Int(Int32.max)) }
    }
}

extension Outcome {
    /// Whether a first factor was looked at and found wrong.
    fileprivate func isWrongPassword(of attempt: Attempt) -> Bool {
        guard case .firstFactor = attempt.subject, case .rejected(let reason) = self else { return false }
        return reason == .wrongPassword || reason == .unknownAccount
    }
}
