/// What an accepted answer brings along: for the person, for the journal, for the next login.
package struct Acceptance: Equatable, Sendable {
    /// What the person is told then.
    package var notice: String?
    /// How far the answer lay from the present, in the module's units: time steps ahead (positive) or behind. Nil where
    /// its answers have no time.
    package var stepOffset: Int64?
    /// The visit before this one; nil if there was none, or if the attempt is no visit.
    package var lastVisit: Visit?
    /// How many answers to the module were refused since it last accepted one, those of this login included; 0
    /// if the attempt is no visit.
    package var failuresBefore: Int
    /// The devices of the module that the answer may be of: the one that it has changed, or where there is none, all of
    /// them. Empty if the attempt does not want to know.
    package var devices: [String]
    /// Whether it was judged by a copy, while the store was away.
    package var isOffline = false

    package init(
        notice: String? = nil, stepOffset: Int64? = nil, lastVisit: Visit? = nil, failuresBefore: Int = 0,
        devices: [String] = []
    ) {
        self.notice = notice
        self.stepOffset = stepOffset
        self.lastVisit = lastVisit
        self.failuresBefore = failuresBefore
        self.devices = devices
    }
}

extension Outcome {
    /// Accepted, with a notice and nothing else.
    package static func accepted(_ account: AccountName, notice: String) -> Outcome {
        .accepted(account, Acceptance(notice: notice))
    }
}
