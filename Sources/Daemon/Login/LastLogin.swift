import Authentication
import Glibc

/// What a person who was let in is told of the time before.
enum LastLogin {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Last login with a code: Tue 24 Nov 18:03 from 192.0.2.7 (sshd). 3 failed attempts since.` Nil where there is
    /// nothing to be told. `moment` says when, for people.
    static func notice(_ visit: Visit?, failures: Int, moment: (Int64) -> String?) -> String? {
        var sentences: [String] = []
        if let visit {
            let what = visit.way == .granted ? "Last login with a code" : "Last login"
            let when = moment(visit.at).map { ": \($0)" } ?? ":"
            let host = visit.host.map { " from \($0)" } ?? ""
            sentences.append("\(what)\(when)\(host) (\(visit.service)).")
        }
        if failures > 0 {
            sentences.append(
                "\(failures) failed \(failures == 1 ? "attempt" : "attempts") \(visit == nil ? "before" : "since").")
        }
        return sentences.isEmpty ? nil : sentences.joined(separator: " ")
    }

    /// A moment where the machine stands: `Tue 24 Nov 18:03`, and its year unless that is the present one.
    static func moment(_ wall: Int64, now: Int64) -> String? {
        guard let moment = unsafe calendar(wall), let present = unsafe calendar(now) else { return nil }
        let (weekday, month) = unsafe (Int(moment.tm_wday), Int(moment.tm_mon))
        guard weekdays.indices.contains(weekday), months.indices.contains(month) else { return nil }
        let year = unsafe moment.tm_year == present.tm_year ? "" : " \(Int(moment.tm_year) + 1900)"
        let time = unsafe "\(padded(moment.tm_hour)):\(padded(moment.tm_min))"
        return unsafe "\(weekdays[weekday]) \(moment.tm_mday) \(months[month])\(year) \(time)"
    }

    private static func calendar(_ wall: Int64) -> tm? {
        var seconds = time_t(wall)
        var fields = unsafe tm()
        return unsafe localtime_r(&seconds, &fields) == nil ? nil : fields
    }

    private static func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
