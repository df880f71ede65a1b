import AdminProtocol
import ArgumentParser

/// `twostep sessions`: the logins that wait for an answer.
struct SessionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "Show the logins that wait for an answer, or end one.",
        discussion: "Example: twostep sessions end 3f9a",
        subcommands: [SessionsListCommand.self, SessionsEndCommand.self],
        defaultSubcommand: SessionsListCommand.self)
}

/// `twostep sessions list`: all of them.
struct SessionsListCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the sessions that are open. This is what happens without a verb.",
        discussion: "Example: twostep sessions")

    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let sessions = try connection.sessions()
        var table = Table(header: ["ID", "ACCOUNT", "PROVIDER", "MODULES", "SERVICE", "FROM", "TIME LEFT", "TRIES"])
        for session in sessions {
            table.append([
                session.id, session.account, session.provider.name,
                session.modules.map(\.name).joined(separator: "|"), session.service, session.remoteHost ?? "-",
                Wording.span(seconds: session.secondsLeft), String(session.triesLeft),
            ])
        }
        return Report(
            text: sessions.isEmpty ? "No login waits for an answer." : table.lines.joined(separator: "\n"),
            json: .object([("sessions", .list(sessions.map { .object($0.members) }))]))
    }
}

/// `twostep sessions end`: a login that waits must begin anew.
struct SessionsEndCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "End a login that waits for an answer.",
        discussion: """
            The person is told that the login has failed, and may begin a new one. Who is logged in already stays so.
            Example: twostep sessions end 3f9a
            """)

    @Argument(help: "The session's id, or its first 4 digits or more, if no other begins so.") var id: String
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.endSession(id: id))
        guard case .sessionEnded(let session) = answer.reply else { throw connection.misplaced() }
        let host = session.remoteHost.map { " from \($0)" } ?? ""
        let text = "Ended the login of \(session.account) through \(session.service)\(host)."
        return Report(text: text, json: .object(session.members), change: text)
    }
}

extension WaitingSession {
    /// The members that every document has which speaks of a session.
    fileprivate var members: [(String, JSONValue)] {
        [("id", .text(id)), ("account", .text(account))] + provider.members + [
            ("modules", .list(modules.map { .object($0.members) })), ("service", .text(service)),
            ("remote_host", .text(remoteHost)), ("peer_uid", .integer(Int64(peer))),
            ("seconds_left", .integer(secondsLeft)), ("tries_left", .integer(Int64(triesLeft))),
        ]
    }
}
