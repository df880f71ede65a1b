import Glibc

/// A moment in the past as people type one.
package enum PastMoment {
    /// Unix seconds of `15m`, `2h`, `3d` or `1w` ago, `@` and Unix seconds, `2026-11-24` or `2026-11-24 18:03` in local
    /// time; nil for anything else.
    package static func parse(_ text: String, now: Int64) -> Int64? {
        if let ago = span(text) {
            let (moment, overflow) = now.subtractingReportingOverflow(ago)
            return overflow ? nil : moment
        }
        if text.hasPrefix("@") { return digits(text.dropFirst()) }
        return calendar(text)
    }

    private static func span(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let last = text.last, let unit = units[last], let number = digits(text.dropLast()) else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : seconds
    }

    private static func digits(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }

    private static func calendar(_ text: String) -> Int64? {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
        guard (1...2).contains(parts.count) else { return nil }
        let day = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        let time = parts.count > 1 ? parts[1].split(separator: ":", omittingEmptySubsequences: false) : ["0", "0"]
        guard day.count == 3, (2...3).contains(time.count) else { return nil }
        let numbers = (day + time).compactMap { digits($0).flatMap { Int32(exactly: $0) } }
        guard numbers.count == day.count + time.count, (1970...9999).contains(numbers[0]),
            (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), numbers[3] < 24, numbers[4] < 60
        else { return nil }
        var fields = unsafe tm()
        unsafe fields.tm_year = numbers[0] - 1900
        unsafe fields.tm_mon = numbers[1] - 1
        unsafe fields.tm_mday = numbers[2]
        unsafe fields.tm_hour = numbers[3]
        unsafe fields.tm_min = numbers[4]
        unsafe fields.tm_sec = numbers.count > 5 ? min(numbers[5], 59) : 0
        // Whether summer time is in force is for the system to tell.
        unsafe fields.tm_isdst = -1
        let moment = unsafe mktime(&fields)
        // The 31st of a month of 30 days has become the 1st of the next.
        return unsafe fields.tm_mday == numbers[2] ? Int64(moment) : nil
    }
}
