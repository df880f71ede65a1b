import Authentication

/// Keeps callers other than uid 0 from flooding the journal: so many lines a minute, then one that says how many more.
struct StrangerLog {
    static let linesPerMinute = 30

    private var minute: Int64 = 0
    private var lines = 0
    private var suppressed = 0

    /// Whether a line about `uid` may be written now; a line that sums up what was not is written before it.
    mutating func admits(_ uid: UInt32, at now: Moment, _ sumUp: (String) -> Void) -> Bool {
        guard uid != 0 else { return true }
        let current = now.boottime / 60_000
        if current != minute {
            if suppressed > 0 {
                sumUp("\(suppressed) lines about callers other than uid 0 were left out in one minute")
            }
            minute = current
            lines = 0
            suppressed = 0
        }
        lines += 1
        guard lines <= StrangerLog.linesPerMinute else {
            suppressed += 1
            return false
        }
        return true
    }
}
