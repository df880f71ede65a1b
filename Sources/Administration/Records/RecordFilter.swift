import AdminProtocol
import Authentication

/// Which records are to be shown. Every value of it may stand on another program's command line: it is checked first.
struct RecordFilter: Equatable {
    /// What `TWOSTEP_RESULT` may be.
    static let results = [
        "granted", "exempt", "skipped", "denied", "unavailable", "abandoned", "misconfigured", "diagnosed", "message",
        "proved", "declined",
    ]

    let user: String?
    let service: String?
    let result: String?
    /// Unix seconds.
    let since: Int64?

    /// Throws `usage` for what no record could have.
    init(user: String?, service: String?, result: String?, since: Int64?) throws(CommandFailure) {
        if let user, AccountName(user) == nil {
            throw CommandFailure(.usage, code: .usage, "'\(user)' is no account's name.")
        }
        if let service, !ServiceName.isOne(service) {
            throw CommandFailure(.usage, code: .usage, "'\(service)' is no service's name: see ls /etc/pam.d")
        }
        if let result, !RecordFilter.results.contains(result) {
            throw CommandFailure(
                .usage, code: .usage,
                "'\(result)' is no result: expected one of \(RecordFilter.results.joined(separator: ", ")).")
        }
        self.user = user
        self.service = service
        self.result = result
        self.since = since
    }

    /// Whether a record is to be shown. Names are compared byte for byte.
    func admits(_ record: LoggedRecord) -> Bool {
        func matches(_ wanted: String?, _ field: String) -> Bool {
            wanted.map { $0.utf8.elementsEqual((record.fields[field] ?? "").utf8) } ?? true
        }
        return matches(user, "TWOSTEP_USER") && matches(service, "TWOSTEP_SERVICE")
            && matches(result, "TWOSTEP_RESULT") && record.at >= since ?? .min
    }

    /// The same as arguments of journalctl: records of the unit alone, since fields can be written by anybody.
    func arguments(count: Int?, follows: Bool) -> [String] {
        var arguments = ["--quiet", "--no-pager", "--all", "--output=json"]
        if follows { arguments.append("--follow") }
        if let count { arguments.append("--lines=\(count)") }
        if let since { arguments.append("--since=@\(since)") }
        arguments.append("_SYSTEMD_UNIT=twostepd.service")
        if let user { arguments.append("TWOSTEP_USER=\(user)") }
        if let service { arguments.append("TWOSTEP_SERVICE=\(service)") }
        // Alternatives of one field; without them lines that are no decisions would be counted as well.
        arguments += (result.map { [$0] } ?? RecordFilter.results).map { "TWOSTEP_RESULT=\($0)" }
        return arguments
    }
}
