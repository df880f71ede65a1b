package import Authentication
import AuthPrograms
package import Configuration

/// A configuration in force: what new logins follow. Those under way keep the one they began with.
package struct ActiveConfiguration: Sendable {
    package var number: Int
    package var policy: Policy
    package var providers: [ProviderID: any AuthProvider]
    package var modules: [ModuleID: any AuthModule]
    /// What providers and modules are called in menus, where the configuration says so.
    package var names: [String: String]
    package var throttle: Throttle
    package var sessionCapacity: Int
    package var sessionReserve: Int
    package var callers: [UInt32: CallerRule]
    /// What authenticator apps show beside the account.
    package var issuer: String
    /// Whether people are told when they were last let in.
    package var tellsLastLogin: Bool
    /// What users may do about their own devices; nil where that is root's alone.
    package var selfService: SelfServiceSettings?
    /// Where enrolments are kept.
    package var store: StoreSettings
    /// The hubs that decide in this machine's place; nil where it decides itself.
    package var upstream: ActiveUpstream?
    /// Where it serves as a hub; nil where it is none.
    package var hub: HubSettings?

    package init(
        number: Int, policy: Policy, providers: [ProviderID: any AuthProvider], modules: [ModuleID: any AuthModule],
        names: [String: String] = [:], throttle: Throttle = Throttle(), sessionCapacity: Int = 20_000,
        sessionReserve: Int = 1_000, callers: [UInt32: CallerRule] = [:], issuer: String,
        tellsLastLogin: Bool = false, selfService: SelfServiceSettings? = nil, store: StoreSettings = StoreSettings(),
        upstream: ActiveUpstream? = nil, hub: HubSettings? = nil
    ) {
        self.upstream = upstream
        self.hub = hub
        self.number = number
        self.policy = policy
        self.providers = providers
        self.modules = modules
        self.names = names
        var throttle = throttle
        throttle.modules = Set(modules.keys)
        self.throttle = throttle
        self.sessionCapacity = sessionCapacity
        self.sessionReserve = sessionReserve
        self.callers = callers
        self.issuer = issuer
        self.tellsLastLogin = tellsLastLogin
        self.selfService = selfService
        self.store = store
    }

    /// The programs behind modules and providers.
    var programs: [Program] {
        modules.values.compactMap { ($0 as? any ProgramDescribed)?.program }
            + providers.values.compactMap { ($0 as? any ProgramDescribed)?.program }
    }

    /// The programs that have not said what they are, each with the reason.
    var outages: [String] {
        programs.compactMap { program in program.outage.map { "\(program.name): \($0)" } }.sorted()
    }

    /// Whether one of these modules is none that people enrol with: what the configuration itself holds for people,
    /// nobody is without as far as can be told from here.
    func isHeldByAll(_ modules: [ModuleID]) -> Bool {
        modules.contains { id in self.modules[id].map { !($0 is any EnrollableModule) } ?? true }
    }

    /// A menu's line for a provider or a module: its name, and its type where the name is another.
    func menuLine<Kind>(of identity: Identity<Kind>) -> String {
        names[identity.description].map { "\($0) (\(identity.type))" } ?? identity.description
    }
}

/// What the last attempt to load a configuration has led to.
package struct Generation: Sendable {
    /// Counts what was loaded since the start; 0 if nothing could be.
    package var number: Int
    /// Unix seconds; nil if nothing could be loaded.
    package var loadedAt: Int64?
    /// Nil if there is none: nobody is admitted.
    package var active: ActiveConfiguration?
    /// What is wrong with the file as it stands now, each with its place; `active` may be an older one.
    package var problems: [String]

    package init(number: Int, loadedAt: Int64?, active: ActiveConfiguration?, problems: [String]) {
        self.number = number
        self.loadedAt = loadedAt
        self.active = active
        self.problems = problems
    }
}
