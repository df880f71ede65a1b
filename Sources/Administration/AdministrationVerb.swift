import ArgumentParser

/// One verb of the command line: it acts, asks where it must, and returns what is to be said at the end.
protocol AdministrationVerb: ParsableCommand {
    /// Everything but the report itself, which is written by the caller as text or as JSON.
    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report
}

/// Taken by every verb that has more to say than a drawing.
struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Write one JSON document to standard output, for errors as well.")
    var isJSON = false
}

/// Taken by every verb that asks the daemon.
struct ServiceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory with the sockets of the twostepd to ask.", valueName: "directory"))
    var runtimeDirectory = ServiceOptions.usualDirectory

    /// The one that the machine's own unit makes.
    static let usualDirectory = "/run/twostep"

    /// Whether the daemon is the one that the machine's own unit runs.
    var isUsual: Bool { runtimeDirectory == ServiceOptions.usualDirectory }
}
