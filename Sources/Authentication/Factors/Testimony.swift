/// What somebody outside says of a guess. It decides nothing before it is settled.
package enum Testimony: Equatable, Sendable {
    case accepted(Approval)
    case wrong
    /// None of its answers at all: no guess.
    case malformed
    /// It cannot be told, and why, in a sentence for the journal.
    case unavailable(String)

    /// What the person is told where the answer is accepted.
    package var notice: String? {
        guard case .accepted(let approval) = self else { return nil }
        return approval.notice
    }

    /// An answer that was right, as far as those outside can tell.
    package struct Approval: Equatable, Sendable {
        /// Whose answer it was; nil for a name that can be nobody's.
        package let username: AccountName?
        /// Which of the account's devices made it; nil where that is not told.
        package var device: String?
        /// What that device has spent: it must be more than before. Nil where nothing is spent.
        package var state: Int64?
        /// What the person is told then.
        package var notice: String?

        package init(
            _ username: AccountName?, device: String? = nil, state: Int64? = nil, notice: String? = nil
        ) {
            self.username = username
            self.device = device
            self.state = state
            self.notice = notice
        }
    }
}
