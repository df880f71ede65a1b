import AdminProtocol
import ArgumentParser

/// `twostep user remove`: a user goes, and the credentials with them.
struct UserRemoveCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a user, and the credentials that link them to an account.",
        usage: "twostep user remove <name> [--provider <provider>] [--yes] [options]",
        discussion: """
            Asks first. The local account and its devices stay.
            Example: twostep user remove alice
            """)

    @Argument(help: "The name to log in with at the provider.") var name: String
    @OptionGroup var provider: ProviderOptions
    @Flag(name: .customLong("yes"), help: "Do not ask. Needed where nobody can be asked.") var isAgreed = false
    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let reference = try provider.reference()
        let connection = try DaemonConnection.open(service.runtimeDirectory, limit: world.replyLimit)
        let user = try connection.presentUser(named: name, provider: reference)
        let credentials = user.account.map { ", and the credentials that open the account '\($0)'," } ?? ""
        try world.console.agree(
            to: "Remove the user '\(user.username)' of \(user.provider.name)\(credentials) for good?",
            isAgreed: isAgreed, otherwise: "Nothing was removed.",
            command: "twostep user remove \(Wording.word(user.username))")
        let answer = try connection.ask(.removeUser(username: user.username, provider: user.provider))
        guard case .userRemoved(let removal) = answer.reply else { throw connection.misplaced() }
        let gone = removal.account.map { " The credentials that opened the account '\($0)' are gone with it." } ?? ""
        let text = "Removed the user '\(removal.username)' of \(removal.provider.name).\(gone)"
        return Report(
            text: text,
            json: .object(
                removal.provider.members + [
                    ("username", .text(removal.username)), ("account", .text(removal.account)),
                ]), change: text)
    }
}
