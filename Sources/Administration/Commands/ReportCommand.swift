import AdminProtocol
import ArgumentParser
import Glibc

/// `twostep report`: who is enrolled with what, and who would be locked out.
struct ReportCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report who is enrolled with what, who is locked, who has nothing.",
        discussion: """
            With --unenrolled-active: who was let in within 90 days and has nothing to answer with, so that nobody is \
            locked out by a rule that begins to demand it, and what the rules in force would make of their next login.
            Example: twostep report --unenrolled-active
            """)

    /// How long ago a login still counts, in seconds.
    private static let active: Int64 = 90 * 86_400

    @Flag(help: "Write comma-separated values, with a header.") var csv = false
    @Flag(help: "Only accounts that were let in within 90 days and have nothing to answer with.")
    var unenrolledActive = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard !csv || !output.isJSON else {
            throw CommandFailure(.usage, code: .usage, "--csv and --json are two ways to say the same: choose one.")
        }
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        var accounts: [ReportedAccount] = []
        try connection.reports { accounts += $0 }
        if unenrolledActive {
            let since = Int64(time(nil)) - ReportCommand.active
            let logins = world.history.logins(since: since)
            var active = ActiveAccount.unenrolled(accounts, logins.known, since: since)
            for index in active.indices {
                active[index].prospect = try prospect(of: active[index].supposed, by: connection)
            }
            if let gap = logins.gap, !output.isJSON { try world.console.say(gap, on: .errors) }
            return report(active, gap: logins.gap)
        }
        return report(accounts)
    }

    /// What a login would come to; nil where the daemon does not say.
    private func prospect(
        of login: SupposedLogin, by connection: borrowing DaemonConnection
    ) throws(CommandFailure) -> String? {
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            answer = try connection.ask(.explain(login: login))
        } catch {
            // A name that no account can have is in the system's files, too.
            guard error.status == .refused else { throw error }
            return nil
        }
        guard case .explained(let explanation) = answer.reply else { throw connection.misplaced() }
        let endings = explanation.ending.map { [$0] } ?? explanation.ways.map(\.ending)
        return (endings.first { $0.result != "denied" } ?? endings.first)?.result
    }

    // MARK: Everybody

    private func report(_ accounts: [ReportedAccount]) -> Report {
        let json: JSONValue = .object([("accounts", .list(accounts.map(\.json)))])
        if csv { return Report(text: accounts.csv, json: json) }
        guard !accounts.isEmpty else {
            return Report(text: "Nobody is enrolled, and nobody was seen yet.", json: json)
        }
        var table = Table(header: ["ACCOUNT", "DEVICES", "LAST USED", "CODES", "LAST LOGIN", "ENROL BY", "STANDING"])
        for account in accounts {
            table.append([
                account.account, account.devicesInWords, account.lastUsedAt.map(Wording.day) ?? "never",
                account.codesLeft.map { String($0) } ?? "-", account.visit.map { Wording.day($0.at) } ?? "-",
                account.enrollUntil.map(Wording.day) ?? "-", account.standingInWords,
            ])
        }
        return Report(text: (table.lines + [summary(accounts)]).joined(separator: "\n"), json: json)
    }

    private func summary(_ accounts: [ReportedAccount]) -> String {
        let enrolled = accounts.filter(\.isEnrolled)
        var parts = [
            "\(Wording.count(accounts.count, "account")): \(enrolled.count) enrolled",
            "\(accounts.count - enrolled.count) not",
        ]
        let withoutCodes = enrolled.filter { $0.codesLeft == 0 }.count
        if withoutCodes > 0 { parts.append("\(withoutCodes) with no recovery code left") }
        let held = accounts.filter { $0.standing != .open }.count
        if held > 0 { parts.append("\(held) delayed or locked") }
        return parts.joined(separator: ", ") + "."
    }

    // MARK: Who would be refused

    private func report(_ accounts: [ActiveAccount], gap: String?) -> Report {
        let json: JSONValue = .object([("accounts", .list(accounts.map(\.json))), ("gap", .text(gap))])
        if csv {
            var lines = CSV(header: ["account", "last_seen_at", "source", "service", "last_result", "prospect"])
            for account in accounts { lines.append(account.cells(moment: String.init)) }
            return Report(text: lines.lines.joined(separator: "\n"), json: json)
        }
        guard !accounts.isEmpty else {
            let whom = gap == nil ? "Everybody" : "Everybody of those who were found"
            return Report(text: "\(whom) who was let in within 90 days has something to answer with.", json: json)
        }
        var table = Table(header: ["ACCOUNT", "LAST SEEN", "SOURCE", "SERVICE", "RESULT", "NOW"])
        for account in accounts { table.append(account.cells(moment: Wording.moment)) }
        let refused = accounts.count { $0.prospect == "denied" }
        let sentence =
            "\(Wording.count(accounts.count, "account")) would be refused where a code is demanded"
            + "\(refused > 0 ? ", \(refused) by the rules that are in force" : ""). "
            + "Enrol one with: twostep enroll \(Wording.word(accounts[0].account)) totp"
        return Report(text: (table.lines + [sentence]).joined(separator: "\n"), json: json)
    }
}

extension ReportedAccount {
    /// The latest moment that a device was used at; Unix seconds.
    var lastUsedAt: Int64? { devices.compactMap(\.lastUsedAt).max() }

    /// `phone (totp), codes (recovery_code)`.
    var devicesInWords: String {
        devices.isEmpty ? "none" : devices.map(\.inWords).joined(separator: ", ")
    }

    var standingInWords: String {
        switch standing {
        case .open: failures == 0 ? "open" : "open, \(Wording.count(failures, "failure"))"
        case .delayed: "delayed \(Wording.span(seconds: delaySeconds))"
        case .locked: "locked"
        }
    }

    var json: JSONValue {
        .object([
            ("account", .text(account)), ("enrolled", .boolean(isEnrolled)),
            ("devices", .list(devices.map { .object($0.members) })),
            ("last_used_at", .integer(lastUsedAt)), ("codes_left", .integer(codesLeft.map { Int64($0) })),
            ("failures", .integer(Int64(failures))), ("standing", .text(standing.rawValue)),
            ("delay_seconds", .integer(delaySeconds)),
            (
                "last_login",
                visit.map { visit in
                    .object([
                        ("at", .integer(visit.at)), ("service", .text(visit.service)),
                        ("remote_host", .text(visit.host)), ("result", .text(visit.way.rawValue)),
                    ])
                } ?? .null
            ), ("refused_unenrolled_at", .integer(refusedUnenrolledAt)), ("enroll_until", .integer(enrollUntil)),
        ])
    }
}

extension EnrolledDevice {
    /// `phone (totp)`.
    fileprivate var inWords: String { "\(device) (\(module.name))" }
}

extension [ReportedAccount] {
    /// One line an account; times are Unix seconds, and empty is none.
    fileprivate var csv: String {
        var lines = CSV(header: [
            "account", "enrolled", "devices", "last_used_at", "codes_left", "failures", "standing", "last_login_at",
            "last_login_service", "last_login_result", "refused_unenrolled_at", "enroll_until",
        ])
        for account in self {
            lines.append([
                account.account, account.isEnrolled ? "yes" : "no",
                account.devices.map(\.inWords).joined(separator: "; "),
                account.lastUsedAt.map { String($0) } ?? "", account.codesLeft.map { String($0) } ?? "",
                String(account.failures), account.standing.rawValue, account.visit.map { String($0.at) } ?? "",
                account.visit?.service ?? "", account.visit?.way.rawValue ?? "",
                account.refusedUnenrolledAt.map { String($0) } ?? "",
                account.enrollUntil.map { String($0) } ?? "",
            ])
        }
        return lines.lines.joined(separator: "\n")
    }
}
