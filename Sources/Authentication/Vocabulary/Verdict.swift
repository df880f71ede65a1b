/// How a login ended.
package enum Verdict: Equatable, Sendable {
    /// Every owed factor was accepted, and what had to be is on disk.
    case granted
    /// Policy waives the modules of this login; the first factor was evidenced outside.
    case exempt
    /// The account has nothing with the modules that it owes, and policy lets it off; the first factor was evidenced
    /// outside.
    case skipped
    case denied(Reason)
    case triesUsedUp(Reason)
    /// It cannot be told whether the login is right: nobody gets in on that.
    case unavailable(Reason)
    case conversationFailed
    case badArgument(String)
    /// No login: everything was accepted that a change of the account's own devices needs, and a device that was to be set
    /// up along with it is on disk.
    case proved
    /// No login: the person wants no change after all.
    case declined
}

/// Why a login did not go on, in the words of the journal. What a person is told is less.
package enum Reason: Equatable, Sendable, CustomStringConvertible {
    case noEvidence
    case wrongPassword
    case wrongAnswer
    case replayed
    case malformed
    case unusable
    case repeated
    case notEnrolled
    case unknownAccount
    case loginExpired
    case tooManyRetries
    case delayed(seconds: Int64)
    case locked
    case hostRefused
    /// The host that relays the login has failed as often as it may for an hour.
    case hostBudgetSpent
    /// No hub that decides about the logins of this host has answered.
    case hubUnreachable
    /// The hub has decided so, and says no more of it.
    case decidedByHub
    case sessionUnknown
    /// An administrator has ended the session.
    case sessionEnded
    case outOfTurn
    case usernameChanged
    case credentialsRefused
    case notPermitted
    /// An administrator has blocked the account.
    case blocked
    case tooBusy
    /// As much was sent to the account lately as may be.
    case tooManyMessages
    case shuttingDown
    case noRandomness
    case misconfigured
    case storeUnavailable
    case directoryUnavailable
    case accountChanged
    case moduleFailed
    /// What is owed is for people who sit at the machine, and whether this one does cannot be told.
    case notLocal
    /// What is good once in all is not accepted while the database is away.
    case offline
    case providerFailed

    /// One stable word, for journals and filters; values follow in fields of their own.
    package var description: String {
        switch self {
        case .noEvidence: "no_evidence"
        case .wrongPassword: "invalid_auth"
        case .wrongAnswer: "invalid_code"
        case .replayed: "replayed"
        case .malformed: "malformed"
        case .unusable: "unusable"
        case .repeated: "repeated"
        case .notEnrolled: "not_enrolled"
        case .unknownAccount: "unknown_account"
        case .loginExpired: "login_expired"
        case .tooManyRetries: "too_many_retry"
        case .delayed: "delayed"
        case .locked: "locked"
        case .hostRefused: "host_refused"
        case .hostBudgetSpent: "host_budget"
        case .hubUnreachable: "hub_unreachable"
        case .decidedByHub: "decided_by_hub"
        case .sessionUnknown: "session_unknown"
        case .sessionEnded: "session_ended"
        case .outOfTurn: "out_of_turn"
        case .usernameChanged: "username_changed"
        case .credentialsRefused: "credentials_refused"
        case .notPermitted: "not_permitted"
        case .blocked: "blocked"
        case .tooBusy: "too_busy"
        case .tooManyMessages: "too_many_messages"
        case .shuttingDown: "shutting_down"
        case .noRandomness: "no_randomness"
        case .misconfigured: "misconfigured"
        case .storeUnavailable: "store_unavailable"
        case .directoryUnavailable: "directory_unavailable"
        case .accountChanged: "account_changed"
        case .moduleFailed: "module_failed"
        case .notLocal: "not_local"
        case .offline: "offline"
        case .providerFailed: "provider_failed"
        }
    }
}
