import AdminProtocol
import ArgumentParser
import Authentication

/// `twostep store copy`: the store at another place, while people go on logging in.
struct StoreCopyCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copy the store to another place, which then takes its place.",
        usage: "twostep store copy --to <store> [--password-file <file>] [--yes] [options]",
        discussion: """
            Copies in passes while people log in, compares every row of both, and asks. Then logins wait for some seconds: \
            what has changed is copied, all of it is compared once more, and the old store is given up for good. Cut short at \
            any moment nothing is lost: type it again. A password stands in a file, and never here.
            Example: twostep store copy --to 'postgresql:host=/run/postgresql dbname=twostep user=twostep'
            """)

    @Option(
        help: ArgumentHelp(
            "Where to: sqlite, or postgresql: and what stands as connection in the configuration.", valueName: "store"))
    var to: String
    @Option(help: ArgumentHelp("A file with the database's password, as in the configuration.", valueName: "file"))
    var passwordFile: String?
    @Flag(name: .customLong("yes"), help: "Do not ask. Needed where nobody can be asked.") var isAgreed = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    /// A pass over a large store takes its time, and so does the last moment.
    private static let patience: Int64 = 300_000

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(
            service.runtimeDirectory, limit: max(world.replyLimit, StoreCopyCommand.patience))
        var standing = try ask(.beginCopy(target: to, passwordFile: passwordFile), connection)
        var shown = ("", 0)
        while !standing.isCurrent {
            standing = try ask(.copyPart, connection)
            guard !output.isJSON, (standing.table, standing.passes) != shown else { continue }
            shown = (standing.table, standing.passes)
            try world.console.say(StoreCopyCommand.progress(standing), on: .errors)
        }
        try world.console.agree(
            to: question(standing), isAgreed: isAgreed,
            otherwise: "Nothing has taken the store's place. Type it again to go on.",
            command: "twostep store copy --to \(Wording.word(to))")
        let answer = try connection.ask(.finishCopy)
        guard case .copied(let copied) = answer.reply else { throw connection.misplaced() }
        return report(copied)
    }

    private func ask(
        _ request: AdminRequest, _ connection: borrowing DaemonConnection
    ) throws(CommandFailure) -> CopyStanding {
        let answer = try connection.ask(request)
        guard case .copyProgress(let standing) = answer.reply else { throw connection.misplaced() }
        return standing
    }

    private static func progress(_ standing: CopyStanding) -> String {
        guard !standing.table.isEmpty else {
            return
                "A pass is done: \(Wording.count(standing.rows, "row")), of which \(standing.differences) were written."
        }
        return "Pass \(standing.passes), table \(standing.table): \(Wording.count(standing.rows, "row")) so far."
    }

    private func question(_ standing: CopyStanding) -> String {
        guard !standing.isArriving else {
            return "\(standing.from) was given up already. Shall \(standing.to) be the store from now on?"
        }
        return """
            \(standing.to) has what \(standing.from) has. Shall it be the store from now on? Logins wait for some seconds, and the \
            old one is never used again.
            """
    }

    private func report(_ copied: CopiedStore) -> Report {
        var lines = copied.tables.map {
            "\($0.table): \(Wording.count($0.rows, "row")), the same on both sides (\($0.digest))"
        }
        lines += [
            "The store is \(copied.to) from now on; \(copied.from) was given up.",
            "Next, before twostepd starts again: write this into its configuration, and type twostep check:", settings,
        ]
        let text = lines.joined(separator: "\n")
        let tables = copied.tables.map { table in
            JSONValue.object([
                ("table", .text(table.table)), ("rows", .integer(Int64(table.rows))), ("digest", .text(table.digest)),
            ])
        }
        return Report(
            text: text,
            json: .object([
                ("from", .text(copied.from)), ("to", .text(copied.to)), ("tables", .list(tables)),
                ("settings", .text(settings)),
            ]), change: text)
    }

    /// What the configuration has to say.
    private var settings: String {
        let prefix = "postgresql:"
        guard to.hasPrefix(prefix) else { return "store: {type: sqlite}" }
        var lines = [
            "store:", "  type: postgresql", "  connection: \(StoreCopyCommand.quoted(to.dropFirst(prefix.count)))",
        ]
        if let passwordFile { lines.append("  password_file: \(StoreCopyCommand.quoted(passwordFile[...]))") }
        return lines.joined(separator: "\n")
    }

    private static func quoted(_ text: Substring) -> String {
        "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
    }
}
