/// A session as systemd-logind keeps it in /run/systemd/sessions, as far as it tells who sits where.
package struct LogindSession: Equatable, Sendable {
    /// It has the seat now: whoever sits there looks at it.
    package let isActive: Bool
    package let isRemote: Bool
    /// Nil for a session that is at none.
    package let seat: String?

    /// Whether it is the one that is in front of the machine's own screen and keyboard.
    package var isAtSeat: Bool { isActive && !isRemote && seat == "seat0" }

    /// Reads a file of logind's. What it does not say is not so; a session that says twice what it is, or not whether it
    /// is remote, is none.
    package init?(_ text: String) {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !line.hasPrefix("#") else { continue }
            guard values.updateValue(parts[1], forKey: parts[0]) == nil else { return nil }
        }
        guard let remote = values["REMOTE"] else { return nil }
        isActive = values["ACTIVE"] == "1"
        isRemote = remote != "0"
        seat = values["SEAT"]
    }
}
