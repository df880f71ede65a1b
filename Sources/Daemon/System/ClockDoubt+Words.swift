package import Authentication
import Glibc

extension ClockDoubt {
    /// One sentence for the journal, `twostep status` and `twostep check`.
    package func words(at now: Moment) -> String {
        switch self {
        case .beforeBuild:
            "The clock of this machine shows \(UTCTime(now.wall)), when there was no Twostep yet: no code of an app is "
                + "right until it is set."
        case .beforeLastUse(let lastUse):
            "The clock of this machine shows \(UTCTime(now.wall)), and an answer was accepted at \(UTCTime(lastUse)): "
                + "it is wrong now, or was wrong then. What was used stays used."
        case .notSynchronized:
            "The clock of this machine is not synchronised: nothing keeps it right, and once it is a minute off no code of "
                + "an app is right. See timedatectl."
        }
    }
}

/// A time as the journal says it, whatever the machine's zone is: `2026-11-25 15:00:03 UTC`.
struct UTCTime: CustomStringConvertible {
    let description: String

    /// From Unix seconds.
    init(_ wall: Int64) {
        var wall = time_t(wall)
        var parts = unsafe tm()
        guard unsafe gmtime_r(&wall, &parts) != nil else {
            description = "second \(wall) after 1970"
            return
        }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (year, month, day) = unsafe (Int(parts.tm_year) + 1900, parts.tm_mon + 1, parts.tm_mday)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        description = "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)):\(two(second)) UTC"
    }
}
