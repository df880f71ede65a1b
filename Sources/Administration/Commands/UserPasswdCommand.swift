import AdminProtocol
import ArgumentParser

/// `twostep user passwd`: another password for a user.
struct UserPasswdCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Change the password of a user.",
        usage: "twostep user passwd <name> [--provider <provider>] [options]",
        discussion: """
            Asks for the new password twice. The old one fails from then on.
            Example: twostep user passwd alice
            """)

    @Argument(help: "The name to log in with at the provider.") var name: String
    @OptionGroup var provider: ProviderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try provider.reference()
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let user = try connection.presentUser(named: name, provider: reference)
        let secrets = try world.console.newPassword(of: user.username, fromInput: password.isFromInput)
        let answer = try connection.ask(
            .setPassword(username: user.username, provider: user.provider, intent: .change), secrets: secrets)
        guard case .passwordSet(let change) = answer.reply else { throw connection.misplaced() }
        return PasswordReport.make(
            "Changed the password of '\(change.user.username)' of \(change.user.provider.name).", change)
    }
}
