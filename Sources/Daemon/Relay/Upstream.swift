import AdminProtocol
import Authentication
import Configuration
import NIOCore
import RelayProtocol

/// A host's side of the fleet: its connections to hubs, and which of them a login goes to.
///
/// It belongs to the event loop, and does nothing where the configuration names no hubs.
final class Upstream {
    private unowned let service: LoginService
    private var active: ActiveUpstream?
    private(set) var choice = HubChoice(count: 0)
    private var links: [Int: HubLink] = [:]
    /// Why a hub was lost last, by its place in the list.
    private var reasons: [Int: String] = [:]

    init(_ service: LoginService) { self.service = service }

    /// The hubs in the order of the list.
    private var places: [NetworkPlace] { active?.settings.hubs ?? [] }

    func name(of hub: Int) -> String { places.indices.contains(hub) ? places[hub].description : "a hub" }

    /// Every hub that does not answer, and why, in one line.
    var outage: String {
        guard !places.isEmpty else { return "no hub is configured" }
        return "no hub answers: "
            + places.indices.map { "\(name(of: $0)) (\(reason(of: $0)))" }.joined(separator: ", ")
    }

    /// Why a hub takes no login.
    private func reason(of hub: Int) -> String {
        if let reason = reasons[hub] { return reason }
        return choice.health(of: hub) == .well
            ? "it has no room for more logins of this host, or no store" : "no answer yet"
    }

    /// How the hubs are, for `twostep status`; nil where there are none.
    var standing: [HubStanding]? {
        guard service.generation.active?.upstream != nil else { return nil }
        follow()
        return places.indices.map { hub in
            HubStanding(
                place: name(of: hub), isWell: choice.health(of: hub) == .well,
                problem: choice.health(of: hub) == .well ? nil : reasons[hub] ?? "no answer yet",
                logins: links[hub]?.logins ?? 0)
        }
    }

    // MARK: Logins

    /// Takes over what the configuration in force says.
    func follow() {
        let wanted = service.generation.active?.upstream
        switch (active, wanted) {
        case (nil, nil): return
        case (let old?, let new?) where old.isSame(as: new): return
        case (_, _):
            stop()
            active = wanted
            choice = HubChoice(count: wanted?.settings.hubs.count ?? 0)
            reasons = [:]
        }
    }

    /// Brings a login to a hub; what comes of it the login is told.
    func begin(_ login: RelayingHandler, at hub: Int) {
        guard let active, places.indices.contains(hub) else { return login.lost(hub) }
        if let link = links[hub] { return link.begin(login) }
        let link = HubLink(service, hub: hub, place: places[hub], active.bundle.tls)
        links[hub] = link
        link.waiting.append(login)
        link.connect()
    }

    /// A hub has said something.
    func heard(_ hub: Int, over link: HubLink) {
        guard links[hub] === link else { return }
        if choice.health(of: hub) != .well {
            service.journal.notice("hub \(name(of: hub)) answers")
            reasons[hub] = nil
        }
        choice.answered(hub)
    }

    /// A hub has not said in time that it has a login. Other logins may still get their answers from it.
    func isSilent(_ hub: Int) { lose(hub, "it does not answer") }

    /// A connection is no more, or never was.
    func lost(_ hub: Int, _ link: HubLink, _ reason: String) {
        guard links[hub] === link else { return }
        links[hub] = nil
        lose(hub, reason)
    }

    private func lose(_ hub: Int, _ reason: String) {
        let wasKnown = reasons[hub] == reason
        reasons[hub] = reason
        choice.lost(hub, at: service.clocks.now().boottime)
        // Tried again and again: what was said once is not said each time.
        if !wasKnown {
            service.journal.warning(JournalEntry.printable("hub \(name(of: hub)) does not answer: \(reason)"))
        }
    }

    // MARK: The sweep

    /// Pings the hubs, and looks for those that were lost.
    func sweep(at now: Moment) {
        follow()
        guard let active else { return }
        for link in links.values { link.sweep(at: now) }
        for (hub, place) in places.enumerated() where links[hub] == nil && choice.isDue(hub, at: now.boottime) {
            let link = HubLink(service, hub: hub, place: place, active.bundle.tls)
            links[hub] = link
            link.connect()
        }
    }

    func stop() {
        let open = links.values
        links = [:]
        // Before their logins are told: they are not to begin anew at what is left.
        active = nil
        choice = HubChoice(count: 0)
        for link in open { link.end("the daemon has other hubs now, or stops") }
    }
}
