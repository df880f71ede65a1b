/// What of a host's failures a login that it has relayed counts for: one share that is spent holds up nobody of another.
package enum RelayShare: String, CaseIterable, Sendable {
    /// Logins that root asks for, or somebody on the host's list, with a first factor that the host vouches for.
    case proved = ""
    /// The same without: whoever comes to the host's door may have these counted.
    case unproved = " unproved"
    /// Programs that ask about the account that they run as: every user of the host may have these counted.
    case own = " own"
    /// First factors that the hub judges itself.
    case passwords = " passwords"
    /// Those of programs that ask about the account that they run as: every user of the host may have these counted.
    case ownPasswords = " own passwords"

    /// Those that answers to modules count for.
    package static let ofFactors: [RelayShare] = [.proved, .unproved, .own]

    /// How many failures of it are too many.
    package var bound: HostCounter.Bound {
        switch self {
        case .proved, .unproved, .own: .relayingHost
        case .passwords, .ownPasswords: .relayedPasswords
        }
    }

    /// How many failures of one account are too many in it.
    var boundOfAccount: HostCounter.Bound {
        switch self {
        case .proved, .unproved, .own: .relayedAccount
        case .passwords, .ownPasswords: .relayedOwnPasswords
        }
    }
}
