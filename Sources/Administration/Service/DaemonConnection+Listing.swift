import AdminProtocol

extension DaemonConnection {
    /// The devices, failures and blocks of one account, or of all: asked for page by page.
    borrowing func listing(of account: String?) throws(CommandFailure) -> Listing {
        var devices: [EnrolledDevice] = []
        var counters: [AccountFailures] = []
        var blocks: [BlockedAccount]? = []
        try askInPages { (after) throws(CommandFailure) in
            let answer = try ask(.list(account: account, after: after))
            guard case .listing(let page) = answer.reply else { throw misplaced() }
            devices += page.devices
            counters += page.counters
            blocks = page.blocks.flatMap { more in blocks.map { $0 + more } }
            return page.next
        }
        return Listing(devices: devices, counters: counters, blocks: blocks)
    }

    /// What there is of all accounts, page by page.
    borrowing func reports(_ read: ([ReportedAccount]) -> Void) throws(CommandFailure) {
        try askInPages { (after) throws(CommandFailure) in
            let answer = try ask(.report(after: after))
            guard case .report(let page) = answer.reply else { throw misplaced() }
            read(page.accounts)
            return page.next
        }
    }

    /// Has each page asked for that follows on the one before it: `ask` gets the name that it begins after, and returns the next.
    private borrowing func askInPages(
        _ ask: (String?) throws(CommandFailure) -> String?
    ) throws(CommandFailure) {
        var after: String?
        repeat {
            let next = try ask(after)
            // A page that does not come further would go on for ever.
            guard next == nil || next != after else { throw misplaced() }
            after = next
        } while after != nil
    }
}
