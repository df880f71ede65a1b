/// What lets people off modules for a while: a page of it, or what of it was revoked.
package struct GrantListing: Codable, Equatable, Sendable {
    /// The youngest first.
    package let grants: [RememberedLogin]
    /// How many more there are, which are not listed here.
    package let others: Int

    package init(grants: [RememberedLogin], others: Int = 0) {
        self.grants = grants
        self.others = others
    }
}

/// A grant: whoever has passed the modules at a terminal is let off them there.
package struct RememberedLogin: Codable, Equatable, Sendable {
    /// Counted from 1 since the daemon's start.
    package let id: Int
    package let account: String
    package let service: String
    /// `pts/3`.
    package let terminal: String
    /// The process that leads the terminal's session; with it the grant ends.
    package let leader: Int32
    /// The modules that were passed, one list for each step.
    package let steps: [[ModuleReference]]
    package let secondsLeft: Int64

    package init(
        id: Int, account: String, service: String, terminal: String, leader: Int32, steps: [[ModuleReference]],
        secondsLeft: Int64
    ) {
        self.id = id
        self.account = account
        self.service = service
        self.terminal = terminal
        self.leader = leader
        self.steps = steps
        self.secondsLeft = secondsLeft
    }
}
