import NIOCore

/// How long hosts and hubs wait for each other, all of it in one place.
enum RelayTime {
    /// From connecting to the hub's welcome, TLS included, in milliseconds.
    static let handshake: Int64 = 2000
    /// A hub that owes an answer to a ping for longer than this is lost, in milliseconds.
    static let silence: Int64 = 2000
    /// How often a hub is pinged that no login waits for, in milliseconds; one that some wait for is at every sweep.
    static let idlePing: Int64 = 5000
    /// A host that says nothing for longer than this is lost, in milliseconds: it pings three times as often.
    static let hostSilence: Int64 = 15_000
    /// How often a hub looks whether the certificates of its connections are good still, in milliseconds: each `begin` looks, too.
    static let registerLook: Int64 = 5000
    /// How often a hub writes down that it has seen a host, in milliseconds.
    static let seen: Int64 = 3_600_000
    /// How soon a hub that could not listen tries again, in milliseconds.
    static let listenPause: Int64 = 5000
    /// A timer's slack over the moment that it looks for: the two clocks need not agree to the millisecond.
    static let slack: Int64 = 50
    /// How long a host's certificate is good, in days, where nobody says otherwise.
    static let hostDays: Int64 = 365
    /// How long a hub's own is, in seconds, and after how many it takes a new one: it holds the key in memory alone.
    static let hubLife: Int64 = 90 * 86_400
    static let hubRenewal: Int64 = 30 * 86_400
    /// How long the fleet's own is, in seconds: twenty years.
    static let authorityLife: Int64 = 7305 * 86_400
    /// What a certificate is dated back by, in seconds: clocks differ.
    static let leeway: Int64 = 600
}
