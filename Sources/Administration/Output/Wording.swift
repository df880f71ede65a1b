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

    /// A word as it is typed on a shell's command line: in quotes where it needs them.
    static func word(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: ":"), UInt8(ascii: "@"), 0x80...:
                true
            case _: false
            }
        }
        guard !isPlain || text.isEmpty else { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }

    /// A moment in local time, `2026-11-22 11:04`.
    static func moment(_ unixSeconds: Int64) -> String {
        LocalTime(unixSeconds).map { "\($0.date) \($0.time)" } ?? String(unixSeconds)
    }

    /// A moment in local time as people write it, `2026-11-22 11:04`, in Unix seconds; nil for what is none.
    static func moment(from text: String) -> Int64? {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == " " || $0 == "T" }
        guard parts.count == 2, let date = numbers(parts[0], "-", widths: [4, 2, 2]),
            let time = numbers(parts[1], ":", widths: [2, 2]) ?? numbers(parts[1], ":", widths: [2, 2, 2])
        else { return nil }
        var fields = unsafe tm()
        unsafe (fields.tm_year, fields.tm_mon, fields.tm_mday) = (date[0] - 1900, date[1] - 1, date[2])
        unsafe (fields.tm_hour, fields.tm_min, fields.tm_sec) = (time[0], time[1], time.count == 3 ? time[2] : 0)
        // Whether summer time is in force is for the clock to say.
        unsafe fields.tm_isdst = -1
        let seconds = unsafe Int64(mktime(&fields))
        // A 31st of November would be the first of December.
        guard unsafe fields.tm_mon == date[1] - 1, unsafe fields.tm_mday == date[2], time[0] < 24, time[1] < 60
        else { return nil }
        return seconds
    }

    /// Numbers of these many digits with a mark between them.
    private static func numbers(_ text: Substring, _ mark: Character, widths: [Int]) -> [Int32]? {
        let parts = text.split(separator: mark, omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == widths else { return nil }
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int32(part) : nil
        }
        return numbers.count == widths.count ? numbers : nil
    }

    /// A moment to the second, in local time, `2026-11-22 11:04:09`.
    static func second(_ unixSeconds: Int64) -> String {
        LocalTime(unixSeconds).map { "\($0.date) \($0.time):\($0.seconds)" } ?? String(unixSeconds)
    }

    /// A day in local time, `2026-11-22`.
    static func day(_ unixSeconds: Int64) -> String { LocalTime(unixSeconds)?.date ?? String(unixSeconds) }

    /// A moment as clocks and calendars show it.
    private struct LocalTime {
        let date: String
        let time: String
        let seconds: String

        /// Nil for a moment that no calendar has a year for.
        init?(_ unixSeconds: Int64) {
            var seconds = time_t(unixSeconds)
            var fields = unsafe tm()
            guard unsafe localtime_r(&seconds, &fields) != nil else { return nil }
            let year = unsafe Int64(fields.tm_year) + 1900
            date = unsafe "\(year)-\(padded(fields.tm_mon + 1, 2))-\(padded(fields.tm_mday, 2))"
            time = unsafe "\(padded(fields.tm_hour, 2)):\(padded(fields.tm_min, 2))"
            self.seconds = unsafe padded(fields.tm_sec, 2)
        }
    }

    private static func padded(_ number: Int32, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.count, 0)) + text
    }
}

extension Wording {
    /// A type, or a type and an id behind a colon; nil where either is empty.
    fileprivate static func identity(_ argument: String) -> (type: String, id: String?)? {
        guard let colon = argument.firstIndex(of: ":") else { return argument.isEmpty ? nil : (argument, nil) }
        let id = argument[argument.index(after: colon)...]
        guard colon > argument.startIndex, !id.isEmpty else { return nil }
        return (String(argument[..<colon]), String(id))
    }
}

extension ProviderReference {
    /// `homeassistant`, or `homeassistant:home`.
    var name: String { provider.description }

    /// A provider as it is written on the command line; throws for an empty type or id.
    init(argument: String) throws(CommandFailure) {
        guard let (type, id) = Wording.identity(argument) else {
            throw CommandFailure(
                .usage, code: .usage,
                "'\(argument)' is no provider: expected a type, or a type and an id as in homeassistant:home.")
        }
        self.init(type: type, id: id)
    }

    /// The two members that every document has which speaks of a provider.
    var members: [(String, JSONValue)] { [("provider", .text(type)), ("provider_id", .text(id))] }
}

extension ModuleReference {
    /// `totp`, or `totp:work`.
    var name: String { module.description }

    /// A module as it is written on the command line; throws for an empty type or id.
    init(argument: String) throws(CommandFailure) {
        guard let (type, id) = Wording.identity(argument) else {
            throw CommandFailure(
                .usage, code: .usage,
                "'\(argument)' is no module: expected a type, or a type and an id as in totp:work.")
        }
        self.init(type: type, id: id)
    }

    /// The two members that every document has which speaks of a module.
    var members: [(String, JSONValue)] { [("module", .text(type)), ("module_id", .text(id))] }
}
