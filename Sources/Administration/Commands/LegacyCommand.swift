import AdminProtocol
import ArgumentParser

/// `twostep legacy`: the one password of a provider that all its people share.
struct LegacyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "legacy", abstract: "Set the password that a provider's people share (legacy_api_password).",
        discussion: "Example: twostep legacy passwd", subcommands: [LegacyPasswdCommand.self])
}

/// `twostep legacy passwd`: sets that password.
struct LegacyPasswdCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Set the shared password.",
        usage: "twostep legacy passwd [--provider <provider>] [options]",
        discussion: """
            Asks for it twice. A password that the configuration itself has (api_password) comes first: \
            this one is then kept and not looked at.
            Example: twostep legacy passwd
            """)

    @OptionGroup var provider: ProviderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try provider.reference()
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let user = try connection.user(named: nil, provider: reference)
        let secrets = try world.console.newPassword(of: user.provider.name, fromInput: password.isFromInput)
        let answer = try connection.ask(
            .setPassword(username: user.username, provider: user.provider, intent: .share), secrets: secrets)
        guard case .passwordSet(let change) = answer.reply else { throw connection.misplaced() }
        return PasswordReport.make(
            "\(change.replaced ? "Changed" : "Set") the password of \(change.user.provider.name).", change,
            account: change.user.username)
    }
}
