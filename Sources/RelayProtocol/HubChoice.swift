/// Which of a host's hubs the next login goes to: a value, without clock or socket.
///
/// The first in the list that is well gets them all. One that is lost is left alone for a while, longer each time, but a login
/// that has nobody else to turn to asks it all the same.
package struct HubChoice: Equatable, Sendable {
    /// How a hub is, as far as is known.
    package enum Health: Equatable, Sendable {
        /// Nobody has tried it yet, or somebody is about to.
        case unknown
        /// It answers.
        case well
        /// It does not; not tried without need before this moment.
        case away(until: Int64)
    }

    /// The first pause after a hub was lost, and the longest, in milliseconds.
    package static let pauses: ClosedRange<Int64> = 1000...30_000

    private struct Hub: Equatable {
        var health = Health.unknown
        var losses: Int64 = 0
    }

    private var hubs: [Hub]

    /// So many hubs, none of which was tried.
    package init(count: Int) { hubs = [Hub](repeating: Hub(), count: max(count, 0)) }

    package var count: Int { hubs.count }

    package func health(of hub: Int) -> Health { hubs.indices.contains(hub) ? hubs[hub].health : .unknown }

    /// A hub has answered.
    package mutating func answered(_ hub: Int) {
        guard hubs.indices.contains(hub) else { return }
        hubs[hub] = Hub(health: .well)
    }

    /// A hub was lost, or could not be reached at all; moments are milliseconds on CLOCK_BOOTTIME.
    package mutating func lost(_ hub: Int, at now: Int64) {
        guard hubs.indices.contains(hub) else { return }
        let doublings = min(hubs[hub].losses, 5)
        let pause = min(HubChoice.pauses.lowerBound << doublings, HubChoice.pauses.upperBound)
        hubs[hub].losses = doublings + 1
        hubs[hub].health = .away(until: now + pause)
    }

    /// Whether a hub is to be tried although no login needs it.
    package func isDue(_ hub: Int, at now: Int64) -> Bool {
        switch health(of: hub) {
        case .unknown, .well: true
        case .away(let until): now >= until
        }
    }

    /// Where a login goes that has been to `tried` in vain; nil if it has been everywhere.
    package func next(after tried: Set<Int>) -> Int? {
        let open = hubs.indices.filter { !tried.contains($0) }
        return open.first { hubs[$0].health == .well } ?? open.first { hubs[$0].health == .unknown } ?? open.first
    }
}
