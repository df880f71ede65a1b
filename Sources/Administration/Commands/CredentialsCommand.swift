import ArgumentParser

/// `twostep credentials`: which username of a provider opens which local account.
struct CredentialsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials", abstract: "Say which username of a provider opens which local account.",
        discussion: "Example: twostep credentials link homeassistant alice alice",
        subcommands: [CredentialsListCommand.self, CredentialsLinkCommand.self, CredentialsUnlinkCommand.self])
}
