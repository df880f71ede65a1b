/// What a row among those of remote hosts is about, by its key: who may take the room of whom.
package enum HostRow: Equatable, Sendable {
    /// A remote host of this machine's own logins.
    case remoteHost
    /// A remote host as the fleet's host with a certificate claims it for logins of its own.
    case claimed(by: String)
    /// What a host of the fleet has failed itself: never put out by anything that somebody claims.
    case ledger

    /// How many remote hosts one certificate may claim, give or take a thousand where several daemons share the store. The oldest of
    /// its own make room.
    package static let mostClaims = 4096
    /// After how many seconds those of the fleet's hosts are forgotten: no window of theirs lasts as long.
    private static let lifetime: Int64 = 2 * HostCounter.Bound.relayingHost.window
    /// How many new rows of the fleet's hosts there are between two looks at what is to be forgotten.
    package static let newOnes = 1024

    /// When the windows begin that are still looked at, by the wall clock.
    package static func oldest(at now: Moment) -> Int64 {
        let (time, overflow) = now.wall.subtractingReportingOverflow(lifetime)
        return overflow ? .min : time
    }

    package init(key: String) {
        if key.utf8.first == UInt8(ascii: "@") {
            self = .ledger
        } else if let space = key.utf8.firstIndex(of: UInt8(ascii: " ")) {
            self = .claimed(by: String(key[..<space]))
        } else {
            self = .remoteHost
        }
    }

    /// The key of a remote host that the fleet's host with this certificate claims.
    package static func key(of host: String, claimedBy serial: String) -> String { "\(serial) \(host)" }
}
