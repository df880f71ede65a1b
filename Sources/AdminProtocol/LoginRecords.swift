/// Some of the records that the daemon has in memory, the oldest first.
package struct RecordListing: Codable, Equatable, Sendable {
    /// Which run of the daemon they are of: another one counts anew.
    package let run: Int64
    package let records: [LoggedRecord]
    /// What to ask for next: the records after this number.
    package let cursor: Int64
    /// The number of the newest record there is; 0 before the first.
    package let newest: Int64

    package init(run: Int64, records: [LoggedRecord], cursor: Int64, newest: Int64) {
        self.run = run
        self.records = records
        self.cursor = cursor
        self.newest = newest
    }
}

/// The record of one decision: a line for people, and the same in fields for programs.
package struct LoggedRecord: Codable, Equatable, Sendable {
    /// Counted from 1 within a run of the daemon; 0 for one that comes from the journal.
    package let number: Int64
    /// Unix seconds.
    package let at: Int64
    /// As syslog(3) numbers it.
    package let priority: Int
    package let message: String
    /// By their names in the journal (`TWOSTEP_USER`).
    package let fields: [String: String]

    package init(number: Int64, at: Int64, priority: Int, message: String, fields: [String: String]) {
        self.number = number
        self.at = at
        self.priority = priority
        self.message = message
        self.fields = fields
    }
}
