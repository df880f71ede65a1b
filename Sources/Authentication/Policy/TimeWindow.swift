/// When it is, on the wall of the machine's own place.
package struct LocalTime: Equatable, Sendable {
    /// 0 is Monday, 6 is Sunday.
    package let weekday: Int
    /// Minutes since midnight, 0 to 1439.
    package let minute: Int

    package init(weekday: Int, minute: Int) {
        self.weekday = weekday
        self.minute = minute
    }
}

/// A span of the week: `Mon-Fri 08:00-18:00`, `Sat,Sun`, `22:00-06:00`.
///
/// The end is not part of it. A span that ends before it begins goes on after midnight, and belongs to the day on which
/// it began. Days alone are whole days, hours alone are every day.
package struct TimeWindow: Equatable, Sendable, CustomStringConvertible {
    private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    /// Minutes of a day.
    private static let day = 1440

    private let days: Set<Int>
    private let hours: Range<Int>
    package let description: String

    /// Nil for anything else than days, hours, or both with one space between.
    package init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, let last = parts.last, parts.count <= 2 else { return nil }
        let days = TimeWindow.days(first)
        guard let hours = TimeWindow.hours(last) ?? (parts.count == 1 ? 0..<TimeWindow.day : nil) else { return nil }
        guard days != nil || (parts.count == 1 && TimeWindow.hours(first) != nil) else { return nil }
        self.days = days ?? Set(0..<7)
        self.hours = hours
        description = text
    }

    package func contains(_ time: LocalTime) -> Bool {
        if days.contains(time.weekday), hours.contains(time.minute) { return true }
        // The part after midnight of what began the day before.
        return days.contains((time.weekday + 6) % 7) && hours.contains(time.minute + TimeWindow.day)
    }

    /// `Mon`, `Mon-Fri`, `Sat,Sun`; a range may go over the end of the week.
    private static func days(_ text: String) -> Set<Int>? {
        var days: Set<Int> = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false).map {
                names.firstIndex(of: $0.lowercased())
            }
            guard ends.count <= 2, let start = ends.first ?? nil, let end = ends.last ?? nil else { return nil }
            for step in 0...((end - start + 7) % 7) { days.insert((start + step) % 7) }
        }
        return days
    }

    /// `08:00-18:00`; `24:00` is an end.
    private static func hours(_ text: String) -> Range<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { minute(String($0)) }
        guard ends.count == 2, let start = ends[0], let end = ends[1], start < day, start != end else { return nil }
        return start < end ? start..<end : start..<(end + day)
    }

    private static func minute(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
        var numbers: [Int] = []
        for pair in [bytes[0...1], bytes[3...4]] {
            guard pair.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
            numbers.append(pair.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
        }
        let minute = numbers[0] * 60 + numbers[1]
        return numbers[1] < 60 && minute <= day ? minute : nil
    }
}
