import AdminProtocol
import ArgumentParser

/// `twostep status`: whether logins are judged, and if not, why.
struct StatusCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how twostepd is.",
        discussion: """
            Exits with 1 if twostepd refuses every login, because of its configuration or its store.
            Example: twostep status --json
            """)

    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.status)
        guard case .status(let status) = answer.reply else { throw connection.misplaced() }
        return Report(status.isServing ? .done : .refused, text: text(status), json: json(status))
    }

    private func text(_ status: ServiceStatus) -> String {
        let state = status.isServing ? "serving" : "REFUSES EVERY LOGIN as unavailable"
        var lines = ["twostepd \(status.version) \(state), running for \(Wording.span(seconds: status.uptime))"]
        lines += status.problems.map { "Problem: \($0)" }
        if let problem = status.store.problem, !status.problems.contains(problem) {
            lines.append("Problem: \(problem)")
        }
        if status.isServing, !status.problems.isEmpty {
            lines.append("Until that is repaired, the configuration of before stays in force.")
        }
        lines += ((status.warnings ?? []) + (status.sharing?.warnings ?? [])).map { "Warning: \($0)" }
        if let problems = status.clockProblems {
            lines += problems.map { "\(status.isClockSane ? "Warning" : "Problem"): \($0)" }
        } else if !status.isClockSane {
            lines.append("Problem: The clock of this machine cannot be right: see timedatectl.")
        }
        let configuration = status.configuration
        let loaded = configuration.loadedAt.map { ", loaded \(Wording.moment($0))" } ?? ", not loaded"
        let schema = status.store.schema.map { ", schema \($0)" } ?? (status.hubs == nil ? ", not readable" : "")
        var rows = [
            ("configuration", "\(configuration.path), generation \(configuration.generation)\(loaded)"),
            ("store", "\(status.store.path)\(schema)"),
        ]
        for (index, daemon) in (status.sharing?.daemons ?? []).enumerated() {
            let seen = "last seen \(Wording.span(seconds: daemon.lastSeen)) ago"
            rows.append(
                (index == 0 ? "shared by" : "", "\(daemon.host) \(daemon.place), version \(daemon.version), \(seen)"))
        }
        if let copy = status.store.copy {
            let fresh = copy.freshAt.map { "fresh \(Wording.moment($0))" } ?? "not whole yet"
            let state = copy.isStandingIn ? "judges logins now" : "kept for when the database is away"
            rows.append(("copy", "\(state), \(fresh), good for \(Wording.span(seconds: copy.limit))"))
        }
        for (index, socket) in status.sockets.enumerated() { rows.append((index == 0 ? "sockets" : "", socket)) }
        for (index, hub) in (status.hubs ?? []).enumerated() {
            let standing =
                hub.isWell ? "answers, \(Wording.count(hub.logins, "login")) under way" : hub.problem ?? "silent"
            rows.append((index == 0 ? "hubs" : "", "\(hub.place), \(standing)"))
        }
        let sessions = "\(Wording.count(status.openSessions, "session")) open"
        if let accounts = status.accounts, let devices = status.devices {
            rows.append(("enrolled", "\(Wording.count(devices, "device")) of \(Wording.count(accounts, "account"))"))
        }
        if let blocked = status.blocked, blocked > 0 {
            rows.append(("blocked", "\(Wording.count(blocked, "account")): see twostep list"))
        }
        rows.append(("logins", "\(status.granted) granted, \(status.refused) refused, \(sessions)"))
        lines += rows.map { name, value in
            "  " + name + String(repeating: " ", count: "configuration".count - name.count + 2) + value
        }
        return lines.joined(separator: "\n")
    }

    private func json(_ status: ServiceStatus) -> JSONValue {
        .object([
            ("version", .text(status.version)), ("serving", .boolean(status.isServing)),
            ("problems", .list(status.problems.map { .text($0) })),
            ("warnings", status.warnings.map { .list($0.map { .text($0) }) } ?? .null),
            (
                "configuration",
                .object([
                    ("path", .text(status.configuration.path)),
                    ("generation", .integer(Int64(status.configuration.generation))),
                    ("loaded_at", .integer(status.configuration.loadedAt)),
                ])
            ),
            (
                "store",
                .object([
                    ("path", .text(status.store.path)), ("schema", .integer(status.store.schema.map { Int64($0) })),
                    ("problem", .text(status.store.problem)),
                    ("copy", status.store.copy.map { StatusCommand.json($0) } ?? .null),
                ])
            ),
            ("sockets", .list(status.sockets.map { .text($0) })),
            ("open_sessions", .integer(Int64(status.openSessions))),
            ("accounts", .integer(status.accounts.map { Int64($0) })),
            ("devices", .integer(status.devices.map { Int64($0) })),
            ("blocked", .integer(status.blocked.map { Int64($0) })), ("granted", .integer(Int64(status.granted))),
            ("refused", .integer(Int64(status.refused))), ("uptime", .integer(status.uptime)),
            ("clock_sane", .boolean(status.isClockSane)),
            ("clock_problems", status.clockProblems.map { .list($0.map { .text($0) }) } ?? .null),
            ("sharing", status.sharing.map(sharing) ?? .null),
            (
                "hubs",
                status.hubs.map { hubs in
                    .list(
                        hubs.map {
                            .object([
                                ("place", .text($0.place)), ("answers", .boolean($0.isWell)),
                                ("problem", .text($0.problem)), ("logins", .integer(Int64($0.logins))),
                            ])
                        })
                } ?? .null
            ),
        ])
    }

    private func sharing(_ sharing: SharingStatus) -> JSONValue {
        .object([
            ("warnings", .list(sharing.warnings.map { .text($0) })),
            (
                "daemons",
                .list(
                    sharing.daemons.map { daemon in
                        .object([
                            ("host", .text(daemon.host)), ("place", .text(daemon.place)),
                            ("version", .text(daemon.version)), ("last_seen", .integer(daemon.lastSeen)),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ copy: StoreStatus.CopyStatus) -> JSONValue {
        .object([
            ("fresh_at", .integer(copy.freshAt)), ("good_for", .integer(copy.limit)),
            ("standing_in", .boolean(copy.isStandingIn)), ("problem", .text(copy.problem)),
        ])
    }
}
