import AdminProtocol
public import ArgumentParser

/// `twostepd`: what the service manager starts.
public struct DaemonCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "twostepd",
        abstract: "Runs the login flows that pam_twostep asks for.",
        discussion: """
            Started as root it binds its sockets, reads the sealing key and becomes the user 'twostep'. SIGHUP reads \
            the configuration again; a broken one keeps what was in force. SIGTERM ends it.
            """,
        version: Release.version)

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config = "/etc/twostep/config.yaml"

    @Option(help: ArgumentHelp("Where enrolments are kept.", valueName: "directory"))
    var stateDirectory = "/var/lib/twostep"

    @Option(help: ArgumentHelp("Where the sockets are.", valueName: "directory"))
    var runtimeDirectory = "/run/twostep"

    @Option(help: ArgumentHelp("The sealing key; beside the configuration if it is not said.", valueName: "file"))
    var keyFile: String?

    @Flag(help: "Let the module insecure_example in: for demonstrations, never where it matters.")
    var allowInsecureExample = false

    public init() {}

    public func validate() throws {
        for path in [config, stateDirectory, runtimeDirectory, keyFile].compactMap({ $0 }) where !path.hasPrefix("/") {
            throw ValidationError("'\(path)' is no absolute path")
        }
    }

    public func run() throws {
        do {
            try TwostepDaemon.run(
                DaemonOptions(
                    configuration: config, stateDirectory: stateDirectory, runtimeDirectory: runtimeDirectory,
                    keyFile: keyFile, allowsInsecure: allowInsecureExample))
        } catch is StartFailure {
            // The journal has it.
            throw ExitCode(1)
        }
    }
}
