import AdminProtocol

extension DaemonConnection {
    /// The devices, failures and blocks of one account, or of all: asked for page by page.
    borrowing func listing(of account: String?) throws(CommandFailure) -> Listing {
        var devices: [EnrolledDevice] = []
        var counters: [AccountFailures] = []
        var blocks: [BlockedAccount]? = []
        var after: String?
        repeat {
            let answer = try ask(.list(account: account, after: after))
            guard case .listing(let page) = answer.reply else { throw misplaced() }
            devices += page.devices
            counters += page.counters
            blocks = page.blocks.flatMap { more in blocks.map { $0 + more } }
            // A page that does not come further would go on for ever.
            guard page.next == nil || page.next != after else { throw misplaced() }
            after = page.next
        } while after != nil
        return Listing(devices: devices, counters: counters, blocks: blocks)
    }
}
