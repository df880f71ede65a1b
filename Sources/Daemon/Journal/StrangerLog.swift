import Authentication

/// Keeps callers that are not believed from flooding the journal: so many lines a uid and minute, and so many of all of them
/// together, then one that says how many more. The first line of a uid is never left out for another's.
struct StrangerLog {
    static let linesPerMinute = 30
    /// Lines of all of them in a minute, besides the first of each: a person may have thousands of uids (subuid(5)).
    static let linesInAll = 300
    /// How many uids are told apart within a minute; those on top share one budget.
    static let mostUIDs = 4096

    private var minute: Int64 = 0
    private var lines: [UInt32?: Int] = [:]
    private var shared = 0
    private var suppressed = 0

    /// Whether a line about `uid` may be written now; a line that sums up what was not is written before it.
    mutating func admits(_ uid: UInt32, at now: Moment, _ sumUp: (String) -> Void) -> Bool {
        let current = now.boottime / 60_000
        if current != minute {
            if suppressed > 0 {
                sumUp("\(suppressed) lines about callers other than uid 0 were left out in one minute")
            }
            minute = current
            lines = [:]
            shared = 0
            suppressed = 0
        }
        let key: UInt32? = lines.count < StrangerLog.mostUIDs || lines[uid] != nil ? uid : nil
        let count = lines[key, default: 0] + 1
        lines[key] = count
        if count > 1 || key == nil { shared += 1 }
        guard count <= StrangerLog.linesPerMinute, shared <= StrangerLog.linesInAll || (count == 1 && key != nil) else {
            suppressed += 1
            return false
        }
        return true
    }
}
