import AdminProtocol
import ArgumentParser

/// `twostep user add`: a new user, with a password.
struct UserAddCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a user.",
        usage: "twostep user add <name> [--provider <provider>] [options]",
        discussion: """
            Asks for the password twice. It is never taken from the command line, where others could read it.
            Example: twostep user add alice
            """)

    @Argument(help: "The name to log in with at the provider.") var name: String
    @OptionGroup var provider: ProviderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try provider.reference()
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        // Before the question: who cannot be added need not type.
        let user = try connection.user(named: name, provider: reference)
        guard user.changedAt == nil else {
            throw CommandFailure(
                .refused, code: .userExists, "\(user.provider.name) has a user '\(user.username)' already.",
                hint: "Another password for that one: twostep user passwd \(Wording.word(user.username))")
        }
        let secrets = try world.console.newPassword(of: user.username, fromInput: password.isFromInput)
        let answer = try connection.ask(
            .setPassword(username: user.username, provider: user.provider, intent: .add), secrets: secrets)
        guard case .passwordSet(let change) = answer.reply else { throw connection.misplaced() }
        return PasswordReport.make(
            "Added the user '\(change.user.username)' of \(change.user.provider.name).", change)
    }
}
