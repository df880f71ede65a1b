import AdminProtocol
import ArgumentParser

/// `twostep user list`: who there is, and which account they open.
struct UserListCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the users of one provider, or of all that keep users.",
        usage: "twostep user list [--provider <provider>] [options]",
        discussion: "Example: twostep user list")

    @OptionGroup var provider: ProviderOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try provider.reference()
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let users = try connection.users(of: reference)
        return Report(
            text: text(users),
            json: .object([
                ("users", .list(users.map { .object($0.members + [("problem", .text($0.problem))]) }))
            ]))
    }

    private func text(_ users: [KeptUser]) -> String {
        guard !users.isEmpty else { return "There is no user. Add one with: twostep user add NAME" }
        var table = Table(header: ["PROVIDER", "USER", "PASSWORD SET", "OPENS ACCOUNT"])
        for user in users {
            table.append([
                user.provider.name, user.username, user.changedAt.map(Wording.moment) ?? "never",
                user.account ?? (user.createsCredentials ? "at the first login" : "none"),
            ])
        }
        return
            (table.lines
            + users.compactMap { user in
                user.problem.map { "'\(user.username)' of \(user.provider.name) cannot log in: \($0)" }
            }).joined(separator: "\n")
    }
}
