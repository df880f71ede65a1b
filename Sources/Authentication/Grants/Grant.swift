/// Lets an account off modules that it has passed at the same terminal not long ago.
package struct Grant: Equatable, Sendable {
    /// All that must be the same when a grant is used. A remote host is no part of it: an address is nobody's.
    package struct Key: Hashable, Sendable {
        package let account: AccountName
        /// The account's uid, since a name may be given to somebody else.
        package let uid: UInt32
        /// Exactly as PAM has it: sudo and sudo-i are two.
        package let service: String
        package let session: TerminalSession
        /// What was passed, and would be owed again.
        package let steps: [Step]
        /// Which configuration was in force.
        package let generation: Int

        package init(
            account: AccountName, uid: UInt32, service: String, session: TerminalSession, steps: [Step],
            generation: Int
        ) {
            self.account = account
            self.uid = uid
            self.service = service
            self.session = session
            self.steps = steps
            self.generation = generation
        }
    }

    /// Counted from 1 since the daemon's start.
    package let id: Int
    package let key: Key
    package let madeAt: Moment
    /// Milliseconds on CLOCK_BOOTTIME. At that moment it is over.
    package let expiresAt: Int64

    /// Whether it may be used at `now`, where a rule lets remember for `span` milliseconds.
    package func holds(at now: Moment, within span: Int64) -> Bool {
        let (age, overflow) = now.boottime.subtractingReportingOverflow(madeAt.boottime)
        return !overflow && now.boot == madeAt.boot && age >= 0 && age < span && now.boottime < expiresAt
    }
}
