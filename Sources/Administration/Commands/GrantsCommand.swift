import AdminProtocol
import ArgumentParser

/// `twostep grants`: what lets people off modules for a while.
struct GrantsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grants", abstract: "Show who is let off codes at which terminal, or revoke that.",
        discussion: "Example: twostep grants revoke --user alice",
        subcommands: [GrantsListCommand.self, GrantsRevokeCommand.self], defaultSubcommand: GrantsListCommand.self)
}

/// `twostep grants list`: all of them, or those of one account.
struct GrantsListCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the grants that hold. This is what happens without a verb.",
        discussion: "Example: twostep grants")

    @Option(help: "Those of this account alone.") var user: String?
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        var grants: [RememberedLogin] = []
        var others = 0
        repeat {
            let last = grants.last?.id
            let answer = try connection.ask(.grants(before: last, account: user))
            guard case .grants(let page) = answer.reply else { throw connection.misplaced() }
            // A page that does not come further would go on for ever.
            guard page.others == 0 || page.grants.last.map({ $0.id < last ?? .max }) == true else {
                throw connection.misplaced()
            }
            grants += page.grants
            others = page.others
        } while others > 0
        var table = Table(header: ["ID", "ACCOUNT", "SERVICE", "TERMINAL", "LEADER", "MODULES", "TIME LEFT"])
        for grant in grants {
            table.append([
                String(grant.id), grant.account, grant.service, grant.terminal, String(grant.leader), grant.modules,
                Wording.span(seconds: grant.secondsLeft),
            ])
        }
        return Report(
            text: grants.isEmpty ? nobody(in: world) : table.lines.joined(separator: "\n"),
            json: .object([("grants", grants.document)]))
    }

    private func nobody(in world: AdministrationWorld) -> String {
        guard let user else { return "Nobody is let off anything." }
        return "\(user) is let off nothing." + (world.absence(of: user).map { "\n\($0)" } ?? "")
    }
}

/// `twostep grants revoke`: the code is asked for again.
struct GrantsRevokeCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke one grant, those of a user, or all.",
        usage: "twostep grants revoke <id> | --user <user> | --all [options]",
        discussion: """
            The code is asked for again at the next login. What was begun with the grant goes on.
            Example: twostep grants revoke 3
            """)

    @Argument(help: "The grant's number, as twostep grants shows it.") var id: Int?
    @Option(help: "All grants of this account.") var user: String?
    @Flag(name: .customLong("all"), help: "All grants of everybody.") var isAll = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard [id != nil, user != nil, isAll].count(where: { $0 }) == 1 else {
            throw CommandFailure(
                .usage, code: .usage, "Which grants? Expected a number, --user or --all, and one of them.",
                hint: "See which there are: twostep grants")
        }
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.revokeGrants(id: id, account: user))
        guard case .grantsRevoked(let listing) = answer.reply else { throw connection.misplaced() }
        let text =
            listing.grants.isEmpty
            ? "There was nothing to revoke." + (user.flatMap { world.absence(of: $0) }.map { "\n\($0)" } ?? "")
            : (listing.grants.map { "Revoked: \($0.account) with \($0.service) at \($0.terminal)." }
                + (listing.others > 0 ? ["Revoked: \(Wording.count(listing.others, "more grant"))."] : []))
                .joined(separator: "\n")
        return Report(
            text: text,
            json: .object([("grants", listing.grants.document), ("others", .integer(Int64(listing.others)))]),
            change: listing.grants.isEmpty ? nil : text)
    }
}

extension RememberedLogin {
    /// `totp|recovery_code, pin`.
    var modules: String { steps.map { $0.map(\.name).joined(separator: "|") }.joined(separator: ", ") }

    /// The members that every document has which speaks of a grant.
    var members: [(String, JSONValue)] {
        [
            ("id", .integer(Int64(id))), ("account", .text(account)), ("service", .text(service)),
            ("terminal", .text(terminal)), ("leader", .integer(Int64(leader))),
            ("steps", .list(steps.map { step in .list(step.map { .object($0.members) }) })),
            ("seconds_left", .integer(secondsLeft)),
        ]
    }
}

extension [RememberedLogin] {
    fileprivate var document: JSONValue { .list(map { .object($0.members) }) }
}
