import AdminProtocol
import Authentication
import Glibc

/// How things are called in sentences.
enum Wording {
    /// `1 device`, `3 devices`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// A span of time in its two largest units: `3 h 12 min`, `25 s`.
    static func span(seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")]
        let seconds = max(seconds, 0)
        for (index, unit) in units.enumerated() where seconds >= unit.0 {
            let whole = "\(seconds / unit.0) \(unit.1)"
            let rest = seconds % unit.0
            guard index + 1 < units.count, rest >= units[index + 1].0 else { return whole }
            return "\(whole) \(rest / units[index + 1].0) \(units[index + 1].1)"
        }
        return "0 s"
    }

    /// A moment in local time, `2026-11-22 11:04`.
    static func moment(_ unixSeconds: Int64) -> String {
        LocalTime(unixSeconds).map { "\($0.date) \($0.time)" } ?? String(unixSeconds)
    }

    /// A day in local time, `2026-11-22`.
    static func day(_ unixSeconds: Int64) -> String { LocalTime(unixSeconds)?.date ?? String(unixSeconds) }

    /// A moment as clocks and calendars show it.
    private struct LocalTime {
        let date: String
        let time: String

        /// Nil for a moment that no calendar has a year for.
        init?(_ unixSeconds: Int64) {
            var seconds = time_t(unixSeconds)
            var fields = unsafe tm()
            guard unsafe localtime_r(&seconds, &fields) != nil else { return nil }
            let year = unsafe Int64(fields.tm_year) + 1900
            date = unsafe "\(year)-\(padded(fields.tm_mon + 1, 2))-\(padded(fields.tm_mday, 2))"
            time = unsafe "\(padded(fields.tm_hour, 2)):\(padded(fields.tm_min, 2))"
        }
    }

    private static func padded(_ number: Int32, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.count, 0)) + text
    }
}

extension ModuleReference {
    /// `totp`, or `totp:work`.
    var name: String { module.description }

    /// A module as it is written on the command line; nil for an empty type or id.
    init?(argument: String) {
        guard let colon = argument.firstIndex(of: ":") else {
            guard !argument.isEmpty else { return nil }
            self.init(type: argument)
            return
        }
        let id = argument[argument.index(after: colon)...]
        guard colon > argument.startIndex, !id.isEmpty else { return nil }
        self.init(type: String(argument[..<colon]), id: String(id))
    }

    /// The two members that every document has which speaks of a module.
    var members: [(String, JSONValue)] { [("module", .text(type)), ("module_id", .text(id))] }
}
