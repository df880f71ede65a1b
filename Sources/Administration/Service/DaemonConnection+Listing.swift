import AdminProtocol
import Authentication

/// What is asked for page by page, since there may be more of it than one answer can hold. An older daemon, which knows no pages, answers
/// with all at once.
extension DaemonConnection {
    /// The devices, failures and blocks of one account, or of all.
    borrowing func listing(of account: String?) throws(CommandFailure) -> Listing {
        var devices: [EnrolledDevice] = []
        var counters: [AccountFailures] = []
        var blocks: [BlockedAccount]? = []
        try askInPages(from: account == nil ? "" : nil as String?) { (after) throws(CommandFailure) in
            let answer = try ask(.list(account: account, after: after))
            guard case .listing(let page) = answer.reply else { throw misplaced() }
            devices += page.devices
            counters += page.counters
            blocks = page.blocks.flatMap { more in blocks.map { $0 + more } }
            return page.next
        }
        return Listing(devices: devices, counters: counters, blocks: blocks)
    }

    /// What there is of all accounts.
    borrowing func reports(_ read: ([ReportedAccount]) -> Void) throws(CommandFailure) {
        try askInPages(from: nil as String?) { (after) throws(CommandFailure) in
            let answer = try ask(.report(after: after))
            guard case .report(let page) = answer.reply else { throw misplaced() }
            read(page.accounts)
            return page.next
        }
    }

    /// The users that are kept for a provider, or for all, by provider and username.
    borrowing func users(of provider: ProviderReference?) throws(CommandFailure) -> [KeptUser] {
        try askForAll(from: UserPlace.beginning) { (after) throws(CommandFailure) in
            let answer = try ask(.users(provider: provider, after: after))
            guard case .users(let page) = answer.reply else { throw misplaced() }
            return (page.users, page.next)
        }
    }

    /// All credentials, by provider and username.
    borrowing func credentials() throws(CommandFailure) -> [LinkedCredentials] {
        try askForAll(from: UserPlace.beginning) { (after) throws(CommandFailure) in
            let answer = try ask(.credentials(after: after))
            guard case .credentials(let page) = answer.reply else { throw misplaced() }
            return (page.credentials, page.next)
        }
    }

    /// The logins that wait for an answer, the longest to live first.
    borrowing func sessions() throws(CommandFailure) -> [WaitingSession] {
        let sessions = try askForAll(from: "") { (after) throws(CommandFailure) in
            let answer = try ask(.sessions(after: after))
            guard case .sessions(let page) = answer.reply else { throw misplaced() }
            return (page.sessions, page.next)
        }
        return sessions.sorted { $0.secondsLeft > $1.secondsLeft }
    }

    /// The hosts of the fleet, by name, the oldest certificate first.
    borrowing func hosts() throws(CommandFailure) -> [RegisteredHost] {
        let hosts = try askForAll(from: "") { (after) throws(CommandFailure) in
            let answer = try ask(.hosts(after: after))
            guard case .hosts(let page) = answer.reply else { throw misplaced() }
            return (page.hosts, page.next)
        }
        return hosts.sorted { ($0.name, $0.issuedAt) < ($1.name, $1.issuedAt) }
    }

    /// What all pages hold together.
    private borrowing func askForAll<Place: Equatable, Item>(
        from first: Place, _ ask: (Place?) throws(CommandFailure) -> (items: [Item], next: Place?)
    ) throws(CommandFailure) -> [Item] {
        var all: [Item] = []
        try askInPages(from: first) { (after) throws(CommandFailure) in
            let page = try ask(after)
            all += page.items
            return page.next
        }
        return all
    }

    /// Has each page asked for that follows on the one before it: `ask` gets the place that it begins after, and returns the next.
    private borrowing func askInPages<Place: Equatable>(
        from first: Place?, _ ask: (Place?) throws(CommandFailure) -> Place?
    ) throws(CommandFailure) {
        var after = first
        repeat {
            let next = try ask(after)
            // A page that does not come further would go on for ever.
            guard next == nil || next != after else { throw misplaced() }
            after = next
        } while after != nil
    }
}
