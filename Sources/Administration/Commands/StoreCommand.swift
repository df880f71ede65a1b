import ArgumentParser

/// `twostep store`: where the store lies.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Move the store to another place.",
        discussion: "Example: twostep store copy --to 'postgresql:host=/run/postgresql dbname=twostep user=twostep'",
        subcommands: [StoreCopyCommand.self])
}
