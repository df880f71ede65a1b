/// One login on its way to a hub: when it may go to another one, and when it may not. A value, without clock or socket.
///
/// As long as no question of a hub's has reached the person, nothing has happened that could happen twice: the login begins anew
/// elsewhere. Once an answer has gone out, it is that hub's: what became of it is not known, and is not tried again.
package struct UpstreamLogin: Equatable, Sendable {
    /// How long a hub may take to say that it has the login, in milliseconds.
    package static let patience: Int64 = 1800
    /// How long a login looks for a hub in all, in milliseconds: less than pam_twostep.so waits for a reply.
    package static let limit: Int64 = 8000

    package enum State: Equatable, Sendable {
        /// Nobody was asked yet.
        case new
        /// A hub was asked, and has not said that it has the login.
        case asking(hub: Int)
        /// It has; nothing was shown yet.
        case taken(hub: Int)
        /// Something was shown, and nothing answered.
        case shown(hub: Int)
        /// An answer has gone out: the login never moves again.
        case answered(hub: Int)
        case over
    }

    /// What is to be done next.
    package enum Action: Equatable, Sendable {
        case nothing
        /// The login begins at this hub.
        case begin(hub: Int)
        /// It is refused, as unavailable.
        case refuse
    }

    package private(set) var state = State.new
    /// The hubs that were asked in vain.
    package private(set) var tried: Set<Int> = []
    private let startedAt: Int64
    private var askedAt: Int64 = 0

    /// A login that began at `now`; moments are milliseconds on CLOCK_BOOTTIME.
    package init(at now: Int64) { startedAt = now }

    /// The hub that has it, or was asked.
    package var hub: Int? {
        switch state {
        case .asking(let hub), .taken(let hub), .shown(let hub), .answered(let hub): hub
        case .new, .over: nil
        }
    }

    /// Begins the login.
    package mutating func begin(_ choice: HubChoice, at now: Int64) -> Action {
        guard state == .new else { return .nothing }
        return ask(choice, at: now)
    }

    /// A hub says that it has the login.
    package mutating func wasTaken(by hub: Int) {
        if state == .asking(hub: hub) { state = .taken(hub: hub) }
    }

    /// A hub has said something to the person; returns whether that is the hub whose login it is.
    package mutating func heard(from other: Int) -> Bool {
        guard hub == other else { return false }
        if case .answered = state { return true }
        state = .shown(hub: other)
        return true
    }

    /// The person has answered; returns the hub that it goes to, nil where there is none.
    package mutating func answers() -> Int? {
        switch state {
        case .shown(let hub), .answered(let hub):
            state = .answered(hub: hub)
            return hub
        case .new, .asking, .taken, .over: return nil
        }
    }

    /// A hub was lost, or has no room.
    package mutating func lost(_ other: Int, _ choice: HubChoice, at now: Int64) -> Action {
        guard hub == other else { return .nothing }
        switch state {
        case .asking, .taken:
            tried.insert(other)
            return ask(choice, at: now)
        case .shown, .answered:
            state = .over
            return .refuse
        case .new, .over: return .nothing
        }
    }

    /// The hub that has been silent for too long since it was asked; nil if none has.
    package func silentHub(at now: Int64) -> Int? {
        guard case .asking(let hub) = state, now - askedAt >= UpstreamLogin.patience else { return nil }
        return hub
    }

    /// The login has ended, whoever has ended it.
    package mutating func ended() { state = .over }

    private mutating func ask(_ choice: HubChoice, at now: Int64) -> Action {
        guard now - startedAt < UpstreamLogin.limit, let hub = choice.next(after: tried) else {
            state = .over
            return .refuse
        }
        state = .asking(hub: hub)
        askedAt = now
        return .begin(hub: hub)
    }
}
