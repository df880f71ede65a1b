import Authentication
import Configuration
import RelayProtocol

/// Who asks for a login through a host: what the hub goes by.
struct RelayedCaller {
    let host: FleetHost
    /// What kind of caller the host's kernel vouches for.
    let kind: RelayOpening.Caller
    /// Where it is asked from; of this host's certificate alone.
    let session: TerminalSession?
    /// Its room among the logins of this host's certificate.
    let place: HostLoad.Place
    /// Ends the host's connection: its certificate is good no more.
    let dismiss: (_ reason: String) -> Void
    /// The account that is asked about, where the host may not: what is judged then is a name that nobody has.
    var outsider: AccountName?

    /// Whether it is a program of the account that it asks about.
    var isOwner: Bool { kind == .account }

    /// The rule that this machine would have for such a caller.
    var rule: PeerRule {
        switch kind {
        case .root: .root
        // Whose uid that is the directory says, once the name was looked up.
        case .account: .itself(uid: .max)
        case .listed: .listed(CallerRule(services: [], groups: []))
        }
    }
}
