import ArgumentParser

/// `twostep user`: the users of a provider that keeps its own.
struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Manage the users of a provider with users of its own (homeassistant).",
        discussion: """
            Names that differ in case or in spaces around them are the same.
            Example: twostep user add alice
            """,
        subcommands: [UserAddCommand.self, UserPasswdCommand.self, UserRemoveCommand.self, UserListCommand.self])
}
