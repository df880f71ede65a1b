import ArgumentParser

/// `twostep check`: whether twostepd would take the configuration, and everything that is wrong with it.
struct CheckCommand: AdministrationVerb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look for mistakes before twostepd finds them.",
        discussion: """
            Reads the configuration as twostepd would, needs no twostepd, and changes nothing. Names every problem \
            with its line and column, then what is worth a warning. Exits with 1 if there is a problem.
            Example: twostep check --config draft.yaml
            """)

    @OptionGroup var file: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        let sources: [any FindingSource] = [
            ConfigurationFindings(
                path: file.config, allowsInsecure: file.allowInsecureExample, asDaemon: world.mayChangeUser)
        ]
        return CheckReport(sources).report
    }
}

/// Taken by every verb that reads the configuration itself.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration.", valueName: "file")) var config = "/etc/twostep/config.yaml"
    @Flag(help: "Let the module insecure_example in, as twostepd does with this option.")
    var allowInsecureExample = false
}
