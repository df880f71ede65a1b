import AdminProtocol
import ArgumentParser

/// `twostep credentials link`: lets a provider's username open a local account.
struct CredentialsLinkCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "link", abstract: "Let a username of a provider open a local account.",
        usage: "twostep credentials link <provider> <username> <account> [options]",
        discussion: """
            Whoever proves to be that user may log in as the account, any account that root names here. One username \
            opens one account, and one account is opened by one username of a provider.
            Example: twostep credentials link homeassistant alice alice
            """)

    @Argument(help: "The configured provider: homeassistant, or homeassistant:ID.") var provider: String
    @Argument(help: "The name at the provider.") var username: String
    @Argument(help: "The local account.") var account: String
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try ProviderReference(argument: provider)
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.link(username: username, provider: reference, account: account))
        guard case .linked(let link) = answer.reply else { throw connection.misplaced() }
        return Report(
            text: text(link),
            json: .object(
                link.provider.members + [
                    ("username", .text(link.username)), ("account", .text(link.account)),
                    ("unchanged", .boolean(link.isUnchanged)),
                    ("privileged", link.isPrivileged.map { .boolean($0) } ?? .null),
                    ("lacks_user", .boolean(link.lacksUser)),
                ]), change: link.isUnchanged ? nil : text(link))
    }

    private func text(_ link: CredentialsLink) -> String {
        let user = "'\(link.username)' of \(link.provider.name)"
        var lines = [
            link.isUnchanged
                ? "\(user) opens the account '\(link.account)' already."
                : "Linked: \(user) opens the account '\(link.account)'."
        ]
        switch link.isPrivileged {
        case true?:
            lines.append(
                "Warning: \(link.account) is a privileged account (uid below 1000, or in sudo, wheel or adm). "
                    + "To take it back:"
            )
            lines.append(
                "  twostep credentials unlink \(Wording.word(link.provider.name)) \(Wording.word(link.username))")
        case nil: lines.append("Warning: whether \(link.account) is a privileged account cannot be told now.")
        case false?: break
        }
        if link.lacksUser {
            lines.append(
                "\(link.provider.name) has no user '\(link.username)' yet. "
                    + "Type: twostep user add \(Wording.word(link.username))")
        }
        return lines.joined(separator: "\n")
    }
}
