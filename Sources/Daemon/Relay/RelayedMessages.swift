import Authentication

/// How many messages the logins of each host of the fleet have had sent at this hub, by certificate: so many within an hour and no more,
/// whoever they went to. They cost money, and people who are woken up.
struct RelayedMessages {
    /// Messages of one certificate within the window: as many as there may be wrong passwords.
    static let most = 1000
    /// How long they count, in milliseconds on CLOCK_BOOTTIME.
    static let window: Int64 = 3_600_000

    private struct Count {
        var since: Int64
        var messages = 0
    }

    /// By serial: there are no more than were issued.
    private var counts: [String: Count] = [:]

    /// In how many seconds another message may be sent for a host; nil if one may now.
    func wait(of serial: String, at now: Moment) -> Int64? {
        guard let count = counts[serial], count.messages >= RelayedMessages.most else { return nil }
        let left = count.since + RelayedMessages.window - now.boottime
        return left > 0 ? (left + 999) / 1000 : nil
    }

    /// Counts a message that was sent.
    mutating func note(_ serial: String, at now: Moment) {
        var count = counts[serial] ?? Count(since: now.boottime)
        if now.boottime - count.since >= RelayedMessages.window { count = Count(since: now.boottime) }
        count.messages += 1
        counts[serial] = count
    }
}
