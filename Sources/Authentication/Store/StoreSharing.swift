/// What there is to be known of a store that several daemons share.
package struct StoreSharing: Equatable, Sendable {
    /// Those that were there lately, by host and place.
    package var daemons: [SharingDaemon]
    /// What a failover could lose, in words; empty if nothing.
    package var warnings: [String]

    package init(daemons: [SharingDaemon], warnings: [String]) {
        self.daemons = daemons
        self.warnings = warnings
    }
}

/// A daemon that shares a store, as it announces itself there.
package struct SharingDaemon: Equatable, Sendable {
    /// The name of its machine.
    package let host: String
    /// Its state directory: there may be several on one machine.
    package let place: String
    /// Of the program: `0.1.0`.
    package let version: String
    /// Since it was last there; 0 in what it says itself.
    package let secondsAgo: Int64

    package init(host: String, place: String, version: String, secondsAgo: Int64 = 0) {
        self.host = host
        self.place = place
        self.version = version
        self.secondsAgo = secondsAgo
    }
}
