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

    package init(
        notice: String? = nil, stepOffset: Int64? = nil, lastVisit: Visit? = nil, failuresBefore: Int = 0
    ) {
        self.notice = notice
        self.stepOffset = stepOffset
        self.lastVisit = lastVisit
        self.failuresBefore = failuresBefore
    }
}

extension Outcome {
    /// Accepted, with a notice and nothing else.
    package static func accepted(_ account: AccountName, notice: String) -> Outcome {
        .accepted(account, Acceptance(notice: notice))
    }
}
