import Authentication

/// Keeps callers that are not believed, or only as far as it goes, from flooding the journal: so many lines a caller and minute, and so
/// many of all of them together, then one that says how many more. The first line of a caller is never left out for another's.
struct StrangerLog<Caller: Hashable> {
    /// How many callers are told apart within a minute; those on top share one budget.
    private static var mostCallers: Int { 4096 }

    /// What they are, in the plural.
    private let callers: String
    private let linesPerMinute: Int
    /// Lines of all of them in a minute, besides the first of each: a person may have thousands of uids (subuid(5)).
    private let linesInAll: Int
    private var minute: Int64 = 0
    private var lines: [Caller?: Int] = [:]
    private var shared = 0
    private var suppressed = 0

    init(of callers: String, linesPerMinute: Int, linesInAll: Int) {
        self.callers = callers
        self.linesPerMinute = linesPerMinute
        self.linesInAll = linesInAll
    }

    /// Whether a line about `caller` may be written now; a line that sums up what was not is written before it.
    mutating func admits(_ caller: Caller, at now: Moment, _ sumUp: (String) -> Void) -> Bool {
        let current = now.boottime / 60_000
        if current != minute {
            if suppressed > 0 { sumUp("\(suppressed) lines about \(callers) were left out in one minute") }
            minute = current
            lines = [:]
            shared = 0
            suppressed = 0
        }
        let key: Caller? = lines.count < Self.mostCallers || lines[caller] != nil ? caller : nil
        let count = lines[key, default: 0] + 1
        lines[key] = count
        if count > 1 || key == nil { shared += 1 }
        guard count <= linesPerMinute, shared <= linesInAll || (count == 1 && key != nil) else {
            suppressed += 1
            return false
        }
        return true
    }
}
