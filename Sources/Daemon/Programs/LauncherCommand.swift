import AdminProtocol
public import ArgumentParser
import Glibc

/// `twostep-launcher`: what the service manager starts for each program that is to be run, with the daemon's connection as
/// its standard input.
///
/// With `--sshd` it asks sshd what is in force for a connection, and runs no program of the configuration.
///
/// The unit has a user of its own and hides what programs must not see (twostep-program@.service). It is started as root
/// (`ExecStart=!`), so that it can read the configuration, and becomes that user before the program runs.
public struct LauncherCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "twostep-launcher",
        abstract: "Runs one program of the configuration for twostepd.",
        version: Release.version, shouldDisplay: false)

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config = "/etc/twostep/config.yaml"

    @Flag(help: "Ask sshd what is in force for a connection, and run nothing else.")
    var sshd = false

    @Flag(help: "The unit lets programs reach the network.")
    var network = false

    @Flag(help: "Let the module insecure_example in.")
    var allowInsecureExample = false

    public init() {}

    public func run() throws {
        try? Privileges.harden()
        if sshd {
            let connection = fcntl(0, F_DUPFD_CLOEXEC, 8)
            guard connection >= 0 else { throw ExitCode(1) }
            return SecurityKeyDesk().serve(connection)
        }
        guard let directory = unsafe getenv("RUNTIME_DIRECTORY").map({ unsafe String(cString: $0) }) else {
            throw ValidationError("it is started by twostep-program@.service, and by nobody else")
        }
        // The connection is out of the way of what a program gets as its own.
        let connection = fcntl(0, F_DUPFD_CLOEXEC, 8)
        guard connection >= 0 else { throw ExitCode(1) }
        let desk = ProgramDesk(
            configuration: config, allowsInsecure: allowInsecureExample, reachesNetwork: network, hidden: nil)
        desk.serve(connection, as: ProgramUser(owning: directory))
    }
}
