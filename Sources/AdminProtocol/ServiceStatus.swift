/// How the daemon is.
package struct ServiceStatus: Codable, Equatable, Sendable {
    /// Of the program: `0.1.0`.
    package let version: String
    /// Whether logins are judged; otherwise each is refused as unavailable, and `problems` or the store's say why.
    package private(set) var isServing: Bool
    /// What is wrong, in sentences; empty if nothing is.
    package private(set) var problems: [String]
    /// What is unfinished, or out for some logins, in sentences; nil from a daemon that does not say.
    package let warnings: [String]?
    package let configuration: LoadedConfiguration
    package let store: StoreStatus
    /// The paths that it listens on.
    package let sockets: [String]
    /// Validation sessions that are open now.
    package let openSessions: Int
    /// Nil where the store cannot say.
    package let accounts: Int?
    /// Nil where the store cannot say.
    package let devices: Int?
    /// Accounts that are blocked; nil from a daemon that knows no blocks.
    package let blocked: Int?
    /// Verdicts since the start.
    package let granted: Int
    package let refused: Int
    /// Seconds since the start, suspend included.
    package let uptime: Int64
    /// Whether the wall clock can be right: not before this program was made, nor before what the store has seen.
    package let isClockSane: Bool
    /// What makes it doubtful that it is, in sentences; nil from a daemon that does not look.
    package let clockProblems: [String]?
    /// The hubs that decide in this machine's place, in the order in which they are asked; nil where it decides itself.
    package private(set) var hubs: [HubStanding]?

    package init(
        version: String, isServing: Bool, problems: [String], warnings: [String]? = nil,
        configuration: LoadedConfiguration, store: StoreStatus,
        sockets: [String], openSessions: Int, accounts: Int?, devices: Int?, blocked: Int? = nil,
        granted: Int, refused: Int,
        uptime: Int64, isClockSane: Bool, clockProblems: [String]? = nil, hubs: [HubStanding]? = nil
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
    }
}

extension ServiceStatus {
    /// The same with what the store has.
    package func with(accounts: Int?, devices: Int?) -> ServiceStatus {
        ServiceStatus(
            version: version, isServing: isServing, problems: problems, warnings: warnings,
            configuration: configuration,
            store: store,
            sockets: sockets, openSessions: openSessions, accounts: accounts, devices: devices, blocked: blocked,
            granted: granted, refused: refused, uptime: uptime, isClockSane: isClockSane, clockProblems: clockProblems,
            hubs: hubs)
    }

    /// Adds how the hubs are, without one of which a host serves nobody; and what keeps a hub from serving hosts.
    package mutating func tell(hubs: [HubStanding]?, hubProblem: String?) {
        self.hubs = hubs
        if let hubProblem { problems.append(hubProblem) }
        guard let hubs, !hubs.contains(where: \.isWell) else { return }
        isServing = false
        problems.append("No hub answers.")
    }

    /// The same with more of what is unfinished.
    package func adding(warnings more: [String]) -> ServiceStatus {
        ServiceStatus(
            version: version, isServing: isServing, problems: problems, warnings: (warnings ?? []) + more,
            configuration: configuration, store: store,
            sockets: sockets, openSessions: openSessions, accounts: accounts, devices: devices, blocked: blocked,
            granted: granted, refused: refused, uptime: uptime, isClockSane: isClockSane, clockProblems: clockProblems,
            hubs: hubs)
    }

    /// The same with what is to be said of the clock.
    package func with(isClockSane: Bool, clockProblems: [String]) -> ServiceStatus {
        ServiceStatus(
            version: version, isServing: isServing, problems: problems, warnings: warnings,
            configuration: configuration,
            store: store,
            sockets: sockets, openSessions: openSessions, accounts: accounts, devices: devices, blocked: blocked,
            granted: granted, refused: refused, uptime: uptime, isClockSane: isClockSane, clockProblems: clockProblems,
            hubs: hubs)
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

    package init(path: String, schema: Int?, problem: String?) {
        self.path = path
        self.schema = schema
        self.problem = problem
    }
}
