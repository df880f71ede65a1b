/// A login that a host of the fleet has relayed: that host's failures are bounded before anybody else's are.
extension Attempt {
    /// The share of its host's failures that it counts for. A first factor that is waived is no password.
    package var relayShare: RelayShare {
        guard module == nil, share != .unproved else { return share }
        return passwordShare
    }

    /// The share that a password counts for.
    package var passwordShare: RelayShare { share == .own || share == .ownPasswords ? .ownPasswords : .passwords }

    /// The row that counts a share of the host with a certificate's serial, which has no space and no colon in it, among those of remote
    /// hosts, none of which is called so.
    package static func budgetKey(of relay: String, _ share: RelayShare) -> String { "@" + relay + share.rawValue }

    /// The row of what an account has added to it.
    package static func contributionKey(
        of account: AccountName, to relay: String, _ share: RelayShare
    ) -> String {
        let name = account.text.utf8.reduce(into: "") { name, byte in
            // Swift takes some texts for equal that are two names.
            if byte < 0x80, byte != UInt8(ascii: "%") {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                name += "%" + String(byte, radix: 16)
            }
        }
        return budgetKey(of: relay, share) + ":" + name
    }

    /// The rows that a store loads into the `RelayLedger`, and writes where they have changed; none for a login of this machine.
    package var ledgerKeys: [String] {
        guard let relay else { return [] }
        let own = module == nil ? [relayShare] : RelayShare.ofFactors
        return (pairing == .alone ? own : own + [passwordShare]).flatMap { share in
            [Attempt.budgetKey(of: relay, share), Attempt.contributionKey(of: account, to: relay, share)]
        }
    }

    /// Judges the attempt as `judge(in:host:sealing:)` does, unless the host that has relayed it has failed too often, or the account
    /// through it: then it is neither looked at nor charged to the account.
    ///
    /// Only what an account was charged with counts, and what the account makes good through the host counts no more, whichever way
    /// it came. Failures that are made good elsewhere stay, a dozen of an account at most: so one account can never spend a share.
    ///
    /// Where the password is one answer with the code, a spent share of factors is not told apart from a wrong answer, and whatever is
    /// refused counts once among the passwords: nobody learns by either that a password was right.
    package func judge(
        in record: inout AccountRecord, host: inout HostCounter, ledger: inout RelayLedger,
        sealing: any SecretSealing
    ) -> Outcome {
        guard let relay else { return judge(in: &record, host: &host, sealing: sealing) }
        func place(_ share: RelayShare) -> RelayLedger.Place {
            RelayLedger.Place(relay: relay, share: share, account: account)
        }
        let passwords = place(passwordShare)
        if isPaired, ledger.refuses(passwords, at: now) { return .unavailable(.hostBudgetSpent) }
        guard isSettlement || !ledger.refuses(place(relayShare), at: now) else {
            guard isPaired else { return .unavailable(.hostBudgetSpent) }
            guard !refuses(host) else { return .rejected(.hostRefused) }
            let outcome = Outcome.rejected(.hostBudgetSpent)
            if isPairedRefusal(outcome) {
                host.count(at: now)
                ledger.count(passwords, at: now)
            }
            return outcome
        }
        let before = record.failures
        let outcome = judge(in: &record, host: &host, sealing: sealing)
        let charged = record.failures - before
        if charged > 0 {
            ledger.count(place(relayShare), at: now)
        } else if charged < 0 {
            for share in RelayShare.ofFactors { ledger.makeGood(-charged, place(share), at: now) }
        }
        if isPairedRefusal(outcome) || outcome.isWrongPassword(of: self) {
            ledger.count(passwords, at: now)
        }
        return outcome
    }

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
    /// Whether a first factor was looked at and found wrong. What is malformed counts for remote hosts alone: sshd sends it for
    /// whoever it will not let in, at a host that strangers knock at without end.
    fileprivate func isWrongPassword(of attempt: Attempt) -> Bool {
        guard case .firstFactor = attempt.subject, case .rejected(let reason) = self else { return false }
        return [.wrongPassword, .unknownAccount].contains(reason)
    }
}
