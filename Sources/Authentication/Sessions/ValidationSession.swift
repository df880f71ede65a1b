/// What stands between two steps of a login, and nothing else does: who is to be validated by what, until when.
///
/// It lives in memory alone. Its id is 128 random bits, bound to the connection that opened it.
package struct ValidationSession: Equatable, Sendable {
    /// 128 random bits.
    package struct ID: Hashable, Sendable {
        package let high: UInt64
        package let low: UInt64

        package init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    package let id: ID
    package let account: AccountName
    package let provider: ProviderID
    /// The modules of the step: one, or those of an `any_of`.
    package let step: Step
    /// Milliseconds on CLOCK_BOOTTIME. At the deadline it is still valid, after it no more.
    package let deadline: Int64
    /// How many more answers may be given, this one included.
    package var triesLeft: Int

    package init(
        id: ID, account: AccountName, provider: ProviderID, step: Step, deadline: Int64, triesLeft: Int
    ) {
        self.id = id
        self.account = account
        self.provider = provider
        self.step = step
        self.deadline = deadline
        self.triesLeft = triesLeft
    }

    /// Whether the session is over at `now`: suspend counts, setting the wall clock changes nothing.
    package func isExpired(at now: Moment) -> Bool { now.boottime > deadline }
}
