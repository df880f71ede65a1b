package import Authentication

/// What the administrator has decided, read and checked as a whole: there is no half of a configuration.
package struct Configuration: Sendable {
    package var policy: Policy
    package var providers: [ProviderID: any AuthProvider]
    package var modules: [ModuleID: any AuthModule]
    package var throttle: Throttle
    package var sessions: SessionLimits
    package var store: StoreSettings
    /// Service accounts whose word about others is believed, by account name or uid in digits.
    package var callers: [String: CallerRule]
    /// What authenticator apps show beside the account.
    package var issuer: String
    /// What people are told beyond the outcome.
    package var notices = NoticeSettings()
    /// What users may do about their own devices; nil where that is root's alone.
    package var selfService: SelfServiceSettings?
    /// The hubs that decide in this machine's place; nil where it decides itself.
    package var upstream: UpstreamSettings?
    /// Where it serves as a hub; nil where it is none.
    package var hub: HubSettings?
    /// The providers' names for people, where they have any.
    package var names: [ProviderID: String]
    /// What is allowed and yet worth a line in the journal.
    package var warnings: [Problem]
    /// Which reading this is: set by whoever reloads, 0 until then.
    package var generation = 0
    /// Where each of them stands, for what goes wrong after reading.
    let places: Places

    /// The lines and columns of what can fail later.
    struct Places: Sendable {
        var file: String
        var providers: [ProviderID: Place] = [:]
        var modules: [ModuleID: Place] = [:]
        var callers: [String: Place] = [:]
    }

    /// Prepares every provider and every module, once; what fails is a problem of this configuration.
    package func prepare() -> [Problem] {
        var problems: [Problem] = []
        for (id, provider) in providers {
            do throws(ProviderFailure) {
                try provider.initialize()
            } catch {
                problems.append(problem(places.providers[id], "the provider \(id) cannot work: \(error.explanation)"))
            }
        }
        for (id, module) in modules {
            do throws(ModuleFailure) {
                try module.initialize()
            } catch {
                problems.append(problem(places.modules[id], "the module \(id) cannot work: \(error.explanation)"))
            }
        }
        return problems.isEmpty ? [] : Problems(problems).all
    }

    /// What is wrong with the rule that begins in a line, as only the system can tell.
    package func problem(ofRuleAt line: Int, _ found: String, expected: String) -> Problem {
        Problem(file: places.file, line: line, column: 1, found: found, expected: expected)
    }

    /// A problem with a module, as only the system can tell.
    package func problem(with module: ModuleID, _ found: String) -> Problem {
        problem(places.modules[module], "the module \(module) whose program cannot be run: \(found)")
    }

    /// A problem with a provider, as only the system can tell.
    package func problem(with provider: ProviderID, _ found: String) -> Problem {
        problem(places.providers[provider], "the provider \(provider) whose program cannot be run: \(found)")
    }

    /// A problem with one of the callers, for what the machine alone can tell.
    package func problem(withCaller name: String, _ found: String, expected: String) -> Problem {
        problem(places.callers[name], found, expected: expected)
    }

    /// Steps that keep everybody out who does not sit at the machine, each by its first module: it may be meant.
    package var stepsForTheMachineAlone: [Problem] {
        policy.chains.flatMap(\.steps).compactMap { step in
            guard let first = step.alternatives.first,
                step.alternatives.allSatisfy({ modules[$0]?.needsPresence == true })
            else { return nil }
            return problem(
                places.modules[first],
                "\(first) is for people who sit at the machine, and nothing else will do: nobody gets in from elsewhere",
                expected: "any_of, with a module for them")
        }
    }

    private func problem(_ place: Place?, _ found: String, expected: String? = nil) -> Problem {
        Problem(
            file: places.file, line: place?.line ?? 0, column: place?.column ?? 0, found: found, expected: expected)
    }
}

/// Where something stands.
struct Place: Hashable, Sendable {
    let line: Int
    let column: Int
}

/// How long validation sessions last, and how many there may be.
package struct SessionLimits: Equatable, Sendable {
    /// Seconds, 30 to 3600.
    package var lifetime = 300
    /// All sessions of the daemon together.
    package var capacity = 20_000
    /// How many of them only callers of uid 0 may have: a tenth.
    package var reserve: Int { max(capacity / 10, 1) }

    package init() {}
}

/// What people are told once they are let in.
package struct NoticeSettings: Equatable, Sendable {
    /// When and from where the account was last let in, and how many wrong answers there were since. Off by default: a
    /// script that reads what sudo prints would find more than before.
    package var lastLogin = false

    package init() {}
}

/// What users may do about the devices of their own accounts. Whoever may do any of it may also see them.
package struct SelfServiceSettings: Equatable, Sendable {
    /// Set up a further one and renew recovery codes, after an answer of one that they have; a first one with a ticket.
    package var mayEnroll: Bool
    /// Remove one that is not the last, or put another in its place.
    package var mayRemove: Bool

    package init(mayEnroll: Bool, mayRemove: Bool) {
        self.mayEnroll = mayEnroll
        self.mayRemove = mayRemove
    }
}

/// Where enrolments are kept.
package struct StoreSettings: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// The embedded default, in the state directory.
        case sqlite
        /// A database that several daemons share.
        case postgresql
    }

    /// A parameter of libpq's.
    package struct Parameter: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    package var kind = Kind.sqlite
    /// How the server is reached, for `postgresql`; there is no password among them.
    package var connection: [Parameter] = []
    /// Where the password stands; nil where it is found elsewhere, or none is needed.
    package var passwordFile: String?
    /// How often a database is asked what others have changed, in seconds from 1 to 20: what they say of it may be lost.
    package var poll: Int64 = 1
    /// For how many seconds a local copy stands in for a server that is away; nil where logins are denied then.
    package var offlineFor: Int64?

    package init() {}
}

/// What a service account may ask about.
package struct CallerRule: Equatable, Sendable {
    /// The services it may name: at least one.
    package var services: Set<String>
    /// The groups whose members it may ask about: at least one.
    package var groups: Set<String>

    package init(services: Set<String>, groups: Set<String>) {
        self.services = services
        self.groups = groups
    }
}
