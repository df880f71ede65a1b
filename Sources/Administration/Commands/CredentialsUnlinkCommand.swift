import AdminProtocol
import ArgumentParser

/// `twostep credentials unlink`: a provider's username opens nothing any more.
struct CredentialsUnlinkCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "unlink", abstract: "Take a username's credentials away.",
        usage: "twostep credentials unlink <provider> <username> [--yes] [options]",
        discussion: """
            Asks first. The user, the account and its devices stay; logins that are open stay too.
            Example: twostep credentials unlink homeassistant alice
            """)

    @Argument(help: "The provider: homeassistant, or homeassistant:ID.") var provider: String
    @Argument(help: "The name at the provider.") var username: String
    @Flag(name: .customLong("yes"), help: "Do not ask. Needed where nobody can be asked.") var isAgreed = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try ProviderReference(argument: provider)
        try world.console.agree(
            to: "Unlink '\(username)' of \(reference.name)? Nobody logs in by that name then.", isAgreed: isAgreed,
            otherwise: "Nothing was changed.",
            command: "twostep credentials unlink \(Wording.word(reference.name)) \(Wording.word(username))")
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let answer = try connection.ask(.unlink(username: username, provider: reference))
        guard case .unlinked(let removal) = answer.reply else { throw connection.misplaced() }
        let text = """
            Unlinked: '\(removal.username)' of \(removal.provider.name) opens the account '\(removal.account)' no more.
            """
        return Report(
            text: text,
            json: .object(
                removal.provider.members + [
                    ("username", .text(removal.username)), ("account", .text(removal.account)),
                ]), change: text)
    }
}
