/// How the daemon is.
package struct ServiceStatus: Codable, Equatable, Sendable {
    /// Of the program: `0.1.0`.
    package let version: String
    /// Whether logins are judged; otherwise each is refused as unavailable, and `problems` or the store's say why.
    package private(set) var isServing: Bool
    /// What is wrong, in sentences; empty if nothing is.
    package private(set) var problems: [String]
    /// What is unfinished, or out for some logins, in sentences; nil from a daemon that does not say.
    package private(set) var warnings: [String]?
    package let configuration: LoadedConfiguration
    package let store: StoreStatus
    /// The paths that it listens on.
    package let sockets: [String]
    /// Validation sessions that are open now.
    package let openSessions: Int
    /// Nil where the store cannot say.
    package private(set) var accounts: Int?
    /// Nil where the store cannot say.
    package private(set) var devices: Int?
    /// Accounts that are blocked; nil from a daemon that knows no blocks.
    package let blocked: Int?
    /// Verdicts since the start.
    package let granted: Int
    package let refused: Int
    /// Seconds since the start, suspend included.
    package let uptime: Int64
    /// Whether the wall clock can be right: not before this program was made, nor before what the store has seen.
    package private(set) var isClockSane: Bool
    /// What makes it doubtful that it is, in sentences; nil from a daemon that does not look.
    package private(set) var clockProblems: [String]?
    /// Who shares the store; nil where nobody can, where the store cannot say, and from a daemon that does not say.
    package private(set) var sharing: SharingStatus?
    /// The hubs that decide in this machine's place, in the order in which they are asked; nil where it decides itself.
    package private(set) var hubs: [HubStanding]?

    package init(
        version: String, isServing: Bool, problems: [String], warnings: [String]? = nil,
        configuration: LoadedConfiguration, store: StoreStatus,
        sockets: [String], openSessions: Int, accounts: Int?, devices: Int?, blocked: Int? = nil,
        granted: Int, refused: Int,
        uptime: Int64, isClockSane: Bool, clockProblems: [String]? = nil, sharing: SharingStatus? = nil,
        hubs: [HubStanding]? = nil
    ) {
        self.hubs = hubs
        self.version = version
        self.isServing = isServing
        self.problems = problems
        self.warnings = warnings
        self.configuration = configuration
        self.store = store
        self.sockets = sockets
        self.openSessions = openSessions
        self.accounts = accounts
        self.devices = devices
        self.blocked = blocked
        self.granted = granted
        self.refused = refused
        self.uptime = uptime
        self.isClockSane = isClockSane
        self.clockProblems = clockProblems
        self.sharing = sharing
    }
}

extension ServiceStatus {
    /// The same with what the store has.
    package func with(accounts: Int?, devices: Int?) -> ServiceStatus {
        var status = self
        (status.accounts, status.devices) = (accounts, devices)
        return status
    }

    /// The same with more of what is unfinished.
    package func adding(warnings more: [String]) -> ServiceStatus {
        var status = self
        status.warnings = (warnings ?? []) + more
        return status
    }

    /// The same with who shares the store.
    package func with(sharing: SharingStatus?) -> ServiceStatus {
        var status = self
        status.sharing = sharing
        return status
    }

    /// The same with what is to be said of the clock.
    package func with(isClockSane: Bool, clockProblems: [String]) -> ServiceStatus {
        var status = self
        (status.isClockSane, status.clockProblems) = (isClockSane, clockProblems)
        return status
    }

    /// Adds how the hubs are, without one of which a host serves nobody; and what keeps a hub from serving hosts.
    package mutating func tell(hubs: [HubStanding]?, hubProblem: String?) {
        self.hubs = hubs
        if let hubProblem { problems.append(hubProblem) }
        guard let hubs, !hubs.contains(where: \.isWell) else { return }
        isServing = false
        problems.append("No hub answers.")
    }
}

/// The configuration that new logins follow.
package struct LoadedConfiguration: Codable, Equatable, Sendable {
    package let path: String
    /// Counts what was loaded since the start; 0 if nothing could be.
    package let generation: Int
    /// Unix seconds; nil if nothing could be loaded.
    package let loadedAt: Int64?

    package init(path: String, generation: Int, loadedAt: Int64?) {
        self.path = path
        self.generation = generation
        self.loadedAt = loadedAt
    }
}

/// The store as it was found.
package struct StoreStatus: Codable, Equatable, Sendable {
    package let path: String
    /// The version of its schema; nil if it cannot be read.
    package let schema: Int?
    /// What is wrong with it; nil if nothing is.
    package let problem: String?
    /// The local copy of a database; nil where none is kept.
    package let copy: CopyStatus?

    /// A copy that stands in for a database while that is away.
    package struct CopyStatus: Codable, Equatable, Sendable {
        /// When it last had what the database has, in Unix seconds; nil if it is not known to have had.
        package let freshAt: Int64?
        /// For how many seconds it is good then.
        package let limit: Int64
        /// Whether logins are judged by it now.
        package let isStandingIn: Bool
        /// Why it could not be refreshed the last time; nil if it was.
        package let problem: String?

        package init(freshAt: Int64?, limit: Int64, isStandingIn: Bool, problem: String?) {
            self.freshAt = freshAt
            self.limit = limit
            self.isStandingIn = isStandingIn
            self.problem = problem
        }
    }

    package init(path: String, schema: Int?, problem: String?, copy: CopyStatus? = nil) {
        self.path = path
        self.schema = schema
        self.problem = problem
        self.copy = copy
    }
}

/// Who shares a store, and what is to be said of that.
package struct SharingStatus: Codable, Equatable, Sendable {
    /// By host and place.
    package let daemons: [SharingDaemonStatus]
    /// What a failover could lose, and whether they are too many, in sentences.
    package let warnings: [String]

    package init(daemons: [SharingDaemonStatus], warnings: [String]) {
        self.daemons = daemons
        self.warnings = warnings
    }
}

/// A daemon that was there lately.
package struct SharingDaemonStatus: Codable, Equatable, Sendable {
    /// The name of its machine.
    package let host: String
    /// Its state directory.
    package let place: String
    package let version: String
    /// Seconds since it was last there.
    package let lastSeen: Int64

    package init(host: String, place: String, version: String, lastSeen: Int64) {
        self.host = host
        self.place = place
        self.version = version
        self.lastSeen = lastSeen
    }
}
