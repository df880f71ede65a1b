/// What is said of a change of stacks that was made.
struct StackChangeReport {
    let change: StackChange
    let plan: PlannedChange
    let host: any StackHost

    /// Has sshd read its settings, if they are among what was changed and `reloads` says so. `unlimited` is said where
    /// the change waits for nothing.
    func make(_ first: String, reloads: Bool, unlimited: String? = nil) -> Report {
        var lines = [first]
        if plan.files.contains(where: { $0.path == SSHDFragment.path }) {
            if reloads, SSHDReload(host: host).perform() {
                lines.append("sshd has read its settings.")
            } else {
                lines.append("sshd does so once it has read its settings: \(SSHDReload.command)")
            }
        }
        if let limit = change.limit {
            lines.append(
                "In \(Wording.span(seconds: limit)) (at \(Wording.second(change.wall + limit))) it is undone, unless you "
                    + "log in anew and type there: twostep enable --confirm")
        } else if let unlimited {
            lines.append(unlimited)
        }
        return Report(text: lines.joined(separator: "\n"), json: change.json, change: first)
    }
}

extension StackChange {
    /// The change for programs.
    var json: JSONValue {
        .object([
            ("action", .text(action.rawValue)), ("service", .text(service)),
            ("services", .list(services.map { .text($0) })), ("administrator", .text(administrator)),
            (
                "files",
                .list(
                    files.map {
                        .object([("path", .text($0.path)), ("before", .text($0.before)), ("after", .text($0.after))])
                    })
            ),
            ("confirm_within_seconds", .integer(limit)), ("undone_at", .integer(limit.map { wall + $0 })),
        ])
    }
}
