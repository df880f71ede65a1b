import AdminProtocol
import ArgumentParser
import Glibc

/// `twostep log`: how logins have ended.
struct LogCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Show how logins have ended, and why.",
        discussion: """
            Reads the journal, or where there is none what twostepd has in memory: its last 1,000 records.
            Examples: twostep log --user alice --since 2h
                      twostep log --follow --result denied
            """)

    /// How many records are shown where nobody says.
    private static let usualCount = 50
    private static let usualCountOfFollowing = 10

    @Flag(help: "Go on, and show each record as it comes.") var follow = false
    @Option(help: "Only logins of this account.") var user: String?
    @Option(help: "Only logins through this service.") var service: String?
    @Option(
        help: ArgumentHelp(
            "Only this result: granted, exempt, skipped, denied, unavailable, abandoned, misconfigured, diagnosed, message."
        ))
    var result: String?
    @Option(
        help: ArgumentHelp(
            "Only what came since: 15m, 2h, 3d, '2026-11-24 18:03', @ and Unix seconds.", valueName: "moment"))
    var since: String?
    @Option(
        name: [.customShort("n"), .customLong("lines")],
        help: ArgumentHelp(
            "How many records at most, the latest. Without it and --since: 50, with --follow 10.",
            valueName: "number"))
    var lines: Int?
    @Flag(help: "Ask twostepd for what it has in memory even if there is a journal.") var daemon = false
    @OptionGroup var connection: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let filter = try filter()
        let count = try count()
        let usesJournal = !daemon && world.journal.isPresent && connection.isUsual
        if follow {
            let show: (LoggedRecord) throws(CommandFailure) -> Void = { record throws(CommandFailure) in
                try self.show(record, in: world)
            }
            if usesJournal {
                try world.journal.read(filter.arguments(count: count, follows: true)) { line throws(CommandFailure) in
                    if let record = LoggedRecord(journal: line), filter.admits(record) { try show(record) }
                }
            } else {
                try followDaemon(filter, count, in: world, show)
            }
            return Report(text: "", json: .null)
        }
        var records: [LoggedRecord] = []
        if usesJournal {
            try world.journal.read(filter.arguments(count: count, follows: false)) { line in
                if let record = LoggedRecord(journal: line), filter.admits(record) { records.append(record) }
            }
        } else {
            let asked = try DaemonConnection.open(connection.runtimeDirectory, limit: world.replyLimit)
            records = try LogCommand.records(of: asked, after: 0).records.filter(filter.admits)
            if let count { records = Array(records.suffix(count)) }
        }
        return Report(
            text: records.isEmpty ? "There is no such record." : records.map(LogCommand.text).joined(separator: "\n"),
            json: .object([("records", .list(records.map(LogCommand.json)))]))
    }

    private func filter() throws(CommandFailure) -> RecordFilter {
        var moment: Int64?
        if let since {
            moment = PastMoment.parse(since, now: Int64(time(nil)))
            guard moment != nil else {
                throw CommandFailure(
                    .usage, code: .usage,
                    "'\(since)' is no moment: expected 15m, 2h, 3d, 2026-11-24, '2026-11-24 18:03' or @1795348800.")
            }
        }
        return try RecordFilter(user: user, service: service, result: result, since: moment)
    }

    private func count() throws(CommandFailure) -> Int? {
        if let lines {
            guard (1...1_000_000).contains(lines) else {
                throw CommandFailure(.usage, code: .usage, "-n is \(lines), expected 1 to 1000000.")
            }
            return lines
        }
        if since != nil { return nil }
        return follow ? LogCommand.usualCountOfFollowing : LogCommand.usualCount
    }

    // MARK: The daemon's memory

    /// All that the daemon has after a record, a page at a time.
    private static func records(
        of asked: borrowing DaemonConnection, after number: Int64
    ) throws(CommandFailure) -> (records: [LoggedRecord], cursor: Int64) {
        var records: [LoggedRecord] = []
        var cursor = number
        while true {
            let answer = try asked.ask(.records(after: cursor, atMost: 100))
            guard case .records(let page) = answer.reply else { throw asked.misplaced() }
            records += page.records
            // One that does not come further would go on for ever.
            guard page.cursor > cursor else { return (records, cursor) }
            cursor = page.cursor
            guard cursor < page.newest else { return (records, cursor) }
        }
    }

    /// Asks again and again, on one connection: it ends with the daemon.
    private func followDaemon(
        _ filter: RecordFilter, _ count: Int?, in world: AdministrationWorld,
        _ show: (LoggedRecord) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        let asked = try DaemonConnection.open(connection.runtimeDirectory, limit: world.replyLimit)
        var (records, cursor) = try LogCommand.records(of: asked, after: 0)
        records = records.filter(filter.admits)
        if let count { records = Array(records.suffix(count)) }
        for record in records { try show(record) }
        while true {
            _ = poll(nil, 0, world.pollInterval)
            (records, cursor) = try LogCommand.records(of: asked, after: cursor)
            for record in records where filter.admits(record) { try show(record) }
        }
    }

    // MARK: Showing

    private func show(_ record: LoggedRecord, in world: AdministrationWorld) throws(CommandFailure) {
        let buffer = OutputBuffer()
        if output.isJSON {
            LogCommand.json(record).write(to: buffer)
        } else {
            buffer.append(printable: LogCommand.text(record))
        }
        buffer.append("\n")
        try world.console.show(buffer, on: .output)
    }

    private static func text(_ record: LoggedRecord) -> String {
        "\(Wording.second(record.at)) \(record.message)"
    }

    /// The fields under the names that they have in the journal, in small letters and without their common beginning.
    private static func json(_ record: LoggedRecord) -> JSONValue {
        let fields = record.fields.sorted { $0.key < $1.key }.map { name, value in
            (name.lowercased().dropFirst(name.hasPrefix("TWOSTEP_") ? "TWOSTEP_".count : 0), value)
        }
        return .object(
            [
                ("at", .integer(record.at)), ("priority", .integer(Int64(record.priority))),
                ("message", .text(record.message)),
            ] + fields.map { (String($0.0), JSONValue.text($0.1)) })
    }
}
