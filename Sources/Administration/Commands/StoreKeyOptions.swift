import ArgumentParser

/// Where the key of the store is, for the commands that need it.
struct StoreKeyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration.", valueName: "file")) var config = "/etc/twostep/config.yaml"
    @Option(
        help: ArgumentHelp("The key of the store. Without it, twostep.key beside the configuration.", valueName: "file")
    )
    var keyFile: String?

    /// The path of the key; throws `usage` for a configuration that is nowhere.
    func path() throws(CommandFailure) -> String { try StoreKeyOptions.path(keyFile, beside: config) }

    /// The path of the key: the one that was said, else beside the configuration; throws `usage` for one that is nowhere.
    static func path(_ said: String?, beside configuration: String) throws(CommandFailure) -> String {
        if let said { return said }
        guard let path = InstallationPath(configuration) else { throw isNoPlace(configuration) }
        return "\(path.parent)/twostep.key"
    }

    /// What is said of a path that is none.
    static func isNoPlace(_ text: String) -> CommandFailure {
        CommandFailure(
            .usage, code: .usage, "'\(text)' is no place for this: expected an absolute path without . and ..")
    }
}
