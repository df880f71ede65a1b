import AdminProtocol
import ArgumentParser

/// `twostep block`: an account that nobody gets into, whatever is answered.
struct BlockCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Refuse every login of a user from now on.",
        discussion: """
            The person is asked as before, and refused as if the answer were wrong; devices and failures stay as they \
            are. Logins that wait for an answer are ended. Who is logged in already stays so.
            Example: twostep block alice --reason "phone stolen"
            """)

    @Argument(help: "The local account.") var user: String
    @Option(
        help: ArgumentHelp("Why, for other administrators: one line of at most 200 bytes.", valueName: "text"))
    var reason: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.block(account: user, reason: reason))
        guard case .blocked(let blocking) = answer.reply else { throw connection.misplaced() }
        let name = blocking.block.account
        let text = """
            Blocked \(name)\(blocking.wasBlocked ? ", who was blocked already" : "").
            To take it back: twostep unblock \(Wording.word(name))
            """
        return Report(
            text: text,
            json: .object(blocking.block.members + [("was_blocked", .boolean(blocking.wasBlocked))]), change: text)
    }
}

/// `twostep unblock`: the account is let in again, with all that is owed.
struct UnblockCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let a user log in again who was blocked.",
        discussion: "Example: twostep unblock alice")

    @Argument(help: "The local account.") var user: String
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.unblock(account: user))
        guard case .unblocked(let unblocking) = answer.reply else { throw connection.misplaced() }
        let name = unblocking.account
        let text =
            unblocking.wasBlocked
            ? "\(name) is blocked no more."
            : "\(name) was not blocked." + (world.absence(of: user).map { "\n\($0)" } ?? "")
        return Report(
            text: text,
            json: .object([("account", .text(name)), ("was_blocked", .boolean(unblocking.wasBlocked))]),
            change: unblocking.wasBlocked ? text : nil)
    }
}

extension BlockedAccount {
    /// The members that every document has which speaks of a block.
    var members: [(String, JSONValue)] {
        [("account", .text(account)), ("reason", .text(reason)), ("since", .integer(since))]
    }

    /// The same for people.
    var sentence: String {
        "\(account) is blocked since \(Wording.moment(since))\(reason.isEmpty ? "" : ": \(reason)")"
    }
}
